"""Folders of finished searches, with a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.search_folder import write_search
from tests.support.search_page import add_verdict


@pytest.fixture
def search_run(tmp_path: Path) -> Path:
    return add_verdict(write_search(tmp_path))


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """A search for three objectives."""
    return add_verdict(write_search(tmp_path, objectives=3))
