"""Synthetic markets whose truth is known."""
