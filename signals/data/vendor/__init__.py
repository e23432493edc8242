"""Exports of data vendors become tidy tables: dates, codes, and numbers in yuan, shares and fractions."""
