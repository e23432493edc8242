"""What a notebook shows of runs: figures, comparison, dated tables."""

from __future__ import annotations

import pathlib
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.metrics import BY_NAME
from gridproof.results.run.run import Run
from gridproof.results.run.store import REPORT, Store
from tests.support.run_folder import write_run
from tests.support.statistics_record import write_statistics


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(write_run(tmp_path_factory.mktemp("run")))


def test_curves_and_positions_have_dates(run: Run) -> None:
    assert isinstance(run.curves.index, pd.DatetimeIndex)
    assert run.positions["days"].sum() == len(run.curves)
    assert run.positions["from"].iloc[0] == run.curves.index[0]


def test_the_plots_are_those_of_the_run(run: Run) -> None:
    names = [line.name for line in run.plot.nav().data if line.showlegend is not False]
    assert names == ["hold small", "best in sample", "base"]
    assert run.plot.distribution().data[0].type == "bar"
    drawn = run.plot.surface("rate.window", "rate.on_above", "base.cagr").data[0]
    table = run.surface("rate.window", "rate.on_above", "base.cagr")
    np.testing.assert_allclose(np.array(drawn.z, dtype=float), table.to_numpy().T)
    assert list(drawn.x) == [str(value) for value in table.index]


def test_a_surface_of_an_unknown_metric_is_refused(run: Run) -> None:
    with pytest.raises(gp.InputError, match=r"`how` must be one of base, mean, max, .*base\.cagr"):
        run.surface("rate.window", "rate.on_above", "base.nothing")


def test_runs_stand_beside_each_other(run: Run, tmp_path: pathlib.Path) -> None:
    other = Run(write_run(tmp_path, published=False))
    table = gp.compare([run, other])
    assert table.index.tolist() == [run.folder.name, other.folder.name]
    assert table["base.sharpe"].iloc[0] == run.summary["base"]["in_sample"]["sharpe"]
    assert pd.isna(table["after.sharpe"].iloc[1])
    assert gp.compare([]).empty


def test_a_run_shows_its_verdict_with_base_and_best(run: Run, tmp_path: pathlib.Path) -> None:
    assert "not finished" in run._repr_html_()
    (run.folder / REPORT).write_text("")
    plain = run._repr_html_()
    heads = re.findall(r"<th>([^<]*)</th>", plain)
    assert heads[:5] == ["", "base", "best", "base, after publication", "best, after publication"]
    shown = BY_NAME["sharpe"].text(run.summary["base"]["in_sample"]["sharpe"])
    assert re.search(rf"<th>Sharpe ratio</th>\s*<td>{shown}</td>", plain)
    judged = Run(write_statistics(write_run(tmp_path, days=700)))
    (tmp_path / REPORT).write_text("")
    assert judged.conclusion["sentence"] not in plain
    assert f"<p>{judged.conclusion['sentence']}</p>" in unescape(judged._repr_html_())


@pytest.mark.parametrize("place", ["zzz", "", "a file"])
def test_nothing_is_no_run(tmp_path: pathlib.Path, place: str) -> None:
    (tmp_path / "a file").write_text("")
    assert not Store(tmp_path).finished
    with pytest.raises(gp.InputError, match="finished run"):
        gp.open_run(tmp_path / place)
