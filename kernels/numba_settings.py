"""Numba, imported under settings with which gridproof can run. The kernels import it from here alone."""

from __future__ import annotations

import os
import re
import warnings
from functools import cache

from gridproof.kernels.errors import InputError

_VARIABLE = re.compile(r"NUMBA_[A-Z_]+")


def refused(variable: str, rule: str, why: str = "") -> InputError:
    """The error about a setting of Numba. why: what Numba says."""
    value = f"{os.environ.get(variable, 'nothing')!r}" + (f" ({why.splitlines()[0].rstrip('.')})" if why else "")
    return InputError(rule, value, f"environment variable {variable}", "Unset or correct it")


with warnings.catch_warnings(record=True) as _found:
    warnings.simplefilter("always")
    try:
        from numba import config as config
        from numba import njit as njit
        from numba.core import caching as caching
        from numba.core.compiler_lock import global_compiler_lock as global_compiler_lock
    except ValueError as _error:
        raise refused("NUMBA_NUM_THREADS", "Numba must accept it", str(_error)) from None
for _warning in _found:
    # Numba ignores a value that it cannot read, and warns on several lines.
    if (_named := _VARIABLE.search(str(_warning.message))) and _named[0] in os.environ:
        raise refused(_named[0], "must have a value that Numba accepts")
    warnings.warn_explicit(_warning.message, _warning.category, _warning.filename, _warning.lineno)
if config.DISABLE_JIT:
    raise refused("NUMBA_DISABLE_JIT", "gridproof's kernels must be compiled")


@cache
def load_array_functions() -> None:
    """Load Numba's functions of arrays, which every compiled function needs, without its search for SciPy.

    It imports ``scipy.linalg`` to see whether there is a BLAS library, which takes a third of a second. SciPy is
    required here, and the functions that use BLAS search again when they are compiled.
    """
    from numba.np import linalg

    search = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        from numba.np import arraymath
    finally:
        linalg.ensure_blas = search
    arraymath.ensure_blas = search
