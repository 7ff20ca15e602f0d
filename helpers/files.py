"""Write files completely or not at all, clean up after interrupted writes, and read back only undamaged files."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import platform
import re
import shutil
import time
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

ABANDONED_AFTER = 86_400  # seconds; by then nobody writes any more, whatever machine it was
RATIO = 20  # by which the arrays of an .npz file may be larger than the file: vectors hardly compress, bombs do
TEMPORARY = re.compile(r"\..*\.tmp-(?P<host>[0-9a-f]{8})-(?P<process>\d+)-[0-9a-f]{12}(\..*)?")


def owner() -> str:
    """A part of a file's name, never the same twice, that says which process of which machine made it."""
    return f"{_host()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


def _remove_abandoned(folder: Path) -> None:
    """Remove what a killed process left in a folder: temporary files whose `owner` is gone, or that are a day old."""
    try:
        found = [(path, named) for path in folder.iterdir() if (named := TEMPORARY.fullmatch(path.name))]
    except OSError:
        return
    for path, named in found:
        with contextlib.suppress(OSError):
            if _is_gone(named) or time.time() - path.lstat().st_mtime > ABANDONED_AFTER:
                remove(path)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with everything in it, if it is there and nobody holds it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _host() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _is_gone(named: re.Match) -> bool:
    """Whether the owner, a process of this machine, has ended; of another machine's, nothing is known."""
    import psutil

    return named["host"] == _host() and not psutil.pid_exists(int(named["process"]))


@contextlib.contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, and move it to `path` when the block ends without an error.

    Readers see the old file or the new one, never a part of one, and writers at the same time do not mix. What a
    killed process left in that folder is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path.parent)
    temporary = path.with_name(f".{path.stem[:40]}.tmp-{owner()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_texts(texts: Iterable[str]) -> np.ndarray:
    """SHA-256 of every text: (n_texts, 32) bytes. A change of one letter changes its row."""
    digests = [hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).digest() for text in texts]
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 32)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read every array of an ``.npz`` file, with the archive's checksums verified.

    A file that is damaged, holds pickled objects, or would unpack to far more than its size is a `ValueError`.
    """
    path = Path(path)
    with path.open("rb") as opened:
        try:
            with zipfile.ZipFile(opened) as archive:
                entries = archive.infolist()
                size = sum(entry.file_size for entry in entries)
                if size > RATIO * path.stat().st_size:
                    raise ValueError(f"it would unpack to {size:,} bytes")
                read = {entry.filename.removesuffix(".npy"): io.BytesIO(archive.read(entry)) for entry in entries}
                return {name: np.load(file, allow_pickle=False) for name, file in read.items()}
        except Exception as error:  # damaged bytes raise whatever they lead to: zlib, struct, memory, encryption
            why = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"{path.name} is damaged ({why})") from error
