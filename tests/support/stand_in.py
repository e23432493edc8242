"""Made-up files with the columns that a study reads, so that every shipped study can be planned without its data."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.source import Dates, Source
from gridproof.signals.synthetic.trading_days import trading_days
from gridproof.sweeps.study.study import Study

# The shipped strategies of other people, and the systems and readings of the reports beside the flagship.
STRATEGIES = (
    "average-crossing", "bollinger", "credit-spread", "divergence", "divergence-hourly", "donchian", "dual-momentum",
    "excess-nav", "faber-average", "golden-cross", "growth-liquidity", "halloween", "informed-trading",
    "large-small-momentum", "macd", "northbound-bands", "pe-percentile", "price-segments", "rate-average",
    "relative-crowding", "research-visits", "risk-premium", "risk-premium-bands", "rsi-2", "rsrs", "sharpe-extreme",
    "trading-heat", "turn-of-month", "turtle-exit", "vix-threshold", "year-high", "yearly-excess", "yield-curve",
)  # fmt: skip

DAILY = trading_days(1998, 2026)
MONTHLY = np.arange("2000-02", "2026-10", dtype="datetime64[M]").astype("datetime64[D]") - 1


def write_stand_in(study: Study, folder: Path) -> Path:
    """Write every file of the study that is not installed: random walks by day or month, or bars of a minute."""
    files: dict[str, list[Source]] = {}
    for source in study.sources():
        if not source.file.startswith("arch:"):
            files.setdefault(source.file, []).append(source)
    for file, sources in files.items():
        frame = pd.concat([_rows(file, source) for source in sources], ignore_index=True)
        keys = [source.date if sources[0].day_close is None else "datetime" for source in sources[:1]]
        keys += sorted({name for source in sources for name, _ in source.filters})
        keys += ["code"] if any(source.code for source in sources) else []
        frame = frame.groupby(keys, sort=False, as_index=False).first()
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.endswith(".parquet"):
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False)
    return folder


def _rows(file: str, source: Source) -> pd.DataFrame:
    stamps = _minutes() if source.day_close else MONTHLY if "monthly" in file else DAILY
    rng = np.random.default_rng(zlib.crc32(f"{source.file} {source.field} {source.code} {source.filters}".encode()))
    columns: dict[str, object] = {source.date: stamps, source.field: _walk(rng, len(stamps))}
    columns |= dict(source.filters)
    if source.code is not None:
        columns["code"] = source.code
    for name in source.release_columns if "money" in file else ():
        columns[name] = stamps + np.timedelta64(17, "D")
    return pd.DataFrame(columns)


def _walk(rng: np.random.Generator, steps: int) -> Floats:
    return (100 * np.exp(rng.normal(0.0, 8.0, steps).cumsum() / np.sqrt(steps) / 20)).round(4)


def _minutes() -> Dates:
    """Stamps of one-minute bars on the first five trading days of each month, with a lunch break."""
    days = DAILY[(np.datetime64("2020-04-01") <= DAILY) & (np.datetime64("2023-12-31") >= DAILY)]
    month = pd.Series(days.astype("datetime64[M]"))
    first = days[(month.groupby(month).cumcount() < 5).to_numpy()].astype("datetime64[m]")
    times = np.r_[571:691, 781:901].astype("timedelta64[m]")
    stamps: Dates = (first[:, None] + times).ravel()
    return stamps
