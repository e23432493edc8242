"""What every part of the proof is told, and how it reports: values by name, each written as soon as it is known."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from gridproof.kernels.cuda import availability
from gridproof.kernels.cuda.device import Device

Found = Iterator[tuple[str, Any]]


class NotRunError(Exception):
    """A part cannot run on this machine; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """out: where results are written. dry: on the CPU, with small sizes, to try the script itself. carried: a folder of
    what the machine lacks (``python -m benchmarks.gpu.carry``), or None."""

    out: Path
    dry: bool
    carried: Path | None = None

    def size(self, whole: int, small: int) -> int:
        return small if self.dry else whole

    def device(self) -> Device:
        """The GPU; in a dry run the device of the tests, which executes the kernels on the CPU."""
        if not self.dry:
            return availability.open_gpu()
        from tests.support.shim.device import ShimDevice

        return ShimDevice(self.shim)

    @property
    def shim(self) -> Path:
        """Where kernels compiled for the CPU are kept."""
        folder = Path(os.environ.get("GRIDPROOF_SHIM") or self.out / "shim")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @contextmanager
    def as_the_gpu(self) -> Iterator[Device]:
        """The device, which is also the one that the cuda backend opens."""
        device = self.device()
        with ExitStack() as stack:
            if self.dry:
                stack.enter_context(mock.patch.object(availability, "gpu_fault", return_value=""))
                stack.enter_context(mock.patch.object(availability, "_gpu", return_value=device))
                stack.enter_context(mock.patch.object(availability, "gpu_packages", return_value={}))
            yield device


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the proof. seconds: its own limit. proves: whether ``auto`` depends on it."""

    name: str
    title: str
    seconds: int
    run: Callable[[Settings], Found]
    proves: bool = True


def write_result(file: Path, result: dict[str, Any]) -> None:
    """Write a result under another name first, so that a reader never sees half of it."""
    temporary = file.with_suffix(".part")
    temporary.write_text(json.dumps(result, indent=1, default=str), encoding="utf-8")
    temporary.replace(file)
