"""The population of a search's verdict: a sample of the cells that its trials evaluated, and all chosen cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import WIDTH
from gridproof.results.axis_range import Value
from gridproof.results.run.store import SEARCH, SEARCH_STUDY, TRIALS, Store
from gridproof.signals.data.market import Market
from gridproof.signals.expression.user_operators.file import OperatorFile
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.sample import draw_sample
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.study import load_recorded_study
from gridproof.sweeps.verdict.own_price import prices_read
from gridproof.sweeps.verdict.population import DRAWN, Gathered, Population, hashes_of, merged

if TYPE_CHECKING:
    from gridproof.sweeps.verdict.candidates import Candidates
    from gridproof.sweeps.verdict.stages import Stages
    from gridproof.sweeps.verdict.verdict import GatherPopulation

_SEED = 1
# Bytes of the tables of the executions of a population.
_TABLE_BYTES = 512 * 2**20


def is_search(store: Store) -> bool:
    return store.has(SEARCH)


def search_gatherer(store: Store, plan: Plan, market: Market, backend: str) -> GatherPopulation:
    """Gathers the population of a search's verdict; plan: of the grid around what the search found."""

    def gather(candidates: Candidates, _: Stages) -> Gathered:
        space = plan.study.space
        known = [(space.parameters(candidates.index[name]), candidates.metrics[name]) for name in candidates.points]
        return gather_search(store, market, backend, known, plan.study.operators)

    return gather


def gather_search(
    store: Store,
    market: Market,
    backend: str,
    known: Sequence[tuple[Mapping[str, Value], Floats]],
    operators: OperatorFile | None = None,
) -> Gathered:
    """The population of a search, and how many cells it evaluated in all.

    known: variants that must be in it, with their metrics (S, 12 + A) as computed elsewhere, A of that study, so that
    ``Population.find`` finds them. The sample is drawn from the cells of all trials together. operators: the study's
    own.
    """
    record = store.read_json(SEARCH)
    study = load_recorded_study(store.folder / SEARCH_STUDY, operators)
    context = SearchContext(study, market, resolve(backend))
    dimensions = Dimensions(study, record["cells_a_trial"] is not None, record["cells_a_trial"] or 0)
    table = store.read_table(TRIALS)
    table = table[table["cells"] > 0]
    trials: list[dict[Any, Any]] = table.to_dict("records")
    choices = [choice_of(trial, study.space.axes, "") for trial in trials]
    chosen = [choice_of(trial, study.space.axes, "chosen.") for trial in trials if trial["state"] == "complete"]
    drawn, total = _draw_cells(table["cells"].to_numpy(dtype=np.int64))
    parts = [_columns([*(dict(point) for point, _ in known), *chosen], study.space.names)]
    parts += [
        _cells(dimensions, choice, numbers, record["neighbours"])
        for choice, numbers in zip(choices, drawn, strict=True)
        if len(numbers)
    ]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in study.space.names}
    columns, sampled = _fitting(context, columns, len(known), len(chosen), total)
    plan, evaluate, jobs, job_of = context.plan_points(context.layout, columns)
    metrics = evaluate(jobs)
    for position, (_, exact) in enumerate(known):
        metrics[job_of[position], :, :WIDTH] = exact[:, :WIDTH]
    first = np.unique(job_of, return_index=True)[1]
    cells = np.bincount(job_of, minlength=len(metrics))
    _, index, cells, rows, execution, metrics = merged(
        hashes_of(metrics), first, cells, jobs.rows, jobs.execution, metrics
    )
    order = np.argsort(index)
    kept = index[order]
    population = Population(
        plan=plan,
        rows=rows[order],
        execution=execution[order],
        reads=prices_read(plan, market),
        sampled=sampled,
        index=kept,
        cells=cells[order],
        metrics=metrics[order],
        distinct=len(kept),
        points={name: values[kept] for name, values in columns.items()},
    )
    return Gathered(population, total, total)


def _fitting(
    context: SearchContext, columns: dict[str, Array], known: int, chosen: int, total: int
) -> tuple[dict[str, Array], str]:
    """The variants whose executions have tables that fit in memory: those known, then what was chosen, then the sample,
    each at random; and what was drawn from what.

    columns: (n,) those known, chosen and drawn, in this order.
    """
    count = len(next(iter(columns.values())))
    rng = np.random.default_rng(_SEED)
    drawn_from = known + chosen
    order = [np.arange(known), known + rng.permutation(chosen), drawn_from + rng.permutation(count - drawn_from)]
    at = np.concatenate(order)
    execution, executions = context.executions({name: values[at] for name, values in columns.items()})
    kept = np.sort(at[execution < context.sizes.fitting(executions, _TABLE_BYTES)])
    own = int(np.count_nonzero((kept >= known) & (kept < drawn_from)))
    drawn = int(np.count_nonzero(kept >= drawn_from))
    sampled = f"{drawn:,} of the {total:,} cells of the search drawn at random, and "
    sampled += f"the {chosen:,} chosen" if own == chosen else f"{own:,} of the {chosen:,} chosen"
    return {name: values[kept] for name, values in columns.items()}, sampled


def _draw_cells(counts: Ints) -> tuple[list[Ints], int]:
    """A sample of all trials' cells: for each trial the numbers of its cells in the sample; and how many there are.

    counts: (trials,), the cells of each trial.
    """
    ends = np.cumsum(counts)
    total = int(ends[-1])
    drawn = draw_sample(total, min(DRAWN, total), _SEED)  # ascending
    edges = np.searchsorted(drawn, [0, *ends])
    starts = ends - counts
    return [drawn[edges[trial] : edges[trial + 1]] - starts[trial] for trial in range(len(counts))], total


def _cells(dimensions: Dimensions, choice: Choice, numbers: Ints, around: bool) -> dict[str, Array]:
    """Cells of one trial, by their number in it, as columns."""
    if dimensions.dense:
        values = dimensions.grid(choice)
        shape = [len(values[name]) for name in values]
        digits = np.unravel_index(numbers, shape) if prod(shape) > 1 else [np.zeros(len(numbers), int)] * len(shape)
        return {name: np.array(values[name], dtype=object)[digit] for name, digit in zip(values, digits, strict=True)}
    points = [choice, *(dimensions.around(choice) if around else [])]
    return _columns([points[number] for number in numbers], tuple(choice))


def _columns(points: Sequence[Choice], names: Sequence[str]) -> dict[str, Array]:
    return {name: np.array([point[name] for point in points], dtype=object) for name in names}


def choice_of(row: Mapping[str, Any], axes: Sequence[Axis], prefix: str) -> Choice:
    """A row of the table with each value in its axis's type: a column with missing values has integers as floats, and
    one of numbers beside texts has texts."""
    choice: Choice = {}
    for axis in axes:
        value = row[prefix + axis.name]
        kinds = {type(known) for known in axis.values}
        if str in kinds and len(kinds) > 1:
            value = next(known for known in axis.values if known == value or str(known) == value)
        choice[axis.name] = str(value) if kinds == {str} else int(value) if kinds == {int} else value
    return choice
