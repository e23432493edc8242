"""The evidence beside the four answers: what else was tested, against what, and what is information only."""
