"""The file of a user's operators: how it is read, which imports it may have, and where it is executed."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.abc import ExecutionLoader
from pathlib import Path
from types import CodeType

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.operators.declaration import Catalogue, Operator
from gridproof.signals.expression.user_operators.declare import LOADING, DeclarationError
from gridproof.signals.expression.user_operators.guarded_call import guarded, place_of_error, text_of_error

# The most bytes of such a file.
_LARGEST = 500_000


@dataclass(frozen=True, slots=True)
class OperatorFile:
    """The file: its ``path`` as messages name it, and its ``text``, which is what is executed.

    It travels to other processes as text, which is executed there when an expression is first evaluated.
    """

    path: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def operators(self) -> Mapping[str, Operator]:
        """The declared operators by name, of which each call is checked. Executes the text. Raises InputError."""
        return _executed(self)

    def executed_anew(self) -> Mapping[str, Operator]:
        """The same from another execution of the text, so that nothing is left in its variables from earlier calls."""
        return _execute(self)


def read_operator_file(path: Path, where: str) -> OperatorFile:
    """Read a file of operators without executing it. Raises InputError where it cannot be, or imports local files."""
    rule, remedy = "the file of operators must be readable", "Name a Python file in UTF-8"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(rule, f"{path}: {error.strerror}", where, remedy) from None
    if len(content) > _LARGEST:
        raise InputError(
            f"a file of operators has at most {_LARGEST:,} bytes", f"{len(content):,}", str(path), "Shorten it"
        )
    try:
        text = content.decode("utf-8-sig")
        tree = ast.parse(text)
    except UnicodeDecodeError:
        raise InputError(rule, f"{path}: not UTF-8", where, "Save it as UTF-8") from None
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        problem = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError("a file of operators is Python", problem, f"{path}{line}", "Correct it") from None
    for number, module in _local_imports(tree, path):
        rule = "a file of operators imports installed packages only, so that its text decides what it computes"
        remedy = "Copy what is needed into the file, or install it as a package"
        raise InputError(rule, f"the local module {module}", f"{path}:{number}", remedy)
    return OperatorFile(str(path), text)


def _local_imports(tree: ast.AST, path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            if node.level or _is_local(name.split(".")[0], path):
                yield node.lineno, name
        elif isinstance(node, ast.Import):
            for one in node.names:
                if _is_local(one.name.split(".")[0], path):
                    yield node.lineno, one.name


def _is_local(top: str, path: Path) -> bool:
    """Whether a module is neither of the standard library, nor gridproof, nor in a folder of installed packages."""
    if top in sys.stdlib_module_names or top == "gridproof":
        return False
    if (path.parent / f"{top}.py").exists() or (path.parent / top).is_dir():
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return False
    places = [] if spec is None else [one for one in (spec.origin, *(spec.submodule_search_locations or ())) if one]
    installed = [sysconfig.get_path(kind) for kind in ("purelib", "platlib")]
    installed += [*site.getsitepackages(), site.getusersitepackages()]
    folders = [Path(one).resolve() for one in installed]
    return any(not any(Path(one).resolve().is_relative_to(folder) for folder in folders) for one in places)


class _TextLoader(ExecutionLoader):
    """Executes the text of a file of operators as a module: the one place that executes what is not gridproof's own."""

    def __init__(self, file: OperatorFile) -> None:
        self._file = file

    def get_source(self, fullname: str) -> str:
        return self._file.text

    def get_filename(self, fullname: str) -> str:
        return self._file.path

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._file.text, self._file.path)

    def is_package(self, fullname: str) -> bool:
        return False


@lru_cache(maxsize=32)
def _executed(file: OperatorFile) -> Mapping[str, Operator]:
    return _execute(file)


def _execute(file: OperatorFile) -> Mapping[str, Operator]:
    name = f"gridproof_operators_{file.digest[:16]}"
    loader = _TextLoader(file)
    spec = importlib.util.spec_from_loader(name, loader, origin=file.path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    catalogue = Catalogue()
    sys.modules[name] = module
    token = LOADING.set((catalogue, name))
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        where = place_of_error(error, file.path)
        if isinstance(error, DeclarationError):
            rule, value, remedy = error.args
            raise InputError(rule, value, where, remedy) from None
        raise InputError(
            "a file of operators must run without an exception", text_of_error(error), where, "Correct it"
        ) from error
    finally:
        LOADING.reset(token)
    if not catalogue.operators:
        rule, remedy = "a file of operators declares at least one", "Write @operator(…) above a function"
        raise InputError(rule, "none", file.path, remedy)
    mark = f"@{file.digest[:16]}"
    return {
        name: replace(one, function=guarded(one, file.path), mark=mark) for name, one in catalogue.operators.items()
    }
