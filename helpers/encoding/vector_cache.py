"""Vectors that were made before, text by text, in one file of SQLite: for several processes at once, and for kills.

A key is a SHA-256 of everything that makes a vector: the text, the model with its settings, and the way of encoding. A
checksum over key and vector tells what is damaged; a file that SQLite cannot read is begun anew. Where nothing can be
kept (a read-only folder, a full disk, a file system without locks), there is no cache, and no error.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from helpers.home import cache_folder

NAME = "encoded-texts.sqlite"
FORMAT = 1
MOST_BYTES = 2_000_000_000  # of the file; then the older half goes
WAIT = 60  # seconds for another process that writes
KEYS_AT_ONCE = 500  # in one query
CHECK = 16  # bytes of a checksum
PASSING = {  # what says nothing about the file itself; after anything else it is begun anew
    getattr(sqlite3, f"SQLITE_{name}")
    for name in ("BUSY", "LOCKED", "FULL", "CANTOPEN", "IOERR", "PERM", "NOMEM", "INTERRUPT")
}


class VectorCache:
    """Vectors by key, in a file (None: nowhere), whose older half is given up when it has more than `most_bytes`."""

    def __init__(self, path: Path | None, most_bytes: int | None = MOST_BYTES):
        self.path, self.most_bytes = path, most_bytes

    def get(self, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """Give the vectors that are there and undamaged, (dimensions,) float32 each, by key."""
        keys = list(dict.fromkeys(keys))
        return self._opened(lambda connection: _read(connection, keys)) or {}

    def put(self, vectors: dict[bytes, np.ndarray]) -> None:
        """Keep vectors, all of them or none, if that is possible at all."""
        if self.path:
            with contextlib.suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._opened(lambda connection: self._write(connection, vectors))

    def remove(self) -> None:
        """Remove the file."""
        for path in (self.path, f"{self.path}-journal") if self.path else ():
            with contextlib.suppress(OSError):
                Path(path).unlink(missing_ok=True)

    def _opened(self, action: Callable[[sqlite3.Connection], Any]) -> Any:
        """What `action` does with the file; again when a damaged one was removed; None when that does not help."""
        for _ in range(2 if self.path else 0):
            try:
                with contextlib.closing(sqlite3.connect(str(self.path), WAIT, isolation_level=None)) as connection:
                    (found,) = connection.execute("PRAGMA user_version").fetchone()
                    if found not in (0, FORMAT):
                        raise sqlite3.DatabaseError(f"format {found}")
                    return action(connection)
            except (sqlite3.Error, MemoryError, OverflowError, UnicodeError) as error:
                code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
                if code & 0xFF in PASSING or not os.access(str(self.path), os.W_OK):
                    return None
                self.remove()
        return None

    def _write(self, connection: sqlite3.Connection, vectors: dict[bytes, np.ndarray]) -> None:
        connection.execute("BEGIN IMMEDIATE")  # what is not committed goes when the file is closed
        connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        rows = ((key, _checked(key, vector.astype("<f4").tobytes())) for key, vector in vectors.items())
        connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        if self.most_bytes is not None and (pages - free) * size > self.most_bytes:
            middle = "SELECT rowid FROM vectors ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 2 FROM vectors)"
            connection.execute(f"DELETE FROM vectors WHERE rowid < ({middle})")  # SQLite uses its room again
        connection.execute("COMMIT")
        if len(_read(connection, list(vectors))) < len(vectors):  # a damaged index loses what goes in
            raise sqlite3.DatabaseError("what was written is not there")


def open_cache(cache: bool | str | Path | None) -> VectorCache:
    """The course's cache, none, or the one in a folder: what ``cache=`` of `helpers.encoding.encode` says."""
    if cache is None or isinstance(cache, bool | np.bool_):
        return VectorCache(cache_folder() / NAME if cache else None)
    if Path(cache).is_file():
        raise ValueError(f"encode: cache must be a folder, but {cache} is a file.")
    return VectorCache(Path(cache) / NAME)


def _read(connection: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, np.ndarray]:
    found: dict[bytes, np.ndarray] = {}
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors'").fetchone():
        return found
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        places = ", ".join("?" * len(some))
        for key, value in connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({places})", some):
            if isinstance(key, bytes) and isinstance(value, bytes) and value == _checked(key, value[CHECK:]):
                found[key] = np.frombuffer(value, dtype="<f4", offset=CHECK).astype(np.float32)
    return found


def _checked(key: bytes, vector: bytes) -> bytes:
    """A vector's bytes behind their checksum."""
    return hashlib.sha256(key + vector).digest()[:CHECK] + vector
