"""Draws variants, the same ones for the same seed."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.study.study import Study


def draw_sample(size: int, count: int, seed: int = 0) -> Ints:
    """``count`` different grid indices below ``size``, uniformly, ascending; the same for the same seed."""
    rng = np.random.default_rng(seed)
    if size <= 4 * count:
        return np.sort(rng.permutation(size)[:count]).astype(np.int64)
    drawn = np.unique(rng.integers(0, size, count))
    while len(drawn) < count:
        drawn = np.unique(np.concatenate([drawn, rng.integers(0, size, count - len(drawn))]))
    return drawn.astype(np.int64)


def draw_variants(study: Study, count: int, seed: int = 0) -> Ints:
    """``count`` different variants of a study by grid index, ascending; the same for the same seed.

    They are drawn among the choices, by which base and best are judged. Where these are fewer than ``count``, all of
    them are taken, and the rest is drawn among all other variants.
    """
    choices = choices_of(study)
    if count <= choices.size:
        return choices.whole_index(draw_sample(choices.size, count, seed))
    chosen = choices.whole_index(np.arange(choices.size))
    others = draw_sample(study.space.size - choices.size, count - choices.size, seed)
    # Variant j of the others has as many choices before it as have at most j of the others before them.
    others += np.searchsorted(chosen - np.arange(len(chosen)), others, side="right")
    return np.sort(np.concatenate([chosen, others]))
