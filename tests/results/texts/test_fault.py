"""Errors in Chinese: the line of an error, and the rules and remedies of the code that the catalogue lacks."""

from __future__ import annotations

import pytest

from gridproof.kernels.errors import InputError
from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.fault import fault_text
from tests.support.error_messages import error_messages


@pytest.mark.parametrize(
    ("error", "chinese"),
    [
        (InputError("a lag must be 1 or more", 0, "a.yaml:3 execution.lag", "Write 1 or more"),
         "a.yaml:3 execution.lag：滞后至少为1（实际：0）。请写1或更大的数。"),
        (InputError("unknown key", "lags", "a.yaml:3", "Did you mean lag"),
         "a.yaml:3：未知的键lags。是否指lag？"),
        (InputError("objective is one of its choices", "sharpe", "--set", "Choose one with where: {code: 000300}"),
         "--set：objective不能取sharpe。用where: {code: 000300}选定一个。"),
        (InputError("a rule that is new", "x", "a.yaml", "Use one of the two that are named in the file"),
         "a.yaml：a rule that is new（实际：x）。Use one of the two that are named in the file。"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_in_chinese_and_what_no_message_says_stays_whole(error: InputError, chinese: str) -> None:
    assert fault_text(error, "zh") == chinese
    assert fault_text(error, "en") == str(error)


def test_rules_and_remedies_of_the_code_are_in_the_catalogue() -> None:
    known = read_messages("errors")
    assert len(error_messages()) > 900
    assert [text for text in error_messages() if text not in known] == []
