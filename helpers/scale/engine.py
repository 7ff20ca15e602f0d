"""Keep vectors in a vector engine, Milvus: in a file of this machine, on a server, or on a cluster, told by the URI.

Up to some 15,000 films one matrix product (`helpers.search`) is faster; an engine pays where films come and go, where
several programs ask, or where memory ends. The extra ``engine`` installs it: pymilvus, the client, and milvus-lite, the
engine in a file, which nothing here imports before an engine is opened.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import logging
import operator
import random
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.home import cache_folder
from helpers.search.index import STEP, Ids, as_count, best_first, unit_queries, unit_rows

PACKAGES = ["pymilvus>=3.0,<4", "milvus-lite>=3.2,<4"]
FIELDS = ["movie_id", "vector", "title", "year", "genres", "content"]
TEXT_BYTES = 65_535  # that Milvus holds in a text field, at most
BATCH = 1_000  # films that are read or written together
QUERIES_AT_ONCE = 256
NEIGHBORS_AT_MOST = 16_384  # that Milvus returns for a query
SPARE = 16  # neighbors asked for beyond k, to see whether the last ones tie
LOOSE = 500  # films written to Milvus Lite before they are moved from its log, which it searches slowly
PAUSES = 0.25, 8.0  # seconds before the second attempt, which double with every attempt, and their limit
NOT_LOADED = 101  # Milvus's code for a collection that is stored, but cannot be searched before it is loaded
Years = tuple[int | None, int | None] | None  # first and last, both included; None leaves an end open
PLAIN = re.compile(r"[^A-Za-z0-9 -]")  # what is written as its code point inside a genre


class VectorEngine:
    """Nearest neighbors from Milvus, with filters, for films that can be changed and deleted.

    Parameters
    ----------
    uri : str or path, optional
        A file that ends with ``.db`` (in truth a folder; it is made where there is none), or the address of a server
        or cluster such as ``http://127.0.0.1:19530``. By default ``course.db`` in the course's cache.
    collection : str
        Name of the films' table: letters, digits and underscores.
    token : str
        ``user:password``, or the key of a cloud service, where the server asks for one.
    timeout : float
        Seconds that one attempt of one call may take.
    retries : int
        Further attempts after a connection failed, after random pauses that double, up to 8 seconds.
    shards, replicas : int
        Of a new collection on a cluster: over how many nodes writes are spread, and how many copies are searched.
    consistency : {"Strong", "Bounded", "Session", "Eventually"}
        Of a new collection on a cluster: how fresh searches are; the weaker, the faster.

    Raises
    ------
    ImportError
        When pymilvus or milvus-lite is missing; the message has the command that installs it.
    ValueError
        When the URI or the collection's name is none.
    OSError
        When the file is open in another process; as ConnectionError, TimeoutError or PermissionError, when the server
        is not there, does not answer, or refuses the token.

    Notes
    -----
    A film that `upsert` has returned for survives ``kill -9``; a power failure may take the last moments, and `build`
    again writes what is missing. The engines of one process share an open file, which is served at a free port of
    127.0.0.1 meanwhile, to every user of this machine.

    References
    ----------
    J. Wang et al. (2021), Milvus: a purpose-built vector data management system, SIGMOD, pages 2614-2627.
    Back-off: M. Brooker (2015), Exponential backoff and jitter, AWS Architecture Blog.
    """

    def __init__(
        self,
        uri: str | Path | None = None,
        collection: str = "movies",
        *,
        token: str = "",
        timeout: float = 30.0,
        retries: int = 5,
        shards: int = 1,
        replicas: int = 1,
        consistency: str = "Strong",
    ):
        if not re.fullmatch(r"[A-Za-z_]\w{0,254}", collection, re.ASCII):
            raise ValueError(f"VectorEngine: collection {collection!r} is not made of letters, digits and underscores.")
        uri = str(cache_folder() / "course.db" if uri is None else uri)
        self.uri = re.sub(r"//[^/@]*@", "//", uri)  # without a password, for messages
        self.collection, self.timeout, self.retries = collection, timeout, retries
        self._layout, self._replicas = {"num_shards": shards, "consistency_level": consistency}, replicas
        self._dimensions: int | None = None
        self._loose = 0
        self._held = contextlib.ExitStack()  # what has to be let go, last one first
        self._close = weakref.finalize(self, self._held.close)
        try:
            self._connect(uri, token)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> VectorEngine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the server, or of the file, so that another process may open it. May be called twice."""
        self._close()

    def build(self, vectors: ArrayLike, movies: pd.DataFrame, progress: bool = True) -> int:
        """Put films into the collection, which is made where there is none.

        Films that are there with the same vector, title, year and genres are not written again, so that a build that
        was interrupted goes on where it stopped. Films that are not in `movies` stay: see `delete` and `drop`.

        Parameters
        ----------
        vectors : array-like
            (n_movies, dimensions); rows are scaled to length 1.
        movies : pandas.DataFrame
            Index ``movie_id`` (whole numbers, each once), ``title``; ``year`` and ``genres`` (names joined by ``|``)
            where there are any. Years may be missing.
        progress : bool
            Whether a progress bar is shown.

        Returns
        -------
        int
            How many films were written.

        Raises
        ------
        ValueError
            When the shapes do not fit, a vector is zero, NaN or infinite, an id is no whole number or comes twice, or
            the collection holds vectors of another width or other fields.
        """
        rows = _checked(vectors, movies, "build")
        if not self._call("has_collection", self.collection):
            self._create(rows.shape[1])
        return self._write(rows, movies, progress, skip=True)

    def upsert(self, vectors: ArrayLike, movies: pd.DataFrame) -> None:
        """Add films, or replace the ones that have the same ids. When it returns, they are stored; see `build`."""
        self._write(_checked(vectors, movies, "upsert"), movies, progress=False, skip=False)

    def delete(self, ids: Ids) -> None:
        """Remove films by id; ids that are not there are passed over."""
        self._ready()
        for some in _batches(_whole_numbers(ids, "delete"), BATCH):
            self._call("delete", self.collection, ids=some)

    def drop(self) -> None:
        """Remove the collection with all its films."""
        self._call("drop_collection", self.collection)
        self._dimensions = None

    def count(self) -> int:
        """Count the films of the collection; 0 where there is none."""
        if not self._call("has_collection", self.collection):
            return 0
        self._ready()
        return int(self._call("query", self.collection, filter="", output_fields=["count(*)"])[0]["count(*)"])

    def get(self, ids: Ids) -> pd.DataFrame:
        """Look films up by id: a table of ``title``, ``year`` and ``genres`` in that order, by ``movie_id``.

        Ids that are not there are passed over; a missing year is NaN.
        """
        self._ready()
        wanted, columns = _whole_numbers(ids, "get"), ["title", "year", "genres"]
        stored = self._stored(wanted, columns)
        found = [stored[i] | {"genres": _read_genres(stored[i]["genres"])} for i in wanted if i in stored]
        table = pd.DataFrame(found, columns=["movie_id", *columns])
        return table.astype({"movie_id": "int64", "year": "float64"}).set_index("movie_id")

    def search(
        self,
        query: ArrayLike,
        k: int = 10,
        *,
        years: Years = None,
        genres: str | Sequence[str] | None = None,
        without: Ids | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the k nearest films, as `helpers.search.index.NeighborIndex.search` does.

        Parameters
        ----------
        query, k
            As there; k up to 16,384.
        years, genres, without
            Which films may be found: see `filter_expression`. Applied before ranking.

        Returns
        -------
        ids, similarities : numpy.ndarray
            As there. Should an approximate index of a server find fewer for one of many queries, its row ends with id
            -1 and similarity -inf.

        Raises
        ------
        ValueError
            When the query or a filter makes no sense, or k is out of range.
        LookupError
            When there is no collection yet, as in every other call but `build`, `drop` and `count`.
        """
        self._ready()
        queries = unit_queries(query, self._dimensions or 0, "collection")
        if as_count(k) > NEIGHBORS_AT_MOST:
            raise ValueError(f"search: k is {k}; ask for 1 to {NEIGHBORS_AT_MOST:,}.")
        expression = filter_expression(years=years, genres=genres, without=without)
        found = []
        for some in _batches(queries, QUERIES_AT_ONCE):
            found += self._nearest(some, k, expression, k + SPARE)
        width = max((len(ids) for ids, _ in found), default=0)
        ids = np.full((len(found), width), -1, dtype=np.int64)
        similarities = np.full((len(found), width), -np.inf, dtype=np.float32)
        for row, (its_ids, its_similarities) in enumerate(found):
            ids[row, : len(its_ids)], similarities[row, : len(its_ids)] = its_ids, its_similarities
        return (ids[0], similarities[0]) if np.ndim(query) == 1 else (ids, similarities)

    def _nearest(self, queries: np.ndarray, k: int, expression: str, limit: int) -> list[tuple]:
        """Ids and similarities of the k nearest of `limit`, or of more: Milvus may leave out equals of the k-th."""
        limit = min(limit, NEIGHBORS_AT_MOST)
        answers = self._call(
            "search", self.collection, data=list(queries), limit=limit, filter=expression, output_fields=["movie_id"]
        )
        found = []
        for query, hits in zip(queries, answers, strict=True):
            ids = np.array([hit["movie_id"] for hit in hits], dtype=np.int64)
            similarities = np.array([hit["distance"] for hit in hits], dtype=np.float32)
            if len(ids) == limit < NEIGHBORS_AT_MOST and similarities[k - 1] - similarities[-1] < STEP:
                found += self._nearest(query[None, :], k, expression, 4 * limit)
                continue
            order = best_first(similarities, ids)[:k]
            found.append((ids[order], similarities[order]))
        return found

    def _write(self, vectors: np.ndarray, movies: pd.DataFrame, progress: bool, skip: bool) -> int:
        self._ready()
        if vectors.shape[1] != self._dimensions:
            raise ValueError(
                f"{self.uri}: collection '{self.collection}' holds vectors of {self._dimensions} numbers, not "
                f"{vectors.shape[1]}. Take another collection, or drop() this one."
            )
        from tqdm import tqdm

        written = 0
        with tqdm(total=len(movies), desc="Films", unit=" films", disable=not progress, delay=0.5) as bar:
            for start in range(0, len(movies), BATCH):
                rows = _rows(vectors[start : start + BATCH], movies.iloc[start : start + BATCH])
                stored = self._stored([row["movie_id"] for row in rows], ["content"]) if skip else {}
                new = [row for row in rows if stored.get(row["movie_id"], {}).get("content") != row["content"]]
                if new:
                    self._call("upsert", self.collection, new)
                written, self._loose = written + len(new), self._loose + len(new)
                bar.update(len(rows))
        if self._lite and (self._loose >= LOOSE or (skip and self._loose)):
            self._settle()
        return written

    def _stored(self, ids: list[int], fields: list[str]) -> dict[int, dict]:
        rows = []
        for some in _batches(ids, BATCH):
            expression = f"movie_id in {json.dumps(some)}"
            rows += self._call("query", self.collection, filter=expression, output_fields=["movie_id", *fields])
        return {row["movie_id"]: row for row in rows}

    def _settle(self) -> None:
        """Move films from the log of Milvus Lite, where a search goes through them one by one in Python."""
        self._call("flush", self.collection)
        self._loose = 0

    def _create(self, dimensions: int) -> None:
        from pymilvus import DataType, MilvusClient

        schema = MilvusClient.create_schema()
        schema.add_field("movie_id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimensions)
        schema.add_field("year", DataType.INT64, nullable=True)
        for name, longest in (("title", TEXT_BYTES), ("genres", TEXT_BYTES), ("content", 64)):
            schema.add_field(name, DataType.VARCHAR, max_length=longest)
        self._call("create_collection", self.collection, schema=schema, **self._layout)

    def _ready(self) -> None:
        """Check the collection's fields and load it, at the first call that needs it."""
        if self._dimensions is not None:
            return
        if not self._call("has_collection", self.collection):
            raise LookupError(f"{self.uri} has no collection '{self.collection}'. Make it: build(vectors, movies)")
        fields = {field["name"]: field for field in self._call("describe_collection", self.collection)["fields"]}
        if missing := [name for name in FIELDS if name not in fields]:
            raise ValueError(
                f"{self.uri}: collection '{self.collection}' has no field '{missing[0]}': it does not hold films. "
                "Take another collection."
            )
        if not self._call("list_indexes", self.collection, field_name="vector"):
            index = self._client.prepare_index_params()
            # Exact in Milvus Lite: its HNSW missed up to one neighbor in six as soon as there was a filter.
            index.add_index("vector", index_type="FLAT" if self._lite else "AUTOINDEX", metric_type="IP")
            self._call("create_index", self.collection, index, sync=False)  # loading waits for it
        if self._call("get_load_state", self.collection)["state"].name != "Loaded":
            self._call("load_collection", self.collection, replica_number=self._replicas)
        if self._lite:
            self._settle()
        self._dimensions = int(fields["vector"]["params"]["dim"])

    def _connect(self, uri: str, token: str) -> None:
        pymilvus = _import("pymilvus")
        if "://" in uri:
            address = uri
        elif uri.endswith(".db"):
            address = f"http://127.0.0.1:{self._held.enter_context(_served(Path(uri).resolve()))}"
        else:
            raise ValueError(f"VectorEngine: uri '{self.uri}' is neither a file *.db nor an address http://host:port.")
        options = {"token": token, "timeout": self.timeout, "dedicated": True}
        if re.match(r"\w+://([^/@]*@)?(127\.|localhost\b)", address):  # no proxy knows the way to this machine
            options["grpc_options"] = {"grpc.enable_http_proxy": 0}
        self._client = self._patiently("connecting", lambda: pymilvus.MilvusClient(address, **options))
        self._held.callback(self._client.close)
        self._lite = "lite" in self._call("get_server_version")

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of the client within the time limit, again where the connection failed."""
        if not self._close.alive:
            raise ValueError(f"{self.uri}: this engine is closed. Open it again: VectorEngine('{self.uri}')")
        call = getattr(self._client, method)
        return self._patiently(method, lambda: call(*arguments, timeout=self.timeout, **options))

    def _patiently(self, doing: str, call: Callable[[], Any]) -> Any:
        import grpc
        from pymilvus import MilvusException

        attempt = 0
        while True:
            try:
                return call()
            except (MilvusException, grpc.RpcError) as error:
                status = _status(error)
                if status not in ("UNAVAILABLE", "NOT_LOADED") or attempt == self.retries:
                    raise self._explained(doing, status, error) from error
            if status == "UNAVAILABLE":
                time.sleep(pause(attempt))
            else:  # Milvus Lite was started again in the meantime
                self._dimensions = None
                self._ready()
            attempt += 1

    def _explained(self, doing: str, status: str, error: Exception) -> OSError:
        if status == "UNAVAILABLE":
            attempts = f"{self.retries + 1} attempts"
            return ConnectionError(
                f"{self.uri} cannot be reached ({attempts}). Is the server running, and is the address right?"
            )
        if status == "DEADLINE_EXCEEDED":
            return TimeoutError(f"{self.uri}: {doing} took longer than {self.timeout:g} s. Set a longer timeout.")
        if status in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
            return PermissionError(f"{self.uri} refuses the token. Set token='user:password'.")
        text = str(getattr(error, "message", "") or error).strip()
        told = re.search('details = "(.+)"', text)  # gRPC's errors are several lines, of which this is the server's
        return OSError(f"{self.uri}: {doing} failed: {(told[1] if told else text.splitlines()[0])[:300]}")


def filter_expression(
    *, years: Years = None, genres: str | Sequence[str] | None = None, without: Ids | None = None
) -> str:
    """Write conditions as an expression of Milvus's filter language.

    Nothing gets into it as it is: numbers have to be whole, and every character of a genre that is no letter, digit,
    space or hyphen of ASCII stands there as ``=`` and its code point, so that none ends a text or is a wildcard.

    Parameters
    ----------
    years : tuple of int or None, optional
        First and last year, both included; None leaves an end open. Films without a year are not found.
    genres : str or sequence of str, optional
        Films that have one of them, written as in the catalogue.
    without : sequence of int, optional
        Ids of films that are not to be found, such as the ones already seen.

    Returns
    -------
    str
        Such as ``year >= 1990 and year <= 1999 and (genres like "%|Drama|%")``; empty for no condition.

    Raises
    ------
    ValueError
        When years are no pair in order, a genre is empty or no text, or an id is no whole number.
    """
    parts = []
    if years is not None:
        parts += _year_parts(years)
    if genres is not None:
        names = [genres] if isinstance(genres, str) else list(genres)
        if not names or not all(isinstance(name, str) and name.strip() for name in names):
            raise ValueError(f"search: genres is {genres!r}; name one or more, such as ['Drama', 'War'].")
        parts.append("(" + " or ".join(f'genres like "%|{_plain(name)}|%"' for name in names) + ")")
    if without is not None and len(without):
        parts.append(f"movie_id not in {json.dumps(_whole_numbers(without, 'search: without'))}")
    return " and ".join(parts)


def _year_parts(years: tuple[int | None, int | None]) -> list[str]:
    try:
        first, last = (None if year is None else operator.index(year) for year in years)
    except (TypeError, ValueError):
        raise ValueError(f"search: years is {years!r}; give the first and the last, such as (1990, 1999).") from None
    if first is not None and last is not None and first > last:
        raise ValueError(f"search: years is {years!r}; the first comes after the last.")
    return [f"year {sign} {year}" for sign, year in ((">=", first), ("<=", last)) if year is not None]


def _plain(genre: str) -> str:
    return PLAIN.sub(lambda match: f"={ord(match[0]):06x}", genre.strip())


def _read_genres(stored: str) -> str:
    return re.sub("=([0-9a-f]{6})", lambda match: chr(int(match[1], 16)), stored.strip("|"))


def _write_genres(genres: object) -> str:
    """Genres between bars, so that ``|War|`` is no part of ``|Star Wars|``; missing ones are none."""
    names = genres.split("|") if isinstance(genres, str) else []
    return "|" + "".join(f"{_plain(name)}|" for name in names if name.strip())


def pause(attempt: int) -> float:
    """Seconds to wait after a failed attempt, 0 for the first: a half to the whole of 0.25, 0.5, 1, 2, 4, 8, 8, ..."""
    first, limit = PAUSES
    return min(first * 2**attempt, limit) * random.SystemRandom().uniform(0.5, 1)


def _status(error: BaseException | None) -> str:
    """Name of the gRPC status behind an error of pymilvus, which raises some of its errors from themselves."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        code = getattr(error, "code", None)
        if code == NOT_LOADED:
            return "NOT_LOADED"
        code = code() if callable(code) else code
        if not isinstance(code, int) and (name := getattr(code, "name", None)):
            return name
        seen.append(error)
        error = error.__context__ if error.__cause__ in (None, error) else error.__cause__
    return ""


def _checked(vectors: ArrayLike, movies: pd.DataFrame, who: str) -> np.ndarray:
    """Unit rows of vectors that belong to the films; see `VectorEngine.build`."""
    rows = unit_rows(np.asarray(vectors, dtype=np.float32), who)
    if len(rows) != len(movies):
        raise ValueError(f"{who}: {len(rows)} vectors for {len(movies)} films.")
    if "title" not in movies:
        raise ValueError(f"{who}: column 'title' is missing (found: {', '.join(map(str, movies.columns))}).")
    if not pd.api.types.is_integer_dtype(movies.index):
        raise ValueError(f"{who}: the index of the films is their movie_id, whole numbers, not {movies.index.dtype}.")
    if not movies.index.is_unique:
        raise ValueError(f"{who}: movie_id {movies.index[movies.index.duplicated()][0]} comes more than once.")
    return rows


def _rows(vectors: np.ndarray, movies: pd.DataFrame) -> list[dict]:
    """Films as Milvus stores them; ``content`` is a digest of all the rest, which tells whether one has changed."""
    rows, none = [], [None] * len(movies)
    columns = movies["title"], movies.get("year", none), movies.get("genres", none)
    for movie_id, vector, title, year, genres in zip(movies.index, vectors, *columns, strict=True):
        row = {
            "movie_id": int(movie_id),
            "vector": vector,
            "title": title if isinstance(title, str) else "",
            "year": None if pd.isna(year) else int(year),
            "genres": _write_genres(genres),
        }
        for name in ("title", "genres"):
            if len(row[name].encode()) > TEXT_BYTES:
                raise ValueError(f"movie_id {movie_id}: {name} is longer than {TEXT_BYTES:,} bytes. Shorten it.")
        content = json.dumps([row["title"], row["year"], row["genres"]]).encode() + vector.tobytes()
        rows.append(row | {"content": hashlib.sha256(content).hexdigest()})
    return rows


def _whole_numbers(ids: Any, who: str) -> list[int]:
    try:
        return [operator.index(i) for i in ids]
    except TypeError:
        raise ValueError(f"{who}: ids are whole numbers, such as [1, 2], not {ids!r}.") from None


def _batches(items: Any, size: int) -> Iterator[Any]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


# ---- Milvus Lite ------------------------------------------------------------------------------------------------

_FILES: dict[Path, list] = {}  # what is open in this process: [engines that use it, server, database, port]
_FILES_LOCK = threading.RLock()


@contextlib.contextmanager
def _served(path: Path) -> Iterator[int]:
    """Port of the server of a file, started by the first engine of this process that uses it, ended by the last."""
    with _FILES_LOCK:
        if path not in _FILES:
            _FILES[path] = [0, *_serve(path)]
        _FILES[path][0] += 1
        _, server, database, port = _FILES[path]
    try:
        yield port
    finally:
        with _FILES_LOCK:
            _FILES[path][0] -= 1
            last = not _FILES[path][0] and _FILES.pop(path)
        if last:
            server.stop(grace=2).wait()  # whoever still asks is cut off, and the file is closed after that
            database.close()


def _serve(path: Path) -> tuple:
    """Start a server as pymilvus would, which neither tells why it cannot nor ever ends it."""
    _import("milvus_lite")
    from milvus_lite.adapter.grpc.server import start_server_in_thread
    from milvus_lite.exceptions import DataDirLockedError

    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is a file of another kind: Milvus Lite keeps a folder there. Choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return start_server_in_thread(str(path))
    except DataDirLockedError as error:
        raise OSError(f"{path} is open in another program or notebook. Close it there: engine.close()") from error


def _import(name: str) -> Any:
    """Import pymilvus or milvus-lite, whose logs repeat what the errors of this module say."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        command = " ".join(f'"{package}"' for package in PACKAGES)
        raise ImportError(f"The vector engine needs pymilvus and milvus-lite. Run: pip install {command}") from error
    for logger in (name, f"{name}.milvus_client"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    return module
