"""The folder of a saved index: replaced whole or not at all, read back only as it was written, never anything else's.

Files are written under new names; then ``index.json`` is replaced in one step, which lists them with their SHA-256, and
the names of those that they replace. So, whenever saving is interrupted, there is the index before (or none) or the
index after; what else a killed process leaves there goes with the next saving.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

from helpers.files import OWNER, TEMPORARY, file_sha256, owner, remove, remove_abandoned, write_whole

FORMAT = 3
ABOUT = "index.json"  # what the index is, and the SHA-256 of every file of it
MARKS = (b'{"format": ', b', "method": "', b', "options": {')  # in that file; two of them outlive most damage
PART = re.compile(rf"(vectors|ids|codes|middle|step|graph)(-{OWNER})?\.(npy|voyager)")  # the other files


def write_folder(folder: Path, writers: dict[str, Callable[[Path], object]], about: dict) -> None:
    """Save an index: `writers` write the files, ``"vectors.npy"`` and so on, each to the path that it is given.

    Raises
    ------
    ValueError
        When the folder is there and holds anything but an index.
    """
    _refuse_other_contents(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{Path(name).stem}-{owner()}{Path(name).suffix}" for name in writers}
    before: set[str] = set()
    try:
        for name, path in paths.items():
            writers[name](path)
        files = {name: {"file": path.name, "sha256": file_sha256(path)} for name, path in paths.items()}
        listed, replaced = _listed_files(folder)
        before = {path.name for path in folder.iterdir() if PART.fullmatch(path.name) and "-" not in path.name}
        before |= listed | replaced
        about = {"format": FORMAT} | about | {"files": files, "replaced": sorted(before)}
        with write_whole(folder / ABOUT) as path:
            path.write_text(json.dumps(about | {"sha256": _digest(about)}), encoding="utf-8")
    finally:
        listed, _ = _listed_files(folder)
        for name in ({path.name for path in paths.values()} | before) - listed:
            remove(folder / name)
        remove_abandoned(folder, PART, keep=listed)
        if not listed:
            with contextlib.suppress(OSError):  # something else is in it
                folder.rmdir()


def read_folder(folder: Path) -> tuple[dict, dict[str, Path]]:
    """What a saved index says of itself, and its files by name, each compared with its SHA-256.

    Raises
    ------
    ValueError
        When the folder holds no index, or a damaged one.
    """
    before = None
    while True:
        try:
            about = _read_about(folder)
            paths = {name: folder / said["file"] for name, said in about["files"].items()}
            for name, path in paths.items():
                if not PART.fullmatch(path.name) or file_sha256(path) != about["files"][name]["sha256"]:
                    raise ValueError(f"{path.name} is not as it was saved")
            return about, paths
        except FileNotFoundError as error:
            now, _ = _listed_files(folder)
            if not now or now == before:
                raise ValueError(f"{Path(error.filename).name} is not there") from error
            before = now  # another process may have saved another index here meanwhile: once more


def _digest(about: dict) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _read_about(folder: Path) -> dict:
    """The file `ABOUT`, compared with the SHA-256 that it carries."""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    if isinstance(about, dict) and about.get("format", FORMAT) != FORMAT:
        raise ValueError(f"{ABOUT} is of another version")
    if not isinstance(about, dict) or about.pop("sha256", None) != _digest(about):
        raise ValueError(f"{ABOUT} is not as it was saved")
    return about


def _listed_files(folder: Path) -> tuple[set[str], set[str]]:
    """Names of the files of the index in a folder, and of those that it replaced; none where its list is damaged."""
    try:
        about = _read_about(folder)
        return {said["file"] for said in about["files"].values()}, set(about["replaced"])
    except (OSError, ValueError):
        return set(), set()


def _refuse_other_contents(folder: Path) -> None:
    """Refuse to save where anything would be lost but an index: that has our files only, and says what it is."""
    if file := next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None):
        raise ValueError(f"save: {file} is a file. Name a folder for the index alone.")
    if folder.is_symlink():
        raise ValueError(f"save: {folder} is a link. Name a folder for the index alone.")
    others = [path for path in sorted(folder.iterdir()) if not _is_left_over(path)] if folder.is_dir() else []
    if others and not _is_index(others):
        odd = next((path for path in others if path.name != ABOUT and not PART.fullmatch(path.name)), others[0])
        raise ValueError(f"save: {folder} holds {odd.name}, so it is no index. Name a folder for the index alone.")


def _is_left_over(path: Path) -> bool:
    """Whether a file has a name that only we give: of a process that saves now, or was killed while it did."""
    named = PART.fullmatch(path.name) or TEMPORARY.fullmatch(path.name)
    return bool(named and named["host"]) and path.is_file()


def _is_index(paths: list[Path]) -> bool:
    """Whether files are those of an index, though it may be a damaged one."""
    if not all(path.is_file() and (path.name == ABOUT or PART.fullmatch(path.name)) for path in paths):
        return False
    about = next((path.read_bytes() for path in paths if path.name == ABOUT), b"")
    return sum(mark in about for mark in MARKS) >= 2
