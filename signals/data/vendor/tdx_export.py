"""Files of TDX (通达信): .day and minute bars, and the text that its data export writes."""

from __future__ import annotations

import re
from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.encoding import decode
from gridproof.signals.data.file.reader import read_table
from gridproof.signals.data.vendor.long_table import read_long
from gridproof.signals.data.vendor.vendor_table import Adjustment, VendorTable

# "600000 浦发银行 日线 前复权", the first line of an export. Without 等比 (by ratio) dividends are subtracted.
_ADJUSTED = re.compile(r"(等比)?\s*(前复权|后复权)|不复权")


def read_tdx(path: Path) -> VendorTable:
    """Read a file of TDX. Raises InputError where its prices are adjusted by subtracting dividends."""
    binary = path.suffix.casefold() in (".day", ".lc1", ".lc5")
    adjustment: Adjustment = "none"
    if not binary and path.is_file():
        adjustment = _stated_adjustment(path)
    table = read_long(read_table(path.name, path.parent, str(path)), "tdx")
    table.adjustment = adjustment
    return table


def _stated_adjustment(path: Path) -> Adjustment:
    text, _ = decode(path.read_bytes(), path.name, str(path))
    title = text.split(b"\n", 1)[0].decode()
    match = _ADJUSTED.search(title)
    if match is None or match[2] is None:
        return "none"
    if not match[1]:
        raise InputError(
            f"TDX subtracts dividends from past prices under {match[2]}, so that returns are wrong",
            f"{title.strip()!r} at {path.name}:1",
            str(path),
            "Export 不复权 (not adjusted) or 等比前复权 (by ratio)",
        )
    return "forward" if match[2] == "前复权" else "back"
