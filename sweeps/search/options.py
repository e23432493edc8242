"""The options of a search."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gridproof.kernels.errors import InputError

# Cells of a trial at most, by default.
CELLS = 4_194_304
# The most trials, cells, points or folds: a trial takes a millisecond or more, a cell some bytes.
_MOST = 100_000_000


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a study's space is searched.

    trials: in all, those of earlier calls included. sampler: see ``samplers.SAMPLERS``. objectives, require: names and
    bounds as in docs/search.md. cells: cells of levels in a trial, at most. points: evaluate single points instead, so
    many in a batch. seed: of the sampler. patience: stop after so many trials without a better one. walk_forward:
    search anew on so many growing windows, and hold what each chose on the days that follow. storage: URL of Optuna's
    storage; None: a journal in the search's folder. resume: only resume; it is an error if there is no such search.
    Raises InputError.
    """

    trials: int
    sampler: str = "tpe"
    objectives: tuple[str, ...] = ("plateau",)
    require: tuple[str, ...] = ()
    cells: int = CELLS
    points: int | None = None
    seed: int = 0
    patience: int | None = None
    walk_forward: int | None = None
    storage: str | None = None
    resume: bool = False

    def __post_init__(self) -> None:
        for name in ("trials", "cells", "points", "patience", "walk_forward"):
            option = getattr(self, name)
            if option is not None and option < 1:
                rule, where = f"{name} of a search must be at least 1", f"--{name.replace('_', '-')}"
                raise InputError(rule, option, where, "Raise it")
            if option is not None and option > _MOST:
                rule, where = f"{name} of a search must be at most {_MOST:,}", f"--{name.replace('_', '-')}"
                raise InputError(rule, f"{option:,}", where, "Lower it")
        if self.seed >= 2**32:
            raise InputError("seed of a search must be below 2^32", self.seed, "--seed", "Lower it")
        if self.seed < 0:
            raise InputError("seed of a search must be at least 0", self.seed, "--seed", "Raise it")

    def identity(self) -> str:
        """The options that decide which trials a search proposes; with equal ones a call resumes the search."""
        return json.dumps([self.sampler, self.objectives, self.require, self.cells, self.points, self.seed])
