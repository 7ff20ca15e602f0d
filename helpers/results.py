"""Figures that were measured once and are kept: ``data/reference_results.json``, with the date and the versions."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import platform

from helpers.data import DATA_DIR, write_whole

RESULTS = "reference_results.json"
VERSIONS = ["numpy", "pandas", "scipy", "torch"]


def keep(document: dict, *names: str) -> None:
    """Write a document under its names, such as ``"evaluate", "movielens", "last"``; all others stay."""
    path = DATA_DIR / RESULTS
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    place = kept
    for name in names[:-1]:
        place = place.setdefault(name, {})
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in VERSIONS}
    place[names[-1]] = {"date": datetime.date.today().isoformat(), "versions": versions} | document
    with write_whole(path) as temporary:
        temporary.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def load(*names: str) -> dict:
    """Read the document that was kept under these names."""
    document = json.loads((DATA_DIR / RESULTS).read_text(encoding="utf-8"))
    for name in names:
        document = document[name]
    return document
