"""Small arrays that the boxes of a grid send alike, kept on the device."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.device import Device

Made = TypeVar("Made")

# Bytes that are kept at most; what was not used for longest goes first.
_MOST = 2**28


class KeptArrays:
    """Arrays on a device by what they are made from."""

    def __init__(self, device: Device, most: int = _MOST) -> None:
        self._device, self._most, self._bytes = device, most, 0
        self._kept: OrderedDict[Hashable, tuple[Any, list[Any], int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Sequence[Array]]) -> list[Any]:
        """The arrays of this key, made and sent where they are not kept. Raises MemoryError."""
        return self.made(key, make, lambda arrays: arrays)[1]

    def made(
        self, key: Hashable, make: Callable[[], Made], arrays_of: Callable[[Made], Sequence[Array]]
    ) -> tuple[Made, list[Any]]:
        """What is made for this key, and its arrays on the device."""
        if key not in self._kept:
            made = make()
            arrays = arrays_of(made)
            size = sum(array.nbytes for array in arrays)
            self._kept[key] = made, [self._device.upload(array) for array in arrays], size
            self._bytes += size
        self._kept.move_to_end(key)
        found, on_device, _ = self._kept[key]
        while self._bytes > self._most and len(self._kept) > 1:
            _, (_, _, size) = self._kept.popitem(last=False)
            self._bytes -= size
        return found, on_device

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0
