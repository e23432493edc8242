"""The error of a file that holds something else than was written."""

from __future__ import annotations


class DamagedFileError(Exception):
    """A file of a run is cut short, changed, or belongs elsewhere. The message says what is wrong with it."""
