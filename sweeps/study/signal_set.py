"""What evaluates signals needs of the file in which they stand: a study, or a monitor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gridproof.results.axis_range import Value
from gridproof.signals.data.source import Source
from gridproof.signals.expression.graph import Graph
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.series_spec import SeriesFileSpec, SeriesSpec
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.space import Space


class SignalSet(Protocol):
    """Signals on the series of one file, with the space of their parameters and its base."""

    @property
    def spec(self) -> SeriesFileSpec: ...

    @property
    def signals(self) -> tuple[Signal, ...]: ...

    @property
    def graph(self) -> Graph: ...

    @property
    def space(self) -> Space: ...

    @property
    def base(self) -> dict[str, Value]: ...

    def where(self, *path: str) -> str: ...


def series_sources(series: Mapping[str, SeriesSpec], document: Document) -> list[Source]:
    """Returns the series to read from files, for ``signals.data.market.load_market``; not those of models."""
    releases = [one.release for one in series.values() if isinstance(one.release, tuple)]
    named = {str(value).strip() for release in releases for value in release}
    columns = frozenset(name for name in named if name.isidentifier())
    return [
        Source(
            name,
            one.file,
            one.field,
            code=one.code,
            date=one.date,
            drop_missing=one.missing == "drop",
            where=document.where(("series", name)),
            date_format=one.date_format,
            time_zone=one.time_zone,
            release_columns=columns,
            filters=tuple((one.where or {}).items()),
            sheet=one.sheet,
            day_close=one.day_close,
        )
        for name, one in series.items()
        if one.model is None
    ]
