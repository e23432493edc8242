"""An error of an input as one line, in English or in Chinese."""

from __future__ import annotations

from functools import cache

from gridproof.kernels.errors import InputError
from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.translation import Language, Translation


def fault_text(error: InputError, language: Language) -> str:
    """The rule, what was found, where, and the remedy. In Chinese, what no message says stays in English.

    The place is kept: a file with a line, or an option. Names and numbers that were found are kept.
    """
    if language == "en":
        return str(error)
    into = _messages()
    rule, found, remedy = (into(" ".join(str(one).split())) for one in (error.rule, error.value, error.remedy))
    return f"{' '.join(error.where.split())}：{rule}；实际为{found}。{remedy}。"


@cache
def _messages() -> Translation:
    """Those of errors alone: a value that is also a label, such as the name of a metric, is not translated."""
    return Translation(read_messages("errors"), whole=True)
