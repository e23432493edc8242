"""The kernels of a panel, compiled by Numba, on all cores."""
