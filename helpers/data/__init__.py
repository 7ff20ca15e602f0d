"""Load and check the data of the course: films, raw listings, ratings, vectors, and any file of titles and texts.

Every loader returns pandas objects, and raises `ValueError` with one line that names the file, the column or the row
when something is wrong. Real data sets are looked for in the folder ``COURSE_DATA_DIR``, then where `fetch` puts them.
"""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.data.catalogue import Description, count_words, describe
from helpers.data.cells import is_missing, read_genres, read_numbers, read_years
from helpers.data.formats import open_table
from helpers.data.ratings import LIKED, SCALE, as_stars, check_scale, from_stars, like_of, read_ratings_csv
from helpers.data.tables import one_line
from helpers.files import file_sha256, hash_texts, read_arrays, write_whole
from helpers.home import ROOT, cache_folder

DATA_DIR = ROOT / "data"

MOVIE_COLUMNS = ["movie_id", "imdb_id", "title", "year", "genres", "director", "cast", "tags", "synopsis"]
LISTING_COLUMNS = ["listing_id", "title", "year", "genres", "director", "cast", "synopsis", "source"]
TRUTH_COLUMNS = ["listing_id", "movie_id"]
RATING_COLUMNS = ["user_id", "movie_id", "rating", "timestamp"]
NAMED_VIEWERS = {1: "Ada", 2: "Bruno", 3: "Carla"}  # user_id of the simulated viewers that the course speaks of
CHECKSUMS = "SHA256SUMS"
VECTOR_FILES = {"all-MiniLM-L6-v2": "vectors.npz", "all-mpnet-base-v2": "vectors_mpnet.npz"}  # by encoder

MOVIELENS_FOLDER = "ml-latest-small"
MOVIELENS_FILES = {  # the columns that each file has to have, and what they hold
    "ratings.csv": {"userId": "int64", "movieId": "int64", "rating": "float64", "timestamp": "int64"},
    "movies.csv": {"movieId": "int64", "title": "str", "genres": "str"},
    "links.csv": {"movieId": "int64", "imdbId": "int64", "tmdbId": "float64"},
}
MOVIELENS_RATINGS, MOVIELENS_USERS = 100_836, 610
MPST_FILE = "mpst_full_data.csv"
MPST_COLUMNS = ["imdb_id", "title", "plot_synopsis", "tags", "split", "synopsis_source"]
MPST_ROWS = 14_828
TRUNCATED = ": the file is truncated or another one. Fetch it again: python3 -m helpers fetch"


def load_movies(
    csv: str | Path | pd.DataFrame | None = None,
    title_column: str | None = None,
    text_column: str | None = None,
    **columns: str | None,
) -> pd.DataFrame:
    r"""Load the course's films, the films of MPST, or any catalogue that has a title and a text.

    Parameters
    ----------
    csv : path, pandas.DataFrame or "mpst", optional
        A catalogue of your own: any table that `open_table` opens, or a `catalogue.toml` that describes one. Without
        it, the films of the course are loaded. ``"mpst"`` stands for the 14,828 films with long plots of Kar et al.
        (2018), fetched by ``python3 -m helpers fetch mpst``.
    title_column, text_column : str, optional
        Its columns that hold titles and texts. What is not named is guessed, and a warning says how.
    **columns : str, optional
        ``genre_column``, ``year_column``, ``people_column``, ``id_column`` become ``genres``, ``year``, ``cast`` and
        ``id``, see `read_genres` and `read_years`. ``delimiter`` and ``encoding`` of the file, as Python names it
        (``cp1251``, ``gbk``; ``utf-8:replace`` reads U+FFFD where a byte is damaged). See `describe`.

    Returns
    -------
    pandas.DataFrame
        One row per film, index ``movie_id``, with ``title``, ``year``, ``synopsis`` and the other columns.
        Lists (genres, director, cast, tags) are text, separated by ``|``. From a file of your own, ``movie_id``
        counts its rows from 1, and rows without title or text are left out with a warning that counts them;
        ``attrs["left_out"]`` keeps the counts. A word for nothing (NA, null, None, \N, ...) alone in a cell is no
        text; it is a title only where it has a text and no other row has it as a title, as the film *Null* would.
        Titles are one line; they and texts are as people see them, see `helpers.data.cells.read_texts`. Columns of the
        file that bear a name of ours are called ``file_title`` and so on. Films of MPST have no year; they have
        ``imdb_id``, ``tags``, ``split`` and ``synopsis_source``.

    Raises
    ------
    ValueError, FileNotFoundError
        When there is no such file, it cannot be read correctly (see `open_table`), or has no usable row.

    References
    ----------
    S. Kar, S. Maharjan, A. P. López-Monroy and T. Solorio (2018), MPST: a corpus of movie plot synopses with tags,
    LREC 2018.
    """
    if isinstance(csv, str) and csv == "mpst":
        return read_mpst(_find_real(MPST_FILE, "mpst"))
    if csv is None:
        return _read_course_file("movies.csv", MOVIE_COLUMNS, ["movie_id", "year"], "movie_id")
    return describe(csv, title_column=title_column, text_column=text_column, **columns).films()


def load_raw_listings() -> pd.DataFrame:
    """Load the dirty listings that notebook 02 cleans: the columns of `LISTING_COLUMNS`, index ``listing_id``.

    Missing cells are NaN; the year is a float.
    """
    listings = _read_course_file("listings_raw.csv", LISTING_COLUMNS, ["listing_id"], "listing_id")
    with _clear_errors("listings_raw.csv"):
        return listings.assign(year=pd.to_numeric(listings["year"]).astype("float64"))


def load_duplicates() -> pd.Series:
    """Load the truth about the raw listings: a Series of ``movie_id``, equal for duplicates, by ``listing_id``."""
    return _read_course_file("duplicates.csv", TRUTH_COLUMNS, TRUTH_COLUMNS, "listing_id")["movie_id"]


def load_ratings(name: str = "course") -> pd.DataFrame:
    """Load who rated which film of the course, how, and when.

    Parameters
    ----------
    name : "course" or "movielens"
        ``"course"``: the simulated viewers that come with the course. ``"movielens"``: real people, from MovieLens
        ml-latest-small, as far as they rated films of the course (joined through ``imdb_id``).

    Returns
    -------
    pandas.DataFrame
        ``user_id``, ``movie_id``, ``rating`` (0.5 to 5 in steps of a half) and ``timestamp`` (seconds since 1970,
        UTC), sorted by user and time.

    Raises
    ------
    ValueError, FileNotFoundError
        When a file is damaged, has other columns or is not there; the message names the command that fetches it.

    References
    ----------
    F. M. Harper and J. A. Konstan (2015), The MovieLens datasets: history and context, ACM TiiS 5(4), article 19.
    """
    if name == "course":
        ratings = _read_course_file("ratings.csv", RATING_COLUMNS, ["user_id", "movie_id", "timestamp"])
        with _clear_errors("ratings.csv"):
            stars = read_numbers(ratings["rating"])
            if (wrong := ~stars.between(*SCALE)).any():
                raise ValueError(f"rating '{ratings['rating'][wrong].iloc[0]}' is not from 0.5 to 5")
            return ratings.assign(rating=stars)
    if name != "movielens":
        raise ValueError(f"load_ratings: '{name}' is unknown; choose course or movielens.")
    tables = read_movielens(_find_real(MOVIELENS_FOLDER, "movielens"))
    links = tables["links.csv"]
    imdb = "tt" + links["imdbId"].astype(str).str.zfill(7)
    movies = load_movies()["imdb_id"].dropna()
    to_ours = imdb.map(pd.Series(movies.index, index=movies)).set_axis(links["movieId"]).dropna().astype("int64")
    ratings = tables["ratings.csv"].set_axis(RATING_COLUMNS, axis=1)
    ratings["movie_id"] = ratings["movie_id"].map(to_ours)
    ratings = ratings.dropna(subset="movie_id").astype({"movie_id": "int64"})
    return ratings.sort_values(["user_id", "timestamp", "movie_id"], ignore_index=True)


def toy_ratings() -> pd.DataFrame:
    """Ratings small enough to compute by hand: (6, 8) stars from 1 to 5 of invented viewers, NaN where one is missing.

    The index holds the names of the viewers, the columns are titles of films of the course.
    """
    films = ["Toy Story", "Alien", "Aliens", "The Matrix", "The Avengers", "Amélie", "Pretty Woman", "Fargo"]
    no = float("nan")
    stars = {
        "Ada": [4, 5, no, 5, 4, 2, no, 3],
        "Bruno": [4, 1, no, 2, 3, 5, 5, no],
        "Carla": [2, 4, 3, no, 2, 3, 2, 5],
        "Dan": [3, 5, 5, 4, 5, 1, 2, 3],
        "Eve": [5, 2, 1, 3, no, 4, 5, 2],
        "Finn": [2, 3, 3, 3, 2, 1, 1, no],
    }
    return pd.DataFrame.from_dict(stars, orient="index", columns=films, dtype=float)


def read_movielens(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the three files of ml-latest-small that the course uses, and insist on their being whole.

    Returns ``ratings.csv``, ``movies.csv`` and ``links.csv``, with the columns of `MOVIELENS_FILES`. A file that is
    missing, has other columns, or does not hold the ratings, users and films that it should is a `ValueError`.
    """
    tables = {name: _read_real_csv(Path(folder) / name, columns) for name, columns in MOVIELENS_FILES.items()}
    ratings = tables["ratings.csv"]
    found = len(ratings), ratings["userId"].nunique()
    if found != (MOVIELENS_RATINGS, MOVIELENS_USERS):
        counts = f"{found[0]:,} ratings by {found[1]:,} users, expected {MOVIELENS_RATINGS:,} by {MOVIELENS_USERS:,}"
        raise ValueError(f"{folder}: {counts}{TRUNCATED} movielens")
    if not ratings["rating"].between(*SCALE).all():
        raise ValueError(f"{folder}: a rating is not from 0.5 to 5: the file is damaged.")
    for name in ("movies.csv", "links.csv"):
        unknown = ratings["movieId"][~ratings["movieId"].isin(tables[name]["movieId"])]
        if len(unknown):
            raise ValueError(f"{folder}: movieId {unknown.iloc[0]} is rated but not in {name}: a file is truncated.")
    return tables


def read_table(csv: str | Path | Description, *, encoding: str | None = None) -> pd.DataFrame:
    """Read a table of any kind as it is: all columns, all rows, texts; a cell that is empty is missing.

    Delimiter and encoding are found as by `load_movies`, and the same is refused; words for nothing stay.
    """
    table = csv.table if isinstance(csv, Description) else open_table(csv, [], encoding)
    return table.frame().reset_index(drop=True)


def read_csv_in_parts(csv: str | Path, column: str, rows: int, *, encoding: str | None = None) -> Iterator[list[str]]:
    """Read one column of a table of any size, some rows at a time.

    The file is looked through before the first part comes, and read, or refused, as by `load_movies`. A part has at
    most `rows` texts; an empty cell, or a word for nothing, is an empty text.
    """
    if not isinstance(rows, int) or rows < 1:
        raise ValueError(f"read_csv_in_parts: rows is a whole number from 1 on, not {rows!r:.40}.")
    for part in open_table(csv, [column], encoding).parts([column], rows):
        texts = part[column].fillna("").str.strip()
        yield texts.mask(is_missing(texts), "").tolist()


def read_mpst(path: Path) -> pd.DataFrame:
    """Read ``mpst_full_data.csv`` in its published form, and insist on its being whole; see `load_movies`."""
    table = _read_real_csv(path, dict.fromkeys(MPST_COLUMNS, "str"))
    if len(table) != MPST_ROWS:
        raise ValueError(f"{path}: {len(table):,} films, expected {MPST_ROWS:,}{TRUNCATED} mpst")
    tags = table["tags"].str.split(r",\s*", regex=True).str.join("|")
    movies = table.assign(tags=tags, synopsis=table["plot_synopsis"].str.strip())
    movies.index = pd.RangeIndex(1, len(movies) + 1, name="movie_id")
    return movies[["imdb_id", "title", "tags", "synopsis", "split", "synopsis_source"]]


def changed_files() -> list[str]:
    """Name the files of the course's data that are missing, or are not the ones that `SHA256SUMS` lists."""
    with _clear_errors(CHECKSUMS):
        listed = _published()
        if not listed:
            raise ValueError("it lists no file")
    there = {path.name: path for path in DATA_DIR.glob("*") if path.is_file()}
    changed = [name for name, digest in listed.items() if name not in there or file_sha256(there[name]) != digest]
    return sorted(name for name in there.keys() - listed.keys() if name.endswith((".csv", ".npz"))) + changed


def load_vectors(movies: pd.DataFrame, encoder: str = "all-MiniLM-L6-v2") -> np.ndarray:
    """Load the synopsis vectors that come with the course.

    Parameters
    ----------
    movies : pandas.DataFrame
        Films of the course, or some of them; rows of the result follow their order.
    encoder : str
        Which encoder made them: all-MiniLM-L6-v2, or all-mpnet-base-v2 (kept in float16).

    Returns
    -------
    numpy.ndarray
        (n_movies, 384) or (n_movies, 768) float32, rows of length 1.

    Raises
    ------
    ValueError
        When the file is damaged, lacks a film, or was made from other synopses, or when there are none of this encoder.
    """
    if encoder not in VECTOR_FILES:
        raise ValueError(f"load_vectors: there are vectors of {' and '.join(VECTOR_FILES)}, not of {encoder!r}.")
    name = VECTOR_FILES[encoder]
    with _clear_errors(name):
        stored = read_arrays(DATA_DIR / name)
        if lacking := {"ids", "vectors", "text_sha256"} - stored.keys():
            raise ValueError(f"it holds no array '{min(lacking)}'")
        ids, vectors, hashes = stored["ids"], stored["vectors"], stored["text_sha256"]
        right_kind = vectors.ndim == 2 and vectors.dtype in (np.float32, np.float16)
        if not (right_kind and len(ids) == len(vectors) == len(hashes)):
            raise ValueError("its arrays do not belong together")
        rows = pd.Series(np.arange(len(ids)), index=ids)
    missing = movies.index.difference(rows.index)
    if len(missing):
        raise ValueError(f"{name}: no vector for movie_id {missing[0]}. Run: python tools/make_vectors.py")
    if "synopsis" not in movies:
        raise ValueError("load_vectors: the films have no column 'synopsis'; the vectors were made from it.")
    if (no_text := ~movies["synopsis"].map(lambda text: isinstance(text, str))).any():
        raise ValueError(f"load_vectors: movie_id {movies.index[no_text][0]} has no synopsis.")
    wanted = rows.loc[movies.index].to_numpy()
    if not np.array_equal(hashes[wanted], hash_texts(movies["synopsis"])):
        raise ValueError(f"{name} was made from other synopses. Run: python tools/make_vectors.py")
    found = vectors[wanted].astype(np.float32)
    return found if vectors.dtype == np.float32 else found / np.linalg.norm(found, axis=1, keepdims=True)


def _published() -> dict[str, str]:
    """The SHA-256 that each file of the course should have."""
    lines = (DATA_DIR / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([0-9a-f]{64})  ([\w.-]+)", line) for line in lines]
    if None in found:
        raise ValueError(f"line {found.index(None) + 1} is no SHA-256 and a name")
    return {match[2]: match[1] for match in found if match}


def _read_course_file(name: str, columns: list[str], whole: list[str], index: str | None = None) -> pd.DataFrame:
    """Read one of the course's own files: texts, whole numbers in some columns, unique ones in the index."""
    with _clear_errors(name):
        table = _read_texts(DATA_DIR / name, columns)
        for column in whole:
            bad = ~table[column].fillna("").str.fullmatch(r"[0-9]{1,15}")
            if bad.any():
                cell, row = table[column][bad].iloc[0], table.index[bad][0] + 1
                raise ValueError(f"{column} {cell} of row {row} is not a whole number")
            table[column] = table[column].astype("int64")
        if index is None:
            return table
        if (twice := table[index].duplicated()).any():
            raise ValueError(f"{index} {table[index][twice].iloc[0]} appears twice")
        return table.set_index(index)


def _read_texts(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read a file as it is published, or with a warning, and checked, another one."""
    listed = ""
    with contextlib.suppress(OSError, ValueError):  # `doctor` looks at the list
        listed = _published().get(path.name, "")
    if file_sha256(path) == listed:
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8")
    table = open_table(path, columns, "utf-8")
    _expect(table.columns, columns)
    if listed:
        cure = f"If you did not change it: git checkout data/{path.name}"
        warnings.warn(f"{path.name} is not as published (SHA-256). {cure}", stacklevel=4)
    return table.frame().reset_index(drop=True)


def _expect(found: Iterable[str], columns: Iterable[str]) -> None:
    if list(found) != list(columns):
        raise ValueError(f"the columns are {', '.join(found)[:100]}; expected {', '.join(columns)}")


def _find_real(name: str, dataset: str) -> Path:
    """Find a real data set: in the folder that COURSE_DATA_DIR names, else where `fetch` puts it."""
    named = os.environ.get("COURSE_DATA_DIR")
    folders = [*([Path(named)] if named else []), cache_folder()]
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    looked = " or ".join(map(str, folders))
    raise FileNotFoundError(f"{name} is not in {looked}. Fetch it with: python3 -m helpers fetch {dataset}")


def _read_real_csv(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """Read a published CSV file, and insist on its columns and on what they hold."""
    text = [column for column, dtype in columns.items() if dtype == "str"]
    try:
        table = pd.read_csv(path, encoding="utf-8", dtype=columns, keep_default_na=False, na_values=[""])
        _expect(table.columns, columns)
        return table.fillna(dict.fromkeys(text, ""))
    except (OSError, ValueError, OverflowError) as error:
        raise ValueError(f"{path}: {one_line(str(error))[:200]}: the file is damaged or truncated.") from error


@contextlib.contextmanager
def _clear_errors(name: str) -> Iterator[None]:
    """Turn whatever a damaged course file raises into one line that says how to get it back."""
    try:
        yield
    except (OSError, ValueError) as error:
        what = str(error).removeprefix(name).lstrip(":, ").removesuffix(".")
        raise ValueError(f"{name}: {what}. Get the file back with: git checkout data/{name}") from error
