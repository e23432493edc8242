"""Every call of a user's operator is checked: what goes in stays as it is, what comes out is one value a day."""

from __future__ import annotations

import inspect
import traceback
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.expression.operators.declaration import Operator


def place_of(one: Operator, path: str) -> str:
    """Where an operator is declared: path, line and name, for messages."""
    code = getattr(inspect.unwrap(one.function), "__code__", None)
    return f"{path}{f':{code.co_firstlineno}' if code is not None else ''} {one.name}"


def place_of_error(error: BaseException, path: str) -> str:
    """The last line of a file on the way to an error."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"{path}:{lines[-1]}" if lines else path


def text_of_error(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300].rstrip(": ")


def guarded(one: Operator, path: str) -> Callable[..., Floats]:
    """The operator's function, every call checked. It gets copies of the arrays, so it can change no other value."""
    function, place = one.function, place_of(one, path)

    @wraps(function)
    def checked(*given: Any, **keywords: Any) -> Floats:
        copies = tuple(value.copy() if isinstance(value, np.ndarray) else value for value in given)
        scalars = [
            f"{each.name}={value}" for each, value in zip(one.arguments, given, strict=True) if not each.is_array
        ]
        under = f" with {', '.join(scalars)}" if scalars else ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # as of a mean of unknown values
                result: Any = function(*copies, **keywords)
        except (Exception, SystemExit) as error:
            rule, where = "an operator must not raise an exception", f"{place_of_error(error, path)} {one.name}"
            raise InputError(
                rule, f"{text_of_error(error)}{under}", where, "Correct it: NaN is what is unknown"
            ) from error
        for each, value, copy in zip(one.arguments, given, copies, strict=True):
            if isinstance(value, np.ndarray) and not np.array_equal(value, copy, equal_nan=True):
                rule, remedy = "an operator must not write into its arguments", "Write into a copy, such as x.copy()"
                raise InputError(rule, f"a changed {each.name}{under}", place, remedy)
        _check_result(one, result, given, keywords, under, place)
        return np.asarray(result)

    return checked


def _check_result(
    one: Operator, result: Any, given: tuple[Any, ...], keywords: Mapping[str, Any], under: str, place: str
) -> None:
    arrays = [value for each, value in zip(one.arguments, given, strict=True) if each.is_array]
    days = len(arrays[0]) if arrays else len(keywords["calendar"].dates)
    windows = {each.name: value for each, value in zip(one.arguments, given, strict=True)}.get(one.many or "")
    shape = (days,) if windows is None else (len(windows), days)
    if not isinstance(result, np.ndarray):
        remedy = "Return a NumPy array, such as result.to_numpy()"
        raise InputError("an operator returns a NumPy array", f"{type(result).__name__}{under}", place, remedy)
    if result.shape != shape:
        rule = f"an operator returns one value a day, an array of shape {shape}"
        raise InputError(rule, f"{result.shape}{under}", place, "Return NaN for the days on which the value is unknown")
    if result.dtype != np.float64:
        remedy = "Return result.astype(float), NaN where unknown"
        raise InputError("an operator returns float64", f"{result.dtype}{under}", place, remedy)
    if one.result == "boolean":
        wrong = result[~((result == 0.0) | (result == 1.0) | np.isnan(result))]
        if len(wrong):
            raise InputError(
                "a condition is 0, 1 or NaN", f"{wrong[0]:g}{under}", place, "Return one of them on each day"
            )
