"""What daily curves say of a strategy: months, drawdowns, a benchmark, positions, signal levels."""
