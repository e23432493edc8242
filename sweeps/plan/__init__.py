"""The plan: signal paths, payoffs, the grid of variants."""
