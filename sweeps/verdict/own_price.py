"""Which legs' prices the signals of a study read."""

from __future__ import annotations

from gridproof.sweeps.study.spec import SeriesSpec
from gridproof.sweeps.study.study import Study


def legs_read(study: Study) -> tuple[str, ...]:
    """The names of the legs whose price a signal reads, in the order of the study.

    A signal reads a leg's price if its expressions name the leg's series, or another column of the same file, code and
    filter. Another file that holds the same prices is not recognised.
    """
    series = study.spec.series
    read = [_instrument(series[name]) for signal in study.signals for name in signal.series]
    return tuple(leg.name for leg in study.legs if leg.series is not None and _instrument(series[leg.series]) in read)


def _instrument(one: SeriesSpec) -> tuple[object, ...]:
    return (str(one.file), one.code, one.where, one.sheet)
