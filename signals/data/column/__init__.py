"""Columns of a market file: cells become dates or numbers, and the format that was understood is stated in words."""
