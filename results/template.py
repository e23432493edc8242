"""The templates of the pages that are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2


def load_template(path: Path, **filters: Callable[..., Any]) -> jinja2.Template:
    """The template of an HTML page, compiled. Text is escaped, and a name without a value is an error.

    ``filters``: by the name under which the template calls them. Includes are looked up beside the file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(path.name)
