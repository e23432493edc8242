"""Compiled functions with a disk cache that notices a change in any source file of this folder.

Numba's cache checks only the file in which a function is defined. The functions it calls and the constants it uses from
other files are part of its machine code too, so after a change there Numba would run the old code. Therefore the name
under which a function is cached ends in a digest of all sources of this folder. A compiled function outside this folder
may use compiled functions and constants of this folder and of its own file only. Code of older digests stays in the
cache, some megabytes each, until the cache is cleared.

What makes compiling slow, as measured in ``benchmarks/README.md``: ``parallel=True`` (use ``kernels.threads``), and
assigning a slice to a slice (write a loop). Each combination of argument types is compiled separately: pass contiguous
arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from gridproof.kernels.compiled_cache import keep_compiled
from gridproof.kernels.numba_settings import njit


def digest(sources: Iterable[Path]) -> str:
    """Twelve hexadecimal digits of the contents of files, taken in the order of their names."""
    found = blake2b(digest_size=6)
    for source in sorted(sources):
        found.update(blake2b(source.read_bytes()).digest())
    return found.hexdigest()


_SOURCES = digest(Path(__file__).parent.rglob("*.py"))


def jit(counted: bool = True, cache: bool = True, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``numba.njit`` with ``options``, a disk cache, and NumPy's division: by zero it gives infinity or NaN.

    counted: whether arrays are reference-counted. False is for hot functions that take arrays in named tuples and
    create none: every read of a field would be counted, and threads that read the same array contend for its counter.
    cache: whether it is kept on disk, see ``compiled_cache``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        function.__qualname__ += f"-{_SOURCES}"
        # Numba's own name of the option is private; a test compiles a function with it.
        compiled = njit(**{"error_model": "numpy", "_nrt": counted} | options)(function)
        if cache:
            keep_compiled(compiled)
        return compiled

    return decorate
