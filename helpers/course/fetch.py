"""Fetch the real data sets, for who is online: try each address in turn, check what came, keep nothing else."""

from __future__ import annotations

import http.client
import multiprocessing
import shutil
import struct
import threading
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.pool import ThreadPool
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

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

    Two processes that fetch at once wait for each other. `OSError` says what went wrong with each address.
    """
    source, cache, failures = SOURCES[name], cache_folder(), []
    target = cache / source.target
    cache.mkdir(parents=True, exist_ok=True)
    with bootstrap.alone(course_home() / "fetch.lock", "fetch"):
        for leftover in cache.glob("fetch-*"):
            remove(leftover)
        with suppress(OSError, ValueError):
            _check(source, target)
            return target
        for url in source.urls:
            try:
                with TemporaryDirectory(prefix="fetch-", dir=cache, ignore_cleanup_errors=True) as workshop:
                    _fetch_from(url, source, Path(workshop), target)
                return target
            except (OSError, ValueError, http.client.HTTPException) as error:
                failures.append(f"{url}: {error}")
    raise OSError(
        f"Could not fetch {name} ({'; '.join(failures)}). By hand: download it from {source.page}, unpack it, "
        f"and put {source.target} into {cache}"
    )


def _fetch_from(url: str, source: Source, workshop: Path, target: Path) -> None:
    """Download, unpack and check in a folder of its own; only then move the result to its place."""
    unpacked = workshop / "unpacked"
    unpacked.mkdir()
    download(url, workshop / "download")
    unpack(workshop / "download", tuple(source.files), unpacked)
    result = unpacked if len(source.files) > 1 else unpacked / source.target
    _check(source, result)
    if target.is_dir():
        remove(target)
    result.replace(target)


def _check(source: Source, place: Path) -> None:
    """Raise `ValueError` for files that are not the published ones, `OSError` for none."""
    source.check(place)
    for name, digest in source.files.items():
        if digest and data.file_sha256(place / name) != digest:
            raise ValueError(f"{name} is not the published file (its SHA-256 differs)")


def download(url: str, path: Path) -> None:
    """Write what `url` gives to `path`, with a progress bar on standard error; whatever goes wrong is an `OSError`.

    A thread does the work: no time-out of a socket holds for the sum of many small waits (names, headers, chunks).
    """
    given_up = threading.Event()
    try:
        with ThreadPool(1) as pool:
            pool.apply_async(_download, [url, path, given_up]).get(TIME_LIMIT)
    except multiprocessing.TimeoutError:
        raise OSError(f"not done after {TIME_LIMIT} seconds") from None
    finally:
        given_up.set()  # also after Ctrl-C


def _download(url: str, path: Path, given_up: threading.Event) -> None:
    from tqdm import tqdm

    request = urllib.request.Request(url, headers={"User-Agent": "recommend-with-vectors"})
    try:
        opened = urllib.request.build_opener(_SafeSchemes).open(request, timeout=TIMEOUT)
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


class _SafeSchemes(urllib.request.BaseHandler):
    """Refuses what is not https, also when a redirect leads there."""

    def default_open(self, request: urllib.request.Request) -> None:
        if request.type not in SCHEMES:
            raise OSError(f"{request.full_url} is not requested: only https addresses are")


def unpack(archive: Path, names: tuple[str, ...], folder: Path) -> None:
    """Copy the files called `names`, wherever they stand in a zip archive, straight into `folder`.

    Raises `ValueError` for an archive that is damaged, lacks one of them, or is none that anybody would publish.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = {}
            for entry in opened.infolist():
                path = PurePosixPath(entry.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
                    raise ValueError(f"the archive has an entry that leaves its folder: {entry.filename}")
                if not entry.is_dir():
                    entries[path.name] = entry
            for name in names:
                if name not in entries:
                    raise ValueError(f"the archive holds no {name}")
                method, size = entries[name].compress_type, entries[name].file_size
                if method not in METHODS:
                    raise ValueError(f"{name} is compressed by method {method}, which no published archive uses")
                if size > MAX_BYTES:
                    raise ValueError(f"{name} would be larger than {MAX_BYTES:,} bytes")
                with opened.open(entries[name]) as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)  # no more bytes than the archive says
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, OverflowError, OSError) as error:
        raise ValueError(f"not a whole zip archive ({error})") from error
