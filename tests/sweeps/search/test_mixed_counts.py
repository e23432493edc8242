"""Counts of a search that are numbers beside a share of the universe."""

from __future__ import annotations

from pathlib import Path

from optuna.trial import create_trial

from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.search.dimensions import Dimensions
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.search_population import choice_of
from gridproof.sweeps.search.surroundings import surrounding_study
from gridproof.sweeps.study.study import Study, load_study
from tests.support.selections import long_table, raw, write


def counting() -> Study:
    written = raw(count=[2, 4, "30%"], every=3, offset=0)
    written["legs"]["small"]["cost"] = 0.003
    written["execution"] = {"lag": 1, "cost": 0.001}
    written["base"] = {"up.n": 3, "small.count": 2}
    return load_study(written)


def test_the_surroundings_stay_at_the_chosen_count(tmp_path: Path) -> None:
    """A share among numbers has no place in their order."""
    study = counting()
    context = SearchContext(study, market_of(study, write(tmp_path / "data", long_table())), resolve("reference"))
    dimensions = Dimensions(study, False, 0)
    for count in (2, "30%"):
        chosen = {**study.base, "small.count": count}
        trial = create_trial(value=0.0, user_attrs={"result": {"chosen": chosen}})
        around = surrounding_study(study, dimensions, trial, context)
        assert list(around.space.values_of("small.count")) == [count]
        assert list(around.space.values_of("up.n")) == [3, 8]
        assert {point["small.count"] for point in dimensions.around(chosen)} == {count}


def test_the_table_of_trials_gives_each_count_in_its_type() -> None:
    """A column of numbers beside texts is one of texts, and one of numbers with a missing value has decimals."""
    study = counting()
    for written, count in (("2", 2), (4.0, 4), ("30%", "30%")):
        row = {**study.base, "small.count": written}
        found = choice_of(row, study.space.axes, "")["small.count"]
        assert (found, type(found)) == (count, type(count))
