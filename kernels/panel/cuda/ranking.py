"""Ranks on a device, by counting for each stock those that come before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.pattern_rows import by_groups
from gridproof.kernels.cuda.source import panel_kernel
from gridproof.kernels.panel.ranking import Ranking, day_by_stock


def rank_days(device: Device, key: Floats) -> Ranking:
    """As ``reference.ranking.rank_days``."""
    key = day_by_stock(key, np.float64, "key")
    found = Ranking(np.empty(key.shape, dtype=np.int32), np.empty(len(key), dtype=np.int64))

    def compute(days: slice) -> None:
        order, eligible = place_stocks(device, order_keys(device, key[days]), key[days].shape)
        found.order[days], found.eligible[days] = device.download(order), device.download(eligible)

    by_groups(device, len(key), 20 * key.shape[1], compute, "the ranks of a day")
    return found


def average_ranks(device: Device, key: Floats) -> Floats:
    """As ``reference.ranking.average_ranks``."""
    key = day_by_stock(key, np.float64, "key")
    found = np.full(key.shape, np.nan)

    def compute(days: slice) -> None:
        part = key[days]
        twice = device.download(twice_ranks(device, order_keys(device, part), part.shape))
        known = ~np.isnan(part)
        average = 0.5 * (twice + known.sum(axis=1, keepdims=True) + 1)
        found[days][known] = average[known]

    by_groups(device, len(key), 20 * key.shape[1], compute, "the ranks of a day")
    return found


def order_keys(device: Device, numbers: Any, mask: Any = None, cells: int | None = None) -> Any:
    """On the device: whole numbers in the order of the numbers, none where the mask is NaN. Arrays are sent there."""
    if isinstance(numbers, np.ndarray):
        numbers, cells = device.upload(np.ascontiguousarray(numbers)), numbers.size
    assert cells is not None
    keys = device.empty((cells,), "<u8")
    mask = numbers if mask is None else mask
    device.launch(panel_kernel("order_keys"), cells, [numbers, mask, np.int64(cells), keys])
    return keys


def place_stocks(device: Device, keys: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """On the device: the order and the number of the eligible stocks, as of a ``Ranking`` of this shape."""
    cells, order, eligible = shape[0] * shape[1], device.empty(shape, "<i4"), device.zeros((shape[0],), "<u8")
    arguments = [keys, np.int64(cells), np.int32(shape[1]), order, eligible]
    device.launch(panel_kernel("place_stocks"), cells, arguments)
    return order, eligible


def twice_ranks(device: Device, keys: Any, shape: tuple[int, ...]) -> Any:
    """On the device: of each known stock 2·average rank − (n + 1), else 0."""
    cells, ranks = shape[0] * shape[1], device.empty(shape, "<i4")
    device.launch(panel_kernel("twice_ranks"), cells, [keys, np.int64(cells), np.int32(shape[1]), ranks])
    return ranks
