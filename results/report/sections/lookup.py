"""Reads statistics.json and search.json, in which any part may be missing, and the reason why it is."""

from __future__ import annotations

from typing import Any

from gridproof.results.run.record import Record

NO_REASON = "statistics.json has no value for it"
_PREFIX = "not computable"


def lookup(record: Record, *path: str) -> Any:
    """The value at a path of keys; None where it is missing, null, empty or holds only the reason for its absence."""
    value: Any = record
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or value in ({}, []):
        return None
    return None if isinstance(value, dict) and value.keys() == {"why"} else value


def with_keys(part: Any, *keys: str) -> Any:
    """The part if it has a value under each key, else None: a curve without its dates cannot be drawn."""
    return part if isinstance(part, dict) and all(lookup(part, key) is not None for key in keys) else None


def not_computable(record: Record, *path: str) -> str:
    """Why a path has no value: "not computable: reason".

    The reason of ``a.b`` is in ``a.b.why``, ``a.b_why``, ``a.why`` or ``a_why``; the first of these that exists counts.
    """
    reason: object = NO_REASON
    value: Any = record
    for key in path:
        if not isinstance(value, dict):
            break
        inner = value.get(key)
        nested = inner.get("why") if isinstance(inner, dict) else None
        reason = nested or value.get(f"{key}_why") or reason
        value = inner
    reason = str(reason).removeprefix(_PREFIX).lstrip(": ")
    return f"{_PREFIX}: {reason or NO_REASON}"


def missing_of_two(statistics: Record, key: str) -> str:
    """Why base or best is missing in a part that holds only the other; empty where it holds both."""
    if lookup(statistics, key) is None:
        return ""
    missing = [who for who in ("base", "best") if lookup(statistics, key, who) is None]
    return " ".join(f"{who.capitalize()}: {not_computable(statistics, key, who)}." for who in missing)
