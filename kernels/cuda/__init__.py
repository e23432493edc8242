"""The GPU backend: CUDA C++ in ``*.cu``, compiled at run time; laid out, launched and cut to memory from Python."""
