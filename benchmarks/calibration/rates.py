"""A row of the calibration: how often each answer was given, with its binomial error, and whether it was wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from typing_extensions import TypedDict


class Rate(TypedDict):
    count: int
    rate: float
    error: float  # binomial standard error of the rate, with two more successes and failures (Agresti, Coull 1998)
    wrong: bool  # the answer is wrong in this kind: at most 5% are promised


# class: about so many switches, or days of a change; 0 in a kind without classes. label: of the class.
Row = TypedDict(
    "Row",
    {
        "kind": str,
        "class": int,
        "label": str,
        "meaning": str,
        "days": int,
        "markets": int,
        "rates": dict[str, Rate],
    },
)


def row(
    kind: str,
    part: int,
    label: str,
    meaning: str,
    days: int,
    markets: int,
    counts: Mapping[str, int],
    wrong: Iterable[str],
) -> Row:
    """counts: by answer, of ``markets``. wrong: the answers that are wrong in this kind."""
    rates: dict[str, Rate] = {}
    for name, count in counts.items():
        share = (count + 2.0) / (markets + 4.0)
        error = math.sqrt(share * (1.0 - share) / (markets + 4.0))
        rates[name] = {"count": count, "rate": count / markets, "error": error, "wrong": name in wrong}
    return {
        "kind": kind,
        "class": part,
        "label": label,
        "meaning": meaning,
        "days": days,
        "markets": markets,
        "rates": rates,
    }
