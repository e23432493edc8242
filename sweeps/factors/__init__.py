"""Factor studies: what formulas over a panel say about later returns, and how much of the best remains."""
