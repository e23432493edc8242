"""A search on Ray: the driver asks and tells, workers evaluate, and their results are those of this process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import gridproof as gp
from gridproof.kernels.errors import InputError
from gridproof.results.ledger.ledger import ledger_rows
from gridproof.sweeps.cluster.connection import connected
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.ray_trials import RayTrials
from gridproof.sweeps.search.timed_backend import KernelClock
from tests.support.market import write_market
from tests.support.rays import lean_heads, needs_ray, ray_environment
from tests.support.searched import searched
from tests.support.trials import CHOICES, POINTS, spec_of, whole

REQUIRE = ("switches>=5",)

pytestmark = [needs_ray, pytest.mark.own_process]


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    with mock.patch.dict(os.environ, ray_environment(home)), lean_heads():
        yield home


def test_a_search_on_ray(tmp_path: Path) -> None:
    write_market(tmp_path)
    options: dict[str, Any] = {
        "verdict": False,
        "sampler": "random",
        "points": 6,
        "objectives": ["plateau", "turnover"],
    }
    here = gp.search(searched(), 18, tmp_path, out=tmp_path / "here", **options)
    there = gp.search(searched(), 18, tmp_path, out=tmp_path / "there", ray="local", workers=2, **options)
    assert there.folder.name == here.folder.name
    for name in ("search.json", "trials.parquet", "summary.json", "top.parquet"):
        assert (there.folder / name).read_bytes() == (here.folder / name).read_bytes(), name
    assert ledger_rows(tmp_path / "there" / "ledger") == ledger_rows(tmp_path / "here" / "ledger")
    # It goes on without the cluster, and back.
    more = gp.search(searched(), 24, tmp_path, out=tmp_path / "there", resume=True, **options)
    assert more.search["trials"]["finished"] == 24


def test_an_address_that_nobody_answers(tmp_path: Path) -> None:
    write_market(tmp_path)
    with pytest.raises(InputError, match="--ray"):
        gp.search(searched(), 3, tmp_path, out=tmp_path / "runs", ray="nowhere", verdict=False)


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """A local Ray that the tests below use and leave open; those above start their own."""
    with connected("local") as ray:
        yield ray


def test_workers_give_the_results_of_this_process_whichever_is_lost(ray: Any) -> None:
    dense = spec_of("plateau", "walk_forward", points=None, require=REQUIRE)
    points = spec_of("plateau", "turnover", require=REQUIRE)
    cases = [(dense, [whole(one) for one in CHOICES]), (points, [whole(one) for one in POINTS])]
    bad: Choice = whole({"rate.window": 500})
    trials = RayTrials(ray, gpu=False, workers=2)
    assert trials.batch in (2, 4), "two for each worker, of whom there may be room for one"
    for one, choices in cases:
        expected = one.evaluator(KernelClock()).evaluate([*choices, bad])
        evaluator = trials.evaluator(one)
        assert evaluator.evaluate([*choices, bad]) == expected
        assert expected[-1].reason.startswith("study.yaml window.from")
        # A worker dies while they work: Ray starts it again, and it does again what it was doing.
        worker = ray.get(trials._actors[0].__ray_call__.remote(lambda _: os.getpid()))
        killer = threading.Timer(0.05, os.kill, (worker, signal.SIGKILL))
        killer.start()
        assert evaluator.evaluate(choices * 3) == expected[:-1] * 3
        killer.join()
        assert evaluator.evaluate(choices) == expected[:-1]


@pytest.mark.usefixtures("ray")
def test_dense_trials_on_ray_are_asked_for_together(tmp_path: Path) -> None:
    write_market(tmp_path)
    run = gp.search(searched(), 9, tmp_path, out=tmp_path / "runs", ray="local", verdict=False, walk_forward=1)
    assert run.search["trials"]["finished"] == 9
    assert len(run.search["walk_forward"]["folds"]) == 1
