"""Sums, surfaces and neighbourhoods over the variants of a grid."""
