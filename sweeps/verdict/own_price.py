"""Which legs' prices the signals of a study read."""

from __future__ import annotations

import posixpath

from gridproof.sweeps.study.spec import SeriesSpec
from gridproof.sweeps.study.study import Study


def legs_read(study: Study) -> tuple[str, ...]:
    """The names of the legs whose price a signal reads, in the order of the study.

    A signal reads a leg's price if its expressions name the leg's series, or another series of the same rows: those of
    the same file, sheet, code and filter, in any column and however the path is written. Another file that holds the
    same prices is not recognised.
    """
    series = study.spec.series
    read = {_rows(series[name]) for signal in study.signals for name in signal.series}
    return tuple(leg.name for leg in study.legs if leg.series is not None and _rows(series[leg.series]) in read)


def _rows(one: SeriesSpec) -> tuple[str, str | None, frozenset[str]]:
    """The file, the sheet, and the values that its rows have. ``code: A`` keeps the rows of ``where: {column: A}``."""
    kept = [one.code, *(one.where or {}).values()]
    file = posixpath.normpath(one.file.replace("\\", "/"))
    return file, one.sheet, frozenset(str(value) for value in kept if value is not None)
