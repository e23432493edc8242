"""Text for a terminal: what a terminal would obey is spelled out, what its encoding lacks gets a plain sign."""

from __future__ import annotations

import codecs
import unicodedata

# The name under which ``substitute`` is registered, for the argument ``errors`` of a stream.
PLAIN = "gridproof.plain"

# Signs that change the order of the text around them.
_REORDERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SIGNS = {"−": "-", "–": "-", "—": "-", "·": "|", "…": "...", "≥": ">=", "≤": "<=", "×": "x", "±": "+-", "→": "->"}


def printable(text: str, lines: bool = False) -> str:
    """The text with control characters spelled out, such as ``\\x1b``, so that a terminal does not obey them.

    Names and values may come from files that others wrote. lines: keep line breaks.
    """
    if text.isprintable():
        return text
    return "".join(sign if _harmless(sign) or (lines and sign == "\n") else ascii(sign)[1:-1] for sign in text)


def _harmless(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cs", "Zl", "Zp") and sign not in _REORDERING


def substitute(error: UnicodeError) -> tuple[str, int]:
    """Plain signs for what an encoding lacks: '-' for a minus, the letter without its accent, else '?'."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    return unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode() or "?"


codecs.register_error(PLAIN, substitute)
