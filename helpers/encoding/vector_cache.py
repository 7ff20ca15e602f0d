"""Vectors that were made before, text by text, in one file of SQLite: for several processes at once, and for kills.

A key is a SHA-256 of everything that makes a vector: the text, the model with its settings, and the way of encoding.
Each vector carries a checksum over its key and itself, so that a damaged file never gives another vector: what does not
fit is made again, and a file that SQLite cannot read is removed and begun anew. The oldest go when it grows too large.
Whoever needs the space removes the file. Where it cannot be kept (a read-only folder, a full disk, a file system
without locks), there is no cache, and no error.
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
    """Vectors by key, in a file. Closes at the end of a ``with`` block.

    Parameters
    ----------
    path : path or None
        The file; it and its folder are made when something is kept. None: nothing is kept.
    most_bytes : int, optional
        From which size on the older half is given up; None for no limit.
    """

    def __init__(self, path: Path | None, most_bytes: int | None = MOST_BYTES):
        self.path: Any = path  # a Path, or None
        self.most_bytes = most_bytes
        self._opened: sqlite3.Connection | None = None

    def __enter__(self) -> VectorCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it opens again by itself."""
        if self._opened is not None:
            with contextlib.suppress(sqlite3.Error):
                self._opened.close()
        self._opened = None

    def get(self, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """Give the vectors that are there and undamaged, (dimensions,) float32 each, by key."""
        keys = list(dict.fromkeys(keys))
        return (self._try(lambda: self._get(keys)) if self.path else None) or {}

    def put(self, vectors: dict[bytes, np.ndarray]) -> None:
        """Keep vectors, all of them or none, if that is possible at all."""
        if self.path:
            with contextlib.suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._try(lambda: self._put(vectors))

    def _try(self, action: Callable[[], Any]) -> Any:
        """What `action` gives; tried again when a damaged file is begun anew; None when that does not help."""
        for _ in range(2):
            try:
                return action()
            except (sqlite3.Error, MemoryError, OverflowError, UnicodeError) as error:
                self.close()
                code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
                if code == sqlite3.SQLITE_READONLY_DBMOVED:  # another process removed the file
                    continue
                if code & 0xFF in PASSING or not os.access(self.path, os.W_OK):
                    return None
                self.remove()
        return None

    def remove(self) -> None:
        """Remove the file; another process that has it open goes on with what it sees."""
        self.close()
        for path in (self.path, self.path.with_name(f"{self.path.name}-journal")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            (found,) = self._opened.execute("PRAGMA user_version").fetchone()
            if found not in (0, FORMAT):
                raise sqlite3.DatabaseError(f"format {found}")
        return self._opened

    def _get(self, keys: list[bytes]) -> dict[bytes, np.ndarray]:
        found: dict[bytes, np.ndarray] = {}
        connection = self._connection()
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors'").fetchone():
            return found
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            places = ", ".join("?" * len(some))
            for key, value in connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({places})", some):
                if isinstance(key, bytes) and isinstance(value, bytes) and value == _checked(key, value[CHECK:]):
                    found[key] = np.frombuffer(value, dtype="<f4", offset=CHECK).astype(np.float32)
        return found

    def _put(self, vectors: dict[bytes, np.ndarray]) -> None:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                ((key, _checked(key, vector.astype("<f4").tobytes())) for key, vector in vectors.items()),
            )
            self._shorten(connection)
            connection.execute("COMMIT")
            if len(self._get(list(vectors))) < len(vectors):  # a damaged index loses what goes in
                raise sqlite3.DatabaseError("what was written is not there")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _shorten(self, connection: sqlite3.Connection) -> None:
        """Give up the older half when the file is too large; SQLite uses its room again."""
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        if self.most_bytes is not None and (pages - free) * size > self.most_bytes:
            middle = "SELECT rowid FROM vectors ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 2 FROM vectors)"
            connection.execute(f"DELETE FROM vectors WHERE rowid < ({middle})")


def _checked(key: bytes, vector: bytes) -> bytes:
    """A vector's bytes behind their checksum."""
    return hashlib.sha256(key + vector).digest()[:CHECK] + vector
