"""One file of the ledger: what was tried, and line by line what was finished of it.

The first line is a JSON object with the format, the run, the study, the market, the strategy and the axes. Each other
line is ``[low, high]``, a range of grid indices; ``{"indices": text}``, single ones; ``{"rows": [[value, …], …]}``,
variants by value; or ``{"box": [values, …]}``, every combination of values of each axis. A last line without its end
was torn by a kill and does not count.
"""

from __future__ import annotations

import base64
import json
import math
import os
import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.errors import InputError
from gridproof.results.ledger.ranges import FinishedTrials, TrialAxis, Value, merge_ranges, within

FORMAT = 1

# A file that has gained so many lines is written anew with its ranges joined.
FOLD = 256


@dataclass(frozen=True)
class LedgerHeader:
    """What a file of the ledger records. ``run``: the folder of the run; ``study``: its name, for people.

    ``market``: trials against the same one are counted together. ``strategy``: all that makes a variant what it is
    besides its parameters. ``axes``: every parameter once, in grid order; one that stands still has a single value.
    """

    run: str
    study: str
    market: str
    strategy: str
    axes: tuple[TrialAxis, ...]

    def __post_init__(self) -> None:
        names = [name for axis in self.axes for name in axis.names]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError("a parameter of a trial stands on one axis", twice, self.run, "Name each once")
        for axis in self.axes:
            where = f"{self.run} {', '.join(axis.names)}"
            if wrong := [value for value in axis.values if not _is_value(value)]:
                rule, remedy = "a value of a trial is a finite number or a word", "Record numbers and words"
                raise InputError(rule, repr(wrong[0]), where, remedy)
            if len(set(axis.values)) < len(axis.values):
                twice = next(str(value) for value in axis.values if axis.values.count(value) > 1)
                raise InputError("an axis of trials has each value once", twice, where, "Remove the second")
        if self.size >= 2**62:
            raise InputError("a grid of trials has fewer than 2^62 variants", f"{self.size:.3g}", self.run, "Narrow it")

    @property
    def size(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def kind(self) -> tuple[str, str, frozenset[str]]:
        """Trials of one kind may share variants: the same market, strategy and parameters."""
        return self.market, self.strategy, frozenset(name for axis in self.axes for name in axis.names)


class LedgerFile:
    """The file of one call of a run or search, made by its first record. No other call writes to it."""

    def __init__(self, folder: Path, trials: LedgerHeader) -> None:
        self.trials = trials
        self.path = folder / f"{trials.run}-{uuid.uuid4().hex[:12]}.jsonl"
        self._lines = 0

    def add_range(self, low: int, high: int) -> None:
        """The variants [low, high) of the grid, in C order. Raises InputError where they are not on it."""
        if not 0 <= low < high <= self.trials.size:
            raise self._off_grid(f"[{low}, {high})")
        self._append([int(low), int(high)])

    def add_indices(self, indices: Ints) -> None:
        """Single variants of the grid, (n,) in any order. Raises InputError where one is not on it."""
        indices = np.unique(indices).astype(np.int64)
        if len(indices) and not (indices[0] >= 0 and indices[-1] < self.trials.size):
            raise self._off_grid(f"{indices[0]} to {indices[-1]}")
        if len(indices):
            self._append({"indices": _pack(indices)})

    def add_rows(self, rows: Sequence[Sequence[Value]]) -> None:
        """Single variants by value, one for each axis, on the grid or not. Raises InputError where one is no value."""
        for row in rows:
            if len(row) != len(self.trials.axes) or not all(_is_value(value) for value in row):
                rule = "a row of trials has a finite number or a word for each axis"
                raise InputError(rule, list(row), self.trials.run, f"Give {len(self.trials.axes)} values")
        if rows:
            self._append({"rows": [list(row) for row in rows]})

    def add_box(self, box: Sequence[Sequence[Value]]) -> None:
        """Every combination of these values, some for each axis, on the grid or not. Raises InputError."""
        own = tuple(TrialAxis(axis.names, tuple(values)) for axis, values in zip(self.trials.axes, box, strict=True))
        checked = replace(self.trials, axes=own)  # its complaint, where a value is none, or there twice
        self._append(_box_record([axis.values for axis in checked.axes]))

    def fold(self) -> None:
        """Write the file anew with its ranges joined, and without the single variants that lie in them."""
        if self.path.exists():
            record = read_file(self.path)
            assert record is not None
            ranges, indices, rows = merge_ranges(record[1].ranges), record[1].indices, record[1].rows
            indices = np.unique(indices[~within(ranges, indices)])
            records: list[Any] = [_header(self.trials), *ranges.tolist()]
            records += [{"indices": _pack(indices)}] if len(indices) else []
            records += [{"rows": [list(row) for row in dict.fromkeys(rows)]}] if rows else []
            records += [_box_record(box) for box in dict.fromkeys(record[1].boxes)]
            beside = self.path.with_suffix(".tmp")
            beside.write_text("".join(_line(each) for each in records), encoding="utf-8")
            os.replace(beside, self.path)
        self._lines = 0

    def _append(self, record: Any) -> None:
        text = _line(record)
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            text = _line(_header(self.trials)) + text
        # Handed to the system before this returns: a kill of the process afterwards loses nothing.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)
        self._lines += 1
        if self._lines >= FOLD:
            self.fold()

    def _off_grid(self, value: str) -> InputError:
        rule = f"trials lie on their grid of {self.trials.size} variants"
        return InputError(rule, value, self.trials.run, "Count from 0, the last axis fastest")


def read_file(path: Path, market: str | None = None) -> tuple[LedgerHeader, FinishedTrials] | None:
    """A file's trials and what was finished of them; None where nothing was, or where they are of another market.

    Raises InputError where a whole line is no record.
    """
    *lines, _ = path.read_bytes().split(b"\n")  # what follows the last line's end is nothing, or torn
    trials: LedgerHeader | None = None
    ranges, indices = [np.empty((0, 2), dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    rows: list[tuple[Value, ...]] = []
    boxes: list[tuple[tuple[Value, ...], ...]] = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if trials is None:
                trials = _trials(record)
                if market is not None and trials.market != market:
                    return None
            elif isinstance(record, list):
                low, high = record
                ranges.append(_checked(np.array([[low, high]], dtype=np.int64), trials.size))
            elif "indices" in record:
                indices.append(_checked(_unpack(record["indices"]), trials.size - 1))
            elif "box" in record:
                boxes.append(tuple(_lengthen(values) for values in record["box"]))
            else:
                rows += [tuple(row) for row in record["rows"]]
        except (ValueError, KeyError, TypeError, ArithmeticError, zlib.error) as error:
            rule, remedy = "a line of the ledger is a record", "Restore the file, or remove it and run its study again"
            raise InputError(rule, f"{type(error).__name__}: {error}", f"{path}:{number}", remedy) from error
    if trials is None:
        return None
    numbers = np.concatenate(ranges), np.concatenate(indices)
    return trials, FinishedTrials(trials.axes, *numbers, tuple(rows), tuple(boxes))


def _checked(numbers: Ints, most: int) -> Ints:
    if numbers.size and (numbers.min() < 0 or numbers.max() > most):
        raise ValueError(f"{numbers.min()} to {numbers.max()} on a grid that ends at {most}")
    return numbers


def _box_record(box: Sequence[tuple[Value, ...]]) -> dict[str, Any]:
    return {"box": [_shorten(values) for values in box]}


def _line(record: Any) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"


def _header(trials: LedgerHeader) -> dict[str, Any]:
    axes = [{"names": list(axis.names), "values": _shorten(axis.values)} for axis in trials.axes]
    return {
        "ledger": FORMAT,
        "run": trials.run,
        "study": trials.study,
        "market": trials.market,
        "strategy": trials.strategy,
        "axes": axes,
    }


def _trials(header: dict[str, Any]) -> LedgerHeader:
    if header["ledger"] != FORMAT:
        raise ValueError(f"a ledger of format {header['ledger']}, this reads {FORMAT}")
    axes = tuple(TrialAxis(tuple(axis["names"]), _lengthen(axis["values"])) for axis in header["axes"])
    return LedgerHeader(header["run"], header["study"], header["market"], header["strategy"], axes)


def _is_value(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    return isinstance(value, str) or math.isfinite(value)


def _shorten(values: tuple[Value, ...]) -> list[Value] | dict[str, Any]:
    """Evenly spaced decimals, all whole or none, as first, step and count: an axis of a million values is a line."""
    if len(values) > 2 and (all(type(one) is int for one in values) or all(type(one) is float for one in values)):
        step = Decimal(str(values[1])) - Decimal(str(values[0]))
        short = {"from": values[0], "step": str(step), "count": len(values)}
        if all(one == other for one, other in zip(values, _steps(short), strict=True)):
            return short
    return list(values)


def _lengthen(short: list[Value] | dict[str, Any]) -> tuple[Value, ...]:
    return tuple(short) if isinstance(short, list) else tuple(_steps(short))


def _steps(short: dict[str, Any]) -> Iterator[Value]:
    kind, first, step = type(short["from"]), Decimal(str(short["from"])), Decimal(short["step"])
    return (kind(first + step * at) for at in range(short["count"]))


def _pack(indices: Ints) -> str:
    """Ascending indices as text: the gaps between them, byte by byte across all, compressed."""
    gaps = np.diff(indices, prepend=0).astype("<i8")
    return base64.b64encode(zlib.compress(gaps.view(np.uint8).reshape(-1, 8).T.tobytes(), 9)).decode()


def _unpack(text: str) -> Ints:
    raw = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype=np.uint8)
    gaps: Ints = np.ascontiguousarray(raw.reshape(8, -1).T).view("<i8").ravel()
    return np.cumsum(gaps).astype(np.int64)
