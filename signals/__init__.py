"""Market data as it was known on each day, the measures computed from it, and synthetic markets."""
