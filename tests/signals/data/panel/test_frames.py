"""What a panel uses of a data frame library is in both, with the same arguments.

Importing cuDF needs no GPU, so this is tested wherever cuDF is installed.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from gridproof.signals.data.panel import frames
from gridproof.signals.data.panel.frames import frame_library

# Of a library: its functions and methods, and the arguments that are given by name; then how many are given by place.
CALLS: dict[str, tuple[tuple[str, ...], int]] = {
    "read_parquet": (("columns",), 1),
    "Series.astype": ((), 1),
    "Series.fillna": ((), 1),
    "Series.isna": ((), 0),
    "Series.to_numpy": ((), 0),
}
ATTRIBUTES = ("Series.cat", "Series.cat.codes", "Series.cat.categories", "Index.__getitem__", "Index.__len__")
# What frames.py calls of other things: of the result of isna, of labels of cuDF, and of modules that are not frames.
OTHERS = {"any", "to_pandas", "parquet", "ParquetFile", "schema_arrow", "names", "bincount", "full", "arange", "int64"}


def part(library: ModuleType, path: str) -> Any:
    """A function, a method or an attribute of a library; None where it has no such one."""
    found: Any = library
    for name in path.split("."):
        if name == "cat":
            found = type(pd.Series(["a"], dtype="category").cat)
            if library is not pd:
                from cudf.core.accessors import CategoricalAccessor as found  # noqa: N813
        else:
            found = getattr(found, name, None)
    return found


def lacking(library: ModuleType) -> list[str]:
    missing = [path for path in (*CALLS, *ATTRIBUTES) if part(library, path) is None]
    for path, (names, places) in CALLS.items():
        if path in missing:
            continue
        parameters = [
            each for each in inspect.signature(part(library, path)).parameters.values() if each.name != "self"
        ]
        by_name = {each.name for each in parameters if each.kind is not each.VAR_POSITIONAL}
        missing += [f"{path}({name}=)" for name in names if name not in by_name]
        by_place = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
        required = [each.name for each in by_place[places:] if each.default is each.empty]
        if len(by_place) < places or required:
            missing.append(f"{path} with {places} arguments")
    return missing


def used() -> tuple[set[str], set[tuple[str, str]]]:
    """The attributes that frames.py reads, and the arguments that it gives by name, with what is called."""
    tree = ast.parse(Path(frames.__file__).read_text(encoding="utf-8"))
    attributes = {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    arguments = {
        (each.func.attr, one.arg)
        for each in ast.walk(tree)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)
        for one in each.keywords
        if one.arg is not None
    }
    return attributes, arguments


def test_all_that_is_used_is_listed() -> None:
    attributes, arguments = used()
    listed = {path.split(".")[-1] for path in (*CALLS, *ATTRIBUTES)}
    assert attributes - OTHERS - listed - {"__getitem__"} == set()
    given = {(path.split(".")[-1], name) for path, (names, _) in CALLS.items() for name in names}
    assert {each for each in arguments if each[0] not in OTHERS} == given


def test_pandas_has_all_of_it() -> None:
    assert lacking(frame_library()) == []


def test_cudf_has_all_of_it() -> None:
    pytest.importorskip("cudf", reason="cuDF is not installed: pip install 'gridproof[gpu]'")
    assert lacking(frame_library(gpu=True)) == []
