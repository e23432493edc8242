"""Observers of a run: one that stops it, and one that keeps what it heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gridproof.sweeps.progress.observer import RunObserver


class StopAt(RunObserver):
    """Interrupts the sweep once ``new`` variants are evaluated in this call, or ``done`` in all."""

    def __init__(self, *, new: int | None = None, done: int | None = None) -> None:
        self._new, self._done = new, done

    def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
        if stage != "sweep":
            return
        if (self._new is not None and new >= self._new) or (self._done is not None and done >= self._done):
            raise KeyboardInterrupt


@dataclass
class Heard(RunObserver):
    """Keeps every call."""

    stages: list[tuple[str, int, int, int, str]] = field(default_factory=list)
    rates: list[dict[str, float]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
        self.stages.append((stage, done, total, new, detail))

    def nodes(self, rates: Mapping[str, float]) -> None:
        self.rates.append(dict(rates))

    def notice(self, text: str) -> None:
        self.notices.append(text)
