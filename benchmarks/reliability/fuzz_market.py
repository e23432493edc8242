"""Mutated market files, judged by a plain reading of the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from benchmarks.reliability.case import ONE_LINE, OTHER_INPUT, SAME, SILENT, WARNED, Case
from benchmarks.reliability.folders import contents
from benchmarks.reliability.mutations import mutate_bytes
from benchmarks.reliability.plain_reading import plain_reading, wanted_series
from benchmarks.reliability.processes import fork, forked
from benchmarks.reliability.table_mutations import mutate_table
from benchmarks.reliability.workbench import Workbench, fault_of
from gridproof.kernels.errors import InputError
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study

_FILES = ("index.csv", "yield.csv", "money.csv")
_CODES = {"large": "000300", "small": "000852"}
_PATIENCE = 40.0
# Exit code of a reading that lacks a column which the study names for a release: only planning needs it.
_NO_RELEASE = 4
# One case in so many also runs the study to its end.
_RUN_EVERY = 5


class FuzzMarket:
    """A mutated file is refused in one line, or read as a plain reader reads it, or read otherwise with a line that
    says how."""

    group = "market"

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._wanted = wanted_series(yaml.safe_load(bench.study.read_text(encoding="utf-8")), _CODES)
        self._bytes = {name: (bench.data / name).read_bytes() for name in _FILES}
        self._clean = self._plain(self._bytes)
        place = bench.place("market-clean")
        _observe(bench.study, bench.data, place / "found.json")
        read = json.loads((place / "found.json").read_text())
        if None in self._clean.values() or read["values"] != _as_json(self._clean):
            raise RuntimeError("the plain reading of the clean files differs from gridproof's")
        self._lines = {name: (said["understood"], said["warnings"]) for name, said in read["said"].items()}
        for _ in range(2):  # the first one compiles
            ended = self._run(place, bench.data).ended()
        if ended.code:
            raise RuntimeError(f"the clean market failed: {ended.errors}")
        self._files = contents(place / "out")

    def _run(self, place: Path, data: Path) -> Any:
        command = ["run", self._bench.study, "--data", data, "--out", place / "out", "--no-verdict", "--sample", 64]
        return forked(command, 0, place / "log")

    def _plain(self, files: dict[str, bytes]) -> dict[str, Any]:
        return {name: plain_reading(files[wanted.file], wanted) for name, wanted in self._wanted.items()}

    def case(self, number: int) -> Case:
        bench, rng = self._bench, self._bench.random(self.group, number)
        place = bench.place(f"{self.group}-{number}")
        data = place / "market"
        name = rng.choice(_FILES)
        if rng.random() < 0.05:
            other = rng.choice([each for each in _FILES if each != name])
            what, mutated = f"replaced by {other}", self._bytes[other]
        else:
            mutate = mutate_bytes if rng.random() < 0.3 else mutate_table
            what, mutated = mutate(self._bytes[name], rng)
        shutil.copytree(bench.data, data)
        (data / name).write_bytes(mutated)
        case = Case(self.group, number, f"{name}: {what}", kept=str(place))
        found = place / "found.json"
        ended = fork(lambda: _observe(bench.study, data, found), place / "log").ended(_PATIENCE)
        case.verdict, case.detail = fault_of(ended, (0, 2, _NO_RELEASE))
        if not case.fault and ended.code == _NO_RELEASE:
            self._compare_run(case, place, data, refused=True)
            case.verdict = case.verdict if case.fault else ONE_LINE
        elif not case.fault and ended.code:
            case.verdict = ONE_LINE
            case.seen["errors that name the file"] = int(name in ended.output)
        elif not case.fault:
            read = json.loads(found.read_text())
            case.verdict, case.detail = self._judged(read, self._bytes | {name: mutated})
        if not case.fault and number % _RUN_EVERY == 0:
            self._compare_run(case, place, data, refused=ended.code != 0)
        if not case.fault:
            shutil.rmtree(place)
            case.kept = ""
        return case

    def _judged(self, read: dict[str, Any], files: dict[str, bytes]) -> tuple[str, str]:
        plain, verdict = self._plain(files), (SAME, "")
        for name, values in read["values"].items():
            same = values == _as_json({name: self._clean[name]})[name]
            expected = None if plain[name] is None else _as_json({name: plain[name]})[name]
            if expected is not None and values != expected:
                wrong = sorted(set(map(repr, values.items())) ^ set(map(repr, expected.items())))
                return SILENT, f"{name}: a plain reader reads otherwise, the first difference {wrong[0]}"
            if same:
                continue
            said = (read["said"][name]["understood"], read["said"][name]["warnings"])
            if expected is not None:
                verdict = (OTHER_INPUT, "") if verdict[0] == SAME else verdict
            elif said != self._lines[name]:
                verdict = (WARNED, f"{name}: {said[0]} {' '.join(said[1])}"[:300])
            else:
                return SILENT, f"{name}: other observations, nothing is said about them"
        return verdict

    def _compare_run(self, case: Case, place: Path, data: Path, refused: bool) -> None:
        """The whole command agrees with what reading alone said."""
        ended = self._run(place, data).ended(_PATIENCE)
        verdict, detail = fault_of(ended, (2,) if refused else (0, 2))
        case.seen["runs compared"] = 1
        if verdict == SAME and case.verdict == SAME and ended.code == 0:
            # The digest of the data and what was understood may differ; the numbers may not.
            ours, theirs = ({name.rpartition("/")[2]: text for name, text in each.items() if name.endswith(".parquet")}
                            for each in (contents(place / "out"), self._files))  # fmt: skip
            if ours != theirs:
                verdict, detail = SILENT, "equal observations have other results"
        if verdict != SAME:
            case.verdict, case.detail = verdict, detail


def _observe(study: Path, data: Path, found: Path) -> int:
    """Load a market and write its observations as JSON. Returns the exit code that the command line has for it."""
    try:
        market = market_of(load_study(study), data)
    except InputError as error:
        print(f"gridproof: {error}")
        return 2
    except OSError as error:
        print(f"gridproof: {error}")
        return 2
    raw = yaml.safe_load(study.read_text(encoding="utf-8"))
    release = {name: one["release"] for name, one in raw["series"].items() if isinstance(one.get("release"), str)}
    values = {}
    for name, each in market.series.items():
        columns = [each.values.tolist()]
        if name in release and release[name] not in each.columns:
            return _NO_RELEASE
        if name in release:
            columns.append([float(day.toordinal()) for day in each.columns[release[name]].astype(object)])
        values[name] = dict(zip(each.dates.astype(str).tolist(), zip(*columns, strict=True), strict=True))
    said = {
        name: {"understood": each.understood, "warnings": list(each.warnings) + list(market.remarks)}
        for name, each in market.series.items()
    }
    found.write_text(json.dumps({"values": values, "said": said}))
    return 0


def _as_json(readings: dict[str, Any]) -> Any:
    return json.loads(json.dumps(readings))
