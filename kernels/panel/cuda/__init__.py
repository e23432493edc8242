"""The kernels of a panel on a GPU: sources in CUDA C++, and what passes arrays to them."""
