"""How many stocks a basket holds: a number, a share of the universe, or one of its equal parts."""

from __future__ import annotations

import re

from gridproof.results.axis_range import Value

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_PART = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})")


def share_of(count: Value) -> float | None:
    """Of a share such as 10%, that share; None for another count."""
    found = _SHARE.fullmatch(count.strip()) if isinstance(count, str) else None
    return float(found[1]) / 100.0 if found and 0.0 < float(found[1]) <= 100.0 else None


def part_of(count: Value) -> tuple[int, int] | None:
    """Of a part such as 3/10, the third of ten equal parts in the order of the ranking, 3 and 10; None for another."""
    found = _PART.fullmatch(count.strip()) if isinstance(count, str) else None
    return (int(found[1]), int(found[2])) if found and 1 <= int(found[1]) <= int(found[2]) else None


def count_problem(count: Value) -> tuple[str, str] | None:
    """None for a valid count, else the rule that it breaks and the remedy."""
    if isinstance(count, int) and count < 1:
        return "must be at least 1", "Raise it"
    if isinstance(count, int) or share_of(count) is not None or part_of(count) is not None:
        return None
    rule = "must be an integer, a share of the universe such as 10%, or a part of it such as 3/10"
    return rule, "Write 400, 10%, or 3/10 for the third of ten equal parts"
