"""Cells of a CSV file that people may open in a spreadsheet.

A spreadsheet takes a cell that begins with =, +, - or @ for a formula, and runs it. So an
apostrophe goes before such a cell: a spreadsheet then shows the text. Reading takes it away again.
"""

import re
from typing import Final

__all__ = ["guarded", "unguarded"]

# With the wide forms of Chinese and Japanese keyboards, and what spreadsheets pass over before it.
_FORMULA: Final = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def guarded(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """The text of a cell that was guarded; another cell as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
