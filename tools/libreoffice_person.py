"""A person at LibreOffice Calc, played through its own interface (UNO); tools/save_with_libreoffice.py starts it.

Runs under the Python that came with LibreOffice or its python3-uno, not in the project's environment.

    python3 libreoffice_person.py FOLDER PIPE     # FOLDER holds script.json, written by save_with_libreoffice.py
"""

import json
import sys
import time
from pathlib import Path

import uno  # comes with LibreOffice
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.table import CellAddress, TableSortField

_CSV = "44,34,76,1,,0,false,true,false"  # comma, quotes, UTF-8, and cells as shown


def main(folder, pipe):
    """Do what script.json says: open a file, type, sort, filter, move, comment, add a sheet, save as."""
    context = connect(pipe)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    for step in json.loads((folder / "script.json").read_text()):
        options = [prop("Hidden", True)]
        if step["open"].endswith(".csv"):
            options += [prop("FilterName", "Text - txt - csv (StarCalc)"), prop("FilterOptions", step["csv"])]
        book = desktop.loadComponentFromURL((folder / step["open"]).as_uri(), "_blank", 0, tuple(options))
        sheet = book.Sheets.getByIndex(0)
        for action, *arguments in step["do"]:
            ACTIONS[action](book, sheet, *arguments)
        kind = _CSV if step["save"].endswith(".csv") else ""
        save = [prop("FilterName", "Text - txt - csv (StarCalc)" if kind else "Calc MS Excel 2007 XML")]
        save += [prop("FilterOptions", kind)] if kind else []
        book.storeToURL((folder / step["save"]).as_uri(), tuple(save))
        book.close(True)
    try:
        desktop.terminate()
    except Exception:  # noqa: BLE001 - the office goes away while it answers
        return


def connect(pipe):
    """Wait until the office answers."""
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(240):
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            time.sleep(0.5)
    raise SystemExit("LibreOffice did not answer within two minutes")


def prop(name, value):
    """Give a named value as UNO wants it."""
    found = PropertyValue()
    found.Name, found.Value = name, value
    return found


def used(sheet):
    """Give the last column and row in use."""
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    return cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow


def place(sheet, column):
    """Find a column by its header."""
    for number in range(used(sheet)[0] + 1):
        if sheet.getCellByPosition(number, 0).String.removesuffix(" (UTC)") == column:
            return number
    raise SystemExit(f"no column {column}")


def row_of(sheet, address):
    """Find a wallet's row."""
    at = place(sheet, "address")
    for number in range(1, used(sheet)[1] + 1):
        if sheet.getCellByPosition(at, number).String.lower() == address:
            return number
    raise SystemExit(f"no row {address}")


def type_(_, sheet, address, column, text):
    """Type into a cell as at the keyboard: the program decides whether it is a number, a date or text."""
    sheet.getCellByPosition(place(sheet, column), row_of(sheet, address)).FormulaLocal = text


def add(_, sheet, cells):
    """Type a new row below the last one."""
    row = used(sheet)[1] + 1
    for column, text in cells.items():
        sheet.getCellByPosition(place(sheet, column), row).FormulaLocal = text


def sort(_, sheet, column):
    """Sort all rows by a column, downwards."""
    field = TableSortField()
    field.Field, field.IsAscending = place(sheet, column), False
    fields = uno.Any("[]com.sun.star.table.TableSortField", (field,))
    last, end = used(sheet)
    area = sheet.getCellRangeByPosition(0, 0, last, end)
    uno.invoke(area, "sort", ((prop("SortFields", fields), prop("ContainsHeader", True)),))


def hide(_, sheet, address):
    """Hide a row, as a filter does."""
    sheet.Rows.getByIndex(row_of(sheet, address)).IsVisible = False


def move(_, sheet, column, to):
    """Move a column with its cells to another place, and close the gap."""
    sheet.Columns.insertByIndex(to, 1)
    source = sheet.Columns.getByIndex(place(sheet, column)).RangeAddress
    target = CellAddress()
    target.Sheet, target.Column, target.Row = source.Sheet, to, 0
    sheet.moveRange(target, source)
    sheet.Columns.removeByIndex(source.StartColumn, 1)


def remove(_, sheet, column):
    """Delete a column."""
    sheet.Columns.removeByIndex(place(sheet, column), 1)


def comment(_, sheet, address, column, text):
    """Put a comment on a cell."""
    cell = sheet.getCellByPosition(place(sheet, column), row_of(sheet, address))
    sheet.Annotations.insertNew(cell.CellAddress, text)


def rename(_, sheet, name):
    """Rename the sheet."""
    sheet.Name = name


def own(book, _, name, rows):
    """Add a sheet."""
    book.Sheets.insertNewByName(name, book.Sheets.Count)
    for number, cells in enumerate(rows):
        for column, text in enumerate(cells):
            book.Sheets.getByName(name).getCellByPosition(column, number).FormulaLocal = text


ACTIONS = {
    "type": type_,
    "add": add,
    "sort": sort,
    "hide": hide,
    "move": move,
    "remove": remove,
    "comment": comment,
    "rename": rename,
    "own": own,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
