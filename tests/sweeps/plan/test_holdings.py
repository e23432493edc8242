"""What a selection holds on a date, against a plain replay; what is known later changes nothing of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.sweeps.cli.explain import explain
from gridproof.sweeps.plan.holdings import ExplainedBasket, explain_baskets
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.key_types import parse_day
from tests.support.limit_trading import Simulation, limited_table, raw
from tests.support.selections import DAYS, FROM, write

KINDS = pd.DataFrame({"code": [f"{600000 + number}.SH" for number in range(1, 12)], "kind": list("aabbccddeef")})


def described(folder: Path, table: pd.DataFrame) -> Path:
    KINDS.to_csv(write(folder, table) / "kinds.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return described(tmp_path_factory.mktemp("holdings") / "data", limited_table())


def study_of(trading: str = "limits", where: str = "all") -> gp.Study:
    written = raw(where=where)
    written["panel"] = written["panel"] | {"tables": {"kind": {"file": "kinds.csv", "field": "kind"}}}
    return gp.load_study(written).at({"small.trading": trading, "lag": 2, "small.count": 5})


def on(folder: Path, day: pd.Timestamp, study: gp.Study) -> ExplainedBasket:
    (found,) = explain_baskets(study, market_of(study, folder), np.datetime64(str(day.date())), "kind")
    return found


@pytest.mark.parametrize("trading", ["ideal", "limits"])
def test_the_basket_is_a_plain_replay(folder: Path, trading: str) -> None:
    simulation, study, seen = Simulation(limited_table()), study_of(trading), set()
    market = market_of(study, folder)
    held: set[str] = set()
    for number in range(0, 40, 3):
        close = DAYS.get_loc(FROM) - 1 + number
        ranked = simulation.ranked[DAYS[close - 1]]  # a lag of 2
        wanted, before = set(ranked[:5]), held
        dear, cheap = simulation.stuck[DAYS[close]] if trading == "limits" else (set(), set())
        held = (wanted - (dear - before)) | (before & cheap)
        if not number:
            continue
        (found,) = explain_baskets(study, market, np.datetime64(str(DAYS[close + 1].date())), "kind")
        assert (found.formed, found.ranked) == (str(DAYS[close].date()), str(DAYS[close - 1].date()))
        assert (found.days_to_next, found.wanted) == (2, 5)
        assert {one.code for one in found.held} == held
        assert {one.code for one in found.entered} == held - before
        assert {one.code for one in found.left} == before - held
        assert {one.code for one in found.kept} == before & held - wanted
        assert {one.code for one in found.not_bought} == wanted - held
        for one in (*found.held, *found.not_bought):
            assert one.rank == (ranked.index(one.code) + 1 if one.code in ranked else None)
        worth = {code: simulation.worth[DAYS[close + 1]][code] / simulation.worth[DAYS[close]][code] for code in held}
        for one in found.held:
            assert one.weight == pytest.approx(worth[one.code] / sum(worth.values()))
        assert sum(count for count, _ in found.groups.values()) == len(held)
        assert sum(weight for _, weight in found.groups.values()) == pytest.approx(1.0)
        seen |= {one.why for one in (*found.kept, *found.not_bought)}
    suspended, limit = "suspended, or without a row", "at its limit, or its limit is unknown"
    assert seen == ({suspended, limit} if trading == "limits" else set())


def test_what_is_known_later_changes_nothing(folder: Path, tmp_path: Path) -> None:
    day, table = DAYS[50], limited_table()
    later = table.date > day
    table.loc[later, ["close", "shares"]] = np.random.default_rng(1).uniform(5.0, 30.0, (later.sum(), 2)).round(2)
    table.loc[later, ["st", "suspended"]] = 1
    other = described(tmp_path / "data", table)
    study = study_of(where="st == 0")
    assert on(other, day, study).record() == on(folder, day, study).record()


def test_stages_say_why_a_stock_is_not_in_the_universe(folder: Path) -> None:
    day = DAYS[51]  # one day after the formation
    found = on(folder, day, study_of(where="st == 0"))
    rows = limited_table().set_index("date").loc[pd.Timestamp(found.ranked)]
    assert next(iter(found.stages.values())) == len(rows)
    assert found.stages["where st == 0"] == (rows.st == 0).sum() == found.stages["with a known cap"]
    assert found.share == len(found.held) / (rows.st == 0).sum()
    outside = {one.why for one in found.left if one.rank is None}
    assert outside <= {"not where st == 0", "st == 0 is unknown", "has no row"}


def test_terminal_and_faults(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.yaml").write_text(study_of().to_yaml())
    explain(str(tmp_path / "study.yaml"), folder, on=str(DAYS[50].date()), by="kind")
    shown = capsys.readouterr().out
    assert "At the close of 2020-02-10: formed at the close of" in shown
    assert "The basket is to hold 5" in shown
    explain(str(tmp_path / "study.yaml"), folder, on=str(DAYS[50].date()), as_json=True)
    assert '"not_bought"' in capsys.readouterr().out
    with pytest.raises(gp.InputError, match="the date must lie in the window"):
        on(folder, DAYS[2], study_of())
    with pytest.raises(gp.InputError, match=r"--on: a date is valid and of the form YYYY-MM-DD; got 24\.8\.2020"):
        parse_day("24.8.2020", "--on")
    written = raw()
    written["panel"] = {**written["panel"], "tables": {"shares": {"file": "kinds.csv", "field": "kind"}}}
    with pytest.raises(gp.InputError, match="a table and a column of the panel's file have different names"):
        market_of(gp.load_study(written), folder)


def test_a_table_is_a_column_of_formulas(folder: Path) -> None:
    """Neutral to the group: the stock with the smallest value against the mean of its kind; a change is another run."""
    written = raw(lowest="neutralize(cap, group=kind)", trading="ideal", weights="equal", count=1, every=1)
    del written["base"]["small.trading"], written["base"]["small.weights"]
    written["base"] |= {"small.count": 1, "small.every": 1}
    fields = written["panel"]["fields"] | {"kind": "kind"}
    written["panel"] = {
        **written["panel"],
        "fields": fields,
        "tables": {"kind": {"file": "kinds.csv", "field": "kind"}},
    }
    study = gp.load_study(written).at({})
    market = market_of(study, folder)
    assert any("kind has one value for each stock on all days, from kinds.csv" in each for each in market.warnings)
    (found,) = explain_baskets(study, market, np.datetime64(str(DAYS[50].date())))
    rows = limited_table().merge(KINDS, on="code")
    rows = rows[rows.date == DAYS[50]]
    rows["cap"] = rows.close * rows.shares
    rows["own"] = rows.cap - rows.groupby("kind").cap.transform("mean")
    rows = rows[rows.groupby("kind").cap.transform("count") > 1]
    assert found.held[0].code == rows.sort_values(["own", "code"]).code.iloc[0]
    lacking = {"kind": {"file": "none.csv", "field": "kind"}}
    with pytest.raises(gp.InputError, match=r"panel\.tables\.kind: the file of a series must exist"):
        market_of(gp.load_study({**written, "panel": {**written["panel"], "tables": lacking}}).at({}), folder)
    digest = market.digest()
    kinds = (folder / "kinds.csv").read_text()
    (folder / "kinds.csv").write_text(kinds.replace("a", "b", 1))
    assert market_of(study, folder).digest() != digest
    (folder / "kinds.csv").write_text(kinds)


def test_names_of_a_list_that_the_panel_lacks(folder: Path) -> None:
    """One that is always missing, one that left before the panel, one whose first rows are missing."""
    table = limited_table()
    first = table.groupby("code").date.min()
    names = pd.DataFrame({"code": first.index, "first": first.to_numpy(), "last": ""})
    late = first[first > DAYS[5]].index[0]
    names.loc[names.code == late, "first"] = DAYS[DAYS.get_loc(first[late]) - 2]
    lost = pd.DataFrame({"code": ["600900.SH", "600901.SH"], "first": ["2019-12-02", "2001-01-04"],
                         "last": ["2019-12-06", "2019-11-29"]})  # fmt: skip
    names["first"] = names["first"].dt.strftime("%Y-%m-%d")
    pd.concat([names, lost]).to_csv(folder / "names.csv", index=False)
    written = raw()
    written["panel"] = {**written["panel"], "names": {"file": "names.csv"}}
    market = market_of(gp.load_study(written), folder)
    assert market.panel is not None
    found = market.panel.names
    assert found is not None
    assert (found.names, found.missing) == (13, ("600900.SH",))
    ended = table.groupby("code").date.max()
    gone = sum(len(DAYS) - 1 - DAYS.get_loc(last) for last in ended)
    assert found.missing_days == 5 + 2 + gone
    text = "1 of the 13 names that names.csv lists in these days have no row"
    assert text in market.panel.understood
    assert any(text in warning for warning in market.warnings)
