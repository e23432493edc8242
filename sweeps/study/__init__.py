"""The study: its file, its space, its rule."""
