"""Market files as they are in the wild: bytes to a table of cells. What was understood is declared, never guessed."""
