"""The study: its file, axes, signals, legs and rule, checked."""
