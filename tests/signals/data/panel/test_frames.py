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


def uses(library: ModuleType) -> None:
    for name, arguments in FUNCTIONS.items():
        parameters = inspect.signature(getattr(library, name)).parameters
        open_ended = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
        assert open_ended or set(arguments) <= set(parameters), name
    for name in SERIES:
        assert hasattr(library.Series, name), name
    accessor = type(pd.Series(["a"], dtype="category").cat)
    if library is not pd:
        from cudf.core.accessors import CategoricalAccessor as accessor  # noqa: N813
    for name in CATEGORIES:
        assert hasattr(accessor, name), name


def test_pandas_has_all_of_it() -> None:
    uses(frame_library())


def test_cudf_has_all_of_it() -> None:
    pytest.importorskip("cudf", reason="cuDF is not installed")
    uses(frame_library(gpu=True))
