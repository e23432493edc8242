"""An error of an input as one line, in English or in Chinese."""

from __future__ import annotations

import re
from functools import cache

from gridproof.kernels.errors import InputError
from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.translation import Language, Translation

# Where a rule in Chinese names what was found; it stands behind any other rule in brackets.
_FOUND = "{found}"
_COLUMN = re.compile(r", column (\d+)")
_RECORDED = re.compile(r"(?P<where>.*?): (?P<rule>.*?); got (?P<value>.*)\. (?P<remedy>.*)\.")


def fault_text(error: InputError, language: Language) -> str:
    """The rule, what was found, where, and the remedy. In Chinese, what no message says stays in English.

    The place is kept: a file with a line, or an option. Names and numbers that were found are kept.
    """
    if language == "en":
        return str(error)
    into = _messages()
    rule, found, remedy = (into(" ".join(str(one).split())) for one in (error.rule, error.value, error.remedy))
    if _FOUND in rule:
        rule = rule.replace(_FOUND, found)
    elif not rule.startswith("缺少"):
        rule += f"（实际：{found}）"
    where = _COLUMN.sub(r"，第\1个字符", " ".join(error.where.split())).replace(", as set", "（改动后）")
    return f"{where}：{rule}。{remedy}{'？' if remedy.startswith('是否') else '。'}"


def recorded_fault(text: str, language: Language) -> str:
    """The text of an error that a record holds in English, in the language; any other text as it is."""
    if language == "en" or (match := _RECORDED.fullmatch(text)) is None:
        return text
    return fault_text(InputError(match["rule"], match["value"], match["where"], match["remedy"]), language)


@cache
def _messages() -> Translation:
    """Those of errors alone: a value that is also a label, such as the name of a metric, is not translated."""
    return Translation(read_messages("errors"), whole=True)
