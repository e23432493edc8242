"""What came out: tallies, the run folder, the report."""
