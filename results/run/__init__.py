"""A run's folder: what is stored in it and how it is read."""
