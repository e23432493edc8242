"""The study: its file, its space, its rule, its plan, its execution, its command line."""
