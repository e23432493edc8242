"""The data sets that the arch package carries are read as arch reads them."""

from __future__ import annotations

import importlib

import pandas as pd
import pytest

from gridproof.signals.data.file.reader import PACKAGED, read_table


@pytest.mark.parametrize("name", PACKAGED)
def test_as_arch_loads_it(name: str) -> None:
    expected = importlib.import_module(f"arch.data.{name}").load().rename_axis("date").reset_index()
    pd.testing.assert_frame_equal(read_table(f"arch:{name}", None, "here").cells, expected)
