"""Fetch the real data sets, for who is online: try each address in turn, check what came, keep nothing else."""

from __future__ import annotations

import http.client
import shutil
import struct
import threading
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from helpers import data
from helpers.course import bootstrap
from helpers.files import remove
from helpers.home import cache_folder, course_home

TIMEOUT = 20  # seconds without a byte
TIME_LIMIT = 600  # seconds for one address, from the look-up of its name to the last byte
MAX_BYTES = 200_000_000  # of a download, and of each file in it
CHUNK = 1 << 16  # bytes
SCHEMES = ("https",)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what published archives use; others are bombs or mistakes
GROUPLENS = "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip"


class Source(NamedTuple):
    """A data set: where it is, which files of the archive are wanted, how they are checked, where they go."""

    urls: tuple[str, ...]
    files: dict[str, str | None]  # names, and the SHA-256 of each, where it is known
    target: str  # in the cache: a folder, or the one file itself
    check: Callable[[Path], object]
    page: str  # for people who download by hand


SOURCES = {
    "movielens": Source(
        (GROUPLENS, f"https://web.archive.org/web/2024id_/{GROUPLENS}"),
        {  # the release of September 2018
            "ratings.csv": "aa289ca83157595d0df6aea1be6a4ded676ddc4385472e8313a8ed9805352646",
            "movies.csv": "5a5f32dd9bb3797b8e728a1b98958789d2b13f294a69fdfbc5727f8a9611aa07",
            "links.csv": "97ad18e4e56a09363c65676b6cb3482ce3e2cea2372a24620c1599c843325f31",
        },
        data.MOVIELENS_FOLDER,
        data.read_movielens,
        "https://grouplens.org/datasets/movielens/latest/",
    ),
    "mpst": Source(
        ("https://www.kaggle.com/api/v1/datasets/download/cryptexcode/mpst-movie-plot-synopses-with-tags",),
        {data.MPST_FILE: None},  # its authors publish no checksum: its columns and its number of films are checked
        data.MPST_FILE,
        data.read_mpst,
        "https://ritual.uh.edu/mpst-2018/",
    ),
}


def fetch(name: str) -> Path:
    """Download a data set, unless it is there and whole; give its folder, or its one file, in the course's cache.

    Two processes that fetch at once wait for each other. What a killed one has left behind is removed by the next.
    Raises `OSError` when no address gave a whole and right data set, which says what went wrong with each.
    """
    source = SOURCES[name]
    target = cache_folder() / source.target
    cache_folder().mkdir(parents=True, exist_ok=True)
    with bootstrap.alone(course_home() / "fetch.lock", "fetch"):
        for leftover in cache_folder().glob("fetch-*"):
            remove(leftover)
        if target.exists() and _is_whole(source, target):
            return target
        return _fetch_from_any(name, source, target)


def _fetch_from_any(name: str, source: Source, target: Path) -> Path:
    failures = []
    for number, url in enumerate(source.urls):
        workshop = cache_folder() / f"fetch-{number}"
        try:
            return _fetch_from(url, source, workshop, target)
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures.append(f"{url}: {error}")
        finally:
            remove(workshop)
    raise OSError(
        f"Could not fetch {name} ({'; '.join(failures)}). By hand: download it from {source.page}, unpack it, "
        f"and put {source.target} into {cache_folder()}"
    )


def _is_whole(source: Source, target: Path) -> bool:
    try:
        _check(source, target)
    except (OSError, ValueError):
        return False
    return True


def _check(source: Source, place: Path) -> None:
    """Raise `ValueError` for files that are not the published ones."""
    source.check(place)
    for name, digest in source.files.items():
        if digest and data.file_sha256(place / name if place.is_dir() else place) != digest:
            raise ValueError(f"{name} is not the published file (its SHA-256 is another)")


def _fetch_from(url: str, source: Source, workshop: Path, target: Path) -> Path:
    """Download, unpack and check in a folder of its own; only then move the result to its place."""
    unpacked = workshop / "unpacked"
    unpacked.mkdir(parents=True)
    archive = workshop / "download"
    download(url, archive)
    unpack(archive, tuple(source.files), unpacked)
    result = unpacked if len(source.files) > 1 else unpacked / next(iter(source.files))
    _check(source, result)
    if target.is_dir():
        remove(target)
    result.replace(target)
    return target


def download(url: str, path: Path) -> None:
    """Write what `url` gives to `path`, with a progress bar on standard error; whatever goes wrong is an `OSError`.

    The work is done by a thread, and this one waits for it no longer than `TIME_LIMIT`: no time-out of a socket
    holds for the sum of many small waits, in the look-up of a name, a handshake, headers, or the sizes of chunks.
    """
    outcome: Future[None] = Future()
    given_up = threading.Event()

    def work() -> None:
        try:
            _download(url, path, given_up)
            outcome.set_result(None)
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, daemon=True, name="download").start()
    try:
        done, _ = wait([outcome], TIME_LIMIT)
    finally:
        given_up.set()  # also after Ctrl-C
    if not done:
        raise OSError(f"not done after {TIME_LIMIT} seconds")
    outcome.result()


def _download(url: str, path: Path, given_up: threading.Event) -> None:
    from tqdm import tqdm

    _check_scheme(url)
    request = urllib.request.Request(url, headers={"User-Agent": "recommend-with-vectors"})
    try:
        opened = urllib.request.build_opener(_Redirects).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"the server says {error.code} {error.reason}") from None
    with opened as answer, path.open("wb") as file:
        announced = int(answer.headers.get("Content-Length") or 0)
        with tqdm(total=announced or None, unit="B", unit_scale=True, desc=url.split("/")[2]) as progress:
            while not given_up.is_set() and (chunk := answer.read1(CHUNK)):
                file.write(chunk)
                progress.update(len(chunk))
                if progress.n > MAX_BYTES:
                    raise OSError(f"more than {MAX_BYTES:,} bytes")
    received = path.stat().st_size
    if announced and received != announced:
        raise OSError(f"broke off after {received:,} of {announced:,} bytes")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never away from https."""

    def redirect_request(self, request: Any, file: Any, code: Any, message: Any, headers: Any, address: str) -> Any:
        file.close()
        _check_scheme(address)
        return super().redirect_request(request, file, code, message, headers, address)


def _check_scheme(url: str) -> None:
    if url.partition(":")[0].lower() not in SCHEMES:
        raise OSError(f"{url} is not asked: only https is")


def unpack(archive: Path, names: tuple[str, ...], folder: Path) -> None:
    """Copy the files called `names`, wherever they stand in a zip archive, straight into `folder`.

    Raises `ValueError` when it is no zip archive, is damaged, lacks a file, is compressed in a way that no published
    archive is, or has an entry that is too large or would leave its folder.
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
                _unpack_entry(opened, entries[name], folder / name)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, OverflowError, OSError) as error:
        raise ValueError(f"not a whole zip archive ({error})") from error


def _unpack_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """Copy one file out of an archive, and no more bytes of it than are allowed, whatever the archive says."""
    if entry.compress_type not in METHODS:
        raise ValueError(f"{path.name} is compressed by method {entry.compress_type}, which no published archive is")
    if entry.file_size > MAX_BYTES:
        raise ValueError(f"{path.name} would be larger than {MAX_BYTES:,} bytes")
    with archive.open(entry) as packed, path.open("wb") as file:
        shutil.copyfileobj(packed, file)
