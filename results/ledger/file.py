"""One ledger file: what one call of a run or search evaluated, as JSON lines.

The first line has the format, the run, the study, the market, the strategy and the axes. Each other line has one of
``"range": [low, high]``, grid indices; ``"indices": text``, single grid indices; ``"rows": [[value, …], …]``, variants
by value; or ``"box": [values, …]``, every combination of some values of each axis. Every line ends with a checksum; see
``lines``.
"""

from __future__ import annotations

import base64
import math
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.output import make_folder
from gridproof.results.axis_range import AxisRange, AxisValues, Value, axis_values
from gridproof.results.ledger.defaults import required
from gridproof.results.ledger.lines import FORMAT, ledger_line, ledger_text, read_lines, unreadable
from gridproof.results.ledger.ranges import FinishedTrials, TrialAxis, merge_ranges, within
from gridproof.results.run.atomic_write import atomic_write

# After this many appended lines a file is rewritten with its ranges merged.
LINES_BEFORE_COMPACTION = 256


@dataclass(frozen=True)
class LedgerHeader:
    """What a ledger file records.

    ``run``: the name of the run folder. ``study``: the study's name, for display. ``market``: the identity of the
    market; trials on one market are counted together. ``strategy``: the identity of a variant except its parameters.
    ``axes``: every parameter once, in grid order; a constant parameter is an axis with a single value.

    Raises InputError where a parameter or a value occurs twice, a value is not finite, or the grid is too large.
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
            raise InputError(
                "a parameter must be on only one axis of the ledger", twice, self.run, "Name each parameter once"
            )
        for axis in self.axes:
            if isinstance(axis.values, AxisRange):
                continue  # finite and distinct by construction
            where = f"{self.run} {', '.join(axis.names)}"
            if wrong := [value for value in axis.values if not _is_value(value)]:
                rule, remedy = "a value in the ledger must be a finite number or text", "Record numbers and text"
                raise InputError(rule, repr(wrong[0]), where, remedy)
            if len(set(axis.values)) < len(axis.values):
                twice = next(str(value) for value in axis.values if axis.values.count(value) > 1)
                raise InputError("each value of a ledger axis must occur once", twice, where, "Remove the second")
        if self.size >= 2**62:
            rule = "a grid in the ledger must have fewer than 2^62 variants"
            raise InputError(rule, f"{self.size:.3g}", self.run, "Sweep fewer values")

    @property
    def size(self) -> int:
        """The number of variants on the grid."""
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def kind(self) -> tuple[str, str, frozenset[str]]:
        """Files of equal kind may record the same variants: same market, same strategy, same parameters.

        Parameters with a default make no difference: a file that lacks one has the default.
        """
        return self.market, self.strategy, required(name for axis in self.axes for name in axis.names)


class LedgerFile:
    """The file of one call of a run or search, created with its first record. No other call writes to it."""

    def __init__(self, folder: Path, header: LedgerHeader) -> None:
        self.header = header
        self.path = folder / f"{header.run}-{uuid.uuid4().hex[:12]}.jsonl"
        self._lines = 0
        self._checksum = ""  # of the last line

    def add_range(self, low: int, high: int) -> None:
        """Record the variants [low, high) of the grid, last axis fastest. Raises InputError outside the grid."""
        if not 0 <= low < high <= self.header.size:
            raise self._outside_grid(f"[{low}, {high})")
        self._append({"range": [int(low), int(high)]})

    def add_indices(self, indices: Ints) -> None:
        """Record single variants by grid index, (n,) in any order. Raises InputError outside the grid."""
        indices = np.unique(indices).astype(np.int64)
        if len(indices) and not (indices[0] >= 0 and indices[-1] < self.header.size):
            raise self._outside_grid(f"{indices[0]} to {indices[-1]}")
        if len(indices):
            self._append({"indices": _encode_indices(indices)})

    def add_rows(self, rows: Sequence[Sequence[Value]]) -> None:
        """Record variants by value, one value for each axis; the values need not be on the grid. Raises InputError."""
        for row in rows:
            if len(row) != len(self.header.axes) or not all(_is_value(value) for value in row):
                rule = "a ledger row must have a finite number or text for each axis"
                raise InputError(rule, list(row), self.header.run, f"Give {len(self.header.axes)} values")
        if rows:
            self._append({"rows": [list(row) for row in rows]})

    def add_box(self, box: Sequence[Sequence[Value]]) -> None:
        """Record every combination of these values, some for each axis; they need not be on the grid.

        Raises InputError where a value is not finite or occurs twice.
        """
        pairs = zip(self.header.axes, box, strict=True)
        checked = replace(self.header, axes=tuple(TrialAxis(axis.names, tuple(values)) for axis, values in pairs))
        self._append(_box_record([axis.values for axis in checked.axes]))

    def compact(self) -> None:
        """Rewrite the file with its ranges merged, and without repeated records."""
        if self.path.exists() and (content := read_file(self.path)) is not None:
            finished = content[1]
            ranges = merge_ranges(finished.ranges)
            indices = np.unique(finished.indices[~within(ranges, finished.indices)])
            records: list[dict[str, Any]] = [{"range": pair} for pair in ranges.tolist()]
            records += [{"indices": _encode_indices(indices)}] if len(indices) else []
            records += [{"rows": [list(row) for row in dict.fromkeys(finished.rows)]}] if finished.rows else []
            records += [_box_record(box) for box in dict.fromkeys(finished.boxes)]
            header = _header_record(self.header) | {"lines": 1 + len(records)}
            text, self._checksum = ledger_text([header, *records])
            with atomic_write(self.path) as temporary:
                temporary.write_text(text, encoding="utf-8")
        self._lines = 0

    def _append(self, record: dict[str, Any]) -> None:
        if self.path.exists():
            text, checksum = ledger_line(record, self._checksum)
        else:
            make_folder(self.path.parent)
            text, checksum = ledger_text([_header_record(self.header), record])
        # Closing the file hands the line to the operating system: a later kill of this process cannot lose it.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)
        self._checksum = checksum
        self._lines += 1
        if self._lines >= LINES_BEFORE_COMPACTION:
            self.compact()

    def _outside_grid(self, value: str) -> InputError:
        rule = f"a grid index must be between 0 and {self.header.size - 1}"
        return InputError(rule, value, self.header.run, "Count from 0, the last axis fastest")


def read_file(path: Path, market: str | None = None) -> tuple[LedgerHeader, FinishedTrials] | None:
    """A file's header and what it records; None where it has no whole line, or is of another market than ``market``.

    A line that was cut off at the end is left out. Raises InputError where another line is not as it was written, or is
    no record of a ledger.
    """
    header: LedgerHeader | None = None
    ranges, indices = [np.empty((0, 2), dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    rows: list[tuple[Value, ...]] = []
    boxes: list[tuple[AxisValues, ...]] = []
    for number, record in read_lines(path):
        try:
            if header is None:
                header = _parse_header(record)
                if market is not None and header.market != market:
                    return None
            elif isinstance(record, list) or "range" in record:
                low, high = record if isinstance(record, list) else record["range"]  # a list in the first format
                ranges.append(_on_grid(np.array([[low, high]], dtype=np.int64), header.size))
            elif "indices" in record:
                indices.append(_on_grid(_decode_indices(record["indices"]), header.size - 1))
            elif "box" in record:
                boxes.append(tuple(_parse_values(values) for values in record["box"]))
            else:
                rows += [tuple(row) for row in record["rows"]]
        except InputError:
            raise
        except (ValueError, KeyError, TypeError, ArithmeticError, zlib.error) as error:
            raise unreadable(path, number, error) from error
    if header is None:
        return None
    numbers = np.concatenate(ranges), np.concatenate(indices)
    return header, FinishedTrials(header.axes, *numbers, tuple(rows), tuple(boxes))


def _on_grid(numbers: Ints, largest: int) -> Ints:
    if numbers.size and (numbers.min() < 0 or numbers.max() > largest):
        raise ValueError(f"{numbers.min()} to {numbers.max()} on a grid that ends at {largest}")
    return numbers


def _is_value(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    return isinstance(value, str) or math.isfinite(value)


def _box_record(box: Sequence[AxisValues]) -> dict[str, Any]:
    return {"box": [_values_record(values) for values in box]}


def _header_record(header: LedgerHeader) -> dict[str, Any]:
    return {
        "ledger": FORMAT,
        "run": header.run,
        "study": header.study,
        "market": header.market,
        "strategy": header.strategy,
        "axes": [{"names": list(axis.names), "values": _values_record(axis.values)} for axis in header.axes],
    }


def _parse_header(record: dict[str, Any]) -> LedgerHeader:
    if record["ledger"] > FORMAT:
        raise ValueError(f"ledger format {record['ledger']}; this version reads up to {FORMAT}")
    axes = tuple(TrialAxis(tuple(axis["names"]), _parse_values(axis["values"])) for axis in record["axes"])
    return LedgerHeader(record["run"], record["study"], record["market"], record["strategy"], axes)


def _values_record(values: AxisValues) -> list[Value] | dict[str, Any]:
    """A range of three values or more as first value, step and count: a million values take one short line."""
    if isinstance(values, AxisRange) and values.size > 2 and (step := values.step) is not None:
        return {"from": values.first, "step": str(step), "count": values.size}
    return list(values)


def _parse_values(record: list[Value] | dict[str, Any]) -> AxisValues:
    if isinstance(record, list):
        return tuple(record) if len(record) < 2 else axis_values(record)
    kind, first, step, size = (
        type(record["from"]),
        Decimal(str(record["from"])),
        Decimal(record["step"]),
        record["count"],
    )
    if step > 0 and size > 1:
        found = AxisRange(record["from"], kind(first + step * (size - 1)), size)
        if found.step == step:
            return found
    return tuple(kind(first + step * at) for at in range(size))  # written by an earlier version, e.g. a step below 0


def _encode_indices(indices: Ints) -> str:
    """Ascending indices as text: their differences as bytes, the lowest bytes of all first, compressed."""
    gaps = np.diff(indices, prepend=0).astype("<i8")
    return base64.b64encode(zlib.compress(gaps.view(np.uint8).reshape(-1, 8).T.tobytes(), 9)).decode()


def _decode_indices(text: str) -> Ints:
    raw = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype=np.uint8)
    gaps: Ints = np.ascontiguousarray(raw.reshape(8, -1).T).view("<i8").ravel()
    return np.cumsum(gaps).astype(np.int64)
