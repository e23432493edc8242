"""A folder with a small market and studies on it, and the results of runs that nothing disturbed."""

from __future__ import annotations

import contextlib
import io
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks.reliability.case import HANG, LOST, MEMORY, SAME, SILENT, TRACEBACK
from benchmarks.reliability.driver import command_line
from benchmarks.reliability.folders import Contents, contents, debris, differences, distinct
from benchmarks.reliability.processes import MEMORY_MIB, Ended, Process, forked, fresh
from benchmarks.reliability.trap import Trap, read_state
from tests.support.market import study_text, write_market

# Variants in a piece: the small study has 72 pieces, so that tiles are merged on the way.
PIECE = 6


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing disturbed: its files, the ledger's count, seconds, and the changes of files it made."""

    files: Contents
    distinct: int
    seconds: float
    changes: int


@dataclass
class Workbench:
    """``folder``: everything is made below it. ``seed``: with a case's number it decides what happens in the case."""

    folder: Path
    seed: int
    piece: int = PIECE
    _runs: dict[bool, Undisturbed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = self.folder / "market"
        self.data.mkdir(parents=True)
        write_market(self.data)
        self.study = self.folder / "small.yaml"
        # Quoted: a plain YAML reader takes 000300 for an octal number.
        text = study_text().replace("000300", '"000300"').replace("000852", '"000852"')
        self.study.write_text(text, encoding="utf-8")

    def command(self, out: Path | str, verdict: bool = False) -> list[str]:
        options = [] if verdict else ["--no-verdict"]
        return ["run", str(self.study), "--data", str(self.data), "--out", str(out), *options]

    def warm_up(self, verdict: bool) -> None:
        """Run the command once in this process: its forks need not import or compile."""
        code = quietly(self.command(self.folder / "warm", verdict), self.piece)
        if code:
            raise RuntimeError(f"the undisturbed run ended with code {code}")
        shutil.rmtree(self.folder / "warm")

    def undisturbed(self, verdict: bool) -> Undisturbed:
        """Of the small study, made once."""
        if verdict not in self._runs:
            if verdict:
                self.warm_up(verdict=True)
            place = self.place(f"undisturbed-{verdict}")
            began = time.monotonic()
            state = place / "state"
            process = forked(
                self.command(place / "out", verdict), self.piece, place / "log", Trap(str(place / "out"), str(state))
            )
            ended = process.ended()
            if ended.code:
                raise RuntimeError(f"the undisturbed run failed: {ended.errors}")
            out = place / "out"
            self._runs[verdict] = Undisturbed(
                contents(out), distinct(out), time.monotonic() - began, read_state(state).changes
            )
        return self._runs[verdict]

    def place(self, name: str) -> Path:
        """An empty folder for a case."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place

    def random(self, group: str, number: int) -> Random:
        return Random(f"{self.seed} {group} {number}")

    def trap(self, place: Path, out: Path, number: int) -> Trap:
        """A trap that never springs: the process notes its phase in ``state-NUMBER``."""
        return Trap(str(out), str(place / f"state-{number}"))

    def start(
        self, arguments: list[str], log: Path, trap: Trap | None = None, new: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> Process:  # fmt: skip
        """new: in an interpreter of its own instead of a fork."""
        return (fresh if new else forked)(arguments, self.piece, log, trap, environment)


def quietly(arguments: list[str], piece: int) -> int:
    """The command line in this process, without its output. Returns the exit code."""
    from gridproof.sweeps.execution import sweep as sweep_module

    whole_grid = sweep_module.whole_grid
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            return command_line(arguments, piece)
        finally:
            sweep_module.whole_grid = whole_grid


def fault_of(ended: Ended, codes: tuple[int, ...]) -> tuple[str, str]:
    """Verdict and detail of a command that should end with one of these codes; SAME where nothing is wrong."""
    if ended.hung:
        return HANG, ended.errors[-1500:]
    if "MemoryError" in ended.errors or ended.peak_mib > MEMORY_MIB:
        return MEMORY, f"{ended.peak_mib:,.0f} MiB: {ended.last_line}"
    if ended.traceback:
        return TRACEBACK, ended.errors[-1500:]
    if ended.code not in codes:
        return LOST, f"exit code {ended.code}: {ended.last_line}"
    return SAME, ""


def fault_of_results(out: Path, expected: Undisturbed) -> tuple[str, str]:
    """Verdict and detail of a finished run's folder against the run that nothing disturbed."""
    if wrong := differences(contents(out), expected.files):
        left = all(text.endswith("is left") for text in wrong)
        return (LOST if left else SILENT), ", ".join(wrong[:6])
    if (count := distinct(out)) != expected.distinct:
        return LOST, f"the ledger counts {count} variants, {expected.distinct} are distinct"
    if left := debris(out):
        return LOST, f"left behind: {', '.join(left[:6])}"
    return SAME, ""
