"""A user's own operators: their declaration, their file, the checks of what they do."""
