"""The names of columns, from one header row or several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Names = tuple[str, ...]


def label_columns(headers: Sequence[Names], width: int) -> list[str]:
    """Returns one name for each of ``width`` columns, all different.

    Without a header the names are "1", "2", …. Of several header rows, the first in which all names are filled and
    different names the columns; a last row that has but the first name, as pandas writes an index, names the first one.
    Where no row names all, a column's names are joined, "Close / AAPL". A column without a name is "Unnamed: 0", as in
    pandas; of columns with equal names each gets its number, "close (column 3)".
    """
    if not headers:
        return [str(column + 1) for column in range(width)]
    whole = [row for row in headers if all(row) and len(set(row)) == width]
    names = list(whole[0]) if whole else [" / ".join(texts) for texts in texts_of(headers)]
    if len(headers) > 1 and headers[-1][0] and not any(headers[-1][1:]):
        names[0] = headers[-1][0]
    names = [name or f"Unnamed: {column}" for column, name in enumerate(names)]
    count = Counter(names)
    return [f"{name} (column {column + 1})" if count[name] > 1 else name for column, name in enumerate(names)]


def texts_of(headers: Sequence[Names]) -> list[list[str]]:
    """Returns for each column its different names, from above."""
    return [list(dict.fromkeys(text for text in texts if text)) for texts in zip(*headers, strict=True)]
