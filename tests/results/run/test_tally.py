"""The tally of all variants, and the one of the choices that it may have apart."""

from __future__ import annotations

import pytest

from gridproof.results.run.tally import Tally


@pytest.mark.parametrize("apart", [True, False])
def test_a_tally_with_choices_apart_is_not_merged_with_one_without(apart: bool) -> None:
    """Else the choices of one of the two would not be counted."""
    one = Tally.empty((3, 4), 5, 2, (3,) if apart else None)
    other = Tally.empty((3, 4), 5, 2, None if apart else (3,))
    with pytest.raises(ValueError, match="one tally has its choices apart, the other has not"):
        one.merge(other)
