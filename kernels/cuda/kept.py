"""Small arrays that the boxes of a grid send alike, kept on the device."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.device import Device

# Bytes that are kept at most; what was not used for longest goes first.
_MOST = 2**28


class KeptArrays:
    """Arrays on a device by what they are made from."""

    def __init__(self, device: Device, most: int = _MOST) -> None:
        self._device, self._most, self._bytes = device, most, 0
        self._kept: OrderedDict[Hashable, tuple[list[Any], int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Sequence[Array]]) -> list[Any]:
        """The arrays of this key, made and sent where they are not kept. Raises MemoryError."""
        if key not in self._kept:
            arrays = make()
            size = sum(array.nbytes for array in arrays)
            self._kept[key] = [self._device.upload(array) for array in arrays], size
            self._bytes += size
        self._kept.move_to_end(key)
        found = self._kept[key][0]
        while self._bytes > self._most and len(self._kept) > 1:
            _, (_, size) = self._kept.popitem(last=False)
            self._bytes -= size
        return found

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0
