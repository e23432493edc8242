"""The options of a search: wrong ones are refused before anything is evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gridproof as gp
from tests.support.searches import (
    run_search,
)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"trials": 0}, "--trials: trials of a search must be at least 1; got 0"),
        ({"cells": 0}, "--cells: cells of a search must be at least 1; got 0"),
        ({"points": 0}, "--points: points of a search must be at least 1; got 0"),
        ({"patience": -1}, "--patience: patience of a search must be at least 1; got -1"),
        ({"seed": -1}, "--seed: seed of a search must be at least 0; got -1"),
        ({"walk_forward": 0}, "--walk-forward: walk_forward of a search must be at least 1; got 0"),
        (
            {"walk_forward": 9},
            "--walk-forward: each part of a walk-forward must have at least half a year; got 10 parts of 261",
        ),
        ({"objectives": ["gain"]}, "--objective: unknown objective; got gain"),
        ({"require": ["many"]}, "--require: a requirement must be METRIC>=NUMBER"),
        ({"points": 5, "objectives": ["walk_forward"]}, "--objective: the objective walk_forward needs dense levels"),
        ({"resume": True}, "there must be a search to resume; got none called small-search-"),
        (
            {"storage": "trials.txt"},
            "--storage: a storage must be the URL of a database, or a journal file; got trials.txt",
        ),
        ({"storage": "sqlite:////no/such/folder/x.db"}, "the storage must be a database that can be opened"),
        ({"storage": "nosuch://me:secret@host/db"}, "--storage nosuch://host/db: the storage must be a database"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_is_evaluated(
    data: Path, tmp_path: Path, options: dict[str, Any], fault: str
) -> None:
    with pytest.raises(gp.InputError, match=fault) as found:
        run_search(data, tmp_path, **{"trials": 3, **options})
    assert "secret" not in str(found.value)
    assert not (tmp_path / "ledger").exists()
    if "storage" not in options:
        assert not list(tmp_path.iterdir())
