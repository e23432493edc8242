"""What decides a day is known then: neutralisation, lags, universes, and changed futures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.sweeps.factors.data import FactorData, read_factor_data
from gridproof.sweeps.factors.measures import measure_factor
from gridproof.sweeps.factors.panel_window import PanelWindow
from gridproof.sweeps.factors.study import load_factor_study

STUDY: dict[str, Any] = {
    "name": "window",
    "panel": {
        "file": "synthetic:planted",
        "fields": {"close": "close", "traded": "suspended == 0", "cap": "close * shares", "score": "score"},
    },
    "groups": {"industry": {"field": "industry"}},
    "factors": {"score": "score"},
    "neutralize": ["none", {"by": ["industry", "cap"]}],
    "universe": "traded",
    "window": {"from": "2018-01-02", "to": "2018-03-30"},
}
REFERENCE = resolve_panel("reference")


def window_of(changes: dict[str, Any], data: FactorData | None = None) -> PanelWindow:
    study = load_factor_study(STUDY | changes)
    return PanelWindow(study, data or read_factor_data(study), REFERENCE)


def test_a_neutral_factor_is_the_residual_of_least_squares() -> None:
    window, study = window_of({}), load_factor_study(STUDY)
    members = window.members(study.universes[0])
    factor = np.where(members, window.known(study.variants[0].node), np.nan)
    found = window.neutral(factor, study.variants[1].control)
    cap = window.known(study.variants[1].control.exposures[0])
    group, groups = window.group("industry")
    for day in (0, 20):
        known = ~np.isnan(factor[day])
        design = np.concatenate([cap[day, known, None], group[day, known, None] == np.arange(groups)], axis=1)
        design = design[:, (design != 0).any(axis=0)]
        scale = np.abs(design).max(axis=0)
        answer = np.linalg.lstsq(design / scale, factor[day, known], rcond=None)[0]
        np.testing.assert_allclose(found[day, known], factor[day, known] - design / scale @ answer, atol=1e-9)


def test_a_factor_neutral_to_itself_is_unknown() -> None:
    changes = {"neutralize": [{"by": ["industry", "score"]}]}
    window, study = window_of(changes), load_factor_study(STUDY | changes)
    factor = np.where(window.members(study.universes[0]), window.known(study.variants[0].node), np.nan)
    assert np.isnan(window.neutral(factor, study.variants[0].control)).all()


def test_a_lag_uses_what_was_known_earlier() -> None:
    study = load_factor_study(STUDY)
    node = study.variants[0].node
    at_once, later = window_of({}).known(node), window_of({"lag": 3}).known(node)
    np.testing.assert_array_equal(later[2:], at_once[:-2])


def test_what_is_measured_does_not_see_the_future() -> None:
    """Columns change after a day: values, members and ranks up to it stay, whatever comes later."""
    study = load_factor_study(STUDY)
    data = read_factor_data(study)
    panel = data.panel
    cut = int(np.searchsorted(panel.dates, np.datetime64("2018-02-15")))
    late = panel.place // len(panel.codes) > cut
    rng = np.random.default_rng(5)

    def shuffled(values: Any) -> Any:
        changed = np.array(values)
        changed[late] = rng.permutation(changed[late])
        return changed

    columns = {name: (lambda read=read: shuffled(read())) for name, read in panel.columns.items()}
    other = replace(data, panel=replace(panel, columns=columns))  # type: ignore[arg-type]
    before, after = window_of({}, data), window_of({}, other)
    days = cut - int(np.searchsorted(panel.dates, np.datetime64("2018-01-02"))) + 1
    for variant in study.variants:
        found = []
        for one in (before, after):
            members = one.members(variant.universe)
            factor = one.neutral(np.where(members, one.known(variant.node), np.nan), variant.control)
            np.testing.assert_array_equal(before.value[:days], one.value[:days])
            found.append(measure_factor(factor, one.value, members, np.array([1]), 5, 1, REFERENCE))
        np.testing.assert_array_equal(found[0].ic[0, : days - 1], found[1].ic[0, : days - 1])
        np.testing.assert_array_equal(found[0].long_short[: days - 1], found[1].long_short[: days - 1])
        assert not np.array_equal(found[0].ic[0, days:-1], found[1].ic[0, days:-1])


def test_the_order_of_rows_and_a_cut_of_the_file_change_nothing() -> None:
    study = load_factor_study(STUDY)
    data = read_factor_data(study)
    panel = data.panel
    kept = np.flatnonzero(panel.dates[panel.place // len(panel.codes)] <= np.datetime64("2018-03-30"))
    order = np.random.default_rng(6).permutation(kept)
    columns = {name: (lambda read=read: np.array(read())[order]) for name, read in panel.columns.items()}
    cut = replace(panel, place=panel.place[order], columns=columns)  # type: ignore[arg-type]
    node = study.variants[0].node
    before, after = window_of({}, data), window_of({}, replace(data, panel=cut))
    np.testing.assert_array_equal(before.value, after.value)
    np.testing.assert_array_equal(before.known(node), after.known(node))


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"from": "2010-01-04"}, "the panel must cover the window"),
        ({"from": "2018-01-02", "to": "2030-01-01"}, "the panel must cover the window"),
        ({"from": "2018-01-02", "to": "2018-01-10"}, "20 days or more"),
    ],
)
def test_a_window_that_the_panel_does_not_cover_is_an_error(window: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        window_of({"window": window})
