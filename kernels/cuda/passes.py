"""The passes of a verdict over all variants, on a device: the same bits as those of ``kernels.cpu``.

What the passes are about stands there, and so does what is prepared for them on the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats, Ints
from gridproof.kernels.cpu.bootstrap_maxima import lost_by_switching, return_scale
from gridproof.kernels.cpu.excess import Excess, Weights
from gridproof.kernels.cpu.patterns.block_patterns import Patterns, variants_of
from gridproof.kernels.cpu.placebo_maxima import ActiveDays
from gridproof.kernels.cpu.shifted_objectives import (
    ShiftedObjectives,
    TurnedSwitches,
    summed,
    unsummed,
    whole_values,
)
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.excess import measure_patterns
from gridproof.kernels.cuda.pattern_rows import (
    PatternRows,
    by_groups,
    grouped,
    shifts_of,
    table_bytes,
    ungrouped,
    upload,
)
from gridproof.kernels.cuda.reduce import values_of
from gridproof.kernels.cuda.source import KINDS, THREADS
from gridproof.kernels.jit import jit
from gridproof.kernels.problem import Problem


class CudaPasses:
    """``kernels.passes.Passes`` on a device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._drawn: tuple[Floats, Any] | None = None

    def measure_excess(
        self, problem: Problem, patterns: Sequence[Patterns], benchmarks: Floats, block_length: float, edges: Ints
    ) -> Excess:
        jobs, kinds = variants_of(patterns), len(benchmarks)
        parts = np.empty((3, len(edges) - 1, jobs))
        found = Excess(np.empty((kinds, jobs)), np.empty((kinds, jobs)), np.empty(jobs), np.empty(jobs), parts)
        weights = Weights.of(benchmarks.shape[1], block_length)
        for each in patterns:
            measure_patterns(self._device, problem, each, benchmarks, weights, edges, found)
        return found

    def raise_maxima(
        self, problem: Problem, patterns: Sequence[Patterns], counts: Floats, offsets: Floats, centres: Floats,
        factors: Floats, maxima: Floats,
    ) -> None:  # fmt: skip
        scale, against = return_scale(problem, counts), grouped(offsets, np.inf)
        for each in patterns:
            measures = np.stack([centres[:, each.jobs].T, factors[:, each.jobs].T], axis=2)
            keys = self._resample(problem, each, counts, scale, against, measures)
            np.maximum(maxima, ungrouped(values_of(keys), maxima.shape[1]), out=maxima)

    def _resample(
        self, problem: Problem, patterns: Patterns, counts: Floats, scale: float, against: Floats, measures: Floats
    ) -> Array:
        """(groups, K, THREADS) keys of the maxima. against: (groups, K, THREADS). measures: (J, K, 2)."""
        device, kinds = self._device, against.shape[1]
        returns = np.rint(problem.returns[patterns.payoff, :, : counts.shape[1]].T * scale)
        lost = lost_by_switching(problem, patterns, returns, scale)
        splits, keys = -(-kinds // KINDS), np.zeros(against.shape, dtype=np.uint64)

        def compute(part: slice) -> None:
            rows, groups = PatternRows(device, patterns), part.stop - part.start
            table = rows.drawn(returns, self._draw(counts)[part], lost, groups)
            found = device.zeros((groups, kinds, THREADS), "<u8")
            inputs = [upload(device, each, np.float64) for each in (against[part], measures)]
            numbers = [np.int32(number) for number in (rows.jobs, rows.count, kinds, splits)]
            rows.launch(
                "resampled_maxima", groups * rows.strips * splits,
                [table, rows.roots, *inputs, *numbers, np.int64(rows.rows), np.float64(1.0 / scale), found],
            )  # fmt: skip
            keys[part] = device.download(found)

        by_groups(device, len(against), table_bytes(patterns, problem.allocations, 1), compute)
        return keys

    def active_t_maxima(
        self, problem: Problem, patterns: Sequence[Patterns], shifts: Ints, eligible: Bools,
        added: Floats | None = None,
    ) -> Floats:  # fmt: skip
        maxima = np.full(len(shifts), -np.inf)
        more = np.zeros(len(eligible)) if added is None else added
        for each in patterns:
            if eligible[each.jobs].any():
                keys = self._shift_active(problem, each, shifts, eligible[each.jobs], more[each.jobs])
                np.maximum(maxima, ungrouped(values_of(keys), len(shifts)), out=maxima)
        return maxima

    def _shift_active(self, problem: Problem, patterns: Patterns, shifts: Ints, chosen: Bools, added: Floats) -> Array:
        """(groups, THREADS) keys of the maxima."""
        device, days = self._device, ActiveDays.of(problem, patterns)
        turns = shifts_of(shifts, len(days.values))
        sums, moving = days.values.shape[2], days.weights.shape[1]
        keys = np.zeros(turns.shape, dtype=np.uint64)

        def compute(part: slice) -> None:
            rows, groups = PatternRows(device, patterns), part.stop - part.start
            table = rows.turned(days.values, upload(device, turns[part], np.int32), groups)
            rows.join(table, sums, groups)
            found = device.zeros((groups, THREADS), "<u8")
            inputs = [upload(device, each, np.float64) for each in (days.units, days.weights, days.mixed, added)]
            numbers = [np.int32(number) for number in (rows.jobs, rows.count, sums, moving)]
            rows.launch(
                "active_maxima", groups * rows.strips,
                [table, rows.roots, *inputs, upload(device, chosen, np.uint8), *numbers, np.int64(rows.rows), found],
            )  # fmt: skip
            keys[part] = device.download(found)

        by_groups(device, len(turns), table_bytes(patterns, problem.allocations, sums), compute)
        return keys

    def shifted_objectives(
        self, problem: Problem, patterns: Sequence[Patterns], shifts: Ints, objective: str,
        given: Floats | None = None,
    ) -> ShiftedObjectives:  # fmt: skip
        years = patterns[0].edges[-1] / problem.periods
        best, ranks = np.full(len(shifts), -np.inf), np.zeros((3, len(shifts)), dtype=np.int64)
        against = np.full(len(shifts), np.nan) if given is None else summed(given, objective, years)
        for each in patterns:
            keys, counted = self._rank(problem, each, shifts, objective == "sharpe", grouped(against, np.nan))
            np.maximum(best, ungrouped(values_of(keys), len(shifts)), out=best)
            ranks += ungrouped(counted, len(shifts)).astype(np.int64)
        return ShiftedObjectives(unsummed(best, objective, years), *ranks)

    def _rank(
        self, problem: Problem, patterns: Patterns, shifts: Ints, sharpe: bool, against: Floats
    ) -> tuple[Array, Array]:
        """Keys of the maxima, (groups, THREADS), and how many are below, equal and defined, (groups, 3, THREADS)."""
        device, days = self._device, int(patterns.edges[-1])
        returns = np.ascontiguousarray(problem.returns[patterns.payoff, :, :days].T)
        switches = TurnedSwitches.of(problem, patterns)
        values, terms = whole_values(problem, returns, switches.paid, sharpe, switches.opened)
        logs, turns, sums = _whole_logs(switches.paid, terms.scale), shifts_of(shifts, days), values.shape[2]
        opened, at_open = [switches.opened, switches.whole_logs(terms)], len(switches.opened) > 0
        if not at_open:
            opened = [np.ones((1, 1))] * 2
        keys, counted = np.zeros(turns.shape, dtype=np.uint64), np.zeros((len(turns), 3, THREADS), dtype=np.uint64)
        scales = [np.float64(scale) for scale in (terms.scale, terms.square_scale)]
        ending = [np.float64(number) for number in (1.0 / scales[0], 1.0 / scales[1], terms.periods, terms.risk_free)]

        def compute(part: slice) -> None:
            rows, groups = PatternRows(device, patterns), part.stop - part.start
            turned = upload(device, turns[part], np.int32)
            table = rows.turned(values, turned, groups)
            inputs = [upload(device, each, np.float64) for each in (switches.paid, logs, returns, *opened)]
            before = upload(device, switches.before, np.int32)
            numbers = [np.int32(number) for number in (rows.patterns, days, problem.allocations, sums, at_open)]
            rows.launch(
                "turned_costs", groups * rows.patterns,
                [rows.begins, rows.runs, before, *inputs, turned, *numbers, *scales, np.int64(rows.rows), table],
            )  # fmt: skip
            rows.join(table, sums, groups)
            found, ranks = device.zeros((groups, THREADS), "<u8"), device.zeros((groups, 3, THREADS), "<u8")
            numbers = [np.int32(number) for number in (rows.jobs, rows.count, sums, days)]
            rows.launch(
                "objective_ranks", groups * rows.strips,
                [table, rows.roots, upload(device, against[part], np.float64), *numbers, np.int64(rows.rows), *ending,
                 found, ranks],
            )  # fmt: skip
            keys[part], counted[part] = device.download(found), device.download(ranks)

        by_groups(device, len(turns), table_bytes(patterns, problem.allocations, sums), compute)
        return keys, counted

    def _draw(self, counts: Floats) -> Any:
        """How often each day stands in each resample, (groups, days, THREADS) on the device.

        The last ones are kept there: all calls of a verdict have the same.
        """
        if self._drawn is None or self._drawn[0] is not counts:
            self._drawn = None
            self._drawn = counts, upload(self._device, grouped(counts.T, 0.0), np.float64)
        return self._drawn[1]


@jit()
def _whole_logs(costs: Floats, scale: float) -> Floats:
    """(M,) log(1 − cost) in whole numbers. On the host: the logarithm of a GPU may differ in its last bit."""
    logs = np.zeros(len(costs))
    for run in range(len(costs)):
        if costs[run] != 0.0:
            logs[run] = np.rint(np.log1p(-costs[run]) * scale)
    return logs
