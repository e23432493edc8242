"""What the tests of the search share."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridproof.sweeps.search import surroundings
from tests.support.market import write_market
from tests.support.searched import searched


@pytest.fixture(autouse=True)
def _small_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small sweep around the chosen variant: it is not what these tests are about."""
    monkeypatch.setattr(surroundings, "_VARIANTS", 300)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market's files, and the study that is searched."""
    folder = tmp_path_factory.mktemp("market")
    write_market(folder)
    (folder / "study.yaml").write_text(searched().to_yaml())
    return folder
