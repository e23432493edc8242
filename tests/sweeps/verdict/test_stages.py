"""An interrupted verdict goes on from the stages that it finished, to the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gridproof.kernels.arrays import Array
from gridproof.kernels.backend import resolve
from gridproof.results.run.store import CUT, STATISTICS, TRIALS, Store
from gridproof.results.run.summary_record import SUMMARY
from gridproof.signals.expression.user_operators.file import OperatorFile
from gridproof.sweeps.execution.context import RunContext
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.run_store import RunStore
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.run import judge_run, run_study
from gridproof.sweeps.verdict.stages import FOLDER, Stages
from gridproof.sweeps.verdict.verdict import _identity
from tests.support.demo import small_study
from tests.support.tiny import tiny_grid


def test_a_stage_is_computed_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def compute() -> dict[str, Array]:
        asked.append("arrays")
        return {"one": np.arange(3), "nan": np.array([np.nan, -np.inf])}

    def answer() -> dict[str, object]:
        asked.append("record")
        return {"p": 0.1, "of": (1, None)}

    for _ in range(2):
        found = Stages(tmp_path, "same").arrays("sums", compute)
        np.testing.assert_array_equal(found["one"], [0, 1, 2])
        np.testing.assert_array_equal(found["nan"], [np.nan, -np.inf])
        assert set(found) == {"one", "nan"}
        assert Stages(tmp_path, "same").record("answer", answer) == {"p": 0.1, "of": [1, None]}
    assert asked == ["arrays", "record"]
    Stages(tmp_path, "same").remove()
    assert list(tmp_path.iterdir()) == []


def test_a_stage_of_other_data_and_a_damaged_one_are_computed_again(tmp_path: Path) -> None:
    Stages(tmp_path, "before").keep("sums", {"one": np.arange(3)})
    assert Stages(tmp_path, "after").find("sums") is None
    assert Stages(tmp_path, "before").find("other") is None
    path = tmp_path / FOLDER / "sums.npz"
    whole = path.read_bytes()
    (tmp_path / FOLDER / "other.npz").write_bytes(whole)
    assert Stages(tmp_path, "before").find("other") is None
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        found = Stages(tmp_path, "before").find("sums")
        assert found is None or found["one"].tolist() == [0, 1, 2]  # some bytes of an archive mean nothing
    path.write_bytes(whole[: len(whole) // 2])
    assert Stages(tmp_path, "before").find("sums") is None


def test_stages_depend_on_all_that_decides_a_verdict(tmp_path: Path) -> None:
    study = small_study()
    market, runs = market_of(study), RunStore(tmp_path)
    store = Store(tmp_path / "run")
    context = RunContext(study, market, None, resolve("cpu"), store, runs, RunObserver())
    own = replace(study, operators=OperatorFile("operators.py", ""))
    values = market.series["baa"]
    revised = replace(market, series={**market.series, "baa": replace(values, values=values.values + 0.01)})
    found = [_identity(context)]
    found += [
        _identity(replace(context, **changed))
        for changed in (
            {"study": study.set({"execution.cost": 0.0})},
            {"study": own},
            {"market": revised},
            {"backend": resolve("reference")},
            {"store": Store(tmp_path / "other")},
        )
    ]
    for name in (SUMMARY, CUT, TRIALS):
        store.folder.mkdir(exist_ok=True)
        (store.folder / name).write_text(name)
        found.append(_identity(context))
    assert len(set(found)) == len(found)
    assert _identity(context) == found[-1]


def test_nothing_is_kept_without_a_folder() -> None:
    stages = Stages(None)
    stages.keep("sums", {"one": np.arange(3)})
    assert stages.find("sums") is None
    assert stages.arrays("sums", lambda: {"one": np.arange(2)})["one"].tolist() == [0, 1]
    stages.remove()


def test_an_interrupted_verdict_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = str(tiny_grid().spec.market.path)
    folder = run_study(tiny_grid(), options=RunOptions(out=tmp_path, verdict=False)).folder
    judge_run(folder, data)
    whole = (folder / STATISTICS).read_bytes()
    assert not (folder / FOLDER).exists()
    kept: list[str] = []
    keep, interrupting = Stages.keep, ["environments-1", "placebo", "bootstrap"]

    def interrupted(stages: Stages, name: str, arrays: Mapping[str, Array]) -> None:
        keep(stages, name, arrays)
        kept.append(name)
        if name in interrupting:
            raise KeyboardInterrupt

    monkeypatch.setattr(Stages, "keep", interrupted)
    while interrupting:
        (folder / STATISTICS).unlink(missing_ok=True)
        with pytest.raises(KeyboardInterrupt):
            judge_run(folder, data)
        assert kept[-1] == interrupting.pop()
        assert (folder / FOLDER / f"{kept[-1]}.npz").is_file()
        assert not (folder / STATISTICS).exists()
    judge_run(folder, data)
    assert (folder / STATISTICS).read_bytes() == whole
    assert not (folder / FOLDER).exists()
    # Each was computed once in these calls.
    assert len(kept) == len(set(kept))
    assert {"population", "questions", "environments-0"} < set(kept)
