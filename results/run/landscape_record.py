"""The types in ``statistics.json`` of the sensitivity to the parameters and of the plateau.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from gridproof.results.run.conclusion_record import Number


class PairRecord(TypedDict):
    x: str
    y: str
    index: Number


SensitivityRecord = TypedDict(
    "SensitivityRecord",
    {
        "axes": list[str],
        "first_order": list[Number],
        "total": list[Number],
        "pairs": list[PairRecord],
        "undefined": int,
        "from": str,
    },
)


class CliffRecord(TypedDict):
    drop: Number
    axis: str
    step: int


class PlateauRecord(TypedDict):
    score: Number
    neighbours: int
    edges: list[str]
    distance: Number
    share: Number
    cliff: CliffRecord | None
