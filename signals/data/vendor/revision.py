"""Appended rows: new days join the old ones, and what would change the past is an error or a listed revision."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Bools
from gridproof.kernels.errors import InputError
from gridproof.signals.data.vendor.export import sort_rows
from gridproof.signals.data.vendor.vendor_table import CODE, equal_cells, keys_of
from gridproof.signals.data.vendor.vocabulary import PRICES

_SHOWN = 3
# How far the ratios of new to old prices may lie apart where one factor changed them all: prices are rounded.
_SAME_RATIO = 2e-3


class Merged(NamedTuple):
    """``new``: rows that were added; ``same``: those that were there already. ``revisions``: changes of the past."""

    frame: pd.DataFrame
    new: int
    same: int
    revisions: list[dict[str, Any]]


def merge_rows(old: pd.DataFrame, new: pd.DataFrame, revise: bool, forward: bool, where: str) -> Merged:
    """Add rows to a table. ``forward``: whether prices are adjusted to the last day, so that a dividend changes all.

    Raises InputError where columns differ, where a row changes or enters the past and ``revise`` is False, and where
    forward-adjusted rows do not overlap.
    """
    keys = keys_of(old)
    if sorted(old.columns) != sorted(new.columns):
        missing, more = sorted(set(old.columns) - set(new.columns)), sorted(set(new.columns) - set(old.columns))
        what = "; ".join(
            f"{word} {', '.join(names)}" for word, names in (("without", missing), ("with", more)) if names
        )
        rule, remedy = (
            "appended rows have the columns of the import",
            "Export the same columns, or import all files again",
        )
        raise InputError(rule, what, where, remedy)
    new = new[list(old.columns)].copy()
    for name in old.columns:
        if new[name].isna().all() or old[name].isna().all():
            new[name] = new[name].astype(old[name].dtype) if not new[name].notna().any() else new[name]
        if name in keys and new[name].dtype.kind == "M":
            old[name], new[name] = old[name].astype("datetime64[ms]"), new[name].astype("datetime64[ms]")
    both = new.merge(old, on=keys, how="left", suffixes=("", " before"), indicator=True)
    there: Bools = (both["_merge"] == "both").to_numpy()
    if forward and not there.any():
        rule = (
            "appended prices that are adjusted to the last day must overlap, to show that no dividend changed the past"
        )
        raise InputError(rule, "no row of a day that is there", where, "Export some days more, or all of them")
    revisions = _changes(both[there].reset_index(drop=True), keys, [name for name in old.columns if name not in keys])
    entered = _entered(old, both, there, keys)
    if (revisions or entered) and not revise:
        raise _conflict(revisions, entered, both[there], where)
    frame = old.merge(new[keys], on=keys, how="left", indicator=True)
    kept = old[(frame["_merge"] == "left_only").to_numpy()]
    changed = len({(one["date"], one["code"]) for one in revisions})
    rows = sort_rows(pd.concat([kept, new], ignore_index=True))
    return Merged(rows, int((~there).sum()), int(there.sum()) - changed, [*revisions, *entered])


def _changes(both: pd.DataFrame, keys: list[str], columns: list[str]) -> list[dict[str, Any]]:
    found = []
    for name in columns:
        differing = np.flatnonzero(~equal_cells(both[name], both[f"{name} before"]))
        for row in differing.tolist():
            old, now = (_plain(both[column].iloc[row]) for column in (f"{name} before", name))
            found.append({**_key(both, row, keys), "column": name, "old": old, "new": now})
    return sorted(found, key=lambda one: (one["date"], str(one["code"])))


def _entered(old: pd.DataFrame, both: pd.DataFrame, there: Bools, keys: list[str]) -> list[dict[str, Any]]:
    """New rows that lie before the last day that was there, of the same code."""
    moment = keys[0]
    if CODE in keys:
        last = both[CODE].map(old.groupby(CODE)[moment].max())
    else:
        last = pd.Series([old[moment].max()] * len(both))
    late = np.flatnonzero(~there & (both[moment] < last).to_numpy())
    return [{**_key(both, row, keys), "column": None, "old": None, "new": "a row"} for row in late.tolist()]


def _key(frame: pd.DataFrame, row: int, keys: list[str]) -> dict[str, Any]:
    moment = str(frame[keys[0]].iloc[row]).removesuffix(" 00:00:00")
    return {"date": moment, "code": str(frame[CODE].iloc[row]) if CODE in keys else None}


def _plain(value: Any) -> Any:
    if value is None or value != value:
        return None
    return value.item() if isinstance(value, np.generic) else value


def _conflict(
    revisions: list[dict[str, Any]], entered: list[dict[str, Any]], both: pd.DataFrame, where: str
) -> InputError:
    listed = [*revisions, *entered]
    texts = []
    for one in listed[:_SHOWN]:
        what = f"{one['column']} was {one['old']}, is {one['new']}" if one["column"] else "was not there"
        texts.append(f"{one['code'] + ' ' if one['code'] else ''}{one['date']}: {what}")
    more = f", {len(listed)} in all" if len(listed) > _SHOWN else ""
    remedy = "Add --revise to accept and record them"
    if revisions and (factor := _common_factor(both)) is not None:
        remedy = (
            f"All past prices are multiplied by {factor:.6g}, as after a dividend: import all days again without "
            "--append, or export prices without adjustment and the adjustment factor"
        )
    return InputError("appended rows do not change the past", "; ".join(texts) + more, where, remedy)


def _common_factor(both: pd.DataFrame) -> float | None:
    """The factor by which all closes changed, None where it is not one, or only some changed."""
    name = next((name for name in reversed(PRICES) if f"{name} before" in both.columns), None)
    if name is None or len(both) < 2:
        return None
    ratios = (both[name] / both[f"{name} before"]).dropna().to_numpy()
    if not len(ratios) or abs(ratios - 1.0).min() < 1e-9 or np.ptp(ratios) > _SAME_RATIO * ratios.mean():
        return None
    return float(np.median(ratios))
