"""Alternative rules and signals that may be off: a study of several is what its parts are, each in its own file."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.results.ledger.ledger import LedgerFile, ledger_total
from gridproof.sweeps.execution.ledger_entries import trials_of
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.study.document import parse_value
from gridproof.sweeps.study.schema import study_schema
from gridproof.sweeps.study.study import Study, parse_changes
from tests.support.market import study_of, write_market
from tests.support.schemas import validate
from tests.support.searched import BASE, RULES, raw_searched, searched, small_market
from tests.support.tiny import tiny_study

# A part of the study with every rule and use, 1,728 variants.
PART: dict[str, Any] = {
    "rate.window": [20, 25], "rate.on_above": [0.0, 0.05], "rate.off_gap": [0.0, 0.03], "trend.window": [20, 40, 60],
    "trend.on_above": [0.0, 0.01], "lag": [1, 2], "execution.cost": 0.001, "growth.smooth": 3, "rate10.release": 1,
}  # fmt: skip
NEVER = 1e6


def alone(rule: str, off: tuple[str, ...]) -> Study:
    """The same with one rule, without the signals that it does not name; for one that is off, a level never reached."""
    raw = raw_searched()
    lines = raw.pop("rules")[rule]
    raw["base"].pop("rule")
    raw["rule"] = lines
    for name in list(raw["signals"]):
        if not any(name in text for text in lines.values()):
            del raw["signals"][name]
            raw["base"] = {key: value for key, value in raw["base"].items() if not key.startswith(f"{name}.")}
    if "rate" not in raw["signals"]:
        raw["series"]["rate10"]["release"] = 1
        raw["base"].pop("rate10.release")
    for name in ("rate", "trend"):
        if name in raw["signals"]:
            del raw["signals"][name]["use"], raw["base"][f"{name}.use"]
            if name in off:
                raw["signals"][name]["latch"]["on_above"] = NEVER
                raw["base"].pop(f"{name}.on_above")
    if "fork" not in raw["signals"] or "trend" in raw["signals"]:
        return study_of(raw)
    raise AssertionError("fork takes the window of trend")


def metrics_of(study: Study, backend: str) -> np.ndarray:
    plan = build_plan(study, small_market(), resolve(backend))
    evaluate = resolve(backend).bind(plan.problem)
    grid = whole_grid(plan)
    pieces = (grid.piece(number) for number in range(grid.pieces))
    return np.concatenate([evaluate(piece.work)[piece.job_of] for piece in pieces])


@pytest.mark.parametrize("backend", ["reference", "cpu"])
def test_a_grid_of_alternatives_is_each_of_them_by_the_reference(backend: str) -> None:
    study = searched().set(PART)
    space, found = study.space, metrics_of(study, backend)
    digits = space.digits(np.arange(space.size))
    columns = {axis.name: np.array(axis.values, dtype=object)[digits[:, at]] for at, axis in enumerate(space.axes)}
    seen = 0
    for rule, rate, trend in itertools.product(("rotate", "guarded", "patient"), ("on", "off"), ("on", "off")):
        off = tuple(name for name, use in (("rate", rate), ("trend", trend)) if use == "off")
        one = alone(rule, off)
        names = {axis.name for axis in one.space.axes}
        moved = {name: value for name, value in PART.items() if one_name(one, name) in names}
        moved |= {f"{name}.on_above": NEVER for name in off if f"{name}.on_above" in names}
        one = one.set({name: value for name, value in moved.items() if value is not None})
        expected = metrics_of(one, "reference")
        mine = (columns["rule"] == rule) & (columns["rate.use"] == rate) & (columns["trend.use"] == trend)
        seen += mine.sum()
        for index in np.flatnonzero(mine)[:: 7 if backend == "reference" else 1]:
            place = []
            for axis in one.space.axes:
                value = axis.values[0] if len(axis.values) == 1 else columns[axis.name][index]
                place.append(axis.values.index(value))
            np.testing.assert_allclose(found[index], expected[one.space.index(place)], rtol=1e-9, atol=1e-12)
    assert seen == space.size


def one_name(study: Study, name: str) -> str | None:
    try:
        return study.resolve(name)
    except gp.InputError:
        return None


def test_a_signal_that_is_off_is_false_throughout() -> None:
    point = evaluate_point(searched(), small_market(), {"rate.use": "off"})
    assert (point.curve["rate.state"] == 0).all()
    assert "rate.value" not in point.curve
    on = evaluate_point(searched(), small_market(), {"rate.on_above": 0.0, "rate.off_gap": 0.0})
    assert on.curve["rate.state"].any()
    # Its levels and its window make no difference then.
    other = evaluate_point(searched(), small_market(), {"rate.use": "off", "rate.window": 60, "rate.on_above": 0.1})
    np.testing.assert_array_equal(point.curve["nav"], other.curve["nav"])


def test_a_signal_that_is_off_may_be_too_slow_for_the_window() -> None:
    study = searched().set({"rate.window": [25, 300]})
    with pytest.raises(gp.InputError, match="the window must begin after the slowest signal is defined"):
        evaluate_point(study, small_market(), {"rate.window": 300})
    point = evaluate_point(study, small_market(), {"rate.window": 300, "rate.use": "off"})
    assert point.in_sample["sharpe"] == evaluate_point(study, small_market(), {"rate.use": "off"}).in_sample["sharpe"]


def test_a_rule_that_holds_does_not_wait_for_what_it_does_not_name() -> None:
    """It held before a slow signal of another rule was defined, and chose nothing after; it holds on all the same."""
    raw = raw_searched()
    raw["rules"]["patient"] = {"small": "rate and trend", "hold": "otherwise"}
    raw["base"]["rule"] = "patient"
    without = evaluate_point(study_of(raw), small_market())
    raw["signals"]["slow"] = {"value": "large / mean(large, window) - 1", "window": 127}
    raw["rules"]["slow"] = {"cash": "slow", "large": "otherwise"}
    with_slow = evaluate_point(study_of(raw), small_market())
    assert without.held[0] == with_slow.held[0] == "small"
    np.testing.assert_array_equal(with_slow.curve["nav"], without.curve["nav"])


def test_one_of_the_rules_by_name_and_by_the_command_line() -> None:
    study = searched()
    assert study.space.axes[study.space.position("rule")].values == ("rotate", "guarded", "patient")
    two = study.set(parse_changes(["rule=[rotate, guarded]", "rate.use=off"]))
    assert two.space.axes[two.space.position("rule")].values == ("rotate", "guarded")
    assert two.base["rate.use"] == "off"
    assert two.set({"rule": "rotate"}).rule_lines()[0].startswith("small: fork.small")
    raw = raw_searched()
    raw["rule"] = "patient"
    raw["base"].pop("rule")
    assert study_of(raw).base["rule"] == "patient"


def total(folder: Path, *studies: Study) -> int:
    for number, study in enumerate(studies):
        LedgerFile(folder, trials_of(study, None, f"run{number}")).add_range(0, study.space.size)
    [market] = {trials_of(study, None, "").market for study in studies}
    return ledger_total(folder, market)


def test_a_rule_is_in_the_ledger_by_what_it_chooses(tmp_path: Path) -> None:
    small = {name: BASE[name] for name in BASE if name not in ("rule", "rate.window")}
    study = searched().set(small)
    size = study.space.size
    assert size == 3 * 6
    raw = raw_searched()
    raw["rules"] = dict(reversed(parse_value(RULES.replace("rotate", "x").replace("guarded", "y")).items()))
    raw["rules"]["y"]["cash"] = "not (fork.small or not rate)"
    raw["base"]["rule"] = "y"
    other = study_of(raw).set(small)
    assert other.space.size == size
    assert total(tmp_path / "names", study, other) == size, "other names, another order, other words: the same variants"
    swapped = copy.deepcopy(raw_searched())
    swapped["rules"]["rotate"], swapped["rules"]["guarded"] = swapped["rules"]["guarded"], swapped["rules"]["rotate"]
    one, two = study.set({"rule": "rotate"}), study_of(swapped).set({**small, "rule": "rotate"})
    assert total(tmp_path / "swapped", one, two) == 12, "the same name for another rule is another variant"
    raw = raw_searched()
    raw["rules"]["fourth"] = {"large": "rate and trend and fork.small and fork.large and growth", "small": "otherwise"}
    more = study_of(raw).set(small)
    assert total(tmp_path / "more", study, more) == more.space.size == size + 6


def test_a_file_with_one_rule_shares_variants_with_one_that_has_it_among_several(tmp_path: Path) -> None:
    small = {name: BASE[name] for name in BASE if name not in ("rule", "rate.window", "rate.use")}
    several = searched().set(small)
    raw = raw_searched()
    raw["rule"] = raw.pop("rules")["guarded"]
    for name in ("rate", "trend"):
        del raw["signals"][name]["use"], raw["base"][f"{name}.use"]
    del raw["base"]["rule"]
    plain = study_of(raw).set({name: value for name, value in small.items() if name != "trend.use"})
    assert (several.space.size, plain.space.size) == (3 * 2 * 6, 6)
    assert total(tmp_path, several, plain) == several.space.size


def test_the_schema_knows_rules_use_and_ranges() -> None:
    schema, raw = study_schema(), raw_searched()
    validate(raw | {"window": {"from": "2020-07-01"}}, schema)
    raw["signals"]["rate"]["window"]["search"] = "all"
    with pytest.raises(jsonschema.ValidationError):
        validate(raw, schema)


def broken(**changes: Any) -> dict[str, Any]:
    raw = raw_searched()
    for where, value in changes.items():
        *parents, last = where.split("__")
        place = raw
        for key in parents:
            place = place[key]
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return raw


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"rules__rotate__small": "forks"}, r"rules.rotate.small: .*names signals; got 'forks'"),
        ({"rules__rotate__large": "rate"}, r"rules.rotate.large: the last line of the rule must be"),
        ({"rules__rotate": {}}, r"rules.rotate: the last line of the rule must be"),
        ({"rules__rotate": {"gold": "otherwise"}}, r"rules.rotate.gold: the rule chooses among the legs; got 'gold'"),
        ({"rules": {}}, r"rules: rules has at least one rule; got none"),
        ({"rule": "strict"}, r"rule: rule is one of its choices; got 'strict'. Use rotate, guarded, patient"),
        ({"rule": {"cash": "otherwise"}}, r"rule: beside rules, rule names some of them; got a mapping"),
        ({"rules": None, "rule": "guarded"}, r"rule: rule must be a mapping; got 'guarded'"),
        ({"rules": None}, r"rule: missing key `rule`; got none"),
        ({"base__rule": "strict"}, r"base.rule: base must lie in the grid; got rule: 'strict'"),
        ({"base__rule": None}, r"base: base must give a value for every axis with more than one; got no rule"),
        ({"signals__rate__use": ["on", "maybe"]}, r"signals.rate.use: rate.use is one of its choices; got 'maybe'"),
        ({"signals__rate__use": [True, "off"]}, r"signals.rate.use: an axis value is a number or text"),
        ({"signals__more": {"value": "pct_change(rate10, window)", "window": 20}}, r"every signal must be used"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(gp.InputError, match=fault):
        study_of(broken(**changes))


def test_a_signal_called_rule_is_refused_beside_rules() -> None:
    raw = raw_searched()
    raw["signals"]["rule"] = raw["signals"].pop("growth")
    raw["base"]["rule.smooth"] = raw["base"].pop("growth.smooth")
    raw["rules"]["guarded"]["small"] = "rule"
    with pytest.raises(gp.InputError, match="beside rules, no signal is called rule"):
        study_of(raw)


def test_alternatives_are_run_and_reported(tmp_path: Path) -> None:
    write_market(tmp_path)
    study = searched().set({**PART, "rate.window": 25, "trend.window": 40, "lag": 1})
    run = gp.run(study, tmp_path, out=tmp_path / "runs", verdict=False)
    assert run.summary["variants"] == study.space.size
    best = run.top(1).iloc[0]
    point = gp.point(study, {name: best[name] for name in study.space.names if name in best}, tmp_path)
    assert point.in_sample["sharpe"] == pytest.approx(best["sharpe"], rel=1e-6)
    assert set(METRICS) <= set(run.summary["base"]["in_sample"])


def test_a_study_without_signals_is_told_where_they_stand() -> None:
    with pytest.raises(gp.InputError, match=r"names signals; got 'up'. Declare it under signals"):
        tiny_study(signals={"up": None})
