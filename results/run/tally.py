"""The tally of a set of variants: counts, histogram, surfaces and the best. Merging is exact, in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.arrays import Array, Floats, Ints

# Positions on every axis, (n, axes); or, for all combinations of a range of values on each axis in grid order, where
# each range begins and its length.
Positions = Ints | tuple[Sequence[int], Sequence[int]]

# The best distinct variants kept.
KEPT = 1000

# Counters: variants evaluated; objective undefined; below the base; equal to it; these three after publication
EVALUATED, UNDEFINED, BELOW, EQUAL, UNDEFINED_AFTER, BELOW_AFTER, EQUAL_AFTER = range(7)


# The prefix of the arrays of the choices' own tally.
_CHOICES = "choices."


@dataclass(slots=True)
class Tally:
    """choices: the tally of those variants that are choices, over the axes that are; None where every variant is."""

    counters: Ints  # (7,)
    histogram: Ints  # (bins + 2,): below the first edge, each bin, at or above the last edge
    surfaces: Surfaces
    best_value: Floats  # (k,), descending; equal values by ascending index
    best_index: Ints  # (k,): the lowest grid index that has this key
    best_key: Ints  # (k, signals + 1)
    choices: Tally | None = None

    @classmethod
    def empty(cls, dims: tuple[int, ...], bins: int, width: int, choices: tuple[int, ...] | None = None) -> Tally:
        """dims: values of each axis. width: signals + 1. choices: dims of the choices, where they are fewer."""
        return cls(
            np.zeros(7, dtype=np.int64),
            np.zeros(bins + 2, dtype=np.int64),
            Surfaces.empty(dims),
            np.empty(0),
            np.empty(0, dtype=np.int64),
            np.empty((0, width), dtype=np.int64),
            None if choices is None else cls.empty(choices, bins, width),
        )

    @property
    def among_choices(self) -> Tally:
        """The tally of the choices: this one itself where every variant is a choice."""
        return self if self.choices is None else self.choices

    def add(
        self,
        positions: Positions,
        variants: Ints,
        values: Floats,
        after: Floats | None,
        keys: Ints,
        job_of: Ints,
        edges: Floats,
        base: tuple[float, float],
    ) -> None:
        """Add n variants. positions: on the axes; variants: grid indices, ascending; values, after: the objective in
        sample and after publication; each (n,).

        keys: (J, signals + 1), of each job the paths and the execution. job_of: (n,) into keys. base: the base's
        objective in sample and after publication.
        """
        undefined = np.isnan(values)
        self.counters[EVALUATED] += len(values)
        self._count(values, base[0], UNDEFINED)
        if after is not None:
            self._count(after, base[1], UNDEFINED_AFTER)
        bins = np.searchsorted(edges, values[~undefined], side="right")
        self.histogram += np.bincount(bins, minlength=len(self.histogram))
        if isinstance(positions, tuple):
            self.surfaces.add_box(*positions, values)
        else:
            self.surfaces.add(positions, values)
        # Variants ascend, so the first one of each job has its lowest index; that one is kept.
        earliest = np.full(len(keys), -1)
        earliest[job_of[::-1]] = np.arange(len(values))[::-1]
        jobs = np.flatnonzero(earliest >= 0)
        jobs = jobs[~undefined[earliest[jobs]]]
        first = earliest[jobs]
        if len(first) > KEPT:
            threshold = np.partition(values[first], -KEPT)[-KEPT]
            chosen = values[first] >= threshold
            jobs, first = jobs[chosen], first[chosen]
        self._keep(values[first], variants[first], keys[jobs])

    def merge(self, other: Tally) -> None:
        """Raises ValueError where only one of the two has a tally of the choices apart."""
        if (self.choices is None) != (other.choices is None):
            raise ValueError("one tally has its choices apart, the other has not")
        self.merge_whole(other)
        if self.choices is not None and other.choices is not None:
            self.choices.merge(other.choices)

    def merge_whole(self, other: Tally) -> None:
        """Merge all but the tally of the choices apart."""
        self.counters += other.counters
        self.histogram += other.histogram
        self.surfaces.merge(other.surfaces)
        self._keep(other.best_value, other.best_index, other.best_key)

    def _count(self, values: Floats, base: float, counter: int) -> None:
        self.counters[counter] += np.isnan(values).sum()
        self.counters[counter + 1] += (values < base).sum()
        self.counters[counter + 2] += (values == base).sum()

    def _keep(self, values: Floats, indices: Ints, keys: Ints) -> None:
        values = np.concatenate([self.best_value, values])
        indices = np.concatenate([self.best_index, indices])
        keys = np.concatenate([self.best_key, keys])
        order = np.lexsort((indices, -values))
        values, indices, keys = values[order], indices[order], keys[order]
        # Equal keys have equal values, so of each key the lowest index comes first; it is kept.
        _, first = np.unique(keys, axis=0, return_index=True)
        first = np.sort(first)[:KEPT]
        self.best_value, self.best_index, self.best_key = values[first], indices[first], keys[first]

    def arrays(self) -> dict[str, Array]:
        """The tally as arrays by name, as ``from_arrays`` reads them."""
        inner = {} if self.choices is None else self.choices.arrays()
        return {
            "counters": self.counters,
            "histogram": self.histogram,
            "dims": np.array(self.surfaces.dims, dtype=np.int64),
            "count": self.surfaces.count,
            "sums": self.surfaces.sums,
            "maximum": self.surfaces.maximum,
            "best_value": self.best_value,
            "best_index": self.best_index,
            "best_key": self.best_key,
        } | {_CHOICES + name: values for name, values in inner.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Tally:
        """Raises KeyError where an array is missing, ValueError where one has another shape or dtype."""
        key = arrays["best_key"]
        dims = tuple(int(size) for size in arrays["dims"])
        tally = cls.empty(dims, len(arrays["histogram"]) - 2, key.shape[-1])
        for name, expected in tally.arrays().items():
            found = arrays[name]
            length = len(key) if name.startswith("best") else None
            shape = expected.shape if length is None else (length, *expected.shape[1:])
            if found.dtype != expected.dtype or found.shape != shape:
                raise ValueError(f"{name} is {found.dtype} {found.shape}, expected {expected.dtype} {shape}")
        tally.counters, tally.histogram = arrays["counters"], arrays["histogram"]
        surfaces = tally.surfaces
        surfaces.count, surfaces.sums, surfaces.maximum = arrays["count"], arrays["sums"], arrays["maximum"]
        tally.best_value, tally.best_index, tally.best_key = arrays["best_value"], arrays["best_index"], key
        inner = {name.removeprefix(_CHOICES): one for name, one in arrays.items() if name.startswith(_CHOICES)}
        tally.choices = cls.from_arrays(inner) if inner else None
        return tally


def percentile(counters: Ints, base: float, after: bool = False) -> float | None:
    """Share of the variants with a defined objective that lie below the base, ties counted half, 0 to 100.

    base: the base's objective. None where it, or every variant's, is undefined.
    """
    first = UNDEFINED_AFTER if after else UNDEFINED
    ranked = int(counters[EVALUATED] - counters[first])
    if ranked == 0 or np.isnan(base):
        return None
    return 100.0 * (int(counters[first + 1]) + 0.5 * int(counters[first + 2])) / ranked
