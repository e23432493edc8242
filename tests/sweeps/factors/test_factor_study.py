"""The keys of a factor study, its variants, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gridproof.kernels.errors import InputError
from gridproof.sweeps.factors.spec import factor_schema
from gridproof.sweeps.factors.study import load_factor_study, shipped_factor_studies
from gridproof.sweeps.factors.trials import record_trials
from tests.support.schemas import validate

STUDY: dict[str, Any] = {
    "name": "keys",
    "panel": {"file": "panel.parquet", "fields": {"close": "close", "cap": "close * shares"}},
    "factors": {"size": "-cap", "scaled": {"value": "close * n", "n": [1, 2]}},
    "neutralize": ["none", {"by": "cap"}],
    "window": {"from": "2010-01-04"},
}


def test_every_combination_is_a_variant() -> None:
    variants = load_factor_study(STUDY | {"universe": {"all_stocks": "close > 0", "dear": "close > 50"}}).variants
    found = [(one.universe.name, one.factor, one.settings, one.control.label) for one in variants]
    assert len(found) == len(set(found)) == 12
    assert ("dear", "scaled", "n 2", "cap") in found


def test_another_panel_or_year_is_another_trial(tmp_path: Path) -> None:
    def tried(panel: dict[str, Any], **more: Any) -> int:
        study = load_factor_study(STUDY | {"panel": STUDY["panel"] | panel, **more})
        return record_trials(study, study.variants, tmp_path / "run")

    fields = STUDY["panel"]["fields"]
    assert tried({}) == 6
    assert tried({"fields": fields | {"traded": "volume > 0"}}) == 12
    assert tried({"date": "known"}) == 18
    assert tried({"code": "isin"}) == 24
    assert tried({}, market={"periods": 252}) == 30
    assert tried({}, market={"periods": 243}) == 30
    assert tried({"fields": {"close": "close", "size": "close * shares"}}, neutralize=["none"],
                 factors={"large": "-size"}) == 30  # fmt: skip


def test_a_change_sets_parameters_and_settings() -> None:
    changed = load_factor_study(STUDY).set(
        {"scaled.n": {"from": 5, "to": 20, "step": 5}, "cost": 0.002, "to": "2012-01-04"}
    )
    assert [one.settings for one in changed.variants if one.control.label == "none"] == [
        "",
        "n 5",
        "n 10",
        "n 15",
        "n 20",
    ]
    assert changed.spec.cost == 0.002
    assert str(changed.spec.window.to) == "2012-01-04"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"horizons": [5, 1]}, r"study horizons: horizons are different and ascending"),
        ({"horizons": []}, r"horizons must have at least 1 value"),
        ({"horizons": ["a"]}, r"study horizons.0: horizons must be an integer; got 'a'"),
        ({"neutralize": [{"by": ["capital"]}]}, r"study neutralize.0, column 1: .* got capital. Did you mean cap"),
        ({"neutralize": ["none", "none"]}, r"each way to neutralise occurs once; got none, none"),
        ({"factors": {}}, r"a factor study has factors, styles or both"),
        ({"factors": {"a": {"value": "cap", "n": 3}}}, r"study factors.a.n: a parameter must stand in the formula"),
        ({"factors": {"a": {"vlue": "cap"}}}, r"missing key `value`"),
        ({"factors": {"a": {"value": "cap * close", "close": 3}}}, r"close, which is a field"),
        ({"factors": {"a": [1]}}, r"study factors.a.value: an expression is text"),
        ({"universe": "cap"}, r"a condition is true or false; got close \* shares"),
        ({"universe": {}}, r"a study has a universe"),
        ({"styles": {"exposures": {}}}, r"styles have exposures"),
        ({"styles": {"exposures": {"a": "cap"}, "by": "industry"}}, r"styles.by names a group of the study"),
        ({"cost": 2}, r"cost must be below 1"),
        ({"quantile": 5}, r"unknown key; got quantile. Did you mean quantiles"),
        ({"window": {"from": "2010-01-04", "to": "2009-01-05"}}, r"must be in ascending order"),
        ({"window": {"from": "2010-01-04", "published": "2011-01-05"}}, r"a factor study has one window"),
        ({"groups": {"cap": {"field": "x"}}}, r"a group has a name of its own"),
    ],
)
def test_a_wrong_study_is_one_clear_error(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_factor_study(STUDY | change)


def test_an_error_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "name: bad\npanel:\n  file: a.parquet\n  fields: {close: close}\nfactors:\n  size: -cap\n"
        "window: {from: 2010-01-04}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"bad.yaml:6 factors.size"):
        load_factor_study(path)


@pytest.mark.parametrize("name", shipped_factor_studies())
def test_shipped_studies_load_and_fit_the_schema(name: str) -> None:
    study = load_factor_study(name)
    validate(study.document.raw, factor_schema())
    assert study.variants or study.styles
