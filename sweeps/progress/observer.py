"""The observer of a run: what a run, a verdict or a search reports while it works."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping


class DataWarning(UserWarning):
    """Something in the data of a study is suspicious but may be true: a jump, a placeholder, a rate in another unit.

    ``gridproof.point`` gives it with ``warnings.warn``, and so do ``run`` and ``search`` where neither an observer nor
    a notebook shows notices. The text names the series, the day and the value. Each line of
    your code gets each text once; ``Market.warnings`` has them all.

    Examples
    --------
    >>> import warnings
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo").set({"risk_free": 0.2})
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("default")
    ...     base = gp.point(study)
    >>> print(caught[0].message)
    risk_free of 0.2 is 20% a year; if 0.2% a year is meant, write 0.002
    """


# What was said, and for which line. Python's own record of it is lost whenever a library changes its filters.
_warned: set[tuple[str, str, int]] = set()


def warn_of_data(text: str) -> None:
    """Warns once for each line outside of this package that led here."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "gridproof":
        level, frame = level + 1, frame.f_back
    said = (text, frame.f_code.co_filename, frame.f_lineno)
    if said not in _warned:
        _warned.add(said)
        warnings.warn(text, DataWarning, stacklevel=level + 1)


class RunObserver:
    """Receives progress and notices. Every method does nothing here; a display overrides what it shows.

    Methods are called from the thread that called the run, often, and must return quickly.

    Examples
    --------
    >>> import gridproof as gp
    >>> class Stages(gp.RunObserver):
    ...     def __init__(self):
    ...         self.finished = []
    ...     def progress(self, stage, done, total, new=0, detail=""):
    ...         if done == total:
    ...             self.finished.append(stage)
    >>> stages = Stages()
    >>> study = gp.load_study("us-demo")
    >>> few = study.set(study.base | {"trend.window": [120, 240]})
    >>> run = gp.run(few, backend="reference", verdict=False, observer=stages)
    >>> "sweep" in stages.finished
    True
    """

    def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
        """A stage of the work is at ``done`` of ``total`` units, ``new`` of them done in this call.

        stage: what is done, in words for a person: "sweep", "verdict: bootstrap", "report". Units are those of the
        stage: variants, resamples, trials. detail: more words to show beside it, such as the best value so far. The
        last call of a stage has ``done == total``.
        """

    def nodes(self, rates: Mapping[str, float]) -> None:
        """Variants per second of each node of a cluster, by the node's name."""

    def notice(self, text: str) -> None:
        """One sentence that a person should read now: a worker was lost, a verdict is skipped."""

    def warning(self, text: str) -> None:
        """One sentence about something in the data that is suspicious but may be true.

        It is passed to ``notice``; where a class does not override that, it becomes a Python warning, DataWarning.
        """
        if type(self).notice is RunObserver.notice:
            warn_of_data(text)
        else:
            self.notice(f"warning: {text}")
