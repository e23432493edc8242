"""The compiled backend: Numba, all cores."""
