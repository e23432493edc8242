"""Keeps the results of nodes for other choices of parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias

from gridproof.signals.expression.timeline import Timeline

# A node's values and where they stand; None: one number for all days.
Result: TypeAlias = tuple[Any, Timeline | None]


class ResultCache:
    """Results by what they depend on, up to so many bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[object, ...], Result] = OrderedDict()
        self._bytes = 0

    def result(self, key: tuple[object, ...], compute: Callable[[], Result]) -> Result:
        """The result under a key, computed once; results not used for long are dropped where they fill the memory."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        result = compute()
        self._kept[key] = result
        self._bytes += getattr(result[0], "nbytes", 0)
        while self._bytes > self._most and len(self._kept) > 1:
            self._bytes -= getattr(self._kept.popitem(last=False)[1][0], "nbytes", 0)
        return result
