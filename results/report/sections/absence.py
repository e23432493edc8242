"""What statistics.json does not hold, and why."""

from __future__ import annotations

from typing import Any

from gridproof.results.run.record import Record

UNKNOWN = "the statistics of this run hold no such number"
_PREFIX = "not computable"


def found(record: Record, *path: str) -> Any:
    """The value at a path of keys; None where it is absent, null, empty or nothing but a reason for its absence."""
    value: Any = record
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or value in ({}, []):
        return None
    return None if isinstance(value, dict) and value.keys() == {"why"} else value


def whole(part: Any, *keys: str) -> Any:
    """The part if it has something under each key, else None: a curve without its dates cannot be drawn."""
    return part if isinstance(part, dict) and all(found(part, key) is not None for key in keys) else None


def absence(record: Record, *path: str) -> str:
    """Why nothing is found at a path, as "not computable: reason".

    The reason of ``a.b`` stands in ``a.b.why``, ``a.b_why``, ``a.why`` or ``a_why``, the nearest one counts.
    """
    reason: object = UNKNOWN
    value: Any = record
    for key in path:
        if not isinstance(value, dict):
            break
        inner = value.get(key)
        nested = inner.get("why") if isinstance(inner, dict) else None
        reason = nested or value.get(f"{key}_why") or reason
        value = inner
    reason = str(reason).removeprefix(_PREFIX).lstrip(": ")
    return f"{_PREFIX}: {reason or UNKNOWN}"


def one_missing(statistics: Record, key: str) -> str:
    """Base or best where a part holds only the other: "Base: not computable: reason."; empty where it holds both."""
    if found(statistics, key) is None:
        return ""
    missing = [who for who in ("base", "best") if found(statistics, key, who) is None]
    return " ".join(f"{who.capitalize()}: {absence(statistics, key, who)}." for who in missing)
