"""The options of a run: folder, backend, sample, executor and budget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.results.texts.translation import LANGUAGES, Language
from gridproof.sweeps.execution.budget import Budget
from gridproof.sweeps.plan.workload import MAX_SAMPLE


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a study is run.

    out: the folder, or the URL, under which run folders go. backend: auto, cpu, cuda or reference. sample: evaluate
    only this many variants, drawn at random; None: all. verdict: whether to compute the statistics too. ray: local,
    auto or HOST:PORT of a head; None: this process. workers: the largest number of workers of a cluster. budget: limits
    of this call. tile_pieces: the number of pieces in a tile; a kill loses at most the current tile.
    language: of the page. Raises InputError.
    """

    out: str | Path = "runs"
    backend: str = "auto"
    sample: int | None = None
    verdict: bool = True
    ray: str | None = None
    workers: int | None = None
    budget: Budget | None = None
    tile_pieces: int = 1
    language: Language = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise InputError(f"the language must be one of {', '.join(LANGUAGES)}", self.language, "--lang", "Use one")
        if self.sample is not None and self.sample < 1:
            raise InputError("a sample must have at least one variant", self.sample, "--sample", "Raise it")
        if self.sample is not None and self.sample > MAX_SAMPLE:
            raise InputError(f"a sample must have at most {MAX_SAMPLE:,} variants", self.sample, "--sample", "Lower it")
