"""Where a study, a factor study or a monitor is read from: a file, a mapping, or one that is installed by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.document import Document, folded, read_document
from gridproof.sweeps.study.overrides import plain
from gridproof.sweeps.study.validation_errors import did_you_mean


def find_document(source: str | Path | Mapping[str, Any], installed: Path, kind: str, argument: str) -> Document:
    """Returns the parsed file: of a path, of a name in the folder ``installed``, or of a mapping with its keys.

    ``kind``: what it is in words, such as "factor study". ``argument``: what the command line calls it. Raises
    InputError where there is no such file, or it cannot be read.
    """
    last = kind.rpartition(" ")[2]
    if isinstance(source, Mapping):
        return Document(last, folded(plain(dict(source)), last), {})
    file = Path(source)
    if not file.exists() and (installed / f"{source}.yaml").is_file():
        file = installed / f"{source}.yaml"
    elif not file.exists() and not file.suffix:
        names = sorted(path.stem for path in installed.glob("*.yaml"))
        raise InputError(f"a {kind} is a file or a shipped {last}", source, argument, did_you_mean(str(source), names))
    return read_document(file)
