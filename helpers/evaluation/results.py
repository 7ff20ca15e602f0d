"""Results that were measured once and stored: ``data/reference_results.json``, with the date and the versions.

The file carries a SHA-256 of its contents, so that a damaged or half-merged file is not taken for a measurement.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import json
import platform

from filelock import FileLock

from helpers.data import DATA_DIR
from helpers.files import write_whole
from helpers.home import cache_folder

RESULTS = "reference_results.json"
VERSIONS = ["numpy", "pandas", "scipy", "torch"]


def keep(document: dict, *names: str) -> None:
    """Store a document under its names, such as ``"evaluate", "movielens", "last"``; all others stay as they are."""
    path = DATA_DIR / RESULTS
    lock = cache_folder() / f"{RESULTS}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):  # whoever keeps other figures at the same time waits
        kept = _read() if path.exists() else {}
        place = kept
        for name in names[:-1]:
            place = place.setdefault(name, {})
        versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in VERSIONS}
        place[names[-1]] = {"date": datetime.date.today().isoformat(), "versions": versions} | document
        _write(kept)


def load(*names: str) -> dict:
    """Read the document that was stored under these names; if there is none, a `ValueError` says so."""
    document = _read()
    for name in names:
        if name not in document:
            raise ValueError(f"{RESULTS}: nothing is kept under {' '.join(names)}.")
        document = document[name]
    return document


def seal() -> None:
    """Update the SHA-256 of the file after a person has merged two versions by hand."""
    kept = json.loads((DATA_DIR / RESULTS).read_text(encoding="utf-8"))
    _write({name: value for name, value in kept.items() if name != "sha256"})


def _write(kept: dict) -> None:
    kept = json.loads(json.dumps(kept))  # as it will be read
    text = json.dumps({"sha256": _digest(kept)} | kept, indent=1, ensure_ascii=False) + "\n"
    with write_whole(DATA_DIR / RESULTS) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _read() -> dict:
    try:
        kept = json.loads((DATA_DIR / RESULTS).read_text(encoding="utf-8"))
        whole = isinstance(kept, dict) and kept.pop("sha256", None) == _digest(kept)
    except (OSError, ValueError):
        whole = False
    if not whole:
        raise ValueError(f"{RESULTS} is not as it was written. Get it back with: git checkout data/{RESULTS}")
    return kept


def _digest(kept: dict) -> str:
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
