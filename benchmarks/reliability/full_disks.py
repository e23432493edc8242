"""Disks that become full during a run: at a change of a file, by a limit on the size of files, on a small tmpfs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.reliability.case import LOST, Case
from benchmarks.reliability.folders import debris
from benchmarks.reliability.processes import Ended, forked
from benchmarks.reliability.trap import FULL, Trap, read_state
from benchmarks.reliability.workbench import Workbench, fault_of, fault_of_results

# Sizes are drawn between these, in bytes, evenly on a log scale; a finished run needs some 6 MB.
_SIZES = (300, 8_000_000)


class FullDisks:
    """The run must end in one line that names the folder, with nothing half written; with room it must finish."""

    group = "full disk"

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        bench.warm_up(verdict=False)

    def case(self, number: int) -> Case:
        bench, rng = self._bench, self._bench.random(self.group, number)
        verdict = number % 6 == 5
        expected = bench.undisturbed(verdict)
        kind = ("change", "limit", "tmpfs" if os.geteuid() == 0 else "limit")[number % 3]
        size = int(_SIZES[0] * (_SIZES[1] / _SIZES[0]) ** rng.random())
        at = rng.randint(1, expected.changes) if kind == "change" else 0
        what = {"change": f"full from change {at} on", "limit": f"files of at most {size:,} bytes",
                "tmpfs": f"a disk of {max(size, 4096 * 4):,} bytes"}[kind]  # fmt: skip
        place = bench.place(f"full-{number}")
        case = Case(self.group, number, what, kept=str(place))
        with _disk(place / "disk", max(size, 4096 * 4) if kind == "tmpfs" else 0) as (disk, enlarge):
            out, state = disk / "out", place / "state"
            trap = Trap(str(out), str(state), at, FULL)
            limit = size if kind == "limit" else 0
            ended = forked(bench.command(out, verdict), bench.piece, place / "log-0", trap, file_limit=limit).ended()
            case.phases.append(read_state(state).phase if ended.code else "ended before")
            case.verdict, case.detail = fault_of(ended, (0, 2, 3))
            if not case.fault and ended.code:
                case.verdict, case.detail = _fault_of_ending(ended, out)
            if not case.fault:
                enlarge()
                case.verdict, case.detail = fault_of(
                    bench.start(bench.command(out, verdict), place / "log").ended(), (0,)
                )
            if not case.fault:
                case.verdict, case.detail = fault_of_results(out, expected)
        if not case.fault:
            shutil.rmtree(place)
            case.kept = ""
        return case


def _fault_of_ending(ended: Ended, out: Path) -> tuple[str, str]:
    """Of a run that the disk stopped."""
    if left := debris(out):
        return LOST, f"left behind: {', '.join(left[:6])}"
    # A limit on the size of files also holds for the file that takes the standard output.
    if str(out) not in ended.errors and "standard output" not in ended.errors:
        return LOST, f"the line does not name the file: {ended.last_line}"
    return fault_of(ended, (2, 3))


@contextmanager
def _disk(folder: Path, size: int) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A folder, on a tmpfs of so many bytes where size is not 0, and what gives it room."""
    folder.mkdir()
    if not size:
        yield folder, lambda: None
        return

    def mount(options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)

    mount(f"size={size}")
    try:
        yield folder, lambda: mount("remount,size=64m")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
