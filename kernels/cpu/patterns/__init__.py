"""Patterns: what many variants hold alike in a block of days, and what is summed over them."""
