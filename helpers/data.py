"""Load and check what the course works on: films, raw listings, ratings, vectors, and any CSV of titles and texts.

Real data sets (MovieLens, MPST) are looked for in the folder that ``COURSE_DATA_DIR`` names, then where
``python3 -m helpers fetch`` puts them. Every loader returns pandas objects, and raises `ValueError` with one line
that names the file, the column or the row when something is wrong. Nothing here imports a model, a plot or a widget.
"""

from __future__ import annotations

import contextlib
import csv as csv_module
import gzip
import io
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.files import file_sha256, hash_texts, read_arrays, write_whole  # noqa: F401  (for those who look here)
from helpers.home import cache_folder

DATA_DIR = Path(__file__).resolve().parent.parent / "data"

MOVIE_COLUMNS = ["movie_id", "imdb_id", "title", "year", "genres", "director", "cast", "tags", "synopsis"]
LISTING_COLUMNS = ["listing_id", "title", "year", "genres", "director", "cast", "synopsis", "source"]
TRUTH_COLUMNS = ["listing_id", "movie_id"]
RATING_COLUMNS = ["user_id", "movie_id", "rating", "timestamp"]
NAMED_VIEWERS = {1: "Ada", 2: "Bruno", 3: "Carla"}  # user_id of the simulated viewers that the course speaks of
LIKED = 4.0  # stars; a rating from here on counts as a like
SCALE = (0.5, 5.0)  # stars, lowest and highest
CHECKSUMS = "SHA256SUMS"
DELIMITERS = ",;\t|"

MOVIELENS_FOLDER = "ml-latest-small"
MOVIELENS_FILES = {  # the columns that each file has to have
    "ratings.csv": ["userId", "movieId", "rating", "timestamp"],
    "movies.csv": ["movieId", "title", "genres"],
    "links.csv": ["movieId", "imdbId", "tmdbId"],
}
MOVIELENS_RATINGS, MOVIELENS_USERS = 100_836, 610
MPST_FILE = "mpst_full_data.csv"
MPST_COLUMNS = ["imdb_id", "title", "plot_synopsis", "tags", "split", "synopsis_source"]
MPST_ROWS = 14_828


def load_movies(
    csv: str | Path | None = None,
    title_column: str | None = None,
    text_column: str | None = None,
    *,
    genre_column: str | None = None,
    year_column: str | None = None,
) -> pd.DataFrame:
    """Load the course's films, the films of MPST, or any catalogue that has a title and a text.

    Parameters
    ----------
    csv : path or "mpst", optional
        A CSV or CSV.gz file of your own; without it, the films of the course are loaded. Commas, semicolons,
        tabs or bars may separate its cells; UTF-8, UTF-16 and Windows-1252 are read. ``"mpst"`` stands for the
        14,828 films with long plots of Kar et al. (2018), fetched by ``python3 -m helpers fetch mpst``.
    title_column, text_column : str, optional
        Its columns that hold titles and texts; both are needed with `csv`.
    genre_column, year_column : str, optional
        Its columns that become ``genres`` and ``year``. Genres may be separated by bars, semicolons or commas. A year
        is the last number from 1000 to 2999 in a cell, so that dates, and titles that end with a year, serve as well.

    Returns
    -------
    pandas.DataFrame
        One row a film, index ``movie_id``, with ``title``, ``year``, ``synopsis`` and the other columns.
        Lists (genres, director, cast, tags) are text, separated by ``|``. From a file of your own, ``movie_id``
        counts its rows from 1, and rows without title or text are left out with a warning that counts them;
        ``attrs["left_out"]`` keeps the counts. Films of MPST have no year; they have ``imdb_id``, ``tags``,
        ``split`` (train, val or test) and ``synopsis_source``.

    Raises
    ------
    ValueError
        When the file cannot be read as CSV, or lacks a column, or has no usable row.
    FileNotFoundError
        When there is no such file.

    References
    ----------
    S. Kar, S. Maharjan, A. P. López-Monroy and T. Solorio (2018), MPST: a corpus of movie plot synopses with tags,
    LREC 2018.
    """
    if csv == "mpst":
        return read_mpst(_find_real(MPST_FILE, "mpst"))
    if csv is None:
        movies = _read_course_file("movies.csv", MOVIE_COLUMNS, "movie_id")
        movies["year"] = pd.to_numeric(movies["year"]).astype("int64")
        return movies
    if title_column is None or text_column is None:
        raise ValueError("load_movies: name title_column and text_column together with csv.")
    others = [column for column in (genre_column, year_column) if column]
    table = _read_any_csv(Path(csv), [title_column, text_column, *others])
    movies = _usable_rows(table, Path(csv), title_column, text_column)
    rows = table.loc[movies.index - 1].set_axis(movies.index)
    if genre_column:
        movies["genres"] = rows[genre_column].str.strip(" |;,").str.replace(r"\s*[|;,]\s*", "|", regex=True)
    if year_column:
        movies["year"] = pd.to_numeric(rows[year_column].str.extract(r".*(?<!\d)([12]\d{3})(?!\d)")[0])
    return movies


def load_raw_listings() -> pd.DataFrame:
    """Load the dirty listings that notebook 02 cleans.

    Returns
    -------
    pandas.DataFrame
        One row a listing, index ``listing_id``: ``title``, ``year`` (a float, NaN where the supplier gave none),
        ``genres``, ``director``, ``cast``, ``synopsis``, ``source``. Missing cells are NaN.
    """
    listings = _read_course_file("listings_raw.csv", LISTING_COLUMNS, "listing_id")
    listings["year"] = pd.to_numeric(listings["year"])
    return listings


def load_duplicates() -> pd.Series:
    """Load the truth about the raw listings: which film each of them is.

    Returns
    -------
    pandas.Series
        ``movie_id`` for every ``listing_id``. Listings with the same movie_id are duplicates of each other.
    """
    return _read_course_file("duplicates.csv", TRUTH_COLUMNS, "listing_id")["movie_id"].astype("int64")


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
    ValueError
        When a file is damaged or truncated, has other columns, or `name` is none of the two.
    FileNotFoundError
        When MovieLens is not there; the message names the command that fetches it.

    References
    ----------
    F. M. Harper and J. A. Konstan (2015), The MovieLens datasets: history and context, ACM TiiS 5(4), article 19.
    """
    if name == "course":
        return _course_ratings()
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
    """Ratings small enough to compute by hand: six invented viewers, eight films of the course.

    Returns
    -------
    pandas.DataFrame
        (6, 8) stars from 1 to 5, NaN where a viewer did not rate; index names of viewers, columns titles.
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

    Returns
    -------
    dict of str to pandas.DataFrame
        ``ratings.csv``, ``movies.csv`` and ``links.csv``, with the columns of `MOVIELENS_FILES`.

    Raises
    ------
    ValueError
        When a file is missing, has other columns, or does not hold the ratings, users and films that it should.
    """
    tables = {name: _read_real_csv(Path(folder) / name, columns) for name, columns in MOVIELENS_FILES.items()}
    ratings = tables["ratings.csv"]
    found = len(ratings), ratings["userId"].nunique()
    if found != (MOVIELENS_RATINGS, MOVIELENS_USERS):
        raise ValueError(
            f"{folder}: {found[0]:,} ratings by {found[1]:,} users, expected {MOVIELENS_RATINGS:,} by "
            f"{MOVIELENS_USERS:,}: the file is truncated or another one. Fetch it again: "
            "python3 -m helpers fetch movielens"
        )
    for name in ("movies.csv", "links.csv"):
        unknown = ratings["movieId"][~ratings["movieId"].isin(tables[name]["movieId"])]
        if len(unknown):
            raise ValueError(f"{folder}: movieId {unknown.iloc[0]} is rated but not in {name}: a file is truncated.")
    return tables


def read_ratings_csv(
    path, user_column: str, item_column: str, rating_column: str, time_column: str | None = None, scale=None
) -> pd.DataFrame:
    """Read anybody's ratings from a CSV file.

    Parameters
    ----------
    path : path
        A CSV or CSV.gz file, in any delimiter and encoding that `load_movies` reads.
    user_column, item_column, rating_column : str
        Its columns.
    time_column : str, optional
        Seconds since 1970, or dates such as 2020-01-31.
    scale : tuple of float, optional
        Lowest and highest rating of the file; ratings are mapped from there to 0.5-5. By default they are stars.

    Returns
    -------
    pandas.DataFrame
        ``user_id``, ``movie_id`` (texts), ``rating`` and, where there is one, ``timestamp``.

    Raises
    ------
    ValueError
        When a column is missing, or a cell of it is no number, or outside of the scale; the line is named.
    """
    path = Path(path)
    columns = {"user_id": user_column, "movie_id": item_column, "rating": rating_column, "timestamp": time_column}
    table = _read_any_csv(path, [column for column in columns.values() if column])
    ratings = pd.DataFrame({name: table[column] for name, column in columns.items() if column})
    low, high = scale or (0.5, 5.0)
    numbers = pd.to_numeric(ratings["rating"], errors="coerce")
    bad = ratings[~numbers.between(low, high) | ratings["user_id"].isna() | ratings["movie_id"].isna()]
    if len(bad):
        raise ValueError(
            f"{path.name}, line {bad.index[0] + 2}: {rating_column} '{bad['rating'].iloc[0]}' of {user_column} "
            f"'{bad['user_id'].iloc[0]}' is no rating from {low:g} to {high:g}. Mend the line, or name the scale."
        )
    ratings["rating"] = 0.5 + (numbers - low) * 4.5 / (high - low)
    if time_column:
        seconds = pd.to_numeric(ratings["timestamp"], errors="coerce")
        if seconds.isna().any():
            dates = pd.to_datetime(ratings["timestamp"], errors="coerce", utc=True, format="ISO8601")
            if dates.isna().any():
                line = dates.index[dates.isna()][0]
                raise ValueError(f"{path.name}, line {line + 2}: '{ratings['timestamp'][line]}' is no time.")
            seconds = (dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
        ratings["timestamp"] = seconds
    return ratings


def as_stars(ratings, scale: tuple = SCALE):
    """Map ratings of any scale to stars, half a star to five, so that a like is a like on every scale.

    The lowest rating of a scale counts as no more than a tenth of the highest, as half a star of five does: so 4 of 5
    stays 4 on a scale from 1 to 5, and 8 of 10 becomes 4 on one from 0 or 1 to 10.

    Parameters
    ----------
    ratings : array-like of float
        Any shape.
    scale : tuple of float
        Lowest and highest rating.

    Returns
    -------
    array-like of float
        Of the same shape; `from_stars` is the way back.

    Raises
    ------
    ValueError
        When the lowest rating is not below the highest.
    """
    low, step = _star(scale)
    return ratings if tuple(scale) == SCALE else np.round(SCALE[0] + (ratings - low) / step, 6)


def from_stars(stars, scale: tuple = SCALE):
    """Map stars back to the ratings of a scale, see `as_stars`; what would lie outside of the scale is its end."""
    low, step = _star(scale)
    return np.clip(stars if tuple(scale) == SCALE else low + (stars - SCALE[0]) * step, *scale)


def _star(scale: tuple) -> tuple[float, float]:
    """The rating that half a star stands for, and how far apart two ratings are that differ by a star."""
    low, high = scale
    if not low < high:
        raise ValueError(f"scale is {tuple(scale)}: the lowest rating comes first, then the highest, such as (1, 10).")
    low = min(low, high / 10)
    return low, (high - low) / (SCALE[1] - SCALE[0])


def read_mpst(path: Path) -> pd.DataFrame:
    """Read ``mpst_full_data.csv`` in its published form, and insist on its being whole; see `load_movies`."""
    table = _read_real_csv(path, MPST_COLUMNS, dtype=str, keep_default_na=False)
    if len(table) != MPST_ROWS:
        raise ValueError(
            f"{path}: {len(table):,} films, expected {MPST_ROWS:,}: the file is truncated or another one. "
            "Fetch it again: python3 -m helpers fetch mpst"
        )
    movies = table.rename(columns={"plot_synopsis": "synopsis"})
    movies["tags"] = movies["tags"].str.split(r",\s*", regex=True).str.join("|")
    movies["synopsis"] = movies["synopsis"].str.strip()
    movies.index = pd.RangeIndex(1, len(movies) + 1, name="movie_id")
    return movies[["imdb_id", "title", "tags", "synopsis", "split", "synopsis_source"]]


def changed_files() -> list[str]:
    """Name the files of the course's data that are missing, or are not the ones that `SHA256SUMS` lists."""
    with _clear_errors(DATA_DIR / CHECKSUMS):
        lines = (DATA_DIR / CHECKSUMS).read_text(encoding="utf-8").splitlines()
        listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    return [
        name
        for name, digest in listed.items()
        if not (DATA_DIR / name).is_file() or file_sha256(DATA_DIR / name) != digest
    ]


def load_vectors(movies: pd.DataFrame) -> np.ndarray:
    """Load the synopsis vectors that come with the course.

    Parameters
    ----------
    movies : pandas.DataFrame
        Films of the course, or some of them; rows of the result follow their order.

    Returns
    -------
    numpy.ndarray
        (n_movies, 384) float32, rows of length 1.

    Raises
    ------
    ValueError
        When the file is damaged, lacks a film, or was made from other synopses than the ones in `movies`.
    """
    path = DATA_DIR / "vectors.npz"
    with _clear_errors(path):
        stored = read_arrays(path)
        ids, vectors, hashes = (_named(stored, name) for name in ("ids", "vectors", "text_sha256"))
        if vectors.ndim != 2 or vectors.dtype != np.float32 or not len(ids) == len(vectors) == len(hashes):
            raise ValueError("its arrays do not belong together")
        rows = pd.Series(np.arange(len(ids)), index=ids)
    missing = movies.index.difference(rows.index)
    if len(missing):
        raise ValueError(f"{path.name}: no vector for movie_id {missing[0]}. Run: python tools/make_vectors.py")
    wanted = rows.loc[movies.index].to_numpy()
    if not np.array_equal(hashes[wanted], hash_texts(movies["synopsis"])):
        raise ValueError(f"{path.name} was made from other synopses. Run: python tools/make_vectors.py")
    return vectors[wanted]


def _named(stored: dict, name: str) -> np.ndarray:
    if name not in stored:
        raise ValueError(f"it holds no array '{name}'")
    return stored[name]


def _read_course_file(name: str, columns: list[str], index: str) -> pd.DataFrame:
    """Read one of the course's own files, and insist on its columns and on unique ids."""
    path = DATA_DIR / name
    with _clear_errors(path):
        table = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8")
        if list(table.columns) != columns:
            raise ValueError(f"the columns are {', '.join(table.columns)}; expected {', '.join(columns)}")
        table[index] = pd.to_numeric(table[index])
        if table[index].duplicated().any():
            raise ValueError(f"{index} {table[index][table[index].duplicated()].iloc[0]} stands there twice")
    return table.set_index(index)


def _course_ratings() -> pd.DataFrame:
    """Read the simulated ratings, all numbers."""
    path = DATA_DIR / "ratings.csv"
    with _clear_errors(path):
        ratings = pd.read_csv(path)
        if list(ratings.columns) != RATING_COLUMNS:
            raise ValueError(f"the columns are {', '.join(ratings.columns)}; expected {', '.join(RATING_COLUMNS)}")
        if ratings.isna().any(axis=None):
            raise ValueError("a cell is empty")
    return ratings


def _find_real(name: str, dataset: str) -> Path:
    """Find a real data set: in the folder that COURSE_DATA_DIR names, else where `fetch` puts it."""
    folders = [Path(os.environ["COURSE_DATA_DIR"])] if os.environ.get("COURSE_DATA_DIR") else []
    folders.append(cache_folder())
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    looked = " or ".join(map(str, folders))
    raise FileNotFoundError(f"{name} is not in {looked}. Fetch it with: python3 -m helpers fetch {dataset}")


def _read_real_csv(path: Path, columns: list[str], **options) -> pd.DataFrame:
    """Read a published CSV file, and insist on its columns."""
    try:
        table = pd.read_csv(path, encoding="utf-8", **options)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}: the file is damaged or truncated.") from error
    if list(table.columns) != columns:
        raise ValueError(f"{path}: the columns are {', '.join(table.columns)}; expected {', '.join(columns)}.")
    return table


@contextlib.contextmanager
def _clear_errors(path: Path):
    """Turn whatever a damaged course file raises into one line that says how to get it back."""
    try:
        yield
    except (OSError, ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise ValueError(f"{path.name}: {error}. Get the file back with: git checkout data/{path.name}") from error


def _read_any_csv(path: Path, needed: list[str]) -> pd.DataFrame:
    """Read a CSV of unknown encoding and delimiter that has the needed columns."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a CSV file.")
    raw = path.read_bytes()
    try:
        raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError) as error:
        raise ValueError(f"{path.name}: the gzip file is damaged ({error}).") from error
    text = _decode(raw)
    delimiter = _delimiter(text, needed, path.name)
    try:
        return pd.read_csv(
            _as_file(text), sep=delimiter, dtype=str, keep_default_na=False, na_values=[""], skipinitialspace=True
        )
    except pd.errors.ParserError as error:
        raise ValueError(f"{path.name}: {str(error).strip()}. Check the quotes of that line.") from error


def read_csv_in_parts(csv: str | Path, column: str, rows: int):
    """Read one column of a CSV of any size, some rows at a time.

    Delimiter and encoding are found as by `load_movies`; the file may be compressed by gzip.

    Yields
    ------
    list of str
        At most `rows` cells; an empty cell is an empty text.

    Raises
    ------
    ValueError
        When the file cannot be read, or the column is missing.
    """
    path = Path(csv)
    encoding = _encoding_of(path)
    options = {"encoding": encoding, "compression": "gzip" if _is_gzip(path) else None}
    with _open_text(path, encoding) as file:
        delimiter = _delimiter(file.readline(), [column], path.name)
    try:
        with pd.read_csv(
            path, sep=delimiter, usecols=[column], dtype=str, keep_default_na=False, chunksize=rows,
            skipinitialspace=True, **options,
        ) as parts:  # fmt: skip
            for part in parts:
                yield part[column].str.strip().tolist()
    except pd.errors.ParserError as error:
        raise ValueError(f"{path.name}: {str(error).strip()}. Check the quotes of that line.") from error


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _open_text(path: Path, encoding: str):
    opened = gzip.open if _is_gzip(path) else open
    return opened(path, "rt", encoding=encoding, newline="", errors="strict" if encoding[:3] == "utf" else "replace")


def _encoding_of(path: Path) -> str:
    """As `_decode` decides, but without holding the file in memory."""
    opened = gzip.open if _is_gzip(path) else open
    with opened(path, "rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
    try:
        with _open_text(path, "utf-8-sig") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _delimiter(header: str, needed: list[str], name: str) -> str:
    """The sign that parts the cells of a header which has the needed columns."""
    delimiter = next((sign for sign in DELIMITERS if set(needed) <= set(_header(header, sign))), None)
    if delimiter is None:
        columns = max((_header(header, delimiter) for delimiter in DELIMITERS), key=len)
        absent = next(column for column in needed if column not in columns)
        found = ", ".join(columns) or "nothing: the file is empty"
        raise ValueError(f"{name}: column '{absent}' is missing (found: {found}).")
    return delimiter


def _decode(raw: bytes) -> str:
    """Bytes to text: a byte-order mark decides, then UTF-8, then Windows-1252 (which old spreadsheets write)."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _header(text: str, delimiter: str) -> list[str]:
    """Cells of the first line."""
    return next(csv_module.reader(_as_file(text), delimiter=delimiter, skipinitialspace=True), [])


def _as_file(text: str) -> io.StringIO:
    return io.StringIO(text, newline="")


def _usable_rows(table: pd.DataFrame, path: Path, title_column: str, text_column: str) -> pd.DataFrame:
    """Name the two columns, number the rows, and leave out rows that lack a title or a text."""
    titles, texts = table[title_column].str.strip(), table[text_column].str.strip()
    others = table.drop(columns=[title_column, text_column]).drop(columns=["title", "synopsis"], errors="ignore")
    movies = pd.DataFrame({"title": titles, "synopsis": texts}).join(others)
    movies.index = pd.RangeIndex(1, len(movies) + 1, name="movie_id")
    if "year" in movies:
        movies["year"] = pd.to_numeric(movies["year"], errors="coerce")
    no_title = movies["title"].fillna("").eq("")
    no_text = movies["synopsis"].fillna("").eq("") & ~no_title
    usable = movies[~no_title & ~no_text].copy()
    if usable.empty:
        raise ValueError(f"{path.name}: no row has both a '{title_column}' and a '{text_column}'.")
    if len(usable) < len(movies):
        warnings.warn(
            f"{path.name}: {len(movies) - len(usable)} of {len(movies)} rows left out "
            f"({no_title.sum()} without title, {no_text.sum()} without text).",
            stacklevel=3,
        )
    usable.attrs["left_out"] = {"without title": int(no_title.sum()), "without text": int(no_text.sum())}
    return usable
