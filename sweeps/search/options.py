"""What a search does besides its study."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gridproof.kernels.errors import InputError

# Cells of a trial, unless told otherwise.
CELLS = 4_194_304


@dataclass(frozen=True, slots=True)
class Options:
    """What a search does besides its study.

    ``trials``: in all. ``objectives``, ``require``: as ``aims`` parses them. ``cells``: of levels a trial, at most.
    ``points``: single points instead, so many a batch. ``patience``: trials without a better one before it stops.
    ``walk_forward``: growing windows that are searched anew, besides. Raises InputError.
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

    def __post_init__(self) -> None:
        for name in ("trials", "cells", "points", "patience", "walk_forward"):
            option = getattr(self, name)
            if option is not None and option < 1:
                rule, where = f"{name} of a search is at least 1", f"--{name.replace('_', '-')}"
                raise InputError(rule, option, where, "Raise it")
        if self.seed < 0:
            raise InputError("seed of a search is at least 0", self.seed, "--seed", "Raise it")

    def identity(self) -> str:
        """What decides how a search goes on; how long it does, and what is done besides, does not."""
        return json.dumps([self.sampler, self.objectives, self.require, self.cells, self.points, self.seed])
