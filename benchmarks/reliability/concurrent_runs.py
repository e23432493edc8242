"""Two or three runs of one study at once in one folder, some of them killed."""

from __future__ import annotations

import shutil
import signal
import time

from benchmarks.reliability.case import Case
from benchmarks.reliability.trap import read_state
from benchmarks.reliability.workbench import Workbench, fault_of, fault_of_results


class ConcurrentRuns:
    """Each run may finish, or end in one line; afterwards the same command must end with the files of one run."""

    group = "concurrent"

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        bench.warm_up(verdict=False)

    def case(self, number: int) -> Case:
        bench, rng = self._bench, self._bench.random(self.group, number)
        expected = bench.undisturbed(verdict=False)
        place = bench.place(f"{self.group}-{number}")
        out, runs = place / "out", rng.choice((2, 2, 3))
        delays = [0.0, *(rng.uniform(0.0, expected.seconds) * rng.choice((0, 1)) for _ in range(runs - 1))]
        killed = rng.randrange(runs) if rng.random() < 0.3 else None
        case = Case(self.group, number, f"{runs} runs, {delays[1:]} s apart", kept=str(place))
        processes = []
        for run, delay in enumerate(delays):
            time.sleep(delay)
            processes.append(bench.start(bench.command(out), place / f"log-{run}", bench.trap(place, out, run)))
        if killed is not None:
            case.what += f", run {killed} killed"
            time.sleep(rng.uniform(0.0, expected.seconds))
            processes[killed].kill(signal.SIGKILL)
        for run, process in enumerate(processes):
            ended = process.ended()
            if ended.code == 0:
                case.seen["runs that finished at once"] = case.seen.get("runs that finished at once", 0) + 1
            elif run == killed:
                case.phases.append(read_state(place / f"state-{run}").phase)
            else:
                case.seen["runs that gave way in one line"] = case.seen.get("runs that gave way in one line", 0) + 1
            verdict, detail = fault_of(ended, (0, 2, 3, *((-signal.SIGKILL,) if run == killed else ())))
            if not case.fault:
                case.verdict, case.detail = verdict, detail and f"run {run}: {detail}"
        if case.fault:
            return case
        case.verdict, case.detail = fault_of(bench.start(bench.command(out), place / "log").ended(), (0,))
        if not case.fault:
            case.verdict, case.detail = fault_of_results(out, expected)
        if not case.fault:
            shutil.rmtree(place)
            case.kept = ""
        return case
