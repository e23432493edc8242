"""The kernels of a panel in NumPy, exactly as the definitions say. The other backends are compared with it."""
