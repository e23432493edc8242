"""Writes docs/api.md from the docstrings of the public names: ``python -m docs.generate_api``."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from types import ModuleType

import gridproof as gp

PAGE = Path(__file__).parent / "api.md"
FUNCTIONS = (
    "load_study", "load_market", "point", "run", "search", "factors", "monitor", "import_data", "open_run", "compare",
)  # fmt: skip
CLASSES = (
    "Study",
    "Market",
    "Point",
    "Run",
    "FactorRun",
    "Readings",
    "Budget",
    "RunObserver",
    "DataWarning",
    "InputError",
    "IncompleteError",
)
_INTRODUCTION = """# Python API

Generated from the docstrings by `python -m docs.generate_api`. Every example is run by the tests.
[tour.ipynb](tour.ipynb) shows the most used ones at work, in ten minutes.

```python
import gridproof as gp
```
"""
_SECTION = re.compile(r"^(?P<title>[A-Z][a-z]+)\n-+$", re.MULTILINE)
_DOUBLE = re.compile(r"(?<!`)``(?!`)")


class _Unquoted(str):
    """An annotation, printed as it is written in the source."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def api_page() -> str:
    """The page as it should be."""
    parts = [_INTRODUCTION, "## Functions\n", *(_function(f"gp.{name}", getattr(gp, name), 3) for name in FUNCTIONS)]
    parts += ["## Classes\n", *(_class(name, getattr(gp, name)) for name in CLASSES)]
    for module in (gp.statistics, gp.operators):
        parts += [f"## gp.{module.__name__.rpartition('.')[2]}\n", *_module(module)]
    return "\n".join(parts).rstrip() + "\n"


def _module(module: ModuleType) -> list[str]:
    names = [name for name in module.__all__ if inspect.isroutine(getattr(module, name))]
    short = module.__name__.rpartition(".")[2]
    functions = [_function(f"gp.{short}.{name}", getattr(module, name), 3) for name in names]
    return [inspect.getdoc(module) or "", "", *functions]


def _class(name: str, cls: type) -> str:
    parts = [f"### gp.{name}\n", _text(cls)]
    for member, value in vars(cls).items():
        if member.startswith("_"):
            continue
        if isinstance(value, property):
            parts.append(f"#### {name}.{member}\n\n{_text(value)}")
        elif inspect.isfunction(value):
            parts.append(_function(f"{name}.{member}", value, 4))
    return "\n".join(parts)


def _function(name: str, function: object, level: int) -> str:
    """A heading, the signature and the text."""
    assert callable(function)
    signature = inspect.signature(function)
    kept = [
        parameter.replace(annotation=_Unquoted(parameter.annotation))
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    ]
    result = _Unquoted(signature.return_annotation)
    call = f"{name}{signature.replace(parameters=kept, return_annotation=result)}"
    if len(call) > 100:
        star = [f"    {parameter}," for parameter in kept]
        first = next((at for at, parameter in enumerate(kept) if parameter.kind is parameter.KEYWORD_ONLY), None)
        if first is not None:
            star.insert(first, "    *,")
        call = "\n".join([f"{name}(", *star, f") -> {result}"])
    return f"{'#' * level} {name}\n\n```python\n{call}\n```\n\n{_text(function)}"


def _text(thing: object) -> str:
    """A docstring in NumPy's form as Markdown: sections in bold, parameters as a list, examples as code."""
    lines: list[str] = []
    section = ""
    example: list[str] = []
    text = _SECTION.sub(lambda match: f"\0{match['title']}", inspect.getdoc(thing) or "")
    for line in [*text.splitlines(), "\0"]:
        if line.startswith("\0") or (section == "Examples" and not line and not example):
            if example:
                lines += ["```python", *_stripped(example), "```", ""]
                example = []
            if line.startswith("\0"):
                section = line[1:]
                lines += [f"**{section}**", ""] if section else []
        elif section == "Examples":
            example.append(line)
        elif section in ("Parameters", "Returns", "Raises", "Attributes"):
            if line and not line.startswith(" "):
                lines.append(f"- `{line}`:")
            elif line:
                lines[-1] += f" {line.strip()}"
            else:
                lines.append("")
        else:
            lines.append(line)
    return _DOUBLE.sub("`", "\n".join(lines)).rstrip() + "\n"


def _stripped(example: list[str]) -> list[str]:
    text = textwrap.dedent("\n".join(example)).strip()
    return re.sub(r"\s*# doctest: \+\w+", "", text).splitlines()


if __name__ == "__main__":
    PAGE.write_text(api_page(), encoding="utf-8")
    print(PAGE)
