"""The execution of a sweep: tiles, executors, the run's summary."""
