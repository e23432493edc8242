"""Kills of ``gridproof search``, its walk-forward and the run around what was found."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from benchmarks.reliability.case import LOST, SAME, Case
from benchmarks.reliability.folders import debris, distinct
from benchmarks.reliability.local_kills import wait_and_kill
from benchmarks.reliability.trap import SIGNALS, Trap
from benchmarks.reliability.workbench import Workbench, fault_of
from tests.support.searched import raw_searched

_TRIALS = 24


class SearchKills:
    """A resumed search proposes other trials than one that was never stopped, so bytes are not compared: every trial
    that was finished at a kill must stay as it was, none may be left unfinished, and the ledger must count at least
    what the trials evaluated."""

    group = "search"

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._study = bench.folder / "searched.yaml"
        self._study.write_text(yaml.safe_dump(raw_searched(), sort_keys=False))
        self._seconds: dict[bool, float] = {}
        for walk in (False, True):
            place = bench.place(f"{self.group}-undisturbed")
            for again in range(2):  # the first one compiles
                began = time.monotonic()
                ended = bench.start(self._command(place / f"out-{again}", walk), place / "log").ended()
                self._seconds[walk] = time.monotonic() - began
                if ended.code:
                    raise RuntimeError(f"the undisturbed search failed: {ended.errors}")

    def _command(self, out: Path, walk: bool) -> list[str]:
        command = ["search", str(self._study), "--data", str(self._bench.data), "--out", str(out), "--no-verdict"]
        command += ["--trials", str(_TRIALS), "--sampler", "random", "--objective", "sharpe", "--seed", "1"]
        return command + (["--walk-forward", "1"] if walk else [])

    def case(self, number: int) -> Case:
        bench, rng = self._bench, self._bench.random(self.group, number)
        walk = number % 2 == 1
        place = bench.place(f"{self.group}-{number}")
        out, command = place / "out", self._command(place / "out", walk)
        case = Case(self.group, number, "with walk-forward" if walk else "without walk-forward", kept=str(place))
        told: list[Any] = []
        for kill in range(rng.choice((1, 2, 3))):
            how = rng.choice(SIGNALS)
            at = rng.randint(1, 150) if rng.random() < 0.4 else 0
            case.what += f", {how} at " + (f"change {at}" if at else "a moment")
            process = bench.start(command, place / f"log-{kill}", Trap(str(out), str(place / "state"), at, how))
            if not at:
                wait_and_kill(process, rng.uniform(0.0, self._seconds[walk]), how)
            ended = process.ended()
            found = finished_trials(out)
            case.phases.append(self._phase(out, len(found), walk) if ended.code else "ended before")
            case.verdict, case.detail = fault_of(
                ended, (0, -signal.Signals[how], *((130,) if how != "SIGKILL" else ()))
            )
            if not case.fault and found[: len(told)] != told:
                case.verdict, case.detail = LOST, "a finished trial has changed or is gone"
            if case.fault:
                return case
            told = found
        ended = bench.start(command, place / "log").ended()
        case.verdict, case.detail = fault_of(ended, (0,))
        if not case.fault:
            case.verdict, case.detail = self._fault_of_results(out, told)
        if not case.fault:
            case.seen["finished trials kept"] = len(told)
            shutil.rmtree(place)
            case.kept = ""
        return case

    def _phase(self, out: Path, told: int, walk: bool) -> str:
        if any(out.glob("*-search-*/tiles")):
            return "sweep around the best trial"
        return "trials" if told < _TRIALS else "walk-forward" if walk else "after the trials"

    def _fault_of_results(self, out: Path, told: list[Any]) -> tuple[str, str]:
        found = finished_trials(out)
        [folder] = out.glob("*-search-*")
        if found[: len(told)] != told:
            return LOST, "a finished trial has changed or is gone"
        if len(found) != _TRIALS:
            return LOST, f"{len(found)} trials are finished, {_TRIALS} were asked for"
        if any(trial.state.name == "RUNNING" for trial in _trials(folder)):
            return LOST, "a trial is left running"
        cells = json.loads((folder / "search.json").read_text())["cells"]
        if (count := distinct(out)) < cells:
            return LOST, f"the ledger counts {count} variants, the trials evaluated {cells}"
        if left := debris(out):
            return LOST, f"left behind: {', '.join(left[:6])}"
        return SAME, ""


def finished_trials(out: Path) -> list[Any]:
    """All of each finished trial but its number and times, in order."""
    folders = list(out.glob("*-search-*"))
    if not folders or not (folders[0] / "search.journal").exists():
        return []
    kept = [trial for trial in _trials(folders[0]) if trial.state.name in ("COMPLETE", "PRUNED")]
    return [(trial.state.name, trial.values, trial.params, trial.user_attrs) for trial in kept]


def _trials(folder: Path) -> list[Any]:
    copy = folder.parent.parent / "copy.journal"  # opening a journal may lock it
    shutil.copy(folder / "search.journal", copy)
    # What a kill left of a last line is not a record.
    copy.write_bytes(copy.read_bytes().rpartition(b"\n")[0] + b"\n")
    storage = JournalStorage(JournalFileBackend(str(copy)))
    names = [study.study_name for study in storage.get_all_studies()]
    return list(optuna.load_study(study_name=names[0], storage=storage).get_trials()) if names else []
