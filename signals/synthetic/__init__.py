"""Synthetic markets with a known effect."""
