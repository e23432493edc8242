"""English texts in Chinese: whole texts, and sentences of which names and numbers vary.

A message is a pair of an English and a Chinese text with the same fields in braces. The fields ``n``, ``n2`` and so on
are numbers; ``date``, ``from`` and ``to`` are dates; ``list`` is names joined by commas and "and"; ``clauses`` are
joined by semicolons; ``own`` is a name of the study, which is kept even where it is a word of a page; any other is a
text, which is translated in its turn or kept, as names of axes and series are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

from gridproof.results.texts.catalogue import read_messages

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_FIELD = re.compile(r"\{(\w+)\}")
# Signs of a number, which have no space beside them in Chinese.
_SIGN = re.compile(r" ?([≤≥<>±]) ?")
_NUMBER = r"(?:(?:< )?[<>≥≤±+−-]*\d[\d.,]*%?|–|∞)(?: ± [\d.]+%?)?"
# The end of a sentence, before the beginning of the next.
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z“±*†∞\d]|p: )")
_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ][\d:]+)?"
# Words of a sentence, which a name or a title does not have.
_ENGLISH = re.compile(
    r"\b(?:[A-Za-z']+[ ,]+){3,}(?:the|a|an|of|to|is|are|was|for|in|on|and|or|with|that|not|by|it|be)\b"
)
# A message with fewer fixed letters translates no text of which a part would stay an English sentence.
_FEW_LETTERS = 12
# What a short name or value has at most: a message of few letters fits no text with more in a field.
_FEW_WORDS, _WORD = 4, re.compile(r"(?<!\S)[A-Za-z']+(?!\S)")
# Separators of a list and of clauses, outside brackets.
_COMMA, _SEMICOLON = re.compile(r"(?:, and |, | and )(?![^()]*\))"), re.compile(r"; (?![^()]*\))")


def fields_of(text: str) -> list[str]:
    """The names of the fields of a message, sorted."""
    return sorted(_FIELD.findall(text))


class _Message:
    """A pair of texts with fields. start: what stands before the first field."""

    def __init__(self, english: str, chinese: str) -> None:
        self.english, self.chinese = english, chinese
        self.pattern, self.start = _pattern(english), _FIELD.split(english)[0]
        # Almost any sentence has the few fixed letters of "{y} against {x}".
        fixed = re.findall("[A-Za-z]", _FIELD.sub("", english))
        self.vague = len(fixed) < _FEW_LETTERS and "{clauses" not in english

    def fits(self, values: Mapping[str, str], whole: bool) -> bool:
        """Whether the fields may be what the text has there: a message of few letters would fit most sentences."""
        if (whole or self.vague) and any(_ENGLISH.search(value) for value in values.values()):
            return False
        texts = [value for name, value in values.items() if not name.startswith(("list", "clauses"))]
        return not self.vague or not any(": " in one or len(_WORD.findall(one)) > _FEW_WORDS for one in texts)


class Translation:
    """English to Chinese by a catalogue of messages.

    ``whole``: a text of which a part would stay an English sentence stays English as a whole.
    """

    def __init__(self, messages: Mapping[str, str], whole: bool = False) -> None:
        self._all = whole
        self._whole = {english: chinese for english, chinese in messages.items() if not _FIELD.search(english)}
        patterns = [(english, chinese) for english, chinese in messages.items() if _FIELD.search(english)]
        # The message with the most fixed letters is the most specific: it is tried first.
        patterns.sort(key=lambda pair: -len(_FIELD.sub("", pair[0])))
        self._patterns = [_Message(english, chinese) for english, chinese in patterns]
        # These say what semicolons within them mean, so they come before a text is split at its semicolons.
        self._with_clauses = [each for each in self._patterns if "; " in each.english or "{clauses" in each.english]
        self._known: dict[str, str | None] = {}

    def __call__(self, text: str) -> str:
        """The text in Chinese; what no message says stays as it is. Space around the text is kept."""
        stripped = " ".join(text.split())
        if not stripped:
            return text
        found = self.find(stripped)
        if found is None:
            return text
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return before + found + after

    def find(self, text: str) -> str | None:
        """The text in Chinese, or None where no message says it, or only a part of it."""
        if text not in self._known:
            self._known[text] = self._find(text)
        return self._known[text]

    def _find(self, text: str) -> str | None:
        if text in self._whole:
            return self._whole[text]
        sentences = _SENTENCE.split(text)
        if len(sentences) > 1:
            parts = [self.find(one) for one in sentences]
            if all(part is not None for part in parts):
                return "".join(part for part in parts if part is not None)
        if "; " in text and (found := self._match(text, self._with_clauses)) is not None:
            return found
        if not text.endswith(".") and len(split := _SEMICOLON.split(text)) > 1:
            clauses = [self.find(one) for one in split]
            if all(one is not None for one in clauses):
                return "；".join(one for one in clauses if one is not None)
        if (found := self._match(text, self._patterns)) is not None:
            return found
        if len(sentences) > 1 and any(part is not None for part in parts):
            return _joined([part if part is not None else one for part, one in zip(parts, sentences, strict=True)])
        return None

    def _match(self, text: str, messages: Sequence[_Message]) -> str | None:
        for message in messages:
            if text.startswith(message.start) and (match := message.pattern.fullmatch(text)):
                if message.vague and text.endswith(".") and not message.english.endswith("."):
                    continue  # a sentence, of which the message would translate a part
                values = {name: self._field(name, value) for name, value in match.groupdict().items()}
                if not message.fits(values, self._all):
                    continue
                # p < 0.001 where a p-value is at its bound
                return _filled(message.chinese, values).replace("=<", "<")
        return None

    def _field(self, name: str, value: str) -> str:
        if name.startswith("list"):
            return "、".join(self(part) for part in _COMMA.split(value))
        if name.startswith("clauses"):
            return "；".join(self(part) for part in _SEMICOLON.split(value))
        if re.match(r"own\d*$", name):
            return value
        return _SIGN.sub(r"\1", value) if re.match(r"n\d*$", name) else self(value)


def _joined(sentences: Sequence[str]) -> str:
    """Sentences as one text: a space follows those that do not end as Chinese ones do."""
    return "".join(one if one[-1] in "。？！；：" else f"{one} " for one in sentences).rstrip()


def _filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its fields filled in; other braces stay."""
    return _FIELD.sub(lambda field: values.get(field.group(1), field.group(0)), text)


def _pattern(english: str) -> re.Pattern[str]:
    parts = _FIELD.split(english)
    made = [re.escape(parts[0])]
    seen: set[str] = set()
    for name, fixed in zip(parts[1::2], parts[2::2], strict=True):
        if name in seen:
            made.append(f"(?P={name})")
        else:
            made.append(f"(?P<{name}>{_form(name)})")
        seen.add(name)
        made.append(re.escape(fixed))
    return re.compile("".join(made))


def _form(name: str) -> str:
    """What a field may be, as a regular expression."""
    if re.fullmatch(r"n\d*", name):
        return _NUMBER
    if re.fullmatch(r"own\d*", name):
        return "(?:(?!: ).)+?"
    return _DATE if name in ("date", "from", "to") else ".+?"


@cache
def chinese() -> Translation:
    """The translation by all messages but those of errors, built once in a process."""
    return Translation(read_messages())


@cache
def chinese_factors() -> Translation:
    """The translation of a factor study: names of factors and headings of its table may be words of other pages."""
    return Translation(read_messages("notes") | read_messages("factors"))


def translate(text: str, language: Language) -> str:
    """A text in the language. text: in English."""
    return text if language == "en" else chinese()(text)
