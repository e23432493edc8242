"""Delimited text as people store it: what is read, what is left out and said, and what is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.delimited import read_delimited
from gridproof.signals.data.file.table import Table

HEADER = "date,close,volume\n"
ROWS = "".join(f"2020-03-{day:02d},{day}.5,{day}00\n" for day in range(2, 8))


def read(text: str | bytes) -> Table:
    return read_delimited(text.encode() if isinstance(text, str) else text, "f.csv", "here")


def column(table: Table, name: str) -> list[str]:
    return list(table.cells[table.column(name, "here")])


def test_cells_are_text_with_the_line_of_each_row() -> None:
    table = read(HEADER + ROWS)
    assert list(table.cells.columns) == ["date", "close", "volume"]
    assert table.cells.iloc[1].tolist() == ["2020-03-03", "3.5", "300"]
    assert table.rows.tolist() == [2, 3, 4, 5, 6, 7]
    assert table.place(1) == "f.csv:3"
    assert table.layout == ("UTF-8", "comma-separated")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ", ", " ; ", ",\t"])
def test_delimiters_and_line_ends(delimiter: str, end: str) -> None:
    text = (HEADER + ROWS).replace(",", delimiter).replace("\n", end)
    assert column(read(text), "close") == [f"{day}.5" for day in range(2, 8)]
    assert column(read(text.rstrip()), "volume") == [f"{day}00" for day in range(2, 8)]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Date\tValue\nMar 1, 2016\t11.08\nFeb 1, 2016\t10.49\n", "tab-separated"),
        ("date;close\n2020-03-02;3,10\n2020-03-03;3,11\n", "semicolon-separated"),
        ("2020-03-02;3,10\n2020-03-03;3,11\n", "semicolon-separated"),
        ("sep=;\ndate;close\n2020-03-02;3,10\n", "semicolon-separated"),
        ('date,name,close\n2020-03-02,"a;b",1\n2020-03-03,"c;d",2\n', "comma-separated"),
    ],
)
def test_the_delimiter_divides_all_lines_alike(text: str, delimiter: str) -> None:
    table = read(text)
    assert delimiter in table.layout
    assert len(table.rows) == 2 - ("sep=" in text)


def test_quotes_hold_delimiters_and_line_breaks() -> None:
    table = read('"date", "note" ,"close"\n2020-03-02,"a,\nb","3,120.00"\n2020-03-03,"say ""x"", y",2\n')
    assert column(table, "note") == ["a,\nb", 'say "x", y']
    assert column(table, "close") == ["3,120.00", "2"]
    assert table.rows.tolist() == [2, 4]


@pytest.mark.parametrize("guarded", ["'000300", '="000300"', '"=""000300"""'])
def test_the_guards_of_codes_are_removed(guarded: str) -> None:
    assert column(read(f"date,code\n2020-03-02,{guarded}\n2020-03-03,1\n"), "code") == ["000300", "1"]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("This file is made up.\nIt has no meaning.\n\n", "2 lines above the header left out: This file is made up.…"),
        ("数据库：月度数据,,\n时间：2015-2016,,\n", "2 lines above the header left out: 数据库：月度数据…"),
        ("# a, b, c, d\n", "1 line above the header left out: # a, b, c, d"),
        ("2020-03-19\n", "1 line above the header left out: 2020-03-19"),
    ],
)
def test_lines_above_the_header_are_left_out_and_said(before: str, said: str) -> None:
    table = read(before + HEADER + ROWS)
    assert list(table.cells.columns) == ["date", "close", "volume"]
    assert table.layout[2:] == (said,)
    assert table.rows[0] == before.count("\n") + 2


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (
            ",,\n,,\n数据来源：Wind,,\n",
            ["1 line below the data left out: 数据来源：Wind", "2 empty rows left out"],
        ),
        ("\r\nCopyright nobody\r\n", ["1 line below the data left out: Copyright nobody"]),
        ("注：此表为虚构。,,\n数据来源：虚构统计局,,\n", ["2 lines below the data left out: 注：此表为虚构。…"]),
        (
            "Source: Board of Governors, Federal Reserve\n",
            ["1 line below the data left out: Source: Board of Governors, Fe"],
        ),
        ("\nsome words\n", ["1 line below the data left out: some words"]),
        ("(6 rows)\n", ["1 line below the data left out: (6 rows)"]),
        ("\n\n", []),
        ("\x1a", []),
    ],
)
def test_notes_below_the_data_are_left_out_and_said(after: str, said: list[str]) -> None:
    table = read(HEADER + ROWS + after)
    assert len(table.rows) == 6
    assert list(table.layout[2:]) == said


def test_a_last_line_without_a_line_break_is_said() -> None:
    assert read((HEADER + ROWS)[:-1]).layout[2:] == ("no line break after the last line",)


def test_an_empty_row_in_the_middle_is_left_out_and_said() -> None:
    table = read(HEADER + ROWS + ",,\n\n2020-03-09,1,2\n")
    assert table.rows.tolist() == [2, 3, 4, 5, 6, 7, 10]
    assert "1 empty row left out" in table.layout


def test_a_delimiter_at_the_end_of_each_row_moves_no_column() -> None:
    plain, trailing = read(HEADER + ROWS), read(HEADER + ROWS.replace("\n", ",\n"))
    pd.testing.assert_frame_equal(plain.cells, trailing.cells)
    assert trailing.layout[2:] == ("1 empty column left out",)
    pd.testing.assert_frame_equal(plain.cells, read(HEADER.replace("\n", ",\n") + ROWS).cells)
    pd.testing.assert_frame_equal(plain.cells, read((HEADER + ROWS).replace("\n", ",,,\n")).cells)


def test_a_file_without_a_header_keeps_its_first_row() -> None:
    table = read(ROWS)
    assert list(table.cells.columns) == ["1", "2", "3"]
    assert table.rows.tolist() == [1, 2, 3, 4, 5, 6]
    assert "no header: columns are numbered from 1" in table.layout


def test_several_header_rows_all_name_the_columns() -> None:
    rows = "".join(f"2020-03-{day:02d},{day},{day + 1},1,1\n" for day in range(2, 8))
    table = read("Price,Close,Close,Open,Open\nTicker,AAA,BBB,AAA,BBB\nDate,,,,\n" + rows)
    assert "3 header rows" in table.layout
    assert table.column("Date", "here") == table.column("Price", "here") == "Date"
    assert column(table, "Close / BBB") == [str(day + 1) for day in range(2, 8)]
    with pytest.raises(InputError, match=r"a column of that name once; got 'Close' 2 times. Write 'Close / AAA' or"):
        table.column("Close", "here")


def test_a_name_that_stands_twice_is_an_error_only_where_it_is_named() -> None:
    table = read("date,v, v,w\n2020-03-02,1,2,3\n2020-03-03,1,2,3\n")
    assert column(table, "w") == ["3", "3"]
    with pytest.raises(InputError, match=r"'v' 2 times. Write 'v \(column 2\)' or 'v \(column 3\)', or rename one"):
        table.column("v", "here")
    assert column(table, "v (column 3)") == ["2", "2"]


def test_a_column_without_a_name_has_that_of_pandas() -> None:
    table = read(",close\n2020-03-02,1\n2020-03-03,2\n")
    assert table.column("Unnamed: 0", "here") == table.column("", "here") == "Unnamed: 0"
    with pytest.raises(InputError, match=r"that a series names; got date\. Its columns are Unnamed: 0, close"):
        table.column("date", "here")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + ROWS + "2020-03-08", "same number of fields; got 1 at f.csv:8, 3 in the others. The file is cut"),
        (HEADER + ROWS + "2020-03-08,8", "same number of fields; got 2 at f.csv:8, 3 in the others. The file is cut"),
        (HEADER + "2020-03-01,1,234,5\n" + ROWS, "got 4 at f.csv:2, 3 in the others. Complete or remove that row"),
        (HEADER + "2020-03-01,1,2,\n" + ROWS, "got 4 at f.csv:2, 3 in the others"),
        ("date,close\n2020-03-01,1,\n2020-03-02,1\n2020-03-03,1\n", "got 3 at f.csv:2, 2 in the others"),
        ("close,volume\n" + ROWS, "a name in the header; got 3 fields at f.csv:2, 2 names in the header"),
        ("date,close,volume,x\n" + ROWS, "a field in the rows; got 4 names in the header, 3 fields at f.csv:2"),
        ("a title\n" + ROWS, "the row above the data must be the header; got 'a title' at f.csv:1"),
        (HEADER + "n/a,1,2\n" + ROWS, "a row below the header must have a date; got none at f.csv:2"),
        (HEADER + ",1,2\n" + ROWS, "a row below the header must have a date; got none at f.csv:2"),
        (HEADER + ROWS + "\nAnnual\ndate,close,volume\n2020,1,2\n", "got 1 at f.csv:9, 3 in the others"),
        (HEADER + ROWS + "some words\n", "got 1 at f.csv:8, 3 in the others"),
        ("item,2016年3月,2016年2月,2016年1月\nM1,1,2,3\nM2,3,4,5\n", "dates side by side at f.csv:1. Transpose"),
        ('date,note\n2020-03-02,5" pipe\n', "a quotation mark must be closed; got one open at f.csv:2"),
        ('date,a\n2020-03-02,5" x\n2020-03-03,5" y\n', "must enclose a whole field; got one inside at f.csv:2"),
        (
            "term,close,volume\nFY18,1,2\nFY19,1,2\n\n" + HEADER + ROWS,
            "another above the header, at f.csv:2",
        ),
        (HEADER, "rows of data; got only a header at f.csv:1"),
        ("\n \n", "must not be empty; got only empty lines in f.csv"),
        ("date close\n2020-03-02 3.5\n", "separated by comma, semicolon, tab or |; got 'date close' in f.csv"),
        (HEADER + ROWS + "\0\0\0\0", "must not hold NUL characters; got one at f.csv:8"),
    ],
)  # fmt: skip
def test_what_would_lose_a_row_or_move_a_column_is_an_error(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read(text)
    assert message in str(error.value)


cell = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\0\x1a", exclude_categories=["Cs", "Zl", "Zp"]), max_size=8
)


@given(st.lists(st.tuples(cell, cell), min_size=1, max_size=6), st.sampled_from([",", ";", "\t", "|"]))
def test_quoted_cells_come_back_as_they_were(cells: list[tuple[str, str]], delimiter: str) -> None:
    def quote(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    rows = [f"2020-03-{day + 1:02d}{delimiter}" + delimiter.join(map(quote, pair)) for day, pair in enumerate(cells)]
    table = read("\n".join([delimiter.join(["date", "a", "b"]), *rows, ""]))
    assert len(table.rows) == len(cells)
    for position, pair in enumerate(cells):
        found = table.cells.iloc[position].tolist()[1:]
        for text, expected in zip(found, pair, strict=True):
            if not expected.lstrip().startswith(("'", '="')):
                assert "".join(text.split()) == "".join(expected.split())


def test_a_file_of_many_columns(tmp_path: Path) -> None:
    names = [f"{code:06d}" for code in range(5000)]
    rows = [f"2020-03-{day:02d}," + ",".join(map(str, range(5000))) for day in range(2, 8)]
    table = read("\n".join([",".join(["date", *names]), *rows]))
    assert column(table, "004999") == ["4999"] * 6


def test_a_long_file_is_read_to_its_last_row(tmp_path: Path) -> None:
    days = np.arange("1900-01-01", "2020-01-01", dtype="datetime64[D]")
    text = HEADER + "".join(f"{day},{index},1\n" for index, day in enumerate(days))
    table = read(text + "\nSource: made up\n")
    assert column(table, "close") == [str(index) for index in range(len(days))]
    assert table.place(len(days) - 1) == f"f.csv:{len(days) + 1}"
    wrong = text.replace("1950-06-01,", "1950-06-01,7,")
    line = int(np.flatnonzero(days == np.datetime64("1950-06-01"))[0]) + 2
    with pytest.raises(InputError, match=f"got 4 at f.csv:{line}, 3 in the others"):
        read(wrong)
