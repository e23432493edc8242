"""The files of markets: the check of what studies and monitors need, and the import of vendors' exports."""
