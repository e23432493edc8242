"""Collects finished tiles from an executor: records them in the ledger, saves them in the run's folder, uploads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Protocol

from gridproof.kernels.errors import InputError
from gridproof.kernels.output import make_folder
from gridproof.results.run.digest import digest_of_record
from gridproof.results.run.errors import DamagedFileError
from gridproof.results.run.store import CUT, Store
from gridproof.results.run.tally import EVALUATED, UNDEFINED, Tally
from gridproof.sweeps.execution.budget import BudgetTracker
from gridproof.sweeps.execution.errors import IncompleteError
from gridproof.sweeps.execution.executor import Executor, Range, Task, TileFault
from gridproof.sweeps.execution.recording import RunLedger
from gridproof.sweeps.execution.run_store import RunStore
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.grid import Grid, cut_alike
from gridproof.sweeps.plan.piece import Cut
from gridproof.sweeps.progress.observer import RunObserver

# Finished tiles until they are merged, and failed tiles until the call ends.
_MERGE_EVERY = 64
_FAULTS = 16
# How often tiles that disappear are evaluated again, and how many that were set aside are named.
_ROUNDS = 3
_NAMED = 5


class Notices(Protocol):
    def notice(self, text: str) -> None: ...


class RunControl:
    """The executor's control: counts finished variants, reports them, and ends a call whose budget is used up."""

    def __init__(self, task: Task, store: Store, observer: RunObserver, tracker: BudgetTracker) -> None:
        bounds = task.grid.bounds
        self._done = sum(bounds(high - 1)[1] - bounds(low)[0] for low, high in store.tiles.finished())
        self._total = task.grid.size
        self._observer = observer
        self._tracker = tracker
        self.new = 0
        self.exhausted: str | None = None
        self.advance(0)

    def advance(self, variants: int) -> None:
        self._done += variants
        self.new += variants
        self._observer.progress("sweep", self._done, self._total, self.new)

    def nodes(self, rates: Mapping[str, float]) -> None:
        self._observer.nodes(rates)

    def notice(self, text: str) -> None:
        self._observer.notice(text)

    def enough(self, nodes: int) -> bool:
        self.exhausted = self.exhausted or self._tracker.exhausted(nodes)
        return self.exhausted is not None


def collect(
    executor: Executor, task: Task, store: Store, ledger: RunLedger, runs: RunStore, control: RunControl
) -> int:
    """Evaluates and stores every missing tile. Returns the number of variants added.

    Tiles that disappear meanwhile, or are found damaged when they are merged, are evaluated again. Raises
    IncompleteError where tiles are still missing: the budget is used up, or tiles failed; and OSError.
    """
    for _ in range(_ROUNDS):
        missing = list(store.tiles.missing(task.grid.pieces))
        if not missing:
            break
        _evaluate(executor, task, missing, store, ledger, runs, control)
        report_set_aside(store, control)
        if control.exhausted is not None:
            break
    if list(store.tiles.missing(task.grid.pieces)):
        raise IncompleteError(f"{control.exhausted or f'{store.tiles.folder}: tiles disappear'}; rerun to resume")
    return control.new


def _evaluate(
    executor: Executor,
    task: Task,
    missing: list[Range],
    store: Store,
    ledger: RunLedger,
    runs: RunStore,
    control: RunControl,
) -> None:
    faults: list[str] = []
    stored = 0
    with closing(executor.tiles(task, missing, control)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, TileFault):
                faults.append(_fault_text(task, outcome))
                if len(faults) == _FAULTS:
                    break
                continue
            ledger.finish(outcome.low, outcome.high)
            store.tiles.put(outcome.low, outcome.high, outcome.tally, outcome.rows)
            stored += 1
            if not task.keep_rows and stored % _MERGE_EVERY == 0:
                store.tiles.merge()
            runs.save()
    if faults:
        count = f"{len(faults)} tiles" if len(faults) > 1 else "1 tile"
        raise IncompleteError(f"{count} failed; rerun to try again:\n" + "\n".join(faults))


def begin(store: Store, grid: Grid, rows: bool, observer: RunObserver) -> Grid:
    """Returns the grid, cut as the run's folder records it, and verifies the tiles that are there.

    The cut is part of the run's identity: a tile is named by its pieces, which mean nothing under another cut. Where it
    is not recorded, or what is recorded cannot be used, the run begins anew. Tiles that are damaged, or of another run
    or cut, are removed, to be evaluated again; the observer gets one notice of them. rows: whether the metrics of every
    variant are needed from the tiles.
    """
    try:
        recorded = recorded_grid(store, grid)
    except InputError as error:
        observer.notice(f"{store.folder / CUT} cannot be used and is written again: {error.rule}")
        recorded = None
    if recorded is None:
        write_cut(store, grid.cut)
    grid = recorded or grid
    study = grid.plan.study
    identity = json.dumps([study.identity, asdict(grid.cut)])
    store.tiles.run, store.tiles.grid = store.folder.name, hashlib.sha256(identity.encode()).hexdigest()[:32]
    key_columns = len(study.signals) + 1
    choices = choices_of(study)

    def fault(low: int, high: int, tally: Tally) -> str | None:
        expected = grid.bounds(high - 1)[1] - grid.bounds(low)[0] if low < high <= grid.pieces else 0
        found = int(tally.counters[EVALUATED])
        if found != expected or int(tally.histogram.sum()) + int(tally.counters[UNDEFINED]) != expected:
            return f"{found:,} variants in a tile of {expected:,}"
        alike = tally.surfaces.dims == tuple(study.space.dims) and tally.best_key.shape[1] == key_columns
        inner = tally.among_choices
        alike &= (tally.choices is None) == choices.everything and inner.surfaces.dims == choices.space.dims
        placed = int(inner.histogram.sum()) + int(inner.counters[UNDEFINED])
        if int(inner.counters[EVALUATED]) != placed:
            return f"{inner.counters[EVALUATED]:,} choices in a tile that places {placed:,}"
        return None if alike else "its axes are not those of the study"

    store.tiles.verify(fault, rows)
    report_set_aside(store, observer)
    return grid


def write_cut(store: Store, cut: Cut) -> None:
    """Records how the grid is cut, with a digest of it."""
    make_folder(store.folder)
    record = asdict(cut)
    store.write_json(CUT, record | {"sha256": digest_of_record(record)})


def recorded_grid(store: Store, grid: Grid) -> Grid | None:
    """The grid, cut as the run's folder records it; None where it records no cut. Raises InputError."""
    if not store.has(CUT):
        return None
    recorded = store.read_json(CUT)
    where, remedy = str(store.folder / CUT), "Run the study again, which repairs the folder"
    stated = recorded.pop("sha256", None)
    if stated is not None and stated != digest_of_record(recorded):
        raise InputError("a file of a run must be as it was written", "its content was changed", where, remedy)
    if recorded == asdict(grid.cut):
        return grid
    try:
        return cut_alike(grid, Cut(**recorded))
    except TypeError:
        raise InputError("a run's folder must record how its grid is cut", recorded, where, remedy) from None


def report_set_aside(store: Store, observer: Notices) -> None:
    """One notice of the tiles that were removed because they cannot be used."""
    found = store.tiles.set_aside
    if found:
        named = [f"{name} ({why})" for name, why in list(found.items())[:_NAMED]]
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        count = "1 tile is" if len(found) == 1 else f"{len(found)} tiles are"
        text = f"{count} damaged or of another run, removed and evaluated again: {', '.join(named)}{more}"
        observer.notice(f"{store.tiles.folder}: {text}")
        found.clear()


def complete_tally(store: Store, grid: Grid) -> Tally:
    """Merges all tiles. Raises RuntimeError if they do not contain exactly the variants to be evaluated, and
    IncompleteError where a tile was damaged since it was written or verified."""
    try:
        tally = store.tiles.tally()
    except DamagedFileError as error:
        raise IncompleteError(f"{store.tiles.folder}: {error}; rerun to evaluate it again") from None
    evaluated, undefined = int(tally.counters[EVALUATED]), int(tally.counters[UNDEFINED])
    placed = int(tally.histogram.sum()) + undefined
    if not evaluated == placed == grid.size:
        what = (
            f"{evaluated:,} variants are counted and {placed:,} are in the histogram, of {grid.size:,} to be evaluated"
        )
        raise RuntimeError(f"{store.folder}: {what}. Remove the folder and run again")
    choices, counted = choices_of(grid.plan.study), int(tally.among_choices.counters[EVALUATED])
    expected = choices.size if grid.size == choices.whole.size else grid.among(choices).size
    if counted != expected:
        what = f"{counted:,} choices are counted, of {expected:,}"
        raise RuntimeError(f"{store.folder}: {what}. Remove the folder and run again")
    return tally


def _fault_text(task: Task, fault: TileFault) -> str:
    """A fault with the variants of its tile."""
    first = task.grid.variants(fault.low)[0]
    last = task.grid.variants(fault.high - 1)[-1]
    ends = [task.grid.plan.study.space.parameters(int(variant)) for variant in (first, last)]
    spans = {name: (value, ends[1][name]) for name, value in ends[0].items()}
    where = ", ".join(f"{name}={a}" if a == b else f"{name}={a} to {b}" for name, (a, b) in spans.items())
    return f"pieces {fault.low} to {fault.high - 1}, variants {first:,} to {last:,} ({where}): {fault.what}"
