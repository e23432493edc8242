"""Collects finished tiles from an executor: records them in the ledger, saves them in the run's folder, uploads."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict

from gridproof.kernels.errors import InputError
from gridproof.results.run.store import CUT, Store
from gridproof.results.run.tally import EVALUATED, UNDEFINED, Tally
from gridproof.sweeps.execution.budget import BudgetTracker
from gridproof.sweeps.execution.errors import IncompleteError
from gridproof.sweeps.execution.executor import Executor, Task, TileFault
from gridproof.sweeps.execution.ledger_entries import RunLedger
from gridproof.sweeps.execution.run_store import RunStore
from gridproof.sweeps.plan.grid import Grid, cut_alike
from gridproof.sweeps.plan.piece import Cut
from gridproof.sweeps.progress.observer import RunObserver

# Finished tiles until they are merged, and failed tiles until the call ends.
_MERGE_EVERY = 64
_FAULTS = 16


class RunControl:
    """The executor's control: counts finished variants, reports them, and ends a call whose budget is used up."""

    def __init__(self, task: Task, store: Store, observer: RunObserver, tracker: BudgetTracker) -> None:
        bounds = task.grid.bounds
        self._done = sum(bounds(high - 1)[1] - bounds(low)[0] for low, high in store.finished_tiles())
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

    Raises IncompleteError where tiles are still missing: the budget is used up, tiles failed, or the disk is full.
    """
    faults: list[str] = []
    stored = 0
    with closing(executor.tiles(task, list(store.missing(task.grid.pieces)), control)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, TileFault):
                faults.append(_fault_text(task, outcome))
                if len(faults) == _FAULTS:
                    break
                continue
            try:
                ledger.finish(outcome.low, outcome.high)
                store.put_tile(outcome.low, outcome.high, outcome.tally, outcome.rows)
                stored += 1
                if not task.keep_rows and stored % _MERGE_EVERY == 0:
                    store.merge_tiles()
                runs.save()
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise IncompleteError(f"{store.folder}: disk full; free space and rerun to resume") from None
    if faults:
        count = f"{len(faults)} tiles" if len(faults) > 1 else "1 tile"
        raise IncompleteError(f"{count} failed; rerun to try again:\n" + "\n".join(faults))
    if list(store.missing(task.grid.pieces)):
        raise IncompleteError(f"{control.exhausted}; rerun to resume")
    return control.new


def begin(store: Store, grid: Grid) -> Grid:
    """Returns the grid, cut as the run's folder records it. A new run records its cut first.

    The cut is part of the run's identity: a tile is named by its pieces, which mean nothing under another cut. Raises
    InputError if the folder has tiles of another cut.
    """
    where, remedy, tiles = str(store.folder), "Remove the folder and run again", store.finished_tiles()
    if not store.has(CUT):
        if tiles:
            raise InputError("a run's folder must record how its grid is cut", f"tiles without {CUT}", where, remedy)
        store.folder.mkdir(parents=True, exist_ok=True)
        store.write_json(CUT, asdict(grid.cut))
        return grid
    grid = recorded_grid(store, grid)
    for low, high in tiles:
        found = store.evaluated(low, high)
        expected = grid.bounds(high - 1)[1] - grid.bounds(low)[0] if high <= grid.pieces else 0
        if found != expected:
            rule = "a tile must hold exactly the variants of its pieces"
            fault = f"{found:,} variants in the tile of pieces {low} to {high - 1}, which have {expected:,}"
            raise InputError(rule, fault, where, remedy)
    return grid


def recorded_grid(store: Store, grid: Grid) -> Grid:
    """The grid, cut as the run's folder records it. Raises InputError."""
    if not store.has(CUT):
        return grid
    recorded = store.read_json(CUT)
    if recorded == asdict(grid.cut):
        return grid
    try:
        return cut_alike(grid, Cut(**recorded))
    except TypeError:
        where, remedy = str(store.folder / CUT), "Remove the run's folder and run again"
        raise InputError("a run's folder must record how its grid is cut", recorded, where, remedy) from None


def complete_tally(store: Store, grid: Grid) -> Tally:
    """Merges all tiles. Raises RuntimeError if they do not contain exactly the variants to be evaluated."""
    tally = store.tally()
    evaluated, undefined = int(tally.counters[EVALUATED]), int(tally.counters[UNDEFINED])
    placed = int(tally.histogram.sum()) + undefined
    if not evaluated == placed == grid.size:
        what = (
            f"{evaluated:,} variants are counted and {placed:,} are in the histogram, of {grid.size:,} to be evaluated"
        )
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
