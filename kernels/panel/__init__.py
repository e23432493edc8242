"""Kernels of a panel of stocks: arrays of T days and S stocks, days first. They know no files and no studies."""
