"""What the ledger is told of a study: equal variants meet whatever file they come from."""

from __future__ import annotations

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.aggregate.surfaces import several_pairs
from gridproof.results.ledger.ledger import LedgerFile, LedgerHeader, ledger_total
from gridproof.sweeps.execution.ledger_entries import market_identity, trials_of
from gridproof.sweeps.study.document import parse_value
from gridproof.sweeps.study.study import Study, load_study
from tests.support.demo import small_study, tied_study
from tests.support.market import raw_study, study_of


def trials(study: Study) -> LedgerHeader:
    return trials_of(study, None, "run")


def distinct(tmp_path: Path, *studies: Study) -> int:
    """How many distinct variants all grids of these studies have together."""
    for number, study in enumerate(studies):
        LedgerFile(tmp_path, trials_of(study, None, f"run{number}")).add_range(0, study.space.size)
    [market] = {trials(study).market for study in studies}
    return ledger_total(tmp_path, market)


def test_grids_that_share_values_share_variants(tmp_path: Path) -> None:
    one = small_study().set({"trend.window": [60, 72, 240], "fork.window": 20})
    other = small_study().set({"trend.window": [72, 84, 240, 252]})
    rest = small_study().space.size // 2 // 3  # variants of one trend.window and one fork.window
    assert distinct(tmp_path, one, other) == 3 * rest + 4 * 3 * rest - 2 * rest


WORDS = {"rate": "speed", "trend": "a", "fork": "zz", "growth": "m"}


def renamed(raw: dict[str, Any]) -> dict[str, Any]:
    """The same study in other words and another order: signals, series and legs under other names."""
    text = yaml.safe_dump(raw, sort_keys=False)
    for name, other in {**WORDS, "rate10": "y", "small": "tiny", "large": "big"}.items():
        for before, after in itertools.product(" {[(,", " :}],.)\n"):
            text = text.replace(f"{before}{name}{after}", f"{before}{other}{after}")
    new: dict[str, Any] = parse_value(text)
    for part in ("signals", "legs", "series"):
        new[part] = dict(reversed(new[part].items()))
    return new


def test_a_key_that_is_not_given_has_its_default(tmp_path: Path) -> None:
    plain = small_study().set({"trend.window": [60, 240], "fork.window": 20})
    decided = plain.set({"execution.decide": "daily"})
    assert trials(plain).strategy == trials(decided).strategy
    assert distinct(tmp_path / "1", plain, decided) == plain.space.size
    raw = copy.deepcopy(plain.document.raw)
    raw["execution"]["decide"] = ["daily", "monthly"]
    raw["base"]["decide"] = "monthly"
    assert distinct(tmp_path / "2", plain, load_study(raw)) == 2 * plain.space.size


def test_names_order_and_wording_make_no_other_variant(tmp_path: Path) -> None:
    raw = raw_study()
    for name in WORDS:
        raw["base"] = {key: value for key, value in raw["base"].items() if not key.startswith(f"{name}.")}
    raw["signals"]["rate"] |= {"window": 20, "latch": {"on_above": 0.05, "off_below": -0.05}}
    raw["signals"]["trend"]["window"] = 40
    one = study_of(raw)
    other_raw = renamed(raw)
    other_raw["rule"] = {
        "cash": "not (not speed or zz.tiny)",
        "tiny": "(a and not zz.big) or m or zz.tiny",
        "otherwise": "big",
    }
    other_raw |= {"name": "other", "title": "Other", "notes": ["x"], "objective": "calmar", "risk_free": 0.02}
    other_raw["window"] = {"from": "2020-07-01", "to": "2022-02-28"}
    other_raw["series"]["y"]["release"], other_raw["base"]["y.release"] = ["0 days", "1 day"], "1 day"
    other = study_of(other_raw)
    assert one.space.names != other.space.names
    assert trials(one).strategy == trials(other).strategy
    assert trials(one).market == trials(other).market
    assert distinct(tmp_path, one, other) == one.space.size


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("rule", "cash"), "rate"),
        (("window", "from"), "2020-07-02"),
        (("market", "periods"), 250),
        (("market", "calendar"), "small"),
        (("series", "rate10", "missing"), "drop"),
        (("series", "m1", "field"), "m2"),
        (("legs", "large"), {"series": "large", "stamp_tax": "china"}),
        (("signals", "growth", "when"), "turning_point(lag(m1, 1), smooth, confirm, direction)"),
        (("signals", "rate", "value"), "diff(rate10, window)"),
        (("signals", "rate", "value"), "pct_change(large, window)"),
        (("signals", "rate", "missing"), "hold"),
    ],
)
def test_what_changes_a_variant_makes_others_of_all(tmp_path: Path, where: tuple[str, ...], value: Any) -> None:
    raw = raw_study()
    changed = copy.deepcopy(raw)
    *parents, last = where
    place = changed
    for key in parents:
        place = place[key]
    place[last] = value
    if value == "pct_change(large, window)":
        changed["base"] = {key: value for key, value in changed["base"].items() if key != "rate10.release"}
        changed["series"]["rate10"]["release"] = 1
    one, other = study_of(raw), study_of(changed)
    assert trials(one).market == trials(other).market
    assert distinct(tmp_path, one, other) == one.space.size + other.space.size


def test_a_market_is_what_is_traded() -> None:
    def market(**changes: Any) -> str:
        return market_identity(study_of(raw_study() | changes), None)

    raw = raw_study()
    expected = "index.csv[000300].close + index.csv[000852].close"
    assert market() == expected
    # Another signal, another series to look at, a longer window: the same market.
    assert market(window={"from": "2020-07-01"}) == expected
    assert market(series=raw["series"] | {"more": {"file": "yield.csv", "field": "y10"}}) == expected
    # A leg that the rule never chooses is not traded; one that it may hold to begin with is.
    assert market(rule={"small": "rate and trend and fork.small and growth", "cash": "otherwise"}) == (
        "index.csv[000852].close"
    )
    legs = {name: leg for name, leg in raw["legs"].items() if name != "cash"}
    turned = {"large": legs["large"], "small": legs["small"]}
    held = {"small": "rate and trend and fork.small and growth", "hold": "otherwise"}
    assert market(rule=held, legs=turned) == expected
    assert market(rule=held, legs=dict(reversed(turned.items()))) == "index.csv[000852].close"


def test_ties_and_defaults_are_parameters_too(tmp_path: Path) -> None:
    raw = raw_study()
    tied = study_of(raw)
    free = copy.deepcopy(raw)
    free["signals"]["fork"]["window"] = [20, 40, 50]
    free["base"]["fork.window"] = 40
    free["legs"]["large"] = {"series": "large", "carry": [0.0, 0.01]}
    free["base"]["large.carry"] = 0.0
    diagonal = tied.space.size // 3 * 2
    assert distinct(tmp_path, tied, study_of(free)) == tied.space.size + study_of(free).space.size - diagonal


def test_a_latch_without_off_is_one_whose_levels_are_equal(tmp_path: Path) -> None:
    raw = raw_study()
    raw["signals"]["rate"]["latch"] = {"on_above": [0.05, 0.10, 0.15]}
    raw["base"] = {key: value for key, value in raw["base"].items() if key != "rate.off_below"}
    both = copy.deepcopy(raw)
    both["signals"]["rate"]["latch"] = {"on_above": [0.10, 0.15, 0.20], "off_below": [0.05, 0.10]}
    both["base"] |= {"rate.on_above": 0.10, "rate.off_below": 0.05}
    one, two = study_of(raw), study_of(both)
    assert distinct(tmp_path, one, two) == one.space.size + two.space.size - one.space.size // 3


@settings(max_examples=25)
@given(data=st.data())
def test_variants_of_random_grids_are_counted_by_value(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Against a listing of each grid's variants by the names and values of their parameters."""
    pools: dict[str, list[Any]] = {
        "rate.window": [20, 30, 40],
        "rate.on_above": [0.05, 0.10],
        "rate10.release": [0, 1, "1 calendar days"],
        "trend.window": [20, 40, 60],
        "growth.direction": ["peak", "trough"],
        "lag": [1, 2, 3],
        "execution.cost": [0.0, 0.001],
    }
    studies, seen = [], set()
    for _ in range(data.draw(st.integers(1, 3))):
        changes: dict[str, Any] = {}
        for name, pool in pools.items():
            chosen = data.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3, unique=True))
            changes[name] = chosen[0] if len(chosen) == 1 else chosen
        raw = raw_study()
        raw["base"] = {}
        raw["signals"]["rate"]["latch"]["off_below"] = -0.05
        for name, value in changes.items():
            raw["base"][name] = value[0] if isinstance(value, list) else value
        raw["signals"]["rate"]["window"] = changes["rate.window"]
        raw["signals"]["rate"]["latch"]["on_above"] = changes["rate.on_above"]
        raw["series"]["rate10"]["release"] = changes["rate10.release"]
        raw["signals"]["trend"]["window"] = changes["trend.window"]
        raw["signals"]["growth"]["direction"] = changes["growth.direction"]
        raw["execution"] = {"lag": changes["lag"], "cost": changes["execution.cost"]}
        study = study_of(raw)
        studies.append(study)
        for values in itertools.product(*(axis.values for axis in study.space.axes)):
            seen.add(frozenset(zip(study.space.names, values, strict=True)))
    assert distinct(tmp_path_factory.mktemp("ledger"), *studies) == len(seen)


def test_every_shipped_study_has_an_identity() -> None:
    for name in ("us-demo", "microcap-rate-timing", "microcap-timing", "microcap-rotation", "csi1000-csi300"):
        study = load_study(name)
        found = trials(study)
        assert found.size == study.space.size
        assert found.axes[: len(study.space.axes)] != ()
        assert len(json.dumps(found.strategy)) < 4000
    assert market_identity(load_study("us-demo"), None) == "arch:nasdaq.Adj Close + arch:sp500.Adj Close"
    assert trials(tied_study()).size == tied_study().space.size


def test_slices_through_the_base(tmp_path: Path) -> None:
    space = tied_study().space
    for x, y in several_pairs(space.dims):
        digits = space.digits(space.slice_through_base(x, y))
        others = [axis for axis in range(len(space.dims)) if axis not in (x, y)]
        assert (digits[:, others] == np.array(space.base)[others]).all()
        pairs = list(itertools.product(range(space.dims[x]), range(space.dims[y])))
        assert [tuple(row) for row in digits[:, [x, y]].tolist()] == pairs
