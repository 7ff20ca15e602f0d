"""Where the course writes for the person who takes it: progress, caches, what was fetched.

One folder: the one that ``COURSE_HOME`` names, else ``my_course`` in the course's folder, else, where that cannot be
written (a shared installation), a folder in the user's own data directory.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def course_home() -> Path:
    """Folder in which whatever the course writes for this user is kept; it need not exist yet."""
    named = os.environ.get("COURSE_HOME")
    if named:
        return Path(named).expanduser().absolute()
    beside = ROOT / "my_course"
    if os.access(beside if beside.exists() else ROOT, os.W_OK):
        return beside
    from platformdirs import user_data_path

    return user_data_path("recommend-with-vectors", appauthor=False)


def cache_folder() -> Path:
    """Folder of what can be made or fetched again: encoded texts, compiled encoders, real data sets."""
    return course_home() / "cache"
