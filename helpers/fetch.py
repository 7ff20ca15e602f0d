"""Fetch the real data sets, for who is online: try each address in turn, check what came, keep nothing else."""

from __future__ import annotations

import http.client
import shutil
import time
import urllib.request
import uuid
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from helpers import data
from helpers.home import cache_folder

TIMEOUT = 20  # seconds without a byte
TIME_LIMIT = 600  # seconds for one address
MAX_BYTES = 400_000_000  # of a download, and of each file in it
CHUNK = 1 << 16  # bytes
GROUPLENS = "files.grouplens.org/datasets/movielens/ml-latest-small.zip"


class Source(NamedTuple):
    """A data set: where it is, which files of the archive are wanted, how they are checked, where they go."""

    urls: tuple[str, ...]
    files: tuple[str, ...]
    target: str  # in the cache: a folder, or the one file itself
    check: Callable[[Path], object]
    page: str  # for people who download by hand


SOURCES = {
    "movielens": Source(
        (f"https://{GROUPLENS}", f"https://web.archive.org/web/2024id_/https://{GROUPLENS}", f"http://{GROUPLENS}"),
        tuple(data.MOVIELENS_FILES),
        data.MOVIELENS_FOLDER,
        data.read_movielens,
        "https://grouplens.org/datasets/movielens/latest/",
    ),
    "mpst": Source(
        ("https://www.kaggle.com/api/v1/datasets/download/cryptexcode/mpst-movie-plot-synopses-with-tags",),
        (data.MPST_FILE,),
        data.MPST_FILE,
        data.read_mpst,
        "https://ritual.uh.edu/mpst-2018/",
    ),
}


def fetch(name: str) -> Path:
    """Download a data set, unless it is there and whole.

    Parameters
    ----------
    name : "movielens" or "mpst"

    Returns
    -------
    pathlib.Path
        The folder of MovieLens, or the file of MPST, in the course's cache.

    Raises
    ------
    OSError
        When no address gave a whole and right data set; the message says what went wrong with each.
    """
    source = SOURCES[name]
    target = cache_folder() / source.target
    if target.exists() and _is_whole(source, target):
        return target
    workshop = cache_folder() / f"fetch-{uuid.uuid4().hex}"
    failures = []
    try:
        for url in source.urls:
            try:
                return _fetch_from(url, source, workshop, target)
            except (OSError, ValueError, http.client.HTTPException) as error:
                failures.append(f"{url}: {error}")
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    raise OSError(
        f"Could not fetch {name} ({'; '.join(failures)}). By hand: download it from {source.page}, unpack it, "
        f"and put {source.target} into {cache_folder()}"
    )


def _is_whole(source: Source, target: Path) -> bool:
    try:
        source.check(target)
    except ValueError:
        return False
    return True


def _fetch_from(url: str, source: Source, workshop: Path, target: Path) -> Path:
    """Download, unpack and check in a folder of its own; only then move the result to its place."""
    shutil.rmtree(workshop, ignore_errors=True)
    unpacked = workshop / "unpacked"
    unpacked.mkdir(parents=True)
    archive = workshop / "download"
    download(url, archive)
    unpack(archive, source.files, unpacked)
    result = unpacked if len(source.files) > 1 else unpacked / source.files[0]
    source.check(result)
    if target.is_dir():
        shutil.rmtree(target)
    result.replace(target)
    return target


def download(url: str, path: Path) -> None:
    """Write what `url` gives to `path`, with a progress bar on standard error.

    Raises
    ------
    OSError
        When the server cannot be reached, says no, stalls, is too slow, or sends less than it announced.
    """
    from tqdm import tqdm

    started = time.monotonic()
    request = urllib.request.Request(url, headers={"User-Agent": "recommend-with-vectors"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, path.open("wb") as file:
        announced = int(answer.headers.get("Content-Length") or 0)
        with tqdm(total=announced or None, unit="B", unit_scale=True, desc=url.split("/")[2]) as progress:
            while chunk := answer.read1(CHUNK):
                file.write(chunk)
                progress.update(len(chunk))
                if progress.n > MAX_BYTES:
                    raise OSError(f"more than {MAX_BYTES:,} bytes")
                if time.monotonic() - started > TIME_LIMIT:
                    raise OSError(f"not done after {TIME_LIMIT} seconds")
    received = path.stat().st_size
    if announced and received != announced:
        raise OSError(f"broke off after {received:,} of {announced:,} bytes")


def unpack(archive: Path, names: tuple[str, ...], folder: Path) -> None:
    """Copy the files called `names`, wherever they stand in a zip archive, straight into `folder`.

    Raises
    ------
    ValueError
        When it is no zip archive, is damaged, lacks a file, or has an entry that would leave its folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = {}
            for entry in opened.infolist():
                path = PurePosixPath(entry.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
                    raise ValueError(f"the archive has an entry that leaves its folder: {entry.filename}")
                if path.name in names and not entry.is_dir():
                    entries[path.name] = entry
            for name in names:
                if name not in entries:
                    raise ValueError(f"the archive holds no {name}")
                if entries[name].file_size > MAX_BYTES:
                    raise ValueError(f"{name} would be larger than {MAX_BYTES:,} bytes")
                with opened.open(entries[name]) as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"not a whole zip archive ({error})") from error
