"""Every kind of file that holds a table, behind one function: `open_table`.

CSV files are read by `helpers.data.tables`, and so are JSON files of an object a line. Other JSON files, Parquet, Arrow
and Excel files, a folder of texts and a DataFrame become a `Frame`, which answers the same questions as a `Table`. What a
file is, its first bytes say, not its name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.data import charset, tables
from helpers.data.tables import Table, one_line

TEXTS = (".txt", ".md")  # files of a folder that are texts, titled by their names
JSON = re.compile(r"\ufeff?\s*[\[{]\s*[\[{\"}\]]")  # what a JSON file begins with
KINDS = "A JSON file is a list of objects, or has an object on each line."
EXCEL = "xl/workbook.xml"  # a zip file that has such an entry is an Excel file
MOST_NAMES = 2_000  # of the cells in JSON objects; more are names of rows
FIRST_ROWS = 50  # of a sheet, in which its header may stand
UNPACKED = 2_000_000_000  # bytes; an Excel file that unpacks to more is refused


@dataclasses.dataclass(frozen=True)
class Frame:
    """A table that is in memory: its cells are texts, its index numbers the rows as their program does."""

    name: str
    cells: pd.DataFrame
    unit: str = "row"

    @property
    def columns(self) -> list[str]:
        """Names of the cells of a row."""
        return list(self.cells.columns)

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.cells)

    def frame(self, columns: list[str] | None = None) -> pd.DataFrame:
        """Give columns (all of them, without names)."""
        return self.cells[self.columns if columns is None else columns].copy()

    def parts(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        """Give some columns, at most `rows` rows at once; see `Table.parts`."""
        return (self.cells[columns].iloc[start : start + rows] for start in range(0, len(self.cells), rows))


def open_table(
    file: str | Path | pd.DataFrame, needed: list[str], encoding: str | None = None, delimiter: str | None = None
) -> Table | Frame:
    """Open a table of any kind that has the `needed` columns, and see to it that it can be read rightly.

    Parameters
    ----------
    file : path or pandas.DataFrame
        A CSV file, a JSON file (an object a line, which takes the least memory, a list of objects, or one object with
        such a list, with a list for each column, or with an object a row), either perhaps compressed by gzip, bzip2,
        xz or zip; a Parquet or Arrow file, an Excel file (the first sheet, and of it the first row, that has the needed
        columns, or over half as many cells as most rows), a folder of text files, with those of its folders (columns
        ``title``, from the files' names, ``text`` and ``folder``), or a DataFrame.
    encoding, delimiter : str, optional
        Of a CSV file, see `tables.open_csv`; JSON and text files may be in any encoding, too.

    Raises
    ------
    ValueError, FileNotFoundError, ImportError
        One line, when there is no such file, it is no table, is damaged, lacks a column, or needs another package.
    """
    options = [name for name in (encoding, delimiter) if name is not None]
    if wrong := [name for name in (*needed, *options) if not isinstance(name, str)]:
        raise ValueError(f"columns, encoding and delimiter are named by texts in quotes, not by {wrong[0]!r:.40}.")
    opened: Table | Frame
    if isinstance(file, pd.DataFrame):
        opened = _frame("the DataFrame", _numbered(file))
    elif not isinstance(file, str | Path) or not str(file):
        raise ValueError(f"name a file, or give a DataFrame, not {one_line(repr(file))[:40]}.")
    else:
        try:
            opened = _of_path(Path(file), needed, encoding, delimiter)
        except MemoryError:
            raise ValueError(f"{Path(file).name}: there is not enough memory to read it.") from None
        except RecursionError:
            raise ValueError(f"{Path(file).name}: its lists are nested too deep.") from None
        except FileNotFoundError:
            raise
        except OSError as error:  # no permission, a name too long, a broken disk
            raise ValueError(f"{str(file)[-60:]}: {error.strerror or error}.") from None
    tables.refuse_columns(opened.columns, needed, opened.name)
    return opened


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Number the rows; an index that has a name of its own is a column."""
    named = [name for name in table.index.names if name is not None and name not in table]
    return table.reset_index(named).set_axis(range(1, len(table) + 1))


def _of_path(path: Path, needed: list[str], encoding: str | None, delimiter: str | None) -> Table | Frame:
    if path.is_dir():
        return _of_folder(path, encoding)
    if path.is_file() and _is_excel(path):
        return _of_excel(path, needed)
    head = tables.first_bytes(path)
    for begin, (kind, read) in COLUMNAR.items():
        if head.startswith(begin):
            return _frame(path.name, _numbered(_of_program(path, kind, "pyarrow", read)))
    if JSON.match(head.decode(charset.marked(head) or "latin-1", "ignore")):
        return _of_json(path, encoding)
    return tables.open_csv(path, needed, encoding, delimiter)


def _of_folder(path: Path, encoding: str | None) -> Frame:
    """Read a folder of text files: a title each, and a text; hidden ones are none."""
    inside = ((file, file.relative_to(path)) for file in path.rglob("*"))
    files = sorted(
        (file, name.parent)
        for file, name in inside
        if file.suffix.lower() in TEXTS and file.is_file() and not any(part.startswith(".") for part in name.parts)
    )
    if not files:
        kinds = " or ".join(TEXTS)
        raise ValueError(f"{path} is a folder without a text file ({kinds}); name a file, or such a folder.")
    rows = {
        "title": [file.stem for file, _ in files],
        "text": [read_text(file, _own_encoding(file, encoding)) if file.stat().st_size else "" for file, _ in files],
        "folder": [folder.as_posix().removeprefix(".") for _, folder in files],
    }
    frame = pd.DataFrame(rows, range(1, len(files) + 1))
    return _frame(path.name, frame if any(rows["folder"]) else frame.drop(columns="folder"), "file")


def _own_encoding(path: Path, named: str | None) -> str | None:
    """The encoding that was named for a folder; a file of it that is Unicode says so itself."""
    if named:
        with contextlib.suppress(ValueError):
            return tables.find_encoding(path, charset.marked(tables.first_bytes(path)) or "utf-8")[0]
    return named


def read_text(path: Path, encoding: str | None = None) -> str:
    """Read a file that is one text, in the encoding that is named or found."""
    with tables.open_text(path, *tables.find_encoding(path, encoding), f"Reading {path.name}") as text:
        return text.read()


@dataclasses.dataclass(frozen=True)
class JsonLines(Table):
    """A file that has a JSON object on each line."""

    names: list[str] = dataclasses.field(default_factory=list)  # of the `columns`, as the objects have them

    def objects(self, bar: str | None = None) -> Iterator[tuple[int, dict]]:
        """Give every object, and the number of its line."""
        with tables.open_text(self.path, self.encoding, self.errors, bar) as text:
            for number, line in enumerate(text, 1):
                if line := line.strip():
                    yield number, _object(_parsed(line, self.name, number), f"{self.name}, line {number}")

    def records(self, bar: str | None = None) -> Iterator[tuple[int, list]]:
        """Give every record: the number of its line, and its cells, in the order of `columns`."""
        for line, value in self.objects(bar):
            yield line, [as_text(value.get(name)) for name in self.names]


def _of_json(path: Path, encoding: str | None) -> Table | Frame:
    """Read an object a line, or a document that is a list of objects, or an object that holds the table."""
    stamp = tables.stamp_of(path)
    encoding, errors = tables.find_encoding(path, encoding)
    with tables.open_text(path, encoding, errors) as text:
        of_lines = _has_objects_on_lines(text)
    if of_lines:
        lines = JsonLines(path, encoding, errors, "", 0)
        names, rows = _names((value for _, value in lines.objects(f"Checking {path.name}")), path.name)
        columns = tables.distinct([one_line(name) for name in names])
        return dataclasses.replace(lines, names=names, columns=columns, rows=rows, stamp=stamp)
    whole = _parsed(read_text(path, encoding), path.name)
    found = whole if isinstance(whole, list) else _rows_of(whole, path.name)
    objects = [_object(value, f"{path.name}, object {number}") for number, value in enumerate(found, 1)]
    names, rows = _names(objects, path.name)
    index = range(1, rows + 1)
    cells = {name: pd.Series([value.get(name) for value in objects], index, object) for name in names}
    return _frame(path.name, pd.DataFrame(cells, index), "object")


def _has_objects_on_lines(text: Iterable[str]) -> bool:
    """Tell whether the first line that is not empty is a whole JSON object, and others follow."""
    filled = (line for line in text if line.strip())
    first = next(filled, "")
    try:
        return first.lstrip("\ufeff \t").startswith("{") and isinstance(_parsed(first, ""), dict) and any(filled)
    except ValueError:
        return False


def _parsed(text: str, name: str, line: int = 1) -> Any:
    """Parse JSON that begins on a line of a file."""
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}, line {line + error.lineno - 1}: not valid JSON ({error.msg}). {KINDS}") from None
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"{name}: no JSON that can be read ({one_line(str(error))[:60]}).") from None


def _object(value: Any, where: str) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f'{where}: no object with names, such as {{"title": "Emma"}}.')
    return value


def _names(objects: Iterable[dict], file: str) -> tuple[list[str], int]:
    """Names of the cells of objects, in the order in which they come, and the count of the objects."""
    names: dict[str, None] = {}
    rows = 0
    for value in objects:
        rows += 1
        names.update(dict.fromkeys(value))
        if len(names) > MOST_NAMES:
            raise ValueError(f"{file}: its objects have over {MOST_NAMES:,} names: no table has. {KINDS}")
    return list(names), rows


def _rows_of(whole: dict, file: str) -> list:
    """The rows in one object: a list of objects inside, an object each row, a list or an object a column, or itself."""
    values = list(whole.values())
    if _is_row(whole):
        return [whole]
    if len(lists := _lists(whole)) == 1:
        return lists[0]
    if len(values) == 1 and isinstance(values[0], dict):
        return _rows_of(values[0], file)
    if all(isinstance(value, dict) for value in values):
        keys = list(dict.fromkeys(key for value in values for key in value))
        if all(key.isdigit() for key in keys):  # of rows, as pandas writes them
            return [{name: cells.get(key) for name, cells in whole.items()} for key in keys]
        if set.intersection(*map(set, values)):
            return [{"key": key} | row for key, row in whole.items()]
    if all(isinstance(value, list) and len(value) == len(values[0]) for value in values):
        return [dict(zip(whole, cells, strict=True)) for cells in zip(*values, strict=True)]
    if any(isinstance(value, str) for value in values):
        return [whole]
    raise ValueError(f"{file}: nobody can tell which part of this object is the table. {KINDS}")


def _lists(whole: dict) -> list[list]:
    """Lists of objects in an object, or else in the objects inside that are no rows."""
    own = [value for value in whole.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    inside = (value for value in whole.values() if isinstance(value, dict) and not _is_row(value))
    return own or [found for value in inside for found in _lists(value)]


def _is_row(whole: dict) -> bool:
    """Tell whether an object is a row of a table: it has a text of several words."""
    return any(isinstance(value, str) and len(value.split()) > 1 for value in whole.values())


def _is_excel(path: Path) -> bool:
    """Tell an Excel file from other files."""
    try:
        with zipfile.ZipFile(path) as archive:
            if EXCEL not in archive.namelist():
                return False
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        return False
    if size > UNPACKED:
        raise ValueError(f"{path.name}: it would unpack to {size / 1e9:.0f} GB: no table does.")
    return True


def _of_excel(path: Path, needed: list[str]) -> Frame:
    """Read the first sheet of an Excel file that has the needed columns, from the row on that names them."""
    sheets = _of_program(path, "Excel", "openpyxl", _read_sheets)
    filled = {name: sheet.dropna(how="all").dropna(how="all", axis=1) for name, sheet in sheets.items() if len(sheet)}
    headers = [
        (name, row, [one_line(cell) for cell in sheet.loc[row].fillna("")])
        for name, sheet in filled.items()
        for row in sheet.index[:FIRST_ROWS]
    ]
    if not headers:
        raise ValueError(f"{path.name}: there is nothing in its sheets.")
    first = (headers[0][0], _likely_header(filled[headers[0][0]]))
    likely = next(header for header in headers if header[:2] == first)
    sheet, row, columns = next((header for header in headers if needed and set(needed) <= set(header[2])), likely)
    if len(filled) > 1:
        said = f"of its {len(filled)} sheets, '{one_line(sheet)}' is read. For another, name columns of it"
        warnings.warn(f"{path.name}: {said}.", stacklevel=4)
    if not needed and row != filled[sheet].index[0]:
        warnings.warn(f"{path.name}: row {row} is read as the header, and what is above it left out.", stacklevel=4)
    frame = _frame(path.name, filled[sheet].loc[row + 1 :].set_axis(columns, axis=1))
    empty = [column for column in frame.columns if frame.cells[column].isna().all()]
    if frame.rows and empty and _has_formulas(path, sheet):
        cure = "Open it in a spreadsheet program, and save it"
        warnings.warn(f"{path.name}: column '{empty[0]}' holds formulas without results. {cure}.", stacklevel=4)
    return frame


def _has_formulas(path: Path, sheet: str) -> bool:
    cells = (cell for row in _workbook(path)[sheet].iter_rows() for cell in row)
    return any(cell.data_type == "f" for cell in cells)


def _workbook(path: Path, **options: Any) -> Any:
    import openpyxl

    with path.open("rb") as file:  # its name may be any
        return openpyxl.load_workbook(file, **options)


def _likely_header(sheet: pd.DataFrame) -> int:
    """The first row with over half as many names as most rows have cells; the first cell may have none.

    What stands above several columns names none of them.
    """
    cells = sheet.notna()
    named = cells.sum(axis=1) + ~cells.iloc[:, 0] - pd.Series(sheet.attrs["wide"]).reindex(sheet.index, fill_value=0)
    usual = cells.sum(axis=1).median()
    return next((row for row in sheet.index[:FIRST_ROWS] if named[row] > usual / 2), sheet.index[0])


def _read_sheets(path: Path) -> dict[str, pd.DataFrame]:
    """Read the texts of all cells of an Excel file, its hidden sheets last."""
    sheets = {}
    for sheet in sorted(_workbook(path, data_only=True).worksheets, key=lambda sheet: sheet.sheet_state != "visible"):
        rows = [[as_text(cell) for cell in row] for row in sheet.values]
        for area in sheet.merged_cells.ranges:  # what stands beside several rows is said of each of them
            for row in rows[area.min_row : area.max_row]:
                row[area.min_col - 1] = rows[area.min_row - 1][area.min_col - 1]
        table = sheets[sheet.title] = pd.DataFrame(rows, range(1, len(rows) + 1))
        wide = [area.min_row for area in sheet.merged_cells.ranges if area.min_col < area.max_col]
        table.attrs["wide"] = dict(Counter(wide))
    return sheets


def _read_arrow(path: Path) -> pd.DataFrame:
    """Read an Arrow file, which has a table of contents (Feather), or a stream, which has none."""
    import pyarrow

    with pyarrow.memory_map(str(path)) as source:
        try:
            reader = pyarrow.ipc.open_file(source)
        except pyarrow.ArrowInvalid:
            reader = pyarrow.ipc.open_stream(source)
        return reader.read_all().to_pandas()


COLUMNAR: dict[bytes, tuple[str, Callable]] = {  # files of columns: what they begin with, and what reads them
    b"PAR1": ("Parquet", pd.read_parquet),
    b"ARROW1": ("Arrow", _read_arrow),
    b"\xff\xff\xff\xff": ("Arrow", _read_arrow),
}


def _of_program(path: Path, kind: str, package: str, read: Callable) -> Any:
    """Read a file of columns or of sheets through its package."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like
            return read(path)
    except ImportError:
        raise ImportError(f"{path.name}: {kind} files are read by a package: pip install {package}") from None
    except Exception as error:  # damaged bytes raise whatever they lead to
        why = " ".join(str(error).split())[:120] or type(error).__name__
        raise ValueError(f"{path.name}: the {kind} file is damaged, or of an unknown kind ({why}).") from None


def _frame(name: str, cells: pd.DataFrame, unit: str = "row") -> Frame:
    """Make texts of all cells."""
    texts = {
        column: pd.Series(list(map(as_text, cells.iloc[:, place])), cells.index, tables.TEXT)
        for place, column in enumerate(tables.distinct([tables.one_line(str(column)) for column in cells]))
    }
    return Frame(name, pd.DataFrame(texts, cells.index).rename_axis(index="line"), unit)


def as_text(cell: object) -> str | None:
    """Make a text of a cell of any type: None for nothing, JSON for lists and objects, 1994 for 1994.0."""
    if isinstance(cell, np.ndarray | np.generic):
        cell = cell.tolist()
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, bytes):  # texts of a Parquet file that does not say that they are texts
        cell = cell.decode("utf-8", "replace")
    if isinstance(cell, set | frozenset):
        cell = sorted(cell, key=str)  # a set has no order of its own
    if isinstance(cell, list | tuple | dict):
        cell = json.dumps(cell, ensure_ascii=False, default=_plain)
    text = str(cell)
    return (text if text.isprintable() else tables.without_control(text).encode("utf-8", "replace").decode()) or None


def _plain(value: object) -> object:
    """What JSON has no word for: lists of NumPy as lists, nothing as null, and anything else as text."""
    if value is pd.NA or value is pd.NaT:
        return None
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
