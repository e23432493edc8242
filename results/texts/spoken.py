"""The language in which this process prints: English, until a command line or a notebook chooses another."""

from __future__ import annotations

from functools import cache

from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.translation import Language, Translation

_chosen: list[Language] = ["en"]


def speak(language: Language) -> None:
    """Print in this language from now on."""
    _chosen[0] = language


def spoken() -> Language:
    """The language chosen last."""
    return _chosen[0]


def say(text: str) -> str:
    """A text in the language of this process, whole: what the catalogue lacks stays English. text: in English."""
    return text if _chosen[0] == "en" else _chinese()(text)


@cache
def _chinese() -> Translation:
    return Translation(read_messages(), whole=True)
