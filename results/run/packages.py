"""Installed packages whose version is not the one that gridproof declares to need."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from gridproof.kernels.errors import InputError


def require_package(name: str, purpose: str, where: str, install: str) -> None:
    """Raises InputError where a package is missing, or has another version than gridproof declares.

    name: of the package and of its module. purpose: the rule, such as "runs on a cluster need Ray". install: what to
    do, for the error's remedy.
    """
    if find_spec(name) is None:
        raise InputError(purpose, f"no package {name}", where, install)
    for package, installed, needed in wrong_versions():
        if package == name:
            raise InputError(purpose, f"{name} {installed}, not {needed}", where, install)


def wrong_versions() -> list[tuple[str, str, str]]:
    """The installed packages of a version that is too old or too new: name, version, the versions that are needed.

    Packages that are not installed are left out, and so are all where gridproof itself is not an installed package.
    """
    from packaging.requirements import Requirement

    wrong = []
    try:
        declared = requires("gridproof") or []
    except PackageNotFoundError:
        return []
    for requirement in {Requirement(text.partition(";")[0]) for text in declared}:
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            wrong.append((requirement.name, installed, f"{requirement.name}{requirement.specifier}"))
    return sorted(wrong)


def version_fault() -> str | None:
    """A sentence on all packages of a wrong version, None where there is none."""
    try:
        wrong = wrong_versions()
    except ImportError:  # the package that compares versions is missing
        return None
    if not wrong:
        return None
    named = ", ".join(f"{name} {installed}" for name, installed, _ in wrong)
    needed = " ".join(f"'{need}'" for _, _, need in wrong)
    return f"gridproof needs other versions than {named}. Install them: pip install {needed}."
