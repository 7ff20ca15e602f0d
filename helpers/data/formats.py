"""Every kind of file that holds a table, behind one function: `open_table`.

CSV files are read by `helpers.data.tables`; JSON, Parquet and Excel files, a folder of texts and a DataFrame become a
`Frame`, which answers the same questions as a `Table`. What a file is, its first bytes say, not its name.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.data import tables
from helpers.data.tables import Table, one_line

TEXTS = (".txt", ".md")  # files of a folder that are texts, titled by their names
JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]\s*[\[{\"}\]]")  # what a JSON file begins with
EXCEL = "xl/workbook.xml"  # a zip file that has such an entry is an Excel file
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
        A CSV file (perhaps compressed by gzip), a JSON file (an object a line, a list of objects, or one object with
        such a list or with a list for each column), a Parquet file, an Excel file (its first sheet), a folder of text
        files (columns ``title``, from the files' names, and ``text``), or a DataFrame.
    encoding, delimiter : str, optional
        Of a CSV file, see `tables.open_csv`; JSON and text files may be in any encoding, too.

    Raises
    ------
    ValueError, FileNotFoundError, ImportError
        One line, when there is no such file, it is no table, is damaged, lacks a column, or needs another package.
    """
    if wrong := [name for name in (*needed, encoding, delimiter) if not isinstance(name, str | None)]:
        raise ValueError(f"columns, encoding and delimiter are named by texts in quotes, not by {wrong[0]!r:.40}.")
    if any(name is None for name in needed):
        raise ValueError("name the column: a text in quotes, not None.")
    opened: Table | Frame
    if isinstance(file, pd.DataFrame):
        opened = _frame("the DataFrame", _numbered(file, needed))
    elif not isinstance(file, str | Path) or not str(file):
        raise ValueError(f"name a file, or give a DataFrame, not {file!r:.40}.")
    else:
        try:
            opened = _of_path(Path(file), needed, encoding, delimiter)
        except MemoryError:
            raise ValueError(f"{Path(file).name}: there is not enough memory to read it.") from None
        except FileNotFoundError:
            raise
        except OSError as error:  # no permission, a name too long, a broken disk
            raise ValueError(f"{str(file)[-60:]}: {error.strerror or error}.") from None
    tables.refuse_columns(opened.columns, needed, opened.name)
    return opened


def _numbered(table: pd.DataFrame, needed: list[str], first: int = 1) -> pd.DataFrame:
    """Number the rows; an index that has the name of a needed column becomes that column."""
    if any(name in needed and name not in table for name in table.index.names):
        table = table.reset_index()
    return table.set_axis(range(first, first + len(table)))


def _of_path(path: Path, needed: list[str], encoding: str | None, delimiter: str | None) -> Table | Frame:
    if path.is_dir():
        return _of_folder(path, encoding)
    head = tables.first_bytes(path)
    if head.startswith(b"PAR1"):
        return _of_program(path, "Parquet", "pyarrow", 1, needed)
    if head.startswith(b"PK") and _is_excel(path):
        return _of_program(path, "Excel", "openpyxl", 2, needed)
    if JSON.match(head):
        return _of_json(path, encoding)
    return tables.open_csv(path, needed, encoding, delimiter)


def _of_folder(path: Path, encoding: str | None) -> Frame:
    """Read a folder of text files: a title each, and a text."""
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in TEXTS and file.is_file())
    if not files:
        kinds = " or ".join(TEXTS)
        raise ValueError(f"{path} is a folder without a text file ({kinds}); name a file, or such a folder.")
    texts = [_text_of(file, encoding) if file.stat().st_size else "" for file in files]
    frame = pd.DataFrame({"title": [file.stem for file in files], "text": texts}, range(1, len(files) + 1))
    return _frame(path.name, frame, "file")


def _text_of(path: Path, encoding: str | None) -> str:
    with tables.open_text(path, *tables.find_encoding(path, encoding), f"Reading {path.name}") as text:
        return text.read()


def _of_json(path: Path, encoding: str | None) -> Frame:
    """Read a list of objects, one object that holds the table, or an object a line."""
    whole = _text_of(path, encoding).removeprefix("\ufeff")
    try:
        try:
            value = json.loads(whole)
            objects = list(enumerate(value if isinstance(value, list) else _rows_of(value), 1))
        except json.JSONDecodeError:
            if whole.lstrip().startswith("["):
                raise
            objects = list(_objects(io.StringIO(whole)))
    except RecursionError:
        raise ValueError(f"{path.name}: its lists are nested too deep.") from None
    except json.JSONDecodeError as error:
        kinds = "A JSON file is a list of objects, or has an object on each line."
        raise ValueError(f"{path.name}, line {error.lineno}: no JSON ({error.msg}). {kinds}") from None
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"{path.name}: no JSON that can be read ({one_line(str(error))[:60]}).") from None
    for number, value in objects:
        if not isinstance(value, dict):
            raise ValueError(f'{path.name}, object {number}: no object with names, such as {{"title": "Emma"}}.')
    rows = [{name: as_text(cell) for name, cell in value.items()} for _, value in objects]
    return _frame(path.name, pd.DataFrame(rows, [number for number, _ in objects]), "object")


def _objects(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """Parse an object a line, and number the lines."""
    for number, line in enumerate(lines, 1):
        if text := line.strip():
            try:
                yield number, json.loads(text)
            except json.JSONDecodeError as error:
                raise json.JSONDecodeError(error.msg, "\n" * (number - 1), number - 1) from None


def _rows_of(whole: dict) -> list[object]:
    """The rows in one object: a list of objects under a name, a list or numbered cells for each column, or itself."""
    values = list(whole.values())
    lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
    if len(lists) == 1 and not any(isinstance(value, str) and len(value.split()) > 1 for value in values):
        return lists[0]
    if len(values) > 1 and all(isinstance(value, dict) and value.keys() == values[0].keys() for value in values):
        numbered = all(key.isdigit() for key in values[0])
        values = [list(value.values()) for value in values] if numbered else values
    if len(values) > 1 and all(isinstance(value, list) and len(value) == len(values[0]) for value in values):
        return [dict(zip(whole, cells, strict=True)) for cells in zip(*values, strict=True)]
    return [whole]


def _is_excel(path: Path) -> bool:
    """Tell an Excel file from other zip files."""
    try:
        with zipfile.ZipFile(path) as archive:
            if EXCEL not in archive.namelist():
                return False
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise ValueError(f"{path.name}: the zip (or Excel) file is damaged or cut off.") from None
    if size > UNPACKED:
        raise ValueError(f"{path.name}: it would unpack to {size / 1e9:.0f} GB: no table does.")
    return True


def _of_program(path: Path, kind: str, package: str, first: int, needed: list[str]) -> Frame:
    """Read a Parquet or an Excel file through its package; its first row has the number `first`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like
            if kind == "Parquet":
                cells = pd.read_parquet(path, engine="pyarrow")
            else:
                cells = pd.read_excel(path, engine="openpyxl", dtype=str, keep_default_na=False, na_values=[""])
    except ImportError:
        raise ImportError(f"{path.name}: {kind} files are read by a package: pip install {package}") from None
    except Exception as error:  # damaged bytes raise whatever they lead to
        why = " ".join(str(error).split())[:120] or type(error).__name__
        raise ValueError(f"{path.name}: the {kind} file is damaged, or of an unknown kind ({why}).") from None
    return _frame(path.name, _numbered(cells, needed, first))


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
    return tables.without_control(str(cell)).encode("utf-8", "replace").decode() or None


def _plain(value: object) -> object:
    """What JSON has no word for: lists of NumPy as lists, nothing as null, and anything else as text."""
    if value is pd.NA or value is pd.NaT:
        return None
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
