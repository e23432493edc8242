"""The observer of a run: what a run, a verdict or a search reports while it works."""

from __future__ import annotations

from collections.abc import Mapping


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
