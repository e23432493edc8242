"""Where the command line prints: text, tables and progress."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from gridproof.sweeps.progress.bars import BarDisplay
from gridproof.sweeps.progress.display import Display
from gridproof.sweeps.progress.lines import LineDisplay

# User text is printed as it is: no markup, no highlighting.
console = Console(highlight=False, soft_wrap=True, markup=False)
# Tables are as wide as they need; a narrow terminal wraps their lines, nothing is cut.
_tables = Console(highlight=False, width=1000, markup=False)


def show_progress() -> Display:
    """Bars on a terminal, else plain lines; a context manager."""
    return BarDisplay(console) if console.is_terminal else LineDisplay()


def print_table(table: Table) -> None:
    _tables.print(table)
