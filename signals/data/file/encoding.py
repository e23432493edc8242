"""The encoding of a text file. UTF-8, UTF-16, UTF-32 and GB18030 are told apart; anything else is an error."""

from __future__ import annotations

import codecs
import re

from gridproof.kernels.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),  # before UTF-16: its mark begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)

_SAMPLE = 8192  # bytes in which UTF-16 without a mark, or damaged UTF-8, shows
_ASCII = re.compile(r"[\x00-\x7f]+")
_REMEDY = "Save it as UTF-8"


def decode(data: bytes, file: str, where: str) -> tuple[bytes, str]:
    """Returns the text in UTF-8, with lines that end in a line feed only, and the name of the encoding.

    Bytes that are not UTF-8 are read as GB18030 if at least nine in ten of the characters that result are in GB 2312,
    the set of common Chinese characters: Latin-1, Big5 and Shift JIS give others. Raises InputError if the encoding is
    none of these, or if the file holds NUL characters.
    """
    text, name = _unicode(data, file, where)
    text = text.rstrip(b"\x1a")  # DOS ends a text so
    if codecs.BOM_UTF8 in text:  # of files that were joined, or saved twice
        text = text.replace(codecs.BOM_UTF8, b"")
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if (position := text.find(b"\0")) >= 0:
        line = text.count(b"\n", 0, position) + 1
        raise InputError(
            "a text file must not hold NUL characters",
            f"one at {file}:{line}",
            where,
            "The file is damaged or not text; fetch it again",
        )
    return text, name


def _unicode(data: bytes, file: str, where: str) -> tuple[bytes, str]:
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return _converted(data[len(mark) :], codec, name, file, where), name
    if utf16 := _utf16(data[:_SAMPLE]):
        return _converted(data, utf16, "UTF-16", file, where), "UTF-16"
    if data.isascii():
        return data, "UTF-8"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _chinese(data, error, file, where), "GB18030"
    return data, "UTF-8"


def _converted(data: bytes, codec: str, name: str, file: str, where: str) -> bytes:
    try:
        return data.decode(codec).encode()
    except UnicodeError as error:
        rule, got = f"a file that begins as {name} must be {name}", f"other bytes in {file}"
        raise InputError(rule, got, where, "The file is damaged or cut; fetch it again, or save it as UTF-8") from error


def _utf16(sample: bytes) -> str | None:
    """Returns the codec of UTF-16 text without a mark: the high bytes of digits and commas are 0, the low never."""
    even, odd = sample[0::2], sample[1::2]
    if odd.count(0) > len(odd) / 4 and not even.count(0):
        return "utf-16-le"
    if even.count(0) > len(even) / 4 and not odd.count(0):
        return "utf-16-be"
    return None


def _chinese(data: bytes, fault: UnicodeDecodeError, file: str, where: str) -> bytes:
    line = data.count(b"\n", 0, fault.start) + 1
    byte = f"byte 0x{data[fault.start]:02X} at {file}:{line}"
    near = data[max(0, fault.start - _SAMPLE) : fault.start + _SAMPLE]
    wrong = near.decode("utf-8", "replace").count("\ufffd")
    if len(_ASCII.sub("", near.decode("utf-8", "ignore"))) > wrong:
        rule = "a file in UTF-8 must be UTF-8 throughout"
        raise InputError(rule, byte, where, "The file is damaged or cut there; fetch it again, or save it as UTF-8")
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        rule = "a text file is UTF-8, UTF-16 or GB18030 (GBK)"
        raise InputError(rule, byte, where, f"It is in another encoding, or no text. {_REMEDY}") from error
    foreign = _ASCII.sub("", text)
    if len(foreign.encode("gb2312", "ignore")) / 2 < 0.9 * len(foreign):
        rule = "a text file is UTF-8, UTF-16 or GB18030 (GBK)"
        raise InputError(rule, byte, where, f"It looks like Latin-1, Big5 or another encoding. {_REMEDY}")
    return text.encode()
