"""What the answers become under other environments, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gridproof.results.conclusion import NOT_REPEATED, QUESTIONS


def environments_sentence(conclusion: Mapping[str, Any], environments: Sequence[Mapping[str, Any]]) -> str:
    """How many other environments leave each answer as it is; empty where there are none.

    Without what was asked in none of them, as Search where a search found the base. Where there are so many choices
    that some were drawn, it says from how many.

    >>> own = {question: {"answer": "no"} for question in QUESTIONS}
    >>> environments_sentence(own, [{"conclusion": own}])[:50]
    'Of 1 other environment: timing stays “no” in 1, wo'
    """
    if not environments:
        return ""
    stays = []
    for question in QUESTIONS:
        asked = [((one.get("conclusion") or {}).get(question) or {}).get("why") != NOT_REPEATED for one in environments]
        if not any(asked):
            continue
        own = _answer(conclusion, question)
        same = sum(_answer(one.get("conclusion"), question) == own for one in environments)
        stays.append(f"{question} stays “{own}” in {same}")
    count = len(environments)
    counted = f"Of {count} other environment{'s' * (count != 1)}: " + ", ".join(stays) + "."
    drawn = max((str(one.get("sampled") or "") for one in environments), key=len)
    return counted + (f" There, best and Search are those of {drawn}." if drawn else "")


def _answer(conclusion: Mapping[str, Any] | None, question: str) -> str:
    """ "cannot tell" where the record has none."""
    one = (conclusion or {}).get(question) or {}
    return str(one.get("answer") or "cannot tell")
