"""A run of one variant: nothing was chosen from it, so its page has no best, no rank and no tests of a choice."""

from __future__ import annotations

from gridproof.results.report.figures import Figure
from gridproof.results.run.record import Record

_OF_TWO = ("who", "shift", "subperiods", "plateau", "haircut", "stress")


def is_one_variant(summary: Record) -> bool:
    return bool(summary["evaluated_choices"] == 1)


def base_alone(figure: Figure) -> Figure:
    """A figure in which the curve of the base is not said to be that of the best too."""
    data = [line | {"name": "base"} if line.get("name") == "base = best" else line for line in figure["data"]]
    return figure | {"data": data}


def without_best(record: Record) -> Record:
    """statistics.json without the best and the ensemble, which are the base, and without the evidence on a choice."""
    reduced = dict(record)
    for key in _OF_TWO:
        if isinstance(part := reduced.get(key), dict):
            reduced[key] = {who: one for who, one in part.items() if who not in ("best", "ensemble")}
    if isinstance(evidence := reduced.get("evidence"), list):
        reduced["evidence"] = [one for one in evidence if one["question"] != "search"]
    return reduced
