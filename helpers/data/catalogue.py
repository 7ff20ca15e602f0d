"""One description of a catalogue for every command, the app and notebook 09: its file, its columns, its encoder.

It is given by options, guessed and then said, or given by a TOML file of `SETTINGS`, such as ``title_column = "name"``.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import re
import shlex
import tomllib
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from helpers.data import charset
from helpers.data.cells import (
    MISSING,
    NO_LETTER,
    TWICE,
    WORDS,
    is_missing,
    read_genres,
    read_ids,
    read_texts,
    read_years,
    refuse_cells,
)
from helpers.data.formats import Frame, open_table, read_text
from helpers.data.tables import Table, distinct, one_line

BECOME = {"genres": "genre_column", "year": "year_column", "cast": "people_column", "id": "id_column"}
OURS = ["movie_id", "title", "synopsis", "similarity"]  # names that mean one thing everywhere in the course
USUAL = {  # words in the names of columns, the most usual first
    "title_column": "title name titel titre titulo titolo nombre nome nom headline product item film movie book",
    "text_column": "synopsis overview description plot summary about text abstract blurb content body review "
    "lyrics story beschreibung inhalt resume descripcion descricao descrizione sinopsis trama",
    "genre_column": "genres genre categories category tags topics subjects bookshelves genero categoria kategorie folder",
    "year_column": "year released release published date years jahr erscheinungsjahr datum annee ano anno fecha",
}
DENSE = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"  # signs of scripts without spaces
SAMPLE = 500  # rows that a guess looks at
SLASHES = "A backslash has a special meaning in double quotes: write /, or use single quotes: file = 'C:\\books.csv'"
LONGEST_NAME = 30  # letters of a cell that may name a column
SHORT = 5  # words; a text of fewer says nothing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Description:
    """What is known of a catalogue before its rows are read; made by `describe`, read by `films`.

    What is None is not there, or is found out; `guessed` are the columns that nobody named. The encoder is for those
    who encode, see `helpers.encoding.load_encoder`.
    """

    file: str | pd.DataFrame
    title_column: str
    text_column: str
    genre_column: str | None = None
    year_column: str | None = None
    people_column: str | None = None
    id_column: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    encoder: str | None = None
    language: str | None = None
    guessed: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    table: Table | Frame = dataclasses.field(compare=False, repr=False)

    def settings(self) -> dict[str, str]:
        """What is known, by the names that options and `catalogue.toml` have for it."""
        known = {name: getattr(self, name) for name in SETTINGS}
        return {name: value for name, value in known.items() if isinstance(value, str)}

    def options(self) -> str:
        """The options that say this on a command line."""
        words = {"--csv" if name == "file" else f"--{name.replace('_', '-')}": v for name, v in self.settings().items()}
        return shlex.join(word for pair in words.items() for word in pair)

    def toml(self) -> str:
        """The `catalogue.toml` that says this, if it lies beside the file."""
        known = self.settings()
        known |= {"file": Path(known["file"]).name} if "file" in known else {}
        known |= {"encoder": str(Path(self.encoder).resolve())} if self.encoder and Path(self.encoder).is_dir() else {}
        return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in known.items())

    def films(self) -> pd.DataFrame:
        """Name the columns, number the rows, leave out rows without title or text; see `helpers.data.load_movies`."""
        file, table = self.table, self.table.frame()
        if self.id_column:
            ids = table[self.id_column] = read_ids(table[self.id_column])
            refuse_cells(file, ids, ids.isna(), self.id_column, "is missing")
            refuse_cells(file, ids, ids.duplicated(), self.id_column, "is there more than once; each id names one row")
        free = [column for column in file.columns if column not in (self.title_column, self.text_column)]
        columns: dict[str, str] = {name: name for name in ("genres", "year") if name in free}
        columns |= {name: getattr(self, setting) for name, setting in BECOME.items() if getattr(self, setting)}
        read: dict[str, Callable[[pd.Series], pd.Series]] = {"year": read_years, "id": pd.Series.copy}
        found = {name: read.get(name, read_genres)(table[column]) for name, column in columns.items()}
        titles = _titles(read_texts(table[self.title_column]))
        texts = read_texts(table.pop(self.text_column))
        nothing = is_missing(texts) | texts.str.fullmatch(NO_LETTER).fillna(True)
        movies = pd.DataFrame({"title": titles, "synopsis": texts.mask(nothing, "")})
        self._warn_of_no_year(table, columns, found)
        self._warn_of_wrong_letters(texts)
        del texts
        taken = {*OURS, *(name for name, column in columns.items() if column != name)}
        others = distinct([f"file_{column}" if column in taken else column for column in free])
        movies = pd.concat([movies, table[free].set_axis(others, axis=1)], axis=1).assign(**found)
        del table
        if "tags" in movies:
            movies["tags"] = read_genres(movies["tags"])
        return self._usable(movies.set_axis(pd.RangeIndex(1, len(movies) + 1, name="movie_id")))

    def _warn_of_wrong_letters(self, texts: pd.Series) -> None:
        found = texts.str.extract(f"({TWICE})", expand=False).dropna()
        if len(found) > len(texts) / 100:
            said = f"{len(found)} texts have signs such as '{found.iloc[0]}': UTF-8 that was read as Windows-1252"
            cure = "Use an earlier copy, or fix each text: text.encode('cp1252').decode()"
            warnings.warn(f"{self.table.name}: {said}. {cure}", stacklevel=4)

    def _warn_of_no_year(self, table: pd.DataFrame, columns: dict[str, str], found: dict[str, pd.Series]) -> None:
        if "year" in found and found["year"].isna().all() and len(cells := table[columns["year"]].dropna()):
            said = f"no cell of column '{columns['year']}' has a year (the first is '{one_line(cells.iloc[0])[:30]}')"
            warnings.warn(f"{self.table.name}: {said}.", stacklevel=4)

    def _usable(self, movies: pd.DataFrame) -> pd.DataFrame:
        no_title = movies["title"].eq("")
        no_text = movies["synopsis"].eq("") & ~no_title
        left_out = int((no_title | no_text).sum())
        if left_out == len(movies):
            both = f"both a title ('{self.title_column}') and a text ('{self.text_column}')"
            raise ValueError(f"{self.table.name}: no row has {both}.")
        if left_out:
            movies = movies[~(no_title | no_text)]
            warnings.warn(
                f"{self.table.name}: {left_out} of {len(no_title)} rows left out "
                f"({no_title.sum()} without title, {no_text.sum()} without text).",
                stacklevel=4,
            )
        movies.attrs["left_out"] = {"without title": int(no_title.sum()), "without text": int(no_text.sum())}
        return movies


SETTINGS = [field.name for field in dataclasses.fields(Description) if field.name not in ("guessed", "table")]
COLUMNS = [name for name in SETTINGS if name.endswith("_column")]


def describe(file: str | Path | pd.DataFrame, **given: str | None) -> Description:
    """Describe a catalogue: by what is given, else by its `catalogue.toml`, else by a guess, with a warning.

    Parameters
    ----------
    file : path or pandas.DataFrame
        What `helpers.data.formats.open_table` opens, or a TOML file that names such a file.
    **given : str, optional
        The other attributes of `Description`; None counts as not given.

    Raises
    ------
    ValueError
        When the TOML file says what cannot be, the file cannot be read rightly, or nobody can tell its columns.
    """
    if unknown := given.keys() - set(SETTINGS):
        raise TypeError(f"describe: there is no {sorted(unknown)[0]}; there are {', '.join(SETTINGS)}.")
    known: dict = {"file": file}
    lines: dict[str, str] = {}
    if isinstance(file, str | Path) and Path(file).suffix.lower() == ".toml":
        known, lines = _read_toml(Path(file))
    known |= {name: value for name, value in given.items() if value is not None}
    named = [known[name] for name in COLUMNS if name in known]
    try:
        table = open_table(known["file"], named, known.get("encoding"), known.get("delimiter"))
    except (ValueError, FileNotFoundError) as error:
        own = [lines[name] for name in lines if name not in given and f"'{known[name]}'" in str(error)]
        own += [lines["file"]] if lines and isinstance(error, FileNotFoundError) else []
        if not own:
            raise
        raise type(error)(f"{own[0]}: {error}") from None
    guessed = {} if {"title_column", "text_column"} <= known.keys() else _guess(table, known)
    for name, column in guessed.items():
        if f"{column}.1" in table.columns:
            raise ValueError(f"{table.name}: column '{column}' appears twice. Give one of them another name.")
        if alike := [other for other in table.columns if other != column and other.casefold() == column.casefold()]:
            option = f"--{name.replace('_', '-')} (in Python: {name}=)"
            raise ValueError(f"{table.name}: there are columns '{column}' and '{alike[0]}'. Name one: {option}.")
    if guessed:
        said = ", ".join(f"{name}={column!r}" for name, column in guessed.items())
        warnings.warn(f"{table.name}: guessed {said}. If that is wrong, name the columns.", stacklevel=3)
    if known.get("language", "en")[:2].lower() != "en" and "encoder" not in known:
        warnings.warn(
            f"{table.name}: the language is {known['language']}, and the course's encoder reads English. Name another: "
            "--encoder (in a catalogue.toml: encoder=), see helpers.encoding.CHOICES.",
            stacklevel=3,
        )
    file = known["file"] if isinstance(known["file"], pd.DataFrame) else str(known["file"])
    return Description(**{**known, **guessed, "file": file}, guessed=tuple(guessed), table=table)


def count_words(texts: pd.Series) -> pd.Series:
    """Count the words of each text; in scripts without spaces (Thai, Chinese, ...) two signs count as one word."""
    return texts.str.count(r"\S+") + texts.str.count(DENSE) // 2


def _read_toml(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Read and check a description, whose folders and file are looked for beside it; and say where each name stands."""
    try:
        text = read_text(path)
        values = tomllib.loads(text)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}.") from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        why = re.sub(r" \(at .*\)$", "", str(error))
        cure = SLASHES if "\\" in text.split("\n")[line - 1] else 'Texts stand in quotes: title_column = "name"'
        raise ValueError(f"{path.name}, line {line}: {why}. {cure}") from None
    lines = {}
    for name, value in values.items():
        found = re.search(rf"^[ \t]*[\"'\[]*{re.escape(name)}\b", text, re.M)
        where = lines[name] = f"{path.name}, line {text[: found.start()].count(chr(10)) + 1 if found else 1}"
        if name not in SETTINGS:
            alike = difflib.get_close_matches(name, SETTINGS, 1)
            hint = f"Did you mean {alike[0]}?" if alike else f"There are: {', '.join(SETTINGS)}."
            raise ValueError(f"{where}: {one_line(name)[:40]} means nothing here. {hint}")
        if not isinstance(value, str) or not value:
            raise ValueError(f'{where}: {name} is {value!r:.40}; write a text in quotes, such as {name} = "..."')
        if not value.isprintable() and name != "delimiter":
            raise ValueError(f"{where}: {name} holds an invisible character. {SLASHES}")
    if "file" not in values:
        raise ValueError(f'{path.name}: it names no file. Add a line such as file = "books.csv"')
    for name in values.keys() & {"file", "encoder"}:
        beside = path.parent / os.path.expanduser(values[name])  # noqa: PTH111
        values[name] = str(beside) if name == "file" or beside.is_dir() else values[name]
    return values, lines


def _guess(table: Table | Frame, known: dict) -> dict[str, str]:
    """Find the columns that nobody named: by usual names, or else texts by their length and titles by theirs."""
    sample = next(table.parts(table.columns, SAMPLE), pd.DataFrame(columns=table.columns, dtype=str)).fillna("")
    length = {column: sample[column].str.len().mean() if len(sample) else 0 for column in table.columns}
    if table.columns[1:] and table.columns[0].startswith("#"):
        cure = "if the line that begins with '#' is a comment, delete it; else name the columns."
        raise ValueError(f"{table.name}: {cure}")
    _refuse_names_elsewhere(table, sample)
    named = [column for column in table.columns if not re.fullmatch(r"column \d+", column)]
    filled = [column for column in named if not len(sample) or sample[column].str.strip().ne("").any()]
    free = [column for column in filled if column not in [known.get(name) for name in COLUMNS]]
    codes = {column for column in free if sample[column].str.fullmatch(r"[\d.,:/ -]*|\S*\d\S*").all()}
    addresses = {column for column in free if sample[column].str.match(r"\w+:/|www\.|/").mean() > 0.5}
    dated = [column for column in free if sample[column].str.contains(r"\d\d").any()]
    guessed: dict[str, str] = {}
    for name in ("text_column", "title_column", "genre_column", "year_column"):
        if name in known:
            continue
        words = [column for column in free if column not in codes | addresses]
        fitting = [column for column in free if name != "year_column" or column in dated]
        found = _named_as_usual(name, [column for column in fitting if column in words or column.isalpha()])
        found = found or _named_as_usual(name, fitting)
        if found is None and name == "text_column":
            texts = [column for column in words if length[column] >= 20 and count_words(sample[column]).mean() > 2]
            found = max(texts, key=length.__getitem__, default=None)
            if found and len(found) >= 20 and len(found.split()) > 3:
                raise ValueError(
                    f"{table.name}: no column is for texts; the first line may be a row: '{one_line(found)[:25]}...'. "
                    "If so, write a header above it, such as title,text; else name the columns."
                )
        if found is None and name == "title_column":
            text = {**known, **guessed}["text_column"]
            fits = (column for column in words if length[column] < length[text] / 2)
            found = max(fits, key=lambda column: sample[column].nunique(), default=None)
        if found is not None:
            guessed[name] = found
            free.remove(found)
        elif name in ("text_column", "title_column"):
            what = f"{name.removesuffix('_column')}s"
            listed = ", ".join(one_line(column)[:30] for column in table.columns[:8]) or "no column"
            below = len(named) < len(table.columns) or len(table.columns) == 1
            objects = next((column for column in table.columns if sample[column].str.startswith("{").mean() > 0.5), None)
            raise ValueError(
                f"{table.name}: nobody can tell which column holds {what} (found: {listed}). Name it: "
                f"--{name.replace('_', '-')} (in Python: {name}=)."
                + " If the names of the columns stand in a line below, delete the lines above it." * below
                + f" If it is inside of '{objects}', unfold that first, as pandas.json_normalize does." * bool(objects)
            )
    return guessed


def _refuse_names_elsewhere(table: Table | Frame, sample: pd.DataFrame) -> None:
    """Refuse a table whose second row, or whose first column, names titles and texts as usual, and the header not."""
    if not table.columns:
        return
    rows = [table.columns, *sample.head(LONGEST_NAME).to_numpy().tolist()]
    if _names_texts(rows[0]):
        return
    text = _names_texts([row[0] for row in rows])
    beside = [cell for row in rows if row[0] == text for cell in row[1:] if cell]
    if text and len(rows) > len(sample) and sum(map(len, beside)) > LONGEST_NAME * len(beside):
        cure = "transpose it, so that each is a column (a spreadsheet program pastes transposed; in Python: table.T)"
        raise ValueError(f"{table.name}: the first column seems to name what stands in the rows; {cure}.")
    for number, row in zip(sample.index[:3], rows[1:], strict=False):
        if _names_texts(row):
            cure = "delete what is above it, or name the columns"
            raise ValueError(f"{table.name}: {table.unit} {number} seems to be the header; {cure}.")


def _names_texts(cells: list[str]) -> str | None:
    """The name for texts among cells that are all short, and name titles, too."""
    names = [cell for cell in cells if cell.strip()]
    text, title = (_named_as_usual(name, names) for name in ("text_column", "title_column"))
    return text if title and text != title and max(map(len, names)) <= LONGEST_NAME else None


def _named_as_usual(name: str, columns: list[str]) -> str | None:
    """The column whose name has the most usual word in it, and the fewest others."""
    for word in USUAL[name].split():
        parts = {c: re.findall(r"[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", _plain(c)).lower()) for c in columns}
        fits = [column for column in columns if word in parts[column]]
        if fits:
            return min(fits, key=lambda column: ("id" in parts[column] or "type" in parts[column], len(parts[column])))
    return None


def _plain(name: str) -> str:
    """A name without accents."""
    return re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFD", name))


def _titles(cells: pd.Series) -> pd.Series:
    """Make titles one line, and empty those that are a sign for nothing, or a word for nothing that others are, too."""
    titles = cells.fillna("").map(one_line)
    nothing = titles.str.lower().isin(MISSING)
    only = titles.str.lower().isin(WORDS) & ~titles.duplicated(keep=False)
    return titles.mask(nothing & ~only, "")
