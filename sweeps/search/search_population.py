"""The population of a search's verdict: cells drawn from all that its trials evaluated, and every cell they chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.backend import resolve
from gridproof.results.run.store import Store
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.grid import draw_sample
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.study import load_study
from gridproof.sweeps.study.values import Value
from gridproof.sweeps.verdict.population import DRAWN, Population, marks_of, merged

RECORD, STUDY, TRIALS = "search.json", "search.yaml", "trials.parquet"
_SEED = 1


def is_search(store: Store) -> bool:
    return store.has(RECORD)


def gather_search(
    store: Store, market: Market, backend: str, known: Sequence[tuple[Mapping[str, Value], Floats]]
) -> tuple[Population, int]:
    """The population, and how many cells the search evaluated in all.

    known: variants that are to be in it, with their metrics (S, 12 + A) as they are known elsewhere, so that
    ``Population.place`` finds them. Cells are drawn at random from all trials together.
    """
    record = store.read_json(RECORD)
    study = load_study(store.folder / STUDY)
    ground = SearchContext(study, market, resolve(backend))
    dimensions = Dimensions(study, record["cells_a_trial"] is not None, record["cells_a_trial"] or 0)
    trials = store.read_table(TRIALS)
    names = list(study.space.names)
    trials = trials[trials["cells"] > 0]
    records: list[dict[Any, Any]] = trials.to_dict("records")
    choices = [_plain(row, study.space.axes, "") for row in records]
    chosen = [_plain(row, study.space.axes, "chosen.") for row in records if row["state"] == "complete"]
    everyone = [dict(point) for point, _ in known] + chosen
    counts = trials["cells"].to_numpy(dtype=np.int64)
    ends = np.cumsum(counts)
    total = int(ends[-1])
    drawn = draw_sample(total, min(DRAWN, total), _SEED)
    edges = np.searchsorted(drawn, [0, *ends])  # of the drawn ones, ascending, those of each trial
    parts: list[dict[str, Array]] = [
        {name: np.array([point[name] for point in everyone], dtype=object) for name in names}
    ]
    for trial, choice in enumerate(choices):
        places = drawn[edges[trial] : edges[trial + 1]] - (ends[trial] - counts[trial])
        if len(places):
            parts.append(_cells(dimensions, choice, places, record["around"]))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in names}
    plan, jobs, job_of = ground.points(ground.layout, columns)
    metrics = plan.evaluate(jobs)
    for place, (_, exact) in enumerate(known):
        metrics[job_of[place]] = exact
    first = np.unique(job_of, return_index=True)[1]
    cells = np.bincount(job_of, minlength=len(metrics))
    marks, index, cells, rows, execution, metrics = merged(
        marks_of(metrics), first, cells, jobs.rows, jobs.execution, metrics
    )
    order = np.argsort(index)
    kept = index[order]
    population = Population(
        plan,
        kept,
        cells[order],
        rows[order],
        execution[order],
        metrics[order],
        marks[order],
        len(kept),
        f"{len(drawn):,} of the {total:,} cells of the search drawn at random, and the {len(chosen):,} chosen",
        {name: values[kept] for name, values in columns.items()},
    )
    return population, total


def _cells(dimensions: Dimensions, choice: Choice, places: Array, around: bool) -> dict[str, Array]:
    """Cells of one trial by their number in it, as columns."""
    if dimensions.dense:
        values = dimensions.grid(choice)
        shape = [len(values[name]) for name in values]
        digits = np.unravel_index(places, shape) if prod(shape) > 1 else [np.zeros(len(places), int)] * len(shape)
        return {name: np.array(values[name], dtype=object)[digit] for name, digit in zip(values, digits, strict=True)}
    points = [choice, *(dimensions.around(choice) if around else [])]
    return {name: np.array([points[place][name] for place in places], dtype=object) for name in choice}


def _plain(row: Mapping[str, Any], axes: Sequence[Axis], prefix: str) -> Choice:
    """Values as the study has them: a table turns whole numbers beside an absent one into decimals."""
    plain: Choice = {}
    for axis in axes:
        value = row[prefix + axis.name]
        kinds = {type(known) for known in axis.values}
        plain[axis.name] = str(value) if kinds == {str} else int(value) if kinds == {int} else value
    return plain
