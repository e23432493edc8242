"""Products of signal paths: variants share blocks of days."""
