"""What stands in the cells of a table: words for nothing, numbers, years, lists of names."""

from __future__ import annotations

import ast
import html
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from helpers.data.formats import Frame
from helpers.data.tables import TEXT, Table, one_line

MISSING = {  # what stands, alone in a cell and in any case, for nothing
    *("(no genres listed)", "na", "n/a", "n.a.", "nan", "null", "none", "nil", "?"),
    *("\\n", "-", "--", "–", "—", ".", "...", "…", "[]", "{}", "<na>", "<null>", "(null)", "undefined"),
    *("#n/a", "#null!", "#ref!", "#value!", "#div/0!", "#name?", "#num!"),
}
NO_LETTER = r"[\d\s.,:%/|=_*~–—-]*"  # a total, or a line that is drawn below a header: no text
TWICE = r"Ã[\u00a0-\u00bf€™œžŸ]|â€"  # é and – in UTF-8 that was read as Windows-1252, and saved again
DAYS = (3_000, 100_000)  # times that are days: since 1970 from 1978 on, or as Excel counts them, from 1908 on
EXCEL_FROM, EXCEL_1970 = 22_000, 25_569  # days from which they are Excel's, and the one of 1970-01-01
INLINE = "a|abbr|b|big|cite|code|em|font|i|q|s|small|span|strong|sub|sup|tt|u"  # tags that end no word
BLOCKS = "blockquote|br|center|dd|div|dl|dt|h[1-6]|hr|img|li|ol|p|pre|table|tbody|td|th|thead|tr|ul"
TAG = re.compile(rf"</?(?:({INLINE})|{BLOCKS})(?:\s[^<>]*)?/?>", re.I)
UNSHOWN = re.compile(r"<(script|style)\b(?:(?!<\1\b).)*?</\1\s*>|<!--(?:(?!<!--).)*?-->", re.I | re.S)  # of a page
NAME_KEYS = {"name", "title", "label", "genre", "value"}  # of objects in lists
WORDS = {"na", "n/a", "nan", "null", "none", "nil", "?", "...", "…", "undefined"}  # of them, films are called so


def is_missing(cells: pd.Series) -> pd.Series:
    """Tell which cells are empty, or hold nothing but a word for nothing."""
    missing = cells.isna()
    short = ~missing & (cells.str.len() <= max(map(len, MISSING)))  # no copy of long texts is made
    missing[short] = cells[short].map(one_line).str.lower().isin({"", *MISSING})
    return missing


def refuse_cells(file: Table | Frame, cells: pd.Series, bad: pd.Series, column: str, why: str) -> None:
    """Refuse cells, and name the line, as an editor counts, of the first."""
    if bad.any():
        line, cell = cells.index[bad][0], cells[bad].iloc[0]
        shown = "" if pd.isna(cell) else one_line(str(cell))[:40]
        cure = f"Change it, or leave the {file.unit} out."
        raise ValueError(f"{file.name}, {file.unit} {line}: {column} '{shown}' {why}. {cure}")


def read_ids(cells: pd.Series) -> pd.Series:
    """Read ids: texts, leading zeros and all; where each is a number, the 12.0 that programs make of a 12 is a 12."""
    ids = cells.str.strip()
    return ids.str.removesuffix(".0") if ids.str.fullmatch(r"[0-9]+(\.0)?").fillna(True).all() else ids


def read_texts(cells: pd.Series) -> pd.Series:
    """Read texts as people see them: without HTML's tags, its entities as signs; of a JSON list or object its texts.

    Of an object that says the same in several languages, say, it is the first text.
    """
    cells = cells.str.strip()
    odd = cells.str.startswith(("[", "{"), na=False)
    for sign in "<&":
        odd |= cells.str.contains(sign, regex=False, na=False)
    return cells.mask(odd, cells[odd].map(_seen).astype(TEXT)) if odd.any() else cells


def _seen(cell: str) -> str:
    if re.match(r"[\[{]\s*['\"\[{]", cell) and isinstance(value := _value(cell), list | dict):
        cell = " ".join(_leaves(value))
    cell = TAG.sub(lambda tag: "" if tag[1] else " ", UNSHOWN.sub(" ", cell))
    return re.sub(r"&(#\d+|#x[\da-f]+|\w+);", lambda entity: html.unescape(entity[0]), cell, flags=re.I).strip()


def read_genres(cells: pd.Series) -> pd.Series:
    """Read lists of names (genres, tags) in any usual form: ``Drama|Mystery``.

    Bars, semicolons, commas or the # of tags may separate names, or they stand in a JSON or Python list of texts or of
    objects with a ``name``, as TMDB's tables have them, or in braces as PostgreSQL writes them. A name that comes twice
    counts once.
    """
    names = {cell: "|".join(dict.fromkeys(_names(cell))) or None for cell in cells.dropna().unique()}
    return cells.map(names).astype(TEXT)


def read_years(cells: pd.Series) -> pd.Series:
    """Read a year, 1000 to 2999, out of each cell; NaN where there is none.

    A cell that is a number has to be a year (1994 or 1994.0). From a date the year counts, from a range (1984-1989) the
    first one, from anything else the last number that can be a year: *Blade Runner 2049 (2017)* is of 2017. Times of
    day and time zones are no years. Where no number is a year, and all can be days as Excel counts them, or seconds
    since 1970 (or thousandths of them, and so on), they are read so, with a warning.
    """
    years = {cell: _year(cell) for cell in cells.dropna().unique()}
    found = cells.map(years).astype("float64")
    numbers = read_numbers(cells[found.isna()].dropna().astype(TEXT)).dropna()
    if len(numbers) and not cells[found.notna()].astype(TEXT).str.fullmatch(r"[\d.,]+").any():
        unit, seconds = read_times(numbers)
        if numbers.median() >= 1e8 or unit.startswith("days"):
            found[numbers.index] = seconds.to_numpy().astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
            warnings.warn(f"{cells.name}: {cells[numbers.index[0]]} and the like are read as {unit}.", stacklevel=2)
    return found if found.isna().any() else found.astype("int64")


def read_times(numbers: pd.Series) -> tuple[str, pd.Series]:
    """Give the seconds since 1970 of times that are numbers, and what they are read as."""
    if numbers.between(*DAYS).all():
        first = 1900 if numbers.median() > EXCEL_FROM else 1970
        return f"days since {first}", (numbers - EXCEL_1970 * (first == 1900)) * 86_400
    power = int(thousands(numbers.median()))
    return f"{['', 'milli', 'micro', 'nano'][power]}seconds since 1970", numbers / 1_000**power


def thousands(times: Any) -> Any:
    """How many times the unit of a time since 1970 is a thousandth: 0 for seconds, 1 for milliseconds."""
    return np.clip((np.log10(np.maximum(times, 1)) - 8) // 3, 0, 3)


def read_numbers(cells: pd.Series) -> pd.Series:
    """Read plain decimal numbers, with a point or a comma; NaN for anything else (inf, 1e5, 4/5)."""
    cells = cells.map(_plain_digits, na_action="ignore").astype(cells.dtype)
    plain = cells.where(cells.fillna("").str.fullmatch(r"[-+]?[0-9]+([.,][0-9]*)?|[-+]?[.,][0-9]+"))
    return pd.to_numeric(plain.str.replace(",", ".", regex=False), errors="coerce").astype("float64")


def _plain_digits(cell: str) -> str:
    """Write the digits of other scripts, and the Arabic decimal sign, as 0 to 9 and a point."""
    if cell.isascii():
        return cell
    return re.sub(r"\d", lambda digit: str(int(digit[0])), cell).replace("\u066b", ".").replace("\u2212", "-")


def _year(cell: str) -> float:
    cell = re.sub(r"^([12])[.,\s]([0-9]{3})$", r"\1\2", _plain_digits(cell).strip())  # 1,999 of a spreadsheet
    if re.fullmatch(r"[-+\u2212]?[0-9]+([.,][0-9]+)?(e[-+]?[0-9]+)?", cell, re.I):
        found = re.fullmatch(r"([12][0-9]{3})([.,]0+|(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01]))?", cell)
        return float(found[1]) if found else np.nan
    if found := re.match(r"([12][0-9]{3})([-/.])(0?[1-9]|1[0-2])(\2|T|\b)(?![-–—])", cell):
        return float(found[1])
    cell = re.sub(r"[0-9]{1,2}:[0-9]{2}(:[0-9.,]+)?\s*(AM|PM)?\s*(Z|UTC|GMT)?\s*([-+][0-9]{2}:?[0-9]{2})?", " ", cell)
    found = re.search(r"(?<![0-9])([12][0-9]{3})\s*(?:[-–—/]|to|and)\s*([12][0-9]{3})(?![0-9])\W*$", cell)
    if found and found[1] <= found[2]:
        return float(found[1])
    years = re.findall(r"(?<![0-9])[12][0-9]{3}(?![0-9])", cell)
    return float(years[-1]) if years else np.nan


def _names(cell: str) -> list[str]:
    cell = html.unescape(cell).strip()
    found = _literal(cell) if cell[:1] in "[{(" else None
    if found is None and cell[:1] + cell[-1:] in ("{}", "[]"):
        cell = cell[1:-1].replace('"', "")
    names = re.split(r"[|;,\n；，、،•]|\s(?=#)", cell) if found is None else [name.replace("|", "/") for name in found]
    return [name for name in map(one_line, names) if name and name.lower() not in MISSING]


def _literal(cell: str) -> list[str] | None:
    """Names in a JSON or Python list, or None when it is none."""
    value = _value(cell)
    if isinstance(value, dict) and not NAME_KEYS & value.keys():
        value = list(value.values())  # {"/m/07s9rl0": "Drama", "/m/02kdv5l": "Action"}, as Freebase has them
    return list(_leaves(value)) if isinstance(value, list | tuple | set | dict | str) else None


def _value(cell: str) -> object:
    """The list or object that a cell is in JSON or Python, or None."""
    apart = re.sub(r"(['\"])\s+(?=['\"])", r"\1, ", cell)  # as NumPy prints lists
    for read, text in ((json.loads, cell), (ast.literal_eval, apart)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of backslashes that mean nothing
                return read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    return None


def _leaves(value: object) -> Iterator[str]:
    """The names in nested lists and objects, of an object the one of ``{"id": 18, "name": "Drama"}``."""
    if isinstance(value, dict):
        inside = [value[key] for key in (*(key for key in value if key in NAME_KEYS), *value)]
        texts = (one for one in inside if isinstance(one, str))
        value = next(texts, [one for one in inside if isinstance(one, list | dict)])
    if isinstance(value, list | tuple | set):
        for item in sorted(value, key=str) if isinstance(value, set) else value:
            yield from _leaves(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield f"{value:.15g}" if isinstance(value, float) else str(value)
