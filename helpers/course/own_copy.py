"""The learner's own copy of the notebooks: without outputs, made once, never overwritten.

A copy holds in its metadata the digest of the cells that it was made with. So it shows whether the course has a newer
version, and whether anything was done in the copy: one in which nothing was done follows the course; every other one
stays as it is until `renew`, which keeps it under a name with a date.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from helpers.course.bootstrap import alone
from helpers.files import write_whole
from helpers.home import ROOT, course_home

ORIGINALS = ROOT / "notebooks"
MARK = "copied_from"
STAND_IN = ROOT / "helpers" / "course" / "path" / "helpers" / "__init__.py"


def folder() -> Path:
    """Folder of the learner's notebooks, which may not be the one of the course's own."""
    found = course_home() / "notebooks"
    if found.resolve() == ORIGINALS.resolve():
        raise ValueError(f"COURSE_HOME may not be the course's own folder, {ROOT}: name another one, such as my_course")
    return found


def bring_up_to_date() -> list[str]:
    """Make the copies that are missing, and let those in which nothing was done follow the course.

    Gives the numbers, such as ``"03"``, of notebooks of which the learner works in another version than the course's.
    """
    with _alone():
        _let_find_helpers()
        for glossary in ORIGINALS.glob("GLOSSARY.md"):  # to which notebooks link, and which links to them
            _keep(folder() / glossary.name, glossary.read_text(encoding="utf-8"))
        return [original.stem[:2] for original in _originals() if not _is_current(original)]


def named(numbers: list[str]) -> list[Path]:
    """The course's notebooks with these numbers."""
    by_number = {original.stem[:2]: original for original in _originals()}
    for number in numbers:
        if number not in by_number:
            raise ValueError(f"there is no notebook '{number}'; choose from {', '.join(by_number)}")
    return [by_number[number] for number in numbers]


def renew(original: Path) -> Path | None:
    """Make a fresh copy of a notebook; give the path under which the one that was there is kept."""
    with _alone():
        own = folder() / original.name
        kept = kept_as(own)
        if own.exists():
            own.rename(kept)
        _write(own, _copy_of(original))
    return kept if kept.exists() else None


def kept_as(own: Path) -> Path:
    """A path that is free, with the date of today, for a copy that makes way."""
    stem = f"{own.stem}-{datetime.date.today()}"
    names = (own.with_name(f"{stem}{more}.ipynb") for more in ("", *(f"-{count}" for count in range(2, 1_000))))
    return next(path for path in names if not path.exists())


def _originals() -> list[Path]:
    return sorted(ORIGINALS.glob("*.ipynb"))


def _alone() -> AbstractContextManager:
    """The lock of whoever writes in the learner's folder."""
    folder().mkdir(parents=True, exist_ok=True)
    return alone(folder() / ".lock", "start")


def _is_current(original: Path) -> bool:
    """Whether the learner's copy is of the course's version, once it was made or, untouched, was made anew."""
    own, new = folder() / original.name, _copy_of(original)
    found = _read(own) if own.exists() else {}
    if not own.exists() or (_is_untouched(found) and _mark(found) != _mark(new)):
        _write(own, new)
        return True
    return _mark(found) in (None, _mark(new))  # without a mark, it is no copy of ours


def _copy_of(original: Path) -> dict:
    """A notebook without outputs, with the mark of what it was made from."""
    notebook = json.loads(original.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    notebook["metadata"][MARK] = _digest(notebook)
    return notebook


def _read(path: Path) -> dict:
    """A learner's notebook; one that is damaged has no cells."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        _digest(found), _mark(found)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    return found


def _write(path: Path, notebook: dict) -> None:
    with write_whole(path) as temporary:
        temporary.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def _is_untouched(notebook: dict) -> bool:
    """Whether nothing was written or run in a copy."""
    cells = [cell for cell in notebook.get("cells", []) if cell["cell_type"] == "code"]
    return bool(cells) and _mark(notebook) == _digest(notebook) and not any(cell.get("outputs") for cell in cells)


def _mark(notebook: dict) -> Any:
    return notebook.get("metadata", {}).get(MARK)


def _digest(notebook: dict) -> str:
    cells = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _let_find_helpers() -> None:
    """Let editors that start kernels themselves find the course from here, also after both were moved together."""
    place = folder() / "helpers"
    course = Path(os.path.relpath(ROOT, place) if ROOT in place.parents else ROOT).as_posix()
    _keep(place / "__init__.py", STAND_IN.read_text(encoding="utf-8").replace('"../../../.."', repr(course)))


def _keep(file: Path, text: str) -> None:
    """See that a file of the course's own, beside the notebooks, holds this text."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        with write_whole(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
