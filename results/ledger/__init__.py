"""The ledger: a record of every variant ever evaluated, and the number of distinct ones."""
