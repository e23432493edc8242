"""Compiled functions, cached on disk under all that is compiled into them.

Numba's cache watches the one file in which a function stands. What that calls, and the constants that it takes from
elsewhere, become part of its machine code too: after a change there, or a new version, Numba would go on running the
old code. So the name under which a function is cached ends in a digest of the sources of this folder. They are
compiled together then, which also lets the compiler put one into the other. A compiled function elsewhere may take
from this folder and its own file only. What old digests left stays in the cache, some megabytes each, until cleared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from numba import njit


def digest(sources: Iterable[Path]) -> str:
    """Twelve hexadecimal digits of what stands in files, in order of their names."""
    found = blake2b(digest_size=6)
    for source in sorted(sources):
        found.update(blake2b(source.read_bytes()).digest())
    return found.hexdigest()


_SOURCES = digest(Path(__file__).parent.rglob("*.py"))


def jit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``numba.njit`` with ``options``, its cache, and NumPy's division: by zero it is infinite or NaN, no error."""

    def decorate(function: Callable[..., Any]) -> Any:
        function.__qualname__ += f"-{_SOURCES}"
        return njit(cache=True, error_model="numpy", **options)(function)

    return decorate
