"""The folder of a saved index: one file, replaced whole, read back only as it was written.

After the name of the format comes the SHA-256 of all that follows: a line of JSON, and the numbers of each array, which
begin at a multiple of 64 bytes, so that they can be mapped.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from helpers.files import TEMPORARY, write_whole

NAME = "vectors.neighborindex"
FORMAT = b"NeighborIndex 4\n"
DATA = len(FORMAT) + 64  # where that begins of which the SHA-256 is taken
ALIGNED = 64


def write_index(folder: Path, about: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Save what an index says of itself, and its arrays, into a folder that holds nothing but an index."""
    _refuse_other_contents(folder)
    with write_whole(folder / NAME) as path, path.open("w+b") as file:
        file.write(FORMAT.ljust(DATA))
        shapes = {name: [array.dtype.str, *array.shape] for name, array in arrays.items()}
        file.write(json.dumps(about | {"arrays": shapes}).encode() + b"\n")
        for array in arrays.values():
            file.write(bytes(-file.tell() % ALIGNED))
            array.tofile(file)
        digest = _digest(file)
        file.seek(len(FORMAT))
        file.write(digest)


def read_index(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a saved index says of itself, and its arrays, mapped from the disk; a damaged one is a `ValueError`."""
    file: Any
    arrays: dict[str, np.ndarray] = {}
    with (folder / NAME).open("rb") as file:
        if file.read(len(FORMAT)) != FORMAT:
            raise ValueError("it is of another version")
        if file.read(DATA - len(FORMAT)) != _digest(file):
            raise ValueError("it is not as it was saved")
        file.seek(DATA)
        about = json.loads(file.readline())
        for name, (dtype, *shape) in about.pop("arrays").items():
            begin = file.tell() + -file.tell() % ALIGNED
            arrays[name] = np.memmap(file, dtype, "r", begin, tuple(shape))
            file.seek(begin + arrays[name].nbytes)
    return about, arrays


def _digest(file: Any) -> bytes:
    file.seek(DATA)
    return hashlib.file_digest(file, "sha256").hexdigest().encode()


def _refuse_other_contents(folder: Path) -> None:
    odd = ""
    if file := next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None):
        odd = f"{file} is a file"
    elif folder.is_symlink():
        odd = f"{folder} is a link"
    elif folder.is_dir():
        names = sorted(path.name for path in folder.iterdir() if path.name != NAME or not path.is_file())
        other = next((name for name in names if not TEMPORARY.fullmatch(name)), None)
        odd = f"{folder} holds {other}, so it is no index" if other else ""
    if odd:
        raise ValueError(f"save: {odd}. Name a folder for the index alone.")
