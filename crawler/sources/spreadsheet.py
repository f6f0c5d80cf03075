"""Rows of a table as spreadsheets write it: CSV of any delimiter, encoding and spelling."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from core.errors import BadInput

__all__ = ["Table", "read_table"]

_BYTE_ORDER_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and ods; xls
# Where a comma is the decimal sign, spreadsheets write semicolons. "Text" and a paste have tabs.
_DELIMITERS: Final = (",", ";", "\t", "|")


class Table:
    """A table whose first line names its columns, in small letters."""

    def __init__(self, text: str) -> None:
        lines = io.StringIO(text, newline="")
        first = lines.readline()
        self._n_before = 0
        delimiter = ""
        if first.lower().startswith("sep=") and len(first.strip()) == 5:  # as Excel asks for
            delimiter, self._n_before = first[4], 1
            first = lines.readline()
        delimiters = (delimiter,) if delimiter else _DELIMITERS
        delimiter = max(delimiters, key=lambda d: len(next(csv.reader([first], delimiter=d), [])))
        lines.seek(lines.tell() - len(first))
        self._rows = csv.reader(lines, delimiter=delimiter)
        self.columns = [_plain(name) for name in next(self._rows, [])]

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Each row that says anything, with the number of its line; of a short row, the start."""
        for row in self._rows:
            cells = [cell.strip() for cell in row]
            if any(cells):
                named = dict(zip(self.columns, cells, strict=False))
                yield self._rows.line_num + self._n_before, named


def read_table(path: Path) -> Table:
    """The table in a CSV file.

    Raises:
        BadInput: it is none.
        OSError, csv.Error: it cannot be read, now or while its rows are.
    """
    data = path.read_bytes()
    if data.startswith(_WORKBOOKS):
        raise BadInput(f"{path}: a spreadsheet's own file; save it as CSV, and give that")
    return Table(_text(data).removeprefix("\ufeff"))


def _text(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data[:2]:
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:  # Excel's "CSV" in the west; Latin-1 for five bytes it does not have
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            return data.decode("latin-1")


def _plain(name: str) -> str:
    return "_".join(name.strip().lower().replace("-", " ").split())
