"""Compiled functions for the bootstrap tests: statistics of each variant, and their maxima in every resample.

The returns of each column are rounded to multiples of a unit, with at least 53 − log₂ T bits. Then sums over the days
of a resample are exact in any order of addition, and no p-value depends on chunks of variants, threads or the machine.
All functions that compile together are in this file, because Numba's cache checks only this file for changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, LEVEL, NEGLIGIBLE_WEIGHT
from gridproof.kernels.threads import run_ranges
from gridproof.results.statistics.chunks import panels

# Columns multiplied at once: their days and their resampled sums fit the last-level cache.
_WIDTH = 1024

# Columns a thread takes at once, so that their running sums stay in registers and first-level cache.
_STRIP = 64

# Added and taken off again it rounds to a whole number, half to even, in two vector instructions.
_ROUND = 1.5 * 2.0**52

# Resamples a thread takes at once.
_BATCH = 128


@jit(nogil=True)
def to_whole(low: int, high: int, excess: Floats, whole: Floats, units: Floats, sums: Floats) -> None:
    """excess: (T, w). Writes whole (T, w), units and sums (w): excess ≈ whole · unit, in powers of two, sums of whole.

    A column within ±LEVEL on all days is the rounding error of equal returns and becomes zero.
    """
    days, width = excess.shape
    room = 53 - math.ceil(math.log2(days))
    for strip in range(low, high):
        first = strip * _STRIP
        last = min(width, first + _STRIP)
        largest = np.zeros(_STRIP)
        scale = np.zeros(_STRIP)
        total = np.zeros(_STRIP)
        for day in range(days):
            for k in range(last - first):
                largest[k] = max(largest[k], abs(excess[day, first + k]))
        for column in range(first, last):
            units[column] = 1.0
            if largest[column - first] > LEVEL:
                units[column] = math.ldexp(1.0, math.frexp(largest[column - first])[1] - room)
                scale[column - first] = 1.0 / units[column]
        for day in range(days):
            for k in range(last - first):
                rounded = (excess[day, first + k] * scale[k] + _ROUND) - _ROUND
                whole[day, first + k] = rounded
                total[k] += rounded
        for column in range(first, last):  # a slice assigned would compile its error message, for four seconds
            sums[column] = total[column - first]


@jit(nogil=True)
def long_run_deviations(low: int, high: int, whole: Floats, sums: Floats, powers: Floats, deviations: Floats) -> None:
    """Writes ω (w) in units a day: ω² = γ₀ + 2·Σ κ_i·γ_i, Hansen (2005), of the daily autocovariances γ_i = Σ x·x/T.

    κ_i = (1 − i/T)·q^i + (i/T)·q^(T−i), q = 1 − 1/block_length: T times the variance of the mean of a stationary
    bootstrap resample, exactly. Both parts are recursions over the days: with f = Σ q^(t−s)·x_s and h the same times
    t − s for the first, Σ q^s·x_s and Σ s·q^s·x_s for the second. 0 for a column without variation, negative where
    it is constant but not zero.
    """
    days, width = whole.shape
    stay = powers[1]
    for strip in range(low, high):
        first = strip * _STRIP
        last = min(width, first + _STRIP)
        faded, aged, head, late = np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP)
        square, near, aging, far = np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP)
        for day in range(days):
            power, rest = powers[day], powers[days - day]
            for column in range(first, last):
                k = column - first
                x = whole[day, column] - sums[column] / days
                square[k] += x * x
                near[k] += x * faded[k]
                aging[k] += x * aged[k]
                aged[k] = stay * (aged[k] + faded[k] + x)
                faded[k] = stay * (faded[k] + x)
            if rest > NEGLIGIBLE_WEIGHT or power > NEGLIGIBLE_WEIGHT:
                for column in range(first, last):
                    k = column - first
                    x = whole[day, column] - sums[column] / days
                    far[k] += rest * x * (day * head[k] - late[k])
                    head[k] += power * x
                    late[k] += day * power * x
        for column in range(first, last):
            k = column - first
            mean = sums[column] / days
            variance = square[k] / days
            long_run = variance + 2.0 / days * (near[k] + (far[k] - aging[k]) / days)
            deviations[column] = math.sqrt(max(long_run, 0.0))
            if variance <= FLAT * (variance + mean * mean):
                deviations[column] = -1.0 if mean != 0.0 else 0.0


def take_maxima(products: Floats, centres: Floats, factors: Floats, maxima: Floats) -> None:
    """Raises maxima (K, R) to the largest (products − centre)·factor: products (w, R), centres and factors (K, w)."""
    run_ranges(_take_maxima, -(-products.shape[1] // _BATCH), products, np.ascontiguousarray(centres),
               np.ascontiguousarray(factors), maxima)  # fmt: skip


@jit(nogil=True)
def _take_maxima(low: int, high: int, products: Floats, centres: Floats, factors: Floats, maxima: Floats) -> None:
    width, resamples = products.shape
    for batch in range(low, high):
        first = batch * _BATCH
        last = min(resamples, first + _BATCH)
        for column in range(width):
            for kind in range(len(centres)):
                centre, factor = centres[kind, column], factors[kind, column]
                for resample in range(first, last):
                    value = (products[column, resample] - centre) * factor
                    if value > maxima[kind, resample]:
                        maxima[kind, resample] = value


@dataclass(frozen=True)
class StudentisedReturns:
    """Some columns. Row 0 of ``factors`` studentises, row 1 only scales by √T."""

    whole: Floats  # (T, w)
    sums: Floats  # (w,)
    factors: Floats  # (2, w): from the whole sum of T days to √T times their mean (over ω); 0 where ω is not defined
    constant: int  # the first column that is constant but not zero, or −1

    @property
    def statistics(self) -> Floats:
        """(2, w): √T·d̄/ω, √T·d̄."""
        return self.sums * self.factors


def measure(excess: Floats, block_length: float | None) -> StudentisedReturns:
    """excess: (T, w) C-contiguous, daily. Without a block length nothing is studentised."""
    days, width = excess.shape
    whole, units, sums = np.empty_like(excess), np.empty(width), np.empty(width)
    strips = -(-width // _STRIP)
    run_ranges(to_whole, strips, excess, whole, units, sums)
    deviations = np.zeros(width)
    if block_length is not None:
        stay = 1.0 - 1.0 / float(block_length)
        powers = np.array([stay**day for day in range(days + 1)])
        run_ranges(long_run_deviations, strips, whole, sums, powers, deviations)
    constant = np.flatnonzero(deviations < 0.0)
    plain = units / np.sqrt(days)
    defined = deviations > 0.0
    studentising = np.where(defined, 1.0 / np.where(defined, deviations, 1.0) / np.sqrt(days), 0.0)
    return StudentisedReturns(whole, sums, np.stack([studentising, plain]), int(constant[0]) if len(constant) else -1)


def measured(chunk: Floats, before: int, block_length: float | None) -> Iterator[tuple[int, StudentisedReturns]]:
    """The chunk (T, n) panel by panel, each with the number of its first variant; ``before`` variants came before."""
    for first, columns in panels(chunk, _WIDTH):
        yield before + first, measure(columns, block_length)


def constant_excess(variant: int) -> InputError:
    rule = "an excess that is the same every day, and not 0, cannot be studentised"
    return InputError(
        rule, "no variation", f"excess of variant {variant}", "Leave the variant out, or use reality_check"
    )
