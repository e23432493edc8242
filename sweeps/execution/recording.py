"""Recording: what runs and searches evaluate is added to the ledger beside their folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gridproof.kernels.aggregate.surfaces import LARGEST, several_pairs
from gridproof.kernels.arrays import Ints
from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import AxisValues, Value, axis_values
from gridproof.results.ledger.file import read_file
from gridproof.results.ledger.ledger import LEDGER_FOLDER, LedgerFile, LedgerHeader, TrialAxis
from gridproof.results.ledger.ranges import merge_ranges, within
from gridproof.results.ledger.run_files import files_of, remove_damaged
from gridproof.results.run.store import SEARCH, Store
from gridproof.sweeps.execution.canonical_strategy import canonical_strategy
from gridproof.sweeps.execution.ledger_entries import market_identity, trial_axes, trials_of
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.plan.sample import draw_variants
from gridproof.sweeps.study.space import Space
from gridproof.sweeps.study.study import Study


class RunLedger:
    """Records what one call of a run evaluates, in the ledger next to the run folders."""

    def __init__(self, study: Study, grid: Grid, store: Store, folder: Path | None) -> None:
        trials = trials_of(study, folder, store.folder.name)
        self._file = LedgerFile(store.folder.parent / LEDGER_FOLDER, trials)
        self._space, self._grid, self._store = study.space, grid, store
        # Tiles saved by an earlier call are recorded again: its ledger may have been lost in a power failure.
        for low, high in store.tiles.finished():
            self.finish(low, high)

    def finish(self, low: int, high: int) -> None:
        """Record the pieces [low, high), which are evaluated and not yet saved.

        A tile is recorded before it is saved. After a kill in between, it is evaluated again, and its variants still
        count once. A tile saved first could remain unrecorded.
        """
        if self._grid.size == self._space.size:
            self._file.add_range(self._grid.bounds(low)[0], self._grid.bounds(high - 1)[1])
        else:
            self._file.add_indices(np.concatenate([self._grid.variants(piece) for piece in range(low, high)]))

    def conclude(self) -> list[str]:
        """Records the whole of a finished grid, of which the ledger may have lost parts meanwhile, and what the summary
        of a sample evaluates in addition. Returns a sentence for each damaged file that is replaced by this."""
        if self._grid.size == self._space.size:
            self._file.add_range(0, self._space.size)
        else:
            pieces = [self._grid.variants(piece) for piece in range(self._grid.pieces)]
            self._file.add_indices(np.concatenate([*pieces, _shown(self._space)]))
        self._file.compact()
        # The ledger of a search has its trials too, which are not recorded here.
        return [] if self._store.has(SEARCH) else remove_damaged(self._store.folder)


def record_finished(study: Study, folder: Path, data: Path | None, sample: int | None) -> list[str]:
    """Records a finished run of which the ledger beside its folder has lost entries. Returns what was done, in words.

    folder: the run's folder. data: that of the market's files. sample: how many variants were drawn, None: all.
    Entries that cannot be read count as lost.
    """
    trials, space = trials_of(study, data, folder.name), study.space
    drawn = None if sample is None else np.union1d(draw_variants(study, sample), _shown(space))
    ranges, indices = [np.empty((0, 2), dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for path in files_of(folder):
        try:
            found = read_file(path)
        except InputError:
            continue
        if found is not None and found[0] == trials:
            ranges.append(found[1].ranges)
            indices.append(found[1].indices)
    merged = merge_ranges(np.concatenate(ranges))
    if drawn is None:
        whole = merged.tolist() == [[0, space.size]]
    else:
        whole = bool(np.isin(drawn[~within(merged, drawn)], np.concatenate(indices)).all())
    if not whole:
        file = LedgerFile(folder.parent / LEDGER_FOLDER, trials)
        if drawn is None:
            file.add_range(0, space.size)
        else:
            file.add_indices(drawn)
        file.compact()
    lost = [] if whole else [f"{folder}: the ledger had lost this run; it is recorded again"]
    return lost + remove_damaged(folder)


class SearchLedger:
    """Records what a search evaluates, boxes and variants by value, in the ledger next to its folder."""

    def __init__(self, study: Study, folder: Path, data: Path | None) -> None:
        strategy = self._strategy = canonical_strategy(study)
        self._study, self._axes = study, trial_axes(study, strategy)
        # The values that will be drawn from continuous ranges are not known yet.
        bare = tuple(TrialAxis(axis.names, ()) for axis in self._axes)
        market = market_identity(study, data)
        self._file = LedgerFile(
            folder.parent / LEDGER_FOLDER, LedgerHeader(folder.name, study.name, market, strategy.text, bare)
        )

    def add_box(self, values: Mapping[str, Sequence[Value]]) -> None:
        """Record every combination of these values of each axis, evaluated and not yet reported to Optuna."""
        self._file.add_box(self._row(values))

    def add_points(self, points: Sequence[Mapping[str, Value]]) -> None:
        rows = [self._row({name: (value,) for name, value in point.items()}) for point in points]
        self._file.add_rows([[values[0] for values in row] for row in rows])

    def fold(self) -> None:
        self._file.compact()

    def _row(self, values: Mapping[str, Sequence[Value]]) -> list[AxisValues]:
        axes = self._study.space.axes
        chosen = [
            self._strategy.values(replace(axis, values=axis_values(values[axis.name])), ledger.names)
            for axis, ledger in zip(axes, self._axes, strict=False)
        ]
        return [*chosen, *(axis.values for axis in self._axes[len(axes) :])]


def _shown(space: Space) -> Ints:
    """Grid indices that the report of a sampled run shows besides its sample: the base, and the surfaces through it."""
    dims = space.dims
    slices = [space.slice_through_base(x, y) for x, y in several_pairs(dims) if dims[x] * dims[y] <= LARGEST]
    return np.unique(np.concatenate([np.array([space.base_index], dtype=np.int64), *slices]))
