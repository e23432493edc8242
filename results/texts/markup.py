"""Texts of an HTML page and of the data of its figures, translated in place."""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from markupsafe import escape

from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.translation import Language, Translation, chinese

# What is no text of the page: scripts, styles, code, and the study's title, which is translated only as a whole.
_MARKUP = re.compile(
    r"(<script\b.*?</script>|<style\b.*?</style>|<code\b.*?</code>|<title>.*?</title>|<h1>.*?</h1>|<[^>]+>)", re.DOTALL
)
_NO_TEXT = re.compile(
    r"(<(?:script|style|title|svg|option)\b.*?</(?:script|style|title|svg|option)>|<[^>]+>)", re.DOTALL
)
_DATE = re.compile(r"(?<![\d-])\d{4}-\d{2}(?:-\d{2})?(?![\d-])")
_TITLE = re.compile(r"(?P<before><(?:h1|title)>)(?P<text>.*?)(?P<after>(?: – gridproof)?</(?:h1|title)>)", re.DOTALL)
_SAID = re.compile(r'(\baria-label=)"([^"]*)"')
_LEAD = re.compile(r"^([\s:;,]*)(.*?)(\s*)$", re.DOTALL)
_MARKS = {":": "：", ";": "；", ",": "，"}
# Keys of a figure's description whose texts a reader sees.
_SEEN = {"text", "name", "ticktext", "hovertemplate", "texttemplate", "label", "title", "x", "y"}


def translate_page(page: str, language: Language, into: Translation | None = None) -> str:
    """The page with every text between its tags in the language; scripts, styles and code stay as they are.

    into: the translation; None: that of a run.
    """
    if language == "en":
        return page
    into = into or chinese()
    parts = _MARKUP.split(page.replace("<wbr>", "\u200b"))
    made = [_tag(part, into) if part.startswith("<") else _text(part, into) for part in parts]
    return "".join(made).replace("\u200b", "<wbr>").replace('<html lang="en">', '<html lang="zh">')


def page_language(page: Path) -> Language:
    """The language of a page that was written."""
    with page.open(encoding="utf-8") as text:
        return "zh" if '<html lang="zh">' in text.read(200) else "en"


def keep_dates_whole(page: str) -> str:
    """The page with every date and month between its tags in a span of the class date, which does not break."""
    parts = _NO_TEXT.split(page)
    return "".join(
        part if part.startswith("<") else _DATE.sub(r'<span class="date">\g<0></span>', part) for part in parts
    )


@cache
def _titles() -> dict[str, str]:
    return read_messages("titles")


def _tag(part: str, into: Translation) -> str:
    """A tag with what a screen reader says of it in the language; the title of a study as ``_title`` has it."""
    return _SAID.sub(lambda found: f'{found[1]}"{_text(found[2], into)}"', _title(part))


def _title(part: str) -> str:
    """The title of a study that is installed, in Chinese; any other title or tag as it is."""
    if (match := _TITLE.fullmatch(part)) is None or (found := _titles().get(unescape(match["text"]))) is None:
        return part
    return f"{match['before']}{escape(found)}{match['after']}"


def _text(part: str, into: Translation) -> str:
    if not part.strip():
        return part
    plain = unescape(part).replace("\u200b", "")
    match = _LEAD.match(plain)
    assert match is not None
    lead, body, tail = match.groups()
    found = into.find(" ".join(body.split())) if body else ""
    if found is None:
        return part
    marks = "".join(_MARKS.get(mark, mark) for mark in lead)
    return str(escape((marks.strip() or lead) + found + tail))


def translate_figure(value: Any, language: Language, key: str = "") -> Any:
    """A figure's description with the texts that a reader sees in the language."""
    if language == "en":
        return value
    if isinstance(value, dict):
        return {name: translate_figure(each, language, name) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [translate_figure(each, language, key) for each in value]
    return _label(value) if isinstance(value, str) and key in _SEEN else value


def _label(text: str) -> str:
    """A text of a figure, line by line; what a reader does not see, as <extra></extra>, stays."""
    into = chinese()
    pieces = re.split(r"(<[^>]+>)", text)
    return "".join(piece if piece.startswith("<") else into(piece) for piece in pieces)
