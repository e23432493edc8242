"""Market data as it was known on each day, the expressions computed from it, and synthetic markets."""
