"""The base of all displays: keeps the stages of a run, and draws again while nothing is reported."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from gridproof.sweeps.progress.compilation import CompilationReports
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.progress.stage import Stage

# The stage in which kernels are compiled; its total is not known beforehand.
COMPILING = "compiling kernels, once per version"
# Nodes of a cluster whose rates are shown one by one.
_NODES_NAMED = 8


class Display(RunObserver, ABC):
    """A context manager: between enter and exit a thread calls ``draw`` every ``every`` seconds.

    A subclass defines ``draw`` and ``notice``. ``draw`` is never called twice at the same time.
    """

    def __init__(self, every: float) -> None:
        self.stages: dict[str, Stage] = {}
        self.rates = ""
        self._every = every
        self.lock = threading.RLock()
        self._stopped = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="gridproof-progress", daemon=True)
        self._compilation = CompilationReports(self._compiling)
        self._compiling_since = 0.0
        self._cache_fault_shown = False

    @abstractmethod
    def draw(self, stage: Stage, now: float, *, new: bool, tick: bool) -> None:
        """Show a stage. new: it has just begun. tick: called by the clock, not by a report."""

    def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
        with self.lock:
            now = time.monotonic()
            known = self.stages.get(stage)
            # A stage that begins again, as the sweep after a search's, is a new one.
            begins = known is None or done < known.done
            if known is None or begins:
                self.stages.pop(stage, None)
                known = self.stages[stage] = Stage(stage, now, done - new, updated=now)
            known.update(now, done, total, detail)
            self.draw(known, now, new=begins, tick=False)

    def nodes(self, rates: Mapping[str, float]) -> None:
        with self.lock:
            self.rates = _node_rates(rates)

    @property
    def current(self) -> Stage | None:
        """The stage of the latest report that is not finished."""
        return next((stage for stage in reversed(self.stages.values()) if not stage.finished), None)

    def __enter__(self) -> Self:
        self._ticker.start()
        self._compilation.begin()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._compilation.end()
        if COMPILING in self.stages:
            self._notice_cache_fault()
        self._stopped.set()
        self._ticker.join()

    def _compiling(self, count: int, active: bool) -> None:
        """A kernel begins to be compiled, the first of this call when ``count`` is 0, or was compiled."""
        with self.lock:
            now = time.monotonic()
            stage = self.stages.get(COMPILING)
            begins = stage is None
            if stage is None:
                stage = self.stages[COMPILING] = Stage(COMPILING, now, 0, updated=now)
            if active:
                self._compiling_since = now
                self._notice_cache_fault()
                stage.update(now, count, 0)
                # Last, so that it is the current stage.
                self.stages[COMPILING] = self.stages.pop(COMPILING)
                self.draw(stage, now, new=begins, tick=False)
                return
            stage.update(now, count, count)
            self.draw(stage, now, new=False, tick=False)
            # Compiling is no part of any other stage's rate.
            for other in self.stages.values():
                if other is not stage and not other.finished:
                    other.began += now - self._compiling_since
                    other.updated = max(other.updated, other.began)

    def _notice_cache_fault(self) -> None:
        from gridproof.kernels.compiled_cache import cache_fault  # imports Numba, which is there once it compiles

        if not self._cache_fault_shown and (fault := cache_fault()):
            self._cache_fault_shown = True
            self.notice(fault)

    def _tick(self) -> None:
        while not self._stopped.wait(self._every):
            with self.lock:
                if (stage := self.current) is not None:
                    self.draw(stage, time.monotonic(), new=False, tick=True)


def _node_rates(rates: Mapping[str, float]) -> str:
    """Variants per second of each node of a cluster; of many nodes the number and the range."""
    if not rates:
        return ""
    if len(rates) > _NODES_NAMED:
        return f"{len(rates)} nodes, {min(rates.values()):,.0f} to {max(rates.values()):,.0f} variants/s"
    return ", ".join(f"{name} {rate:,.0f}/s" for name, rate in sorted(rates.items()))
