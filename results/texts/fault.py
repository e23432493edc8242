"""An error of an input as one line, in English or in Chinese."""

from __future__ import annotations

from functools import cache

from gridproof.kernels.errors import InputError
from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.translation import Language, Translation

# Where a rule in Chinese names what was found; it stands behind any other rule in brackets.
_FOUND = "{found}"


def fault_text(error: InputError, language: Language) -> str:
    """The rule, what was found, where, and the remedy. In Chinese, what no message says stays in English.

    The place is kept: a file with a line, or an option. Names and numbers that were found are kept.
    """
    if language == "en":
        return str(error)
    into = _messages()
    rule, found, remedy = (into(" ".join(str(one).split())) for one in (error.rule, error.value, error.remedy))
    told = rule.replace(_FOUND, found) if _FOUND in rule else f"{rule}（实际：{found}）"
    return f"{' '.join(error.where.split())}：{told}。{remedy}{'？' if remedy.startswith('是否') else '。'}"


@cache
def _messages() -> Translation:
    """Those of errors alone: a value that is also a label, such as the name of a metric, is not translated."""
    return Translation(read_messages("errors"), whole=True)
