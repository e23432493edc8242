"""What a model estimates: numbers by date, of which a series takes one column as it does of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.table import nearest
from gridproof.signals.data.source import Dates, Observations, Source


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The n estimates of a model, in order of date.

    ``dates``: (n,) datetime64[D], strictly increasing. An estimate uses only what was known at the close of its date.
    ``columns``: (n,) float64 by name, NaN where there is none. ``understood``: one line on how they were made.
    ``warnings``: what a reader must know of them, one sentence each.
    """

    name: str
    dates: Dates
    columns: Mapping[str, Floats]
    understood: str = ""
    warnings: tuple[str, ...] = ()

    def observations(self, source: Source) -> Observations:
        """Returns a column as a series: ``source.field``, without the dates on which it is unknown.

        Raises InputError where the model has no such column, or no value in it.
        """
        if source.field not in self.columns:
            known = list(self.columns)
            rule, remedy = f"field names a column of the model {self.name}", f"Its columns are {', '.join(known[:40])}"
            raise InputError(rule, source.field, source.where, remedy + nearest(source.field, known))
        values = self.columns[source.field]
        known_days = np.isfinite(values)
        if not known_days.any():
            rule, remedy = "a model must have estimates", "Give an earlier date under from, or files that reach further"
            raise InputError(rule, f"none in {source.field} of {self.name}", source.where, remedy)
        return Observations(source, self.dates[known_days], values[known_days], {}, self.understood, self.warnings)


def check_begun(begin: np.datetime64, last: np.datetime64, where: str) -> None:
    """Raises InputError where the estimates of a model begin after the last day of the market."""
    if begin > last:
        rule = "a model has estimates from the day under from on"
        raise InputError(rule, f"{begin}, after the last day {last}", where, "Write an earlier date there")
