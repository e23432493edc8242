"""The ledger: every distinct variant ever evaluated, counted once."""
