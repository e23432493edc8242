"""Columns of a Parquet file through a data frame library: pandas, or cuDF, which decodes on the GPU.

Only names and arguments that both libraries have are used, so one module serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Array, Ints


def frame_library(gpu: bool = False) -> ModuleType:
    """pandas, or cuDF. Raises ImportError where cuDF is not installed."""
    if not gpu:
        return pd
    import cudf

    module: ModuleType = cudf
    return module


def read_column(library: ModuleType, path: Path, name: str) -> Any:
    """One column of a Parquet file, a Series of the library. Raises OSError or ValueError where it cannot be read."""
    return library.read_parquet(path, columns=[name])[name]


def labels_of(column: Any) -> tuple[Ints, list[Any]]:
    """The number of each row's label, (n,) int64, −1 where it is missing; and the labels, ascending.

    Labels are numbers, texts or stamps as the column has them.
    """
    categories = column.astype("category")
    # Where a label is missing, cuDF's code is missing too, and pandas' is −1.
    numbers = host(categories.cat.codes.fillna(-1))
    labels = categories.cat.categories
    if hasattr(labels, "to_pandas"):
        labels = labels.to_pandas()
    order = sorted(range(len(labels)), key=labels.__getitem__)
    # Categories that a file stores are in its order, and may have no rows.
    used = np.bincount(numbers[numbers >= 0], minlength=len(labels)) > 0
    kept = [place for place in order if used[place]]
    renumbered = np.full(len(labels) + 1, -1, dtype=np.int64)
    renumbered[kept] = np.arange(len(kept))
    return renumbered[numbers], [labels[place] for place in kept]


def numbers_of(column: Any) -> Array:
    """A numeric or boolean column, (n,), on the host. Missing values of any kind are NaN, in float64."""
    if column.isna().any():
        column = column.astype("float64")
    return host(column)


def host(column: Any) -> Array:
    """The values of a Series, on the host."""
    copy: Callable[[], Array] = column.to_numpy
    return copy()


def columns_of(path: Path) -> Sequence[str]:
    """The names of a Parquet file's columns. Raises OSError or ValueError (Arrow's are) if it cannot be parsed."""
    import pyarrow.parquet as pq

    return [str(name) for name in pq.ParquetFile(path).schema_arrow.names]
