"""The samplers: each searches the spaces that it can handle, and is refused the others."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import gridproof as gp
from tests.support.searched import searched
from tests.support.searches import (
    NUMBERS,
    PLAIN,
    run_search,
    trials_of,
)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "qmc", "gp", "cmaes", "random"])
def test_every_sampler_searches_or_says_why_not(data: Path, tmp_path: Path, sampler: str) -> None:
    package = {"gp": "torch", "cmaes": "cmaes"}.get(sampler)
    if package is not None and find_spec(package) is None:
        with pytest.raises(gp.InputError, match=f"{sampler} needs the package {package}; got not installed"):
            run_search(data, tmp_path, 3, searched().set(NUMBERS), sampler=sampler)
        assert not list(tmp_path.iterdir()), "nothing is begun"
        return
    run = run_search(data, tmp_path, 12, searched().set(NUMBERS), sampler=sampler)
    trials = trials_of(run)
    assert run.search["trials"]["finished"] == 12
    assert len({tuple(trial.params.items()) for trial in trials}) > 8
    if sampler in ("random", "qmc"):  # the others learn from what they find, and need more of it to differ
        other = run_search(data, tmp_path / "other", 12, searched().set(NUMBERS), sampler=sampler, seed=1)
        assert [trial.params for trial in trials_of(other)] != [trial.params for trial in trials]


@pytest.mark.parametrize(
    ("sampler", "changes", "options", "fault"),
    [
        ("gp", {}, {}, "gp cannot handle dimensions that depend on others; got rate.use switches a signal off"),
        ("cmaes", {}, {}, "cmaes cannot handle dimensions that depend on others"),
        ("qmc", {"rate.use": "on", "trend.use": "on"}, {}, "got the rules use different signals"),
        ("cmaes", PLAIN | {"rate.window": [20, 30, 60]}, {}, "only evenly spaced numbers; got rate.window is a choice"),
        ("cmaes", PLAIN | {"trend.window": 40}, {}, "cmaes needs at least two dimensions; got rate.window"),
        ("cmaes", PLAIN, {"objectives": ["plateau", "turnover"]}, "cmaes handles only one objective; got 2"),
        ("cmaes", PLAIN, {"require": ["switches>=3"]}, "cmaes handles no requirements"),
        ("grid", {}, {}, "the sampler must be known; got grid. Use tpe, nsga2, qmc, gp, cmaes, random"),
    ],
)  # fmt: skip
def test_samplers_that_cannot_are_refused(
    data: Path, tmp_path: Path, sampler: str, changes: dict[str, Any], options: dict[str, Any], fault: str
) -> None:
    study = searched() if "rate.window" not in changes else searched().set({**changes, "rate.window": 20}).set(changes)
    study = study.set({name: value for name, value in changes.items() if name != "rate.window"})
    with pytest.raises(gp.InputError, match=f"--sampler: .*{fault}"):
        run_search(data, tmp_path, 3, study, sampler=sampler, **options)
    assert not list(tmp_path.iterdir()), "nothing is begun"
