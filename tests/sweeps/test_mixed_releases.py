"""Releases may be numbers of days and text in one list; the tables then hold all as text."""

from __future__ import annotations

from pathlib import Path

import gridproof as gp
from tests.support.tiny import prices, tiny_study, write_tiny


def test_a_run_over_numbers_and_texts(tmp_path: Path) -> None:
    write_tiny(tmp_path, prices(seed=1))
    study = tiny_study(y={"release": [1, "45 calendar days"]}, base={"y.release": 1})
    run = gp.run(study, tmp_path, out=tmp_path / "runs", backend="reference", verdict=False)
    assert set(map(str, run.top()["y.release"])) <= {"1", "45 calendar days"}
    assert run.sql('select distinct "y.release" as r from variants order by r')["r"].tolist() == [
        "1",
        "45 calendar days",
    ]
