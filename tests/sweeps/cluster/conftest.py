"""A study that is run piece by piece, with traps, and what it writes in this process: for all modules on clusters."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

import gridproof as gp
from gridproof.sweeps.execution import sweep as sweep_module
from tests.support.demo import small_file
from tests.support.executors import contents
from tests.support.trapped import Trapped


@pytest.fixture(scope="module")
def traps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traps")


@pytest.fixture
def empty_traps(traps: Path) -> Path:
    for trap in traps.iterdir():
        trap.unlink()
    return traps


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_file(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def expected(study: Path, traps: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run in this process writes, piece by piece as on the cluster."""
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, traps)):
        return contents(gp.run(gp.load_study(str(study)), out=tmp_path_factory.mktemp("local"), verdict=False).folder)
