"""The page of a factor study."""
