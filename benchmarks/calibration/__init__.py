"""How often each of the four questions is answered yes and no where the truth is known."""
