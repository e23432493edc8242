"""The encodings of text files, and what is none of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.encoding import decode

TEXT = "日期,收盘价\n2020-03-02,3120\n2020-03-03,3077.29\n2020-03-04,3094.31\n数据来源：虚构\n"


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with a byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("gb18030", "GB18030"),
        ("gb2312", "GB18030"),
    ],
)
def test_each_encoding_gives_the_same_text(codec: str, name: str) -> None:
    assert decode(TEXT.encode(codec), "f.csv", "here") == (TEXT.encode(), name)


def test_lines_end_in_a_line_feed() -> None:
    for end in ("\r\n", "\r"):
        assert decode(TEXT.replace("\n", end).encode("utf-16"), "f.csv", "here")[0] == TEXT.encode()
    assert decode(TEXT.encode() + b"\x1a", "f.csv", "here")[0] == TEXT.encode()


def test_further_byte_order_marks_are_removed() -> None:
    mark = b"\xef\xbb\xbf"
    assert decode(mark + mark + b"date,v\n1,2\n" + mark + b"3,4\n", "f.csv", "here")[0] == b"date,v\n1,2\n3,4\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("date,clôture ajustée\n2020-03-02,3\n".encode("latin-1"), "got byte 0xF4 at f.csv:1. It looks like Latin-1"),
        ("日期,收盤價,漲跌\n2020-03-02,3,1\n".encode("big5"), "got byte 0xA4 at f.csv:1. It looks like Latin-1, Big5"),
        ("日付,終値,出来高\n2020-03-02,3,1\n".encode("shift_jis"), "got byte 0x93 at f.csv:1. It looks like"),
        (b"date,v\n2020-03-02,3\nCopyright \xa9 nobody\n", "got byte 0xA9 at f.csv:3. It is in another encoding"),
        (TEXT.encode()[:-2], "a file in UTF-8 must be UTF-8 throughout; got byte 0xE6 at f.csv:5"),
        (TEXT.encode().replace(b"3077", b"30\xff7"), "UTF-8 throughout; got byte 0xFF at f.csv:3"),
        (TEXT.encode("utf-16")[:-1], "a file that begins as UTF-16 must be UTF-16"),
        (TEXT.encode("utf-8") + b"\0\0", "must not hold NUL characters; got one at f.csv:6"),
    ],
)
def test_another_encoding_is_an_error_that_says_where(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        decode(data, "f.csv", "here")
    assert message in str(error.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_one_error(data: bytes) -> None:
    try:
        text, _ = decode(data, "f.csv", "here")
    except InputError:
        return
    assert b"\r" not in text
    text.decode("utf-8")
