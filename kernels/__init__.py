"""Arrays in, arrays out: packed paths, the scan of every variant, exact reductions. Knows no markets or files."""
