"""The commonest windows over the values of many stocks at once; kernels are compiled when they are first asked."""

from __future__ import annotations

from collections.abc import Callable

from gridproof.kernels.arrays import Floats


def sums(x: Floats, n: int) -> Floats:
    """(T, S) the sums of the last n values. x: (T, S), and so in all functions here."""
    from gridproof.kernels.panel.cpu.windows import window_sums

    return window_sums(x, n)


def means(x: Floats, n: int) -> Floats | None:
    """The means; None for windows whose values NumPy adds in another order."""
    from gridproof.kernels.panel.cpu.windows import PAIRWISE, window_means

    return window_means(x, n) if n <= PAIRWISE else None


def lowest(x: Floats, n: int) -> Floats:
    """The lowest values."""
    from gridproof.kernels.panel.cpu.windows import window_lowest

    return window_lowest(x, n)


def highest(x: Floats, n: int) -> Floats:
    """The highest values."""
    from gridproof.kernels.panel.cpu.windows import window_highest

    return window_highest(x, n)


def of_differences(finish: Callable[[float, Floats, Floats], Floats]) -> Callable[[Floats, int], Floats]:
    """``finish`` of n, and of the sums of the differences from today's value and of their squares."""

    def compute(x: Floats, n: int) -> Floats:
        from gridproof.kernels.panel.cpu.windows import window_differences

        return finish(float(n), *window_differences(x, n))

    return compute
