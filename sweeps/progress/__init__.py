"""Displays of a run's progress: plain lines, bars on a terminal, a notebook's output cell."""
