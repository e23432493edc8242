"""The error of a run that ended early."""

from __future__ import annotations


class IncompleteError(Exception):
    """A run ended before its last tile. What is finished is kept, and the same call resumes it.

    The message says why: the budget is used up, the disk is full, the cluster was lost, or tiles failed.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> few = study.set(study.base | {"trend.window": [60, 240]})
    >>> try:
    ...     run = gp.run(few, backend="reference", budget=gp.Budget(max_hours=1e-9))
    ... except gp.IncompleteError as error:
    ...     print(error)
    --max-hours 1e-09 is reached; ...
    """
