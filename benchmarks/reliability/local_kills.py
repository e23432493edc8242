"""Kills of ``gridproof run`` on this machine, at moments drawn over the whole run and at changes of files."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from random import Random

from benchmarks.reliability.case import SAME, Case
from benchmarks.reliability.folders import pieces_kept
from benchmarks.reliability.trap import POWER, SIGNALS, Trap, read_state
from benchmarks.reliability.workbench import Workbench, fault_of, fault_of_results

# Changes of files at the end of a run, from the last tile on: half of the kills at changes are among them.
_CONCLUDING = 40


class LocalKills:
    """One to three kills in a row, then the same command to its end."""

    group = "local"

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        bench.warm_up(verdict=False)

    def case(self, number: int) -> Case:
        bench, rng = self._bench, self._bench.random(self.group, number)
        verdict = number % 3 == 2
        expected = bench.undisturbed(verdict)
        place = bench.place(f"{self.group}-{number}")
        out, state = place / "out", place / "state"
        case = Case(self.group, number, "with the verdict" if verdict else "without the verdict", kept=str(place))
        for kill in range(rng.choice((1, 2, 3))):
            how, at = self._moment(rng, expected.changes)
            what = f"{how} at change {at}" if at else f"{how} at a moment"
            case.what += f", {what}"
            trap = Trap(str(out), str(state), at, how if at else "SIGKILL")
            log = place / f"log-{kill}"
            new = rng.random() < 0.15
            process = bench.start(bench.command(out, verdict), log, trap, new)
            if not at:
                wait_and_kill(process, rng.uniform(0.0, expected.seconds + (1.5 if new else 0.0)), how)
            ended = process.ended()
            if not state.exists():
                case.phases.append("interpreter starting")
                continue
            phase = read_state(state).phase
            state.unlink()
            case.phases.append(phase if ended.code else "ended before")
            asked = signal.SIGKILL if how == POWER else signal.Signals[how]
            case.verdict, case.detail = fault_of(ended, (0, -asked, *((130,) if how != "SIGKILL" else ())))
            if case.fault:
                return case
        return self._concluded(case, place, verdict)

    def _moment(self, rng: Random, changes: int) -> tuple[str, int]:
        """How to kill, and at which change of a file; 0: at a moment."""
        how = rng.choices((*SIGNALS, POWER), (6, 2, 2, 2))[0]
        if how != POWER and rng.random() < 0.5:
            return how, 0
        lowest = max(1, changes - _CONCLUDING) if rng.random() < 0.5 else 1
        return how, rng.randint(lowest, changes)

    def _concluded(self, case: Case, place: Path, verdict: bool) -> Case:
        """The same command to its end."""
        bench, out = self._bench, place / "out"
        expected = bench.undisturbed(verdict)
        kept = pieces_kept(out)
        finished = any(out.glob("*-*/summary.json"))
        ended = bench.start(bench.command(out, verdict), place / "log").ended()
        case.verdict, case.detail = fault_of(ended, (0,))
        if not case.fault:
            case.verdict, case.detail = fault_of_results(out, expected)
        if not case.fault:
            assert case.verdict == SAME
            case.seen["resumed to the same bytes"] = 1
            if not finished:
                [timing] = out.glob("*-*/timing.json")
                again = json.loads(timing.read_text())["variants_evaluated_in_this_call"]
                lost = "after power failures" if POWER in case.what else "after kills"
                pieces = pieces_kept(out)
                size = expected.distinct // pieces  # every piece has the same size, and no variant occurs twice
                case.seen[f"finished pieces evaluated again {lost}"] = again // size + kept - pieces
            shutil.rmtree(place)
            case.kept = ""
        return case


def wait_and_kill(process, seconds: float, how: str) -> None:  # type: ignore[no-untyped-def]
    """Send the signal after so many seconds, unless the process has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.running():
        time.sleep(0.002)
    process.kill(signal.Signals[how])
