"""A study in a run's folder or at a URL may have been written by others: it reads files of the market folder alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gridproof as gp
from gridproof.sweeps.plan.study_market import recorded_market
from gridproof.sweeps.run import judge_run
from gridproof.sweeps.study.study import Study, load_study
from tests.support.command import gridproof
from tests.support.demo import small_study


def write_market(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, series in gp.load_market(small_study()).series.items():
        pd.DataFrame({"date": series.dates.astype(str), "value": series.values}).to_csv(folder / f"{name}.csv")


def study_of(path: str | None, **files: str) -> Study:
    raw: dict[str, Any] = dict(small_study().document.raw)
    raw["market"] = {**raw["market"], "path": path}
    if path is None:
        del raw["market"]["path"]
    raw["series"] = {
        name: {**series, "file": files.get(name, f"{name}.csv"), "date": "date", "field": "value"}
        for name, series in raw["series"].items()
    }
    return load_study(raw)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a market, and a market beside it."""
    write_market(tmp_path / "here" / "data")
    write_market(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_the_market_folder_is_the_given_one_or_below_the_working_directory(here: Path) -> None:
    expected = gp.load_market(study_of("data")).digest()
    assert recorded_market(study_of("data"), None, False).digest() == expected
    assert recorded_market(study_of("data"), "data", True).digest() == expected
    assert recorded_market(study_of(None), here / "data", True).digest() == expected
    assert recorded_market(study_of("no/such"), here.parent / "elsewhere", True).digest() == expected
    assert recorded_market(gp.load_study("panel-demo"), None, True).panel is not None, "drawn, not read from a folder"
    assert recorded_market(small_study(), None, True).digest() == gp.load_market(small_study()).digest()


@pytest.mark.parametrize("path", ["../elsewhere", "/", "linked", "~"])
def test_a_market_path_that_leads_elsewhere_needs_data(path: str, here: Path) -> None:
    (here / "linked").symlink_to(here.parent / "elsewhere")
    if path == "~":
        path = str(Path.home())
    with pytest.raises(gp.InputError, match=r"market's folder must be given.*Add --data DIR"):
        recorded_market(study_of(path), None, False)


def test_a_study_from_a_url_needs_data(here: Path) -> None:
    with pytest.raises(gp.InputError, match=r"got market\.path data, from a URL\. Add --data DIR"):
        recorded_market(study_of("data"), None, True)


@pytest.mark.parametrize("fetched", [False, True])
@pytest.mark.parametrize("file", ["../../elsewhere/sp500.csv", "{absolute}", "linked.csv", "linked/sp500.csv"])
def test_a_file_outside_of_the_market_folder_is_not_read(file: str, fetched: bool, here: Path) -> None:
    elsewhere = here.parent / "elsewhere"
    (here / "data" / "linked.csv").symlink_to(elsewhere / "sp500.csv")
    (here / "data" / "linked").symlink_to(elsewhere)
    study = study_of("data", sp500=file.format(absolute=elsewhere / "sp500.csv"))
    with pytest.raises(gp.InputError, match=r"sp500: a study in a run's folder may only read files of the market"):
        recorded_market(study, "data", fetched)
    assert gp.load_market(study).digest() == gp.load_market(study_of("data")).digest(), "the user's own may read it"


def test_a_foreign_run_is_judged_on_files_of_the_market_folder_only(here: Path) -> None:
    """The command and the function; a run by the user's own study file reads what that file says."""
    study = study_of("data", sp500=str(here.parent / "elsewhere" / "sp500.csv"))
    run = gp.run(study, out="runs", backend="reference", verdict=False, sample=20)
    with pytest.raises(gp.InputError, match="may only read files of the market folder"):
        judge_run(run.folder)
    (here / "own.yaml").write_text(study.to_yaml())
    done = gridproof("verdict", run.folder, expect=2)
    assert "may only read files of the market folder" in done.stderr
    url = f"file://{os.getcwd()}/runs/{run.folder.name}"
    assert "from a URL. Add --data DIR." in gridproof("verdict", url, expect=2).stderr
    again = gp.run(study, out="runs", backend="reference", sample=20)
    assert again.reused
    assert again.statistics
