"""Where the command line prints: text, tables, progress, and how a metric is written."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from gridproof.kernels.metrics import BY_NAME
from gridproof.sweeps.progress.bars import BarDisplay
from gridproof.sweeps.progress.display import Display
from gridproof.sweeps.progress.lines import LineDisplay

# User text is printed as it is: no markup, no highlighting.
console = Console(highlight=False, soft_wrap=True, markup=False)
# Tables are as wide as they need; a narrow terminal wraps their lines, nothing is cut.
_tables = Console(highlight=False, width=1000, markup=False)
_FORMATS = {"percent": "{:z.2%}", "ratio": "{:.3f}", "count": "{:,.0f}"}


def show_progress() -> Display:
    """Bars on a terminal, else plain lines; a context manager."""
    return BarDisplay(console) if console.is_terminal else LineDisplay()


def print_table(table: Table) -> None:
    _tables.print(table)


def number(metric: str, value: float | None) -> str:
    """A metric's value in its unit; "undefined" for None and NaN."""
    if value is None or value != value:
        return "undefined"
    return _FORMATS[BY_NAME[metric].unit].format(value)
