"""Kills and mutated inputs: how often a run still ends with the right files, or says in one line why it does not."""
