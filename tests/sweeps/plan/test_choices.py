"""The choices of a study: the variants of the whole grid at the base's environment, and no others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from gridproof.kernels.arrays import Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.results.run.record import objective_of
from gridproof.results.run.tally import EVALUATED, Tally
from gridproof.sweeps.execution.evaluation import evaluate_grid
from gridproof.sweeps.execution.tile import TallyScale, empty_tally, run_tile
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.grid import Grid, ProductGrid
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.sample import draw_variants
from gridproof.sweeps.study.study import Study, load_study
from tests.support.demo import small_plan, small_study, tied_plan

PLANS = [pytest.param(small_plan, id="independent axes"), pytest.param(tied_plan, id="shared and tied axes, hold")]
IMPOSED = ("baa.release", "execution.lag", "execution.cost", "cash.interest")
OTHERS: list[dict[str, Value]] = [{}, {"execution.lag": 2}]


def at(study: Study, environment: dict[str, Value]) -> list[int]:
    """The variants with these values on the axes of the environment, the others at the base, one by one."""
    values = {name: study.base[name] for name in study.environment} | environment
    return [index for index in range(study.space.size)
            if all(study.space.parameters(index)[name] == value for name, value in values.items())]  # fmt: skip


def test_the_environment_is_what_the_market_imposes() -> None:
    assert small_study().environment == IMPOSED


def test_a_study_may_name_axes_that_a_trader_can_choose() -> None:
    assert small_study().set({"choices": ["lag", "baa.release"]}).environment == ("execution.cost", "cash.interest")
    assert small_study().set({"choices": ["lag"]}).set({"lag": 2}).environment == (*IMPOSED[:1], *IMPOSED[2:])


@pytest.mark.parametrize(
    ("choices", "rule", "remedy"),
    [
        (["lags"], "choices names axes of the study", "execution.lag"),
        (["window"], "a short name in choices must be the ending of one axis", "rate.window"),
        (["rate.window"], "all other axes are choices anyway", "Remove it"),
        (["lag", "execution.lag"], "choices names an axis once", "Remove one"),
        ("lag", "choices must be a list", "brackets"),
        ([1], "must be text", "Write a word"),
    ],
)
def test_a_wrong_name_among_the_choices_is_refused(choices: object, rule: str, remedy: str) -> None:
    with pytest.raises(InputError) as error:
        small_study().set({"choices": choices})
    assert rule in str(error.value)
    assert remedy in str(error.value)


def test_the_error_names_the_line_of_the_file(tmp_path) -> None:
    text = small_study().to_yaml() + "choices:\n- lag\n- rate.window\n"
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"study.yaml:{len(text.splitlines())} choices"):
        load_study(tmp_path / "study.yaml")


def test_a_base_is_declared_unless_the_study_says_otherwise() -> None:
    assert small_study().spec.declared
    assert not small_study().set({"declared": False}).spec.declared
    with pytest.raises(InputError, match="declared must be true or false"):
        small_study().set({"declared": "no"})


@pytest.mark.parametrize("plan_of", PLANS)
@pytest.mark.parametrize("environment", OTHERS)
def test_they_are_the_variants_at_one_environment(plan_of: Callable[[], Plan], environment: dict[str, Value]) -> None:
    study = plan_of().study
    choices = choices_of(study, environment)
    expected = at(study, environment)
    index = choices.whole_index(np.arange(choices.size))
    assert index.tolist() == expected
    assert 1 < choices.size < study.space.size
    assert np.flatnonzero(choices.among(np.arange(study.space.size))).tolist() == expected
    assert np.array_equal(choices.positions(index), choices.space.digits(np.arange(choices.size)))
    for number in range(0, choices.size, 7):
        assert choices.space.parameters(number) == study.space.parameters(expected[number])


def test_the_environment_must_be_one_of_the_study() -> None:
    with pytest.raises(KeyError):
        choices_of(small_study(), {"rate.window": 9})


FORMS = ("pieces of ten", "boxes", "reduced", "list", "sample")


def forms(plan: Plan) -> dict[str, Grid]:
    size = plan.study.space.size
    return {
        "pieces of ten": ProductGrid(plan, 10),
        "boxes": ProductGrid(plan, 50, boxed=True),
        "reduced": ProductGrid(plan, 50, reduced=True),
        "list": ListedGrid(plan, range(size), 30),
        "sample": ListedGrid(plan, np.arange(0, size, 3), 7),
    }


@pytest.mark.parametrize("plan_of", PLANS)
@pytest.mark.parametrize("form", FORMS)
def test_they_have_the_bits_of_the_grid(plan_of: Callable[[], Plan], form: str) -> None:
    plan = plan_of()
    grid = forms(plan)[form]
    evaluate = resolve("cpu").bind(plan.problem)
    everything, index = evaluate_grid(grid, evaluate), indices(grid)
    chosen = grid.among(choices_of(plan.study))
    assert indices(chosen).tolist() == sorted(set(at(plan.study, {})) & set(index.tolist()))
    expected = everything[np.searchsorted(index, indices(chosen))]
    assert np.array_equal(evaluate_grid(chosen, evaluate), expected, equal_nan=True)
    one = int(indices(chosen)[-1])
    assert np.array_equal(evaluate(chosen.alone(one).work)[0], expected[-1], equal_nan=True)


@pytest.mark.parametrize("plan_of", PLANS)
def test_distinct_and_equal_choices(plan_of: Callable[[], Plan]) -> None:
    plan = plan_of()
    choices = choices_of(plan.study)
    piece = ListedGrid(plan, choices.whole_index(np.arange(choices.size))).piece(0)
    assert plan.distinct(choices) == len(piece.keys) < plan.distinct()
    counts = np.bincount(piece.job_of)
    np.testing.assert_array_equal(plan.equal(piece.keys[::5, :-1], choices), counts[::5])


@pytest.mark.parametrize("plan_of", PLANS)
@pytest.mark.parametrize("form", FORMS)
def test_the_tally_of_the_choices_is_that_of_a_grid_of_them(plan_of: Callable[[], Plan], form: str) -> None:
    plan = plan_of()
    grid, evaluate = forms(plan)[form], resolve("cpu").bind(plan.problem)
    chosen = grid.among(choices_of(plan.study))
    values = objective_of(evaluate_grid(chosen, evaluate), "sharpe")
    after = objective_of(evaluate_grid(chosen, evaluate), "sharpe", 1)
    scale = TallyScale(np.quantile(values[np.isfinite(values)], [0.1, 0.4, 0.9]), (float(values[3]), float(after[3])))
    found = empty_tally(grid, scale)
    for piece in range(grid.pieces):
        found.merge(run_tile(grid, evaluate, piece, piece + 1, scale, False, lambda _: None)[0])
    assert found.choices is not None
    assert found.counters[EVALUATED] == grid.size
    assert found.choices.counters.tolist() == [
        chosen.size, np.isnan(values).sum(), (values < values[3]).sum(), (values == values[3]).sum(),
        np.isnan(after).sum(), (after < after[3]).sum(), (after == after[3]).sum(),
    ]  # fmt: skip
    index = indices(chosen)
    best = min(np.flatnonzero(values == np.nanmax(values)))
    assert found.choices.best_index[0] == index[best]
    assert found.choices.best_value[0] == values[best]
    assert set(found.choices.best_index.tolist()) <= set(index.tolist())
    digits = choices_of(plan.study).positions(index)
    surfaces, offsets = found.choices.surfaces, found.choices.surfaces.offsets()
    assert len(surfaces.pairs) < len(found.surfaces.pairs)
    for pair, (x, y) in enumerate(surfaces.pairs):
        cells = offsets[pair] + digits[:, x] * surfaces.dims[y] + digits[:, y]
        counts = np.bincount(cells[np.isfinite(values)], minlength=offsets[-1])
        inside = slice(offsets[pair], offsets[pair + 1])
        assert np.array_equal(surfaces.count[inside], counts[inside])
    again = Tally.from_arrays(found.arrays())
    assert again.choices is not None
    assert np.array_equal(again.choices.best_index, found.choices.best_index)
    assert dataclasses.replace(again, choices=None).counters.tolist() == found.counters.tolist()


def test_a_sample_is_drawn_among_the_choices_first() -> None:
    study = small_study()
    chosen, size = at(study, {}), study.space.size
    few = draw_variants(study, 9)
    assert len(set(few.tolist())) == 9
    assert set(few.tolist()) < set(chosen)
    more = draw_variants(study, len(chosen) + 25)
    assert len(set(more.tolist())) == len(chosen) + 25
    assert set(chosen) < set(more.tolist()) < set(range(size))
    assert (np.diff(more) > 0).all()
    assert draw_variants(study, size).tolist() == list(range(size))


def test_where_the_environment_has_one_value_every_variant_is_a_choice() -> None:
    study = small_study().set({"baa.release": "45 calendar days", "lag": 1, "cost": 0.001})
    choices = choices_of(study)
    assert choices.everything
    assert choices.whole_index(np.arange(5)).tolist() == [0, 1, 2, 3, 4]


def indices(grid: Grid) -> Ints:
    return np.concatenate([grid.variants(piece) for piece in range(grid.pieces)])
