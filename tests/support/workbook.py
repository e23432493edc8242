"""Writes small Excel workbooks: the parts of the format that cells need, and nothing else."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PARTS = "http://schemas.openxmlformats.org/package/2006/"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]], hidden: Sequence[str] = ()) -> None:
    """Write rows of text, numbers, dates and None (an empty cell) to each sheet."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{number}' r:id='r{number}'"
        f"{' state=' + quoteattr('hidden') if name in hidden else ''}/>"
        for number, name in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f"<Relationship Id='r{number}' Type='{_LINKS}/worksheet' Target='worksheets/sheet{number}.xml'/>"
        for number in numbers
    )
    overrides = "".join(
        f"<Override PartName='/xl/worksheets/sheet{number}.xml' ContentType='{_TYPES}.worksheet+xml'/>"
        for number in numbers
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f"<Types xmlns='{_PARTS}content-types'>"
            "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
            f"<Override PartName='/xl/workbook.xml' ContentType='{_TYPES}.sheet.main+xml'/>"
            f"<Override PartName='/xl/styles.xml' ContentType='{_TYPES}.styles+xml'/>{overrides}</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f"<Relationships xmlns='{_PARTS}relationships'>"
            f"<Relationship Id='r1' Type='{_LINKS}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml", f"<workbook xmlns='{_MAIN}' xmlns:r='{_LINKS}'><sheets>{listed}</sheets></workbook>"
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f"<Relationships xmlns='{_PARTS}relationships'>{links}"
            f"<Relationship Id='s' Type='{_LINKS}/styles' Target='styles.xml'/></Relationships>",
        )
        # Format 0 is general, format 1 the built-in date.
        archive.writestr(
            "xl/styles.xml",
            f"<styleSheet xmlns='{_MAIN}'><cellXfs count='2'><xf numFmtId='0'/><xf numFmtId='14'/></cellXfs>"
            "</styleSheet>",
        )
        for number, rows in zip(numbers, sheets.values(), strict=True):
            lines = "".join(f"<row r='{row}'>{_cells(cells, row)}</row>" for row, cells in enumerate(rows, 1))
            sheet = f"<worksheet xmlns='{_MAIN}'><sheetData>{lines}</sheetData></worksheet>"
            archive.writestr(f"xl/worksheets/sheet{number}.xml", sheet)


def _cells(cells: Sequence[object], row: int) -> str:
    text = ""
    for column, cell in enumerate(cells):
        at = f"r='{chr(ord('A') + column)}{row}'"
        if isinstance(cell, datetime.date):
            text += f"<c {at} s='1'><v>{(cell - datetime.date(1899, 12, 30)).days}</v></c>"
        elif isinstance(cell, int | float):
            text += f"<c {at}><v>{cell}</v></c>"
        elif cell is not None:
            text += f"<c {at} t='inlineStr'><is><t>{escape(str(cell))}</t></is></c>"
    return text
