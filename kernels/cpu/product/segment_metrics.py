"""Metrics of a segment from the sums that its blocks add up to, for a strip of variants at a time.

The sums of a strip are transposed, so that variants lie side by side and the compiler works on vectors of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.cpu.closed_form import write_closed_form
from gridproof.kernels.cpu.product.buffer_layout import Buffers
from gridproof.kernels.cpu.product.entry import SUMS
from gridproof.kernels.cpu.product.simd import LANES, transpose_eight
from gridproof.kernels.cpu.product.unit import Unit
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import EXPOSURE, SWITCHES, TURNOVER, WIDTH

STRIP = 128  # variants measured at a time
# Columns of a strip: the sums of an entry, the deepest fall, then a row of metrics, and what fills the last vector.
FALL = SUMS
MEASURED = FALL + 1
_SUMS = np.uint64(SUMS)
_EIGHT = np.uint64(LANES)
_ZERO = np.uint64(0)
_TWO = np.uint64(2)


class MetricTerms(NamedTuple):
    """What the metrics of all variants need."""

    lengths: Ints  # (S,): days of each segment
    periods: float  # a year
    risk_free: float  # annual
    invested: Floats  # (A,): weight outside cash
    count_bits: int  # bits of each of the counts that are packed into one sum
    packed: bool  # whether the days in each allocation are among them
    counted: bool  # whether they are counted beside the sums


class Segment(NamedTuple):
    """What the metrics of one segment need."""

    days: int
    constant: Floats  # (A, 12 + A): metrics of one allocation held throughout
    centre: float  # the moments are taken about it


class Target(NamedTuple):
    """Where metrics are written: ``metrics`` columns from ``first`` on, variants ``stride`` apart."""

    values: Floats  # flat
    first: Any  # this and the rest uint64
    metrics: Any
    stride: Any


@jit(counted=False)
def write_metrics(
    unit: Unit, buffers: Buffers, columns: Floats, terms: MetricTerms, segment: Segment, target: Target, begin: Any,
    at: Any,
) -> None:  # fmt: skip
    """Write the metrics of one segment of the variants that share an outer combination, from ``at`` on.

    begin: the first of them in the buffers. columns: (8 + 1 + 12 + A + 8, STRIP) flat, for the strip at hand.
    """
    strip = np.uint64(STRIP)
    count = np.uint64(unit.sizes[len(unit.sizes) - 1])
    result, metrics, stride = target.values, target.metrics, target.stride
    held = buffers.states.view(np.uint64)
    low = _ZERO
    while low < count:
        here = min(count - low, strip)
        first = begin + low
        for place in range(_ZERO, here, _EIGHT):
            transpose_eight(buffers.sums, (first + place) * _SUMS, _SUMS, columns, place, strip, _EIGHT, _EIGHT)
        for place in range(here):
            columns[np.uint64(FALL) * strip + place] = buffers.states[unit.variants + first + place]
        _measure(columns, np.int64(here), terms, segment)
        if terms.counted:
            _share_counted(columns, here, buffers.counts, first * unit.count_width, unit.count_width, terms, segment)
        for place in range(_ZERO, here, _EIGHT):
            for metric in range(_ZERO, metrics, _EIGHT):
                transpose_eight(
                    columns, (np.uint64(MEASURED) + target.first + metric) * strip + place, strip, result, at + metric,
                    stride, here - place, metrics - metric,
                )  # fmt: skip
            for lane in range(min(here - place, _EIGHT)):
                if columns[np.uint64(MEASURED + SWITCHES) * strip + place + lane] == 0.0:
                    # All days in one allocation: its own metrics, whose moments are taken about its own mean.
                    allocation = held[_TWO * unit.variants + first + place + lane]
                    for metric in range(metrics):
                        result[at + lane * stride + metric] = segment.constant[allocation, target.first + metric]
            at += _EIGHT * stride
        low += strip


@jit(counted=False)
def _measure(columns: Floats, count: Any, terms: MetricTerms, segment: Segment) -> None:
    """Write the metrics of ``count`` variants behind their sums; exposure and share of days where they are packed."""
    allocations, periods = len(terms.invested), terms.periods
    days = float(segment.days)
    mask = (1 << terms.count_bits) - 1
    for at in range(count):
        write_closed_form(
            columns, MEASURED * STRIP + at, STRIP, days, columns[at], columns[STRIP + at], columns[2 * STRIP + at],
            columns[3 * STRIP + at], columns[4 * STRIP + at], columns[5 * STRIP + at], columns[FALL * STRIP + at],
            segment.centre, periods, terms.risk_free,
        )  # fmt: skip
        columns[(MEASURED + SWITCHES) * STRIP + at] = np.int64(columns[7 * STRIP + at]) & mask
        columns[(MEASURED + TURNOVER) * STRIP + at] = columns[6 * STRIP + at] * periods / days
        columns[(MEASURED + EXPOSURE) * STRIP + at] = 0.0
    if not terms.packed:
        return
    last = (MEASURED + WIDTH - 1 + allocations) * STRIP
    columns[last : last + count] = days
    for allocation in range(allocations):
        shift = terms.count_bits * (allocation + 1)
        row = (MEASURED + WIDTH + allocation) * STRIP
        for at in range(count):
            if allocation < allocations - 1:
                held = float((np.int64(columns[7 * STRIP + at]) >> shift) & mask)
                columns[last + at] -= held
            else:
                held = columns[last + at]
            columns[row + at] = held / days
            columns[(MEASURED + EXPOSURE) * STRIP + at] += columns[row + at] * terms.invested[allocation]


@jit(counted=False)
def _share_counted(
    columns: Floats, count: Any, counts: Array | None, begin: Any, width: Any, terms: MetricTerms, segment: Segment
) -> None:
    """Write exposure and the share of days in each allocation, from the counts of the variants from ``begin`` on."""
    if counts is None:
        return
    strip, last, days = np.uint64(STRIP), np.uint64(len(terms.invested) - 1), float(segment.days)
    exposure, shares = np.uint64(MEASURED + EXPOSURE) * strip, np.uint64(MEASURED + WIDTH) * strip
    for at in range(count):
        left, invested = days, 0.0
        for allocation in range(last):
            held = float(counts[begin + at * width + allocation])
            left -= held
            columns[shares + allocation * strip + at] = held / days
            invested += held / days * terms.invested[allocation]
        columns[shares + last * strip + at] = left / days
        columns[exposure + at] = invested + left / days * terms.invested[last]
