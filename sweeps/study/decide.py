"""The key execution.decide: on which trading days states become decisions."""

from __future__ import annotations

import re

from gridproof.results.axis_range import Value

DECIDE = "execution.decide"
DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"
_EVERY = re.compile(r"every ([1-9]\d{0,3})")


def days_between(value: Value) -> int | None:
    """Of ``every 5`` the number 5; None for another text."""
    found = _EVERY.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found and int(found[1]) > 1 else None


def decide_problem(value: Value) -> tuple[str, str] | None:
    """None for a valid value, else the rule that it breaks and the remedy."""
    if value in (DAILY, WEEKLY, MONTHLY) or days_between(value) is not None:
        return None
    return "is daily, weekly, monthly, or every N with N from 2 to 9999", "Write one of them, such as every 5"
