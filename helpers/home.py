"""Where the course is, and where it keeps a learner's files: progress, caches, and fetched data.

One folder: the one that ``COURSE_HOME`` names, else ``my_course`` in the course's folder, else, where that cannot be
written (a shared installation), a folder in the user's own data directory.
"""

from __future__ import annotations

import errno
import functools
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def course_home() -> Path:
    """Folder in which whatever the course writes for this user is kept; it need not exist yet.

    A relative path in ``COURSE_HOME`` is one in the course's folder: the terminal and the notebooks have different
    working directories, and mean the same folder.
    """
    named = os.environ.get("COURSE_HOME")
    if named:
        return ROOT / os.path.expanduser(named)  # noqa: PTH111 - Path.expanduser raises where there is no home
    beside = ROOT / "my_course"
    if can_write(beside if beside.exists() else ROOT):
        return beside
    from platformdirs import user_data_path

    return user_data_path("recommend-with-vectors", appauthor=False)


def cache_folder() -> Path:
    """Folder of what can be made or fetched again: encoded texts, compiled encoders, real data sets."""
    return course_home() / "cache"


@functools.cache
def can_write(folder: Path) -> bool:
    """Whether this user can make files in a folder. Permissions do not tell everywhere (Windows), so one is made."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return error.errno == errno.ENOSPC  # a full disk is no reason to write elsewhere from now on
    return True
