"""The proof that the cuda backend is right on this GPU, and how fast it is: one command of a few minutes."""
