"""JSON as text: the same as the standard library's, whatever is in it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.results.run.json_text import json_text

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_KEYS = st.text() | st.integers() | st.booleans() | st.none()


@settings(max_examples=60)
@given(st.recursive(_PLAIN, lambda one: st.lists(one) | st.dictionaries(_KEYS, one), max_leaves=25))
def test_it_is_the_text_of_the_standard_library(value: object) -> None:
    assert json_text(value) == json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)


def test_tuples_and_separators_in_texts() -> None:
    value = {"a": ((1, 2), []), "b": ["x,\n  y: z", {"c": {}}], "d": {}}
    assert json_text(value) == json.dumps(value, indent=2)


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": [[1.0], math.nan]}])
def test_an_undefined_number_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text(value)
