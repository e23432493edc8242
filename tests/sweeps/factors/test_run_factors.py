"""A whole factor study: what was planted is found, noise is not, and the folder has all of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer

import gridproof as gp
from gridproof.results.ledger.ledger import ledger_rows
from gridproof.results.run.factor_run import FactorRun
from gridproof.sweeps.cli.check import check
from gridproof.sweeps.cli.finished_runs import show
from gridproof.sweeps.factors.data import read_factor_data
from gridproof.sweeps.factors.run import run_factors
from gridproof.sweeps.factors.study import load_factor_study
from gridproof.sweeps.factors.styles import StyleReturns
from gridproof.sweeps.progress.observer import RunObserver

FEW: dict[str, Any] = {
    "name": "few",
    "panel": {
        "file": "synthetic:planted",
        "fields": {
            "close": "close",
            "traded": "suspended == 0",
            "cap": "close * shares",
            "score": "score",
            "noise": "noise",
        },
    },
    "groups": {"industry": {"field": "industry"}},
    "factors": {"score": "score", "noise": "noise"},
    "universe": "traded",
    "horizons": [1, 5],
    "quantiles": 5,
    "neutralize": ["none", {"by": "cap"}],
    "every": 5,
    "cost": 0.001,
    "window": {"from": "2016-01-04"},
    "styles": {"exposures": {"size": "cap", "score": "score"}, "by": "industry", "weight": "cap"},
}

# For what does not depend on the verdict, which needs 60 days.
SHORT: dict[str, Any] = {key: value for key, value in FEW.items() if key != "styles"} | {
    "window": {"from": "2019-10-08"}
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> FactorRun:
    return gp.factors(FEW, out=tmp_path_factory.mktemp("factors"))


def test_the_planted_factor_survives(planted: FactorRun) -> None:
    record = planted.record
    best = record["variants"][record["verdict"]["best"]]
    assert best["factor"] == "score"
    assert best["superior"]
    assert best["deflated_sharpe"] > 0.95
    assert best["horizons"][0]["t"] > 5.0
    noise = [one for one in record["variants"] if one["factor"] == "noise"]
    assert not any(one["superior"] for one in noise)


def test_noise_does_not_survive(tmp_path: Path) -> None:
    found = gp.factors(FEW, changes={"panel.file": "synthetic:noise"}, out=tmp_path).record
    assert not any(one["superior"] for one in found["variants"])
    assert all(one["deflated_sharpe"] < 0.95 for one in found["variants"])
    assert "does not survive" in (tmp_path / next(tmp_path.glob("few-*")) / "factors.html").read_text(encoding="utf-8")


def test_tables_agree_with_the_record(planted: FactorRun) -> None:
    for one in planted.record["variants"]:
        number = one["variant"]
        ic = planted.ic(number)["ic_5"].dropna()
        assert ic.mean() == pytest.approx(one["horizons"][1]["ic_mean"], abs=1e-12)
        assert ic.mean() / ic.std() == pytest.approx(one["horizons"][1]["icir"], abs=1e-12)
        assert (ic > 0).mean() == pytest.approx(one["horizons"][1]["positive"], abs=1e-12)
        pair, quantiles = planted.long_short(number), planted.quantile_returns(number)
        np.testing.assert_allclose(pair["gross"], quantiles["q5"] - quantiles["q1"], rtol=0.0, atol=1e-15)
        np.testing.assert_allclose(pair["net"], pair["gross"] - 0.001 * pair["traded"], rtol=0.0, atol=1e-15)
        sharpe = pair["net"].mean() / pair["net"].std() * np.sqrt(243)
        assert sharpe == pytest.approx(one["net"]["sharpe"], abs=1e-9)
        assert planted.variants.loc[number, "net_sharpe"] == one["net"]["sharpe"]


def test_styles_find_the_planted_return(planted: FactorRun) -> None:
    of = {row["style"]: row for row in planted.record["styles"]["rows"]}
    assert of["score"]["t"] > 4.0
    assert abs(of["size"]["t"]) < 3.0
    assert planted.styles["score"].mean() * 243 == pytest.approx(of["score"]["mean"], abs=1e-12)


def test_an_exposure_twice_is_one_clear_error(tmp_path: Path) -> None:
    twice = {key: value for key, value in FEW.items() if key != "factors"}
    twice["styles"] = {"exposures": {"size": "cap", "again": "cap"}}
    with pytest.raises(gp.InputError, match=r"no exposure follows from the others; got size, again, which at most \d+"):
        gp.factors(twice, out=tmp_path)


def test_styles_without_variation_have_no_r_squared() -> None:
    nothing = [np.nan] * 3
    found = StyleReturns(pd.DataFrame({"size": [np.nan, np.nan, 0.0], "r_squared": nothing}), ("size",))
    assert found.r_squared is None
    assert "styles have no returns on 2 of 3 days" in found.warnings[0]


def test_a_panel_of_survivors_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridproof.signals.data.panel.panel._SURVIVING", (25, 3))
    days = pd.bdate_range("2020-01-01", periods=25)
    rows = [(day, code, 1.0) for day in days for code in "ABC"]
    pd.DataFrame(rows, columns=["date", "code", "close"]).to_parquet(tmp_path / "panel.parquet")
    study = {"name": "few", "panel": {"file": "panel.parquet", "fields": {"close": "close"}},
             "factors": {"price": "close"}, "window": {"from": "2020-01-01"}}  # fmt: skip
    assert "a file of survivors" in read_factor_data(load_factor_study(study), tmp_path).warnings[0]


def test_every_variant_is_a_trial_once(tmp_path: Path) -> None:
    few = SHORT | {"factors": {"score": "score"}}
    gp.factors(few, out=tmp_path)
    found = gp.factors(few | {"name": "again", "factors": {"other": "1 * score", "score": "score"}}, out=tmp_path)
    (row,) = ledger_rows(tmp_path / "ledger")
    assert row.distinct == found.record["verdict"]["trials"] == 4
    assert row.evaluated == 6
    reused = gp.factors(few, out=tmp_path)
    assert reused.reused
    assert ledger_rows(tmp_path / "ledger")[0].evaluated == 6


def test_the_page_stands_alone_and_is_small(planted: FactorRun) -> None:
    page = planted.page.read_text(encoding="utf-8")
    assert len(page.encode()) < 3_000_000
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    for text in ("It survives correction for the search", "Decay: mean rank IC by horizon", "Returns of styles"):
        assert text in page


def test_the_page_of_a_finished_study_is_written_anew_in_chinese(planted: FactorRun) -> None:
    english = planted.page.read_bytes()
    study = load_factor_study(FEW)
    found = run_factors(study, None, planted.folder.parent, RunObserver(), "zh")
    page = found.page.read_text(encoding="utf-8")
    assert (found.reused, found.faults()) == (True, {})
    for text in ("经多重检验修正后依然显著", "IC衰减：各预测期的Rank IC均值", "风格收益", "score，对cap中性化"):
        assert text in page
    body = re.sub(r"<(script|style|code|title|h1)\b.*?</\1>", " ", page, flags=re.DOTALL)
    texts = [re.sub(r"[\w:]+\.(?:json|parquet)", "", text) for text in re.split(r"<[^>]+>", body)]
    assert [text for text in texts if re.search(r"[A-Za-z]{3,} [a-z]{3,}", text)] == []
    said = re.findall(r'aria-label="([^"]*)"', page)
    assert len(said) > 10
    assert [text for text in said if not re.search(r"[一-鿿]", text)] == []
    run_factors(study, None, planted.folder.parent, RunObserver())
    assert planted.page.read_bytes() == english


def test_texts_of_a_study_are_escaped(tmp_path: Path) -> None:
    study = SHORT | {"title": "<b>bold</b> & more", "factors": {"score": "score * 2 > 1"}}
    with pytest.raises(gp.InputError, match="a factor is a number"):
        gp.factors(study, out=tmp_path)
    page = gp.factors(study | {"factors": {"score": "score"}}, out=tmp_path).page.read_text(encoding="utf-8")
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
    assert "<b>bold" not in page


def test_two_runs_give_the_same_bytes(planted: FactorRun, tmp_path: Path) -> None:
    again = gp.factors(FEW, out=tmp_path)
    names = sorted(path.name for path in planted.folder.iterdir())
    assert names == sorted(path.name for path in again.folder.iterdir())
    for name in names:
        assert (planted.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_a_group_may_stand_in_a_table(tmp_path: Path) -> None:
    rows = "".join(f"S{number:04d},{'bank' if number % 3 else 'steel'}\n" for number in range(200))
    (tmp_path / "industry.csv").write_text("code,industry\n" + rows, encoding="utf-8")
    study = SHORT | {
        "groups": {"industry": {"file": "industry.csv", "field": "industry"}},
        "factors": {"score": "score"},
        "neutralize": [{"by": "industry"}],
    }
    found = gp.factors(study, tmp_path, out=tmp_path).record
    assert any("40 of 240 stocks have no industry" in text for text in found["warnings"])
    assert 0.7 < found["variants"][0]["coverage"] < 0.9


def test_damage_is_named_shown_and_repaired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = gp.factors(SHORT, out=tmp_path)
    check(str(found.folder))
    show(str(found.folder), top=2)
    shown = capsys.readouterr().out
    assert "all files are as they were written" in shown
    assert "Page: " in shown
    whole = (found.folder / "ic.parquet").read_bytes()
    (found.folder / "ic.parquet").write_bytes(whole[:-1] + b"x")
    (found.folder / "factors.html").unlink()
    with pytest.raises(typer.Exit):
        check(str(found.folder))
    shown = capsys.readouterr().out
    assert "ic.parquet: its content was changed" in shown
    assert "factors.html: missing" in shown
    again = gp.factors(SHORT, out=tmp_path)
    assert not again.reused
    assert again.faults() == {}
    assert (found.folder / "ic.parquet").read_bytes() == whole
    (found.folder / "manifest.json").unlink()
    assert again.faults() == {"manifest.json": "missing: the study is not finished"}
