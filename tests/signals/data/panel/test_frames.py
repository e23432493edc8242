"""What a panel uses of a data frame library is in both, with the same arguments."""

from __future__ import annotations

import inspect
from types import ModuleType

import pandas as pd
import pytest

from gridproof.signals.data.panel.frames import frame_library

# Of a library: its functions and the arguments that are given by name; attributes of a Series, and of its ``cat``.
FUNCTIONS = {"read_parquet": ["columns"]}
SERIES = ["astype", "cat", "fillna", "isna", "to_numpy"]
CATEGORIES = ["codes", "categories"]


def missing(library: ModuleType) -> list[str]:
    """What the library lacks of it."""
    lacking = []
    for name, arguments in FUNCTIONS.items():
        parameters = inspect.signature(getattr(library, name)).parameters
        lacking += [f"{name}({argument}=)" for argument in arguments if argument not in parameters]
    lacking += [name for name in SERIES if not hasattr(library.Series, name)]
    accessor = type(pd.Series(["a"], dtype="category").cat)
    if library is not pd:
        from cudf.core.accessors import CategoricalAccessor as accessor  # noqa: N813
    return lacking + [f"cat.{name}" for name in CATEGORIES if not hasattr(accessor, name)]


def test_pandas_has_all_of_it() -> None:
    assert missing(frame_library()) == []


def test_cudf_has_all_of_it() -> None:
    pytest.importorskip("cudf", reason="cuDF is not installed")
    assert missing(frame_library(gpu=True)) == []
