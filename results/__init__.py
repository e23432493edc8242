"""Results: tallies, the run folder, the ledger, statistics and the report."""
