"""The public names: each has a docstring whose examples run, and docs/api.md is made of them."""

from __future__ import annotations

import doctest
import inspect
import os
from collections.abc import Iterator

import pytest

import gridproof as gp
from docs.generate_api import CLASSES, FUNCTIONS, PAGE, api_page

_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Examples write their runs here, and share them: a finished run is only read."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("examples"))
    yield
    os.chdir(before)


def public() -> dict[str, object]:
    named = {f"gp.{name}": getattr(gp, name) for name in FUNCTIONS + CLASSES}
    functions = {name: getattr(gp.statistics, name) for name in gp.statistics.__all__}
    functions = {f"gp.statistics.{name}": one for name, one in functions.items() if inspect.isroutine(one)}
    return named | functions | {"gp.operators": gp.operators, "gp.operators.operator": gp.operators.operator}


@pytest.mark.parametrize("name", public())
def test_examples_run(name: str) -> None:
    thing = public()[name]
    found = [
        one
        for one in doctest.DocTestFinder().find(thing, name, globs={"gp": gp, name.split(".")[-1]: thing})
        if one.examples
    ]
    assert found or name.startswith("gp.statistics."), f"{name} has no example"
    complaints: list[str] = []
    for one in found:
        doctest.DocTestRunner(verbose=False, optionflags=_OPTIONS).run(one, out=complaints.append)
    assert not complaints, "".join(complaints)


def test_every_public_name_is_in_the_page() -> None:
    assert sorted((*FUNCTIONS, *CLASSES, "operators", "statistics")) == sorted(gp.__all__)


def test_the_api_page_is_generated_from_the_docstrings() -> None:
    assert PAGE.read_text(encoding="utf-8") == api_page(), "run python -m docs.generate_api"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'gridproof' has no attribute 'nothing'"):
        getattr(gp, "nothing")  # noqa: B009
