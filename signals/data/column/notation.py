"""How a number is written: sign, currency, unit, decimal point or comma, thousands separator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

# Power of ten of each unit, and the factor in words.
UNITS: dict[str, tuple[int, str]] = {
    "%": (-2, "0.01"),
    "‰": (-3, "0.001"),
    "千": (3, "1,000"),
    "万": (4, "10,000"),
    "百万": (6, "1,000,000"),
    "千万": (7, "10,000,000"),
    "亿": (8, "100,000,000"),
    "万亿": (12, "10^12"),
    "K": (3, "1,000"),
    "M": (6, "1,000,000"),
    "B": (9, "10^9"),
    "T": (12, "10^12"),
}
_SPELLINGS = {"k": "K", "mn": "M", "Mn": "M", "bn": "B", "Bn": "B", "tn": "T"}
_CURRENCIES = {"￥": "¥", "元": "¥", "人民币": "¥", "RMB": "¥", "CNY": "¥", "美元": "$", "US$": "$", "USD": "$"}
_CURRENCIES |= {"EUR": "€", "GBP": "£", "港元": "HK$", "HKD": "HK$", "欧元": "€", "日元": "JPY"}
_MONEY = r"US\$|HK\$|[¥￥$€£₩₹]|RMB|CNY|USD|EUR|GBP|HKD|JPY|人民币"
_UNIT = "|".join(sorted(map(re.escape, [*UNITS, *_SPELLINGS]), key=len, reverse=True))

_AMOUNT = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-]?)\s*(?P<before>{_MONEY})?\s*(?P<inner>[+-]?)"
    r"(?P<body>\d(?:[\d.,' ’]*\d)?[.,]?|[.,]\d+)(?P<exponent>[eE][+-]?\d{1,3})?"
    rf"\s*(?P<unit>{_UNIT})?\s*(?P<after>{_MONEY}|元|美元|港元|欧元|日元)?\s*(?P<close>\))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Amount:
    """The parts of a written number. ``body``: its digits and separators, without sign, unit and currency."""

    body: str
    negative: bool
    parentheses: bool
    unit: str
    currency: str
    exponent: str

    def value(self, numeral: str) -> float:
        """Returns the number; ``numeral``: its body with a decimal point and without separators."""
        power = UNITS[self.unit][0] if self.unit else 0
        value = float(f"{numeral}e{power}") if power else float(f"{numeral}{self.exponent}")
        return -value if self.negative else value


def split_amount(text: str) -> Amount | None:
    """Returns the parts of a written number in plain characters, or None if it is none.

    >>> split_amount("(1,234)").negative, split_amount("-3.5%").unit, split_amount("1.2.x")
    (True, '%', None)
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    signs = match["sign"] + match["inner"]
    brackets = match["open"] is not None
    if brackets != (match["close"] is not None) or len(signs) > 1 or (brackets and signs):
        return None
    if match["unit"] and match["exponent"]:
        return None
    money = {_CURRENCIES.get(sign, sign) for sign in (match["before"], match["after"]) if sign}
    if len(money) > 1:
        return None
    unit = match["unit"] or ""
    return Amount(
        match["body"],
        brackets or signs == "-",
        brackets,
        _SPELLINGS.get(unit, unit),
        "".join(money),
        match["exponent"] or "",
    )


@dataclass(frozen=True)
class Notation:
    """``decimal``: the sign before decimals. ``group``: the thousands separator, '' for none. ``indian``: 12,34,567."""

    decimal: str
    group: str
    indian: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        decimal, group = re.escape(self.decimal), re.escape(self.group)
        if self.group == "'":
            group = "['’]"
        whole = r"\d+"
        if self.indian:
            whole = rf"\d{{1,3}}|[1-9]\d?(?:{group}\d{{2}})*{group}\d{{3}}"
        elif self.group:
            whole = rf"\d{{1,3}}|[1-9]\d{{0,2}}(?:{group}\d{{3}})+"
        return re.compile(rf"[+-]?(?:(?:{whole})(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?", re.ASCII)

    def numeral(self, text: str) -> str:
        """Returns a written number with a decimal point and without separators."""
        if self.group:
            text = text.replace(self.group, "").replace("’", "")
        return text.replace(self.decimal, ".")

    @property
    def words(self) -> str:
        """What the notation has beyond a plain decimal point, in words."""
        parts = ["decimal commas"] if self.decimal == "," else []
        signs = {",": "commas", ".": "points", " ": "spaces", "'": "apostrophes"}
        if self.group:
            parts.append(f"thousands separated by {signs[self.group]}" + (", as in India" if self.indian else ""))
        return ", ".join(parts)


_PLAIN = Notation(".", "")
_NOTATIONS = (
    _PLAIN,
    Notation(".", ","),
    Notation(".", ",", indian=True),
    Notation(".", " "),
    Notation(".", "'"),
    Notation(",", ""),
    Notation(",", "."),
    Notation(",", " "),
    Notation(",", "'"),
)


@dataclass(frozen=True)
class Choice:
    """The notation of a column, or the index of the cell that shows why there is none, with rule and remedy."""

    notation: Notation = _PLAIN
    fault: int | None = None
    rule: str = ""
    remedy: str = ""

    @property
    def changes_plain(self) -> bool:
        """Whether cells that are plain numbers on their own mean another number in this notation."""
        return self.notation.decimal == "," or self.notation.group == "."

    @property
    def words(self) -> str:
        return self.notation.words

    def numeral(self, text: str) -> str:
        return self.notation.numeral(text)


def choose_notation(texts: Sequence[str], counts: Sequence[int]) -> Choice:
    """Returns the only notation in which all ``texts`` are numbers. ``counts``: how often each occurs.

    A decimal point without separators is taken if it fits. Notations that give the same numbers count as one. A decimal
    comma is accepted if most numbers have one: a single comma among whole numbers is more likely a slip.
    """
    if all(_PLAIN.pattern.fullmatch(text) for text in texts):
        return Choice()
    remedy = "Write decimals with a point and no thousands separator in this column"
    fitting = [each for each in _NOTATIONS if all(each.pattern.fullmatch(text) for text in texts)]
    readings: dict[tuple[float, ...], Notation] = {}
    for each in fitting:
        readings.setdefault(tuple(float(each.numeral(text)) for text in texts), each)
    if len(readings) > 1:
        index = next(index for index, values in enumerate(zip(*readings, strict=True)) if len(set(values)) > 1)
        values = " or ".join(f"{reading[index]:g}" for reading in list(readings)[:2])
        return Choice(fault=index, rule=f"a number must have one meaning (here {values})", remedy=remedy)
    if readings:
        notation = next(iter(readings.values()))
        foreign = [index for index, text in enumerate(texts) if "," in text or text.count(".") > 1]
        if notation.decimal == "," and 2 * sum(counts[index] for index in foreign) < sum(counts):
            rule = "decimal commas must stand in most numbers of a column"
            return Choice(fault=foreign[0], rule=rule, remedy=remedy)
        return Choice(notation)
    # No notation fits: show the first cell that the notation with the fewest misfits cannot read.
    misfits = {
        each: [index for index, text in enumerate(texts) if not each.pattern.fullmatch(text)] for each in _NOTATIONS
    }
    weight = {each: sum(counts[index] for index in misfits[each]) for each in _NOTATIONS}
    best = min(_NOTATIONS, key=weight.__getitem__)
    index = misfits[best][0]
    rule = f"numbers of a column are written in one way{f' (most with {best.words})' if best.words else ''}"
    return Choice(fault=index, rule=rule, remedy=remedy)
