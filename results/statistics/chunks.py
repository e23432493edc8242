"""Chunks: the daily returns of a sweep, some variants at a time, so that T × V returns are never all in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TypeAlias

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError

# Days down, variants across: one array (T, V), or arrays (T, any number) that follow one another in V.
Chunks: TypeAlias = Floats | Iterable[Floats]


def chunks_of(returns: Chunks, where: str) -> Iterator[Floats]:
    """Yields the chunks as checked float64 arrays (T, n). A single array is one chunk.

    Raises InputError where there is no variant, where chunks differ in T, and at the first NaN or infinite number.
    """
    days, variants = 0, 0
    for given in [returns] if hasattr(returns, "__array__") else returns:
        chunk = check_chunk(given, days, variants, where)
        days, variants = len(chunk), variants + chunk.shape[1]
        yield chunk
    if variants == 0:
        raise InputError("there must be at least one variant", "none", where, "Give days as rows, variants as columns")


def days_of(returns: Chunks, where: str) -> tuple[int, Iterator[Floats]]:
    """Returns T, read from the first chunk, and all checked chunks, the first included: one pass is enough."""
    chunks = chunks_of(returns, where)
    first = next(chunks)
    return len(first), chain([first], chunks)


def check_chunk(given: Any, days: int, before: int, where: str, row: str = "day") -> Floats:
    """One chunk as (T, n) float64. days: the T it must have, 0 for any. before: variants that came before it."""
    array = np.asarray(given)
    if array.ndim != 2 or len(array) == 0 or array.dtype.kind not in "biuf":
        rule, value = "must be an array of numbers with two dimensions", f"shape {array.shape} of {array.dtype}"
        raise InputError(rule, value, where, "Give days as rows, variants as columns")
    if days and len(array) != days:
        raise InputError(
            f"every chunk must have the same {days} days",
            len(array),
            where,
            "Split the returns by variants, not by days",
        )
    chunk = np.asarray(array, dtype=np.float64)
    finite = np.isfinite(chunk)
    if not finite.all():
        number, variant = (int(place) for place in np.argwhere(~finite)[0])
        place = f"{where}, {row} {number} of variant {before + variant}"
        raise InputError("every number must be finite", chunk[number, variant], place, "Remove undefined values first")
    return chunk


def check_passes(returns: Chunks, where: str) -> None:
    """Raises InputError for chunks that can be read only once, such as a generator."""
    if isinstance(returns, Iterator):
        rule = "the chunks are read several times"
        raise InputError(rule, type(returns).__name__, where, "Give an array, a list, or an object with __iter__")


def panels(chunk: Floats, width: int) -> Iterator[tuple[int, Floats]]:
    """The chunk's columns in panels of ``width``, C-contiguous, with the column at which each begins."""
    for first in range(0, chunk.shape[1], width):
        yield first, np.ascontiguousarray(chunk[:, first : first + width])
