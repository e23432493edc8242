"""The search: Optuna proposes structure, the kernels evaluate its thresholds densely, and plateaus are rewarded."""
