"""What the sweep, the summary and the verdict of one run share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridproof.kernels.backend import Backend
from gridproof.results.run.store import Store
from gridproof.results.texts.translation import Language
from gridproof.signals.data.market import Market
from gridproof.sweeps.execution.run_store import RunStore
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.study import Study


@dataclass(frozen=True, slots=True)
class RunContext:
    """data: the folder of the market's files, or None. runs: the run store that keeps the run's folder. language: of
    the page."""

    study: Study
    market: Market
    data: Path | None
    backend: Backend
    store: Store
    runs: RunStore
    observer: RunObserver
    language: Language = "en"
