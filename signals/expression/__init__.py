"""The expression language: formulas over series, parameters and operators, known at the close at which they stand."""
