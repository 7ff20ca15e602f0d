"""Encode a file of any length into a file of vectors."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from helpers.data import read_csv_in_parts
from helpers.encoding import compiled
from helpers.encoding.batches import FAST_FROM, PLAIN, Way, first_few, make_vectors
from helpers.encoding.models import as_encoder, encoder_key, encoder_label, prompt_of
from helpers.encoding.vector_cache import VectorCache
from helpers.files import hash_texts, write_whole


def encode_csv(
    csv: str | Path,
    text_column: str,
    out: str | Path,
    *,
    encoder: Any = None,
    truncation: bool = True,
    prompt_name: str = "passage",
    rows_at_once: int = 4_096,
    progress: bool = True,
    fast: bool | None = None,
    encoding: str | None = None,
) -> np.ndarray:
    """Encode a file of any length into a file of vectors; memory does not grow with it.

    Until all is done, vectors are kept text by text in ``<out>.part``: an interrupted run goes on where it stopped.
    ``<out>.json`` says what they were made of, with their SHA-256; while that holds, nothing is done again.

    Parameters
    ----------
    csv : path
        A CSV or CSV.gz file; delimiters and encodings as in `helpers.data.load_movies`.
    text_column : str
        Its column of texts. Every row needs one: row i of the file is row i of the vectors.
    out : path
        The ``.npy`` file to write. It is replaced whole; a file that is no ``.npy`` file is not replaced.
    encoder, truncation, prompt_name
        As in `helpers.encoding.encode`. An encoder that learns from texts learns from the first `rows_at_once`.
    fast : bool, optional
        As there, but by default all rows go through the compiled encoder when there are 512 and more.
    rows_at_once : int
        How many texts are in memory together; an interruption costs at most so many.
    progress : bool
        Show a progress bar.
    encoding : str, optional
        The encoding of `csv`, where it is none that is recognized.

    Returns
    -------
    numpy.ndarray
        (n_rows, dimensions) float32 unit rows, mapped from the disk.

    Raises
    ------
    ValueError
        When the file cannot be read or changes meanwhile, a text is missing (the first rows are named), or another
        process writes other vectors to `out` at the same time.
    """
    out, note, part = Path(out), Path(f"{out}.json"), Path(f"{out}.part")
    for path, begin in ((out, np.lib.format.MAGIC_PREFIX), (note, b'{"made_of"')):
        _refuse_other_file(path, begin)
    from tqdm import tqdm

    read = functools.partial(read_csv_in_parts, csv, text_column, rows_at_once, encoding=encoding)
    name, digest = Path(csv).name, hashlib.sha256()
    total = sum(len(texts) for texts in _checked(read(), name, digest))
    fast = compiled.available() and (total >= FAST_FROM if fast is None else fast)
    encoder = as_encoder(encoder, next(read()))
    way = Way(encoder, bool(truncation), prompt_of(encoder, prompt_name), fast)
    made_of = {
        "texts": digest.hexdigest(),
        "rows": total,
        "encoder": encoder_label(encoder),
        "model": encoder_key(encoder) or uuid.uuid4().hex,
        "truncation": way.truncation,
        "prompt": way.prompt,
        "precision": compiled.kind() if fast else PLAIN,
    }
    vectors, kept = _finished(out, note, made_of), VectorCache(part, most_bytes=None)
    if vectors is None:
        again = hashlib.sha256()
        with (
            tqdm(total=total, desc="Encoding", unit=" texts", disable=not progress, delay=0.5) as bar,
            write_whole(out) as temporary,
        ):
            parts = _checked(read(), name, again)
            _write_rows(temporary, (make_vectors(texts, way, kept, bar, rows_at_once) for texts in parts), total)
            if again.digest() != digest.digest():
                raise ValueError(f"{name} was changed while it was read. Run this again.")
            rows_sha256 = _rows_sha256(np.load(temporary, mmap_mode="r"))
        with write_whole(note) as temporary:
            temporary.write_text(json.dumps({"made_of": made_of, "sha256": rows_sha256}), encoding="utf-8")
        vectors = _finished(out, note, made_of)
        if vectors is None:
            raise ValueError(f"{out}: another process wrote other vectors there meanwhile. Choose another name.")
    kept.remove()
    return vectors


def _refuse_other_file(path: Path, begin: bytes) -> None:
    """Refuse to replace a file that does not begin as ours do, such as the table itself."""
    if path.is_dir():
        raise ValueError(f"encode_csv: {path} is a folder. Name the .npy file to write.")
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(begin)) not in (b"", begin):
                raise ValueError(
                    f"encode_csv: {path} exists, and is not a .npy file or a note of this command. Choose another name."
                )


def _finished(out: Path, note: Path, made_of: dict) -> np.ndarray | None:
    """The vectors of an earlier run, if they were made of the same, and are as they were written."""
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
        if said["made_of"] == made_of:
            vectors = np.load(out, mmap_mode="r", allow_pickle=False)
            whole = vectors.dtype == np.float32 and vectors.ndim == 2 and len(vectors) == made_of["rows"]
            return vectors if whole and _rows_sha256(vectors) == said["sha256"] else None
    except Exception:  # there is none, or it is damaged, which may raise anything (SyntaxError, ...): it is made again
        pass
    return None


def _rows_sha256(vectors: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).data).hexdigest()


def _write_rows(path: Path, parts: Iterable[np.ndarray], total: int) -> None:
    """Write rows as a ``.npy`` file, and wait for the disk."""
    with path.open("wb") as file:
        for rows in parts:
            if not file.tell():
                header = {"descr": "<f4", "fortran_order": False, "shape": (total, rows.shape[1])}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(rows.astype("<f4").tobytes())
        file.flush()
        os.fsync(file.fileno())


def _checked(parts: Iterable[list[str]], name: str, digest: Any) -> Iterator[list[str]]:
    """Parts of a file, none of whose texts may be missing; they go into a digest."""
    total, bad = 0, []
    for texts in parts:
        bad += [total + place + 1 for place, text in enumerate(texts) if not text]
        total += len(texts)
        digest.update(hash_texts(texts).tobytes())
        yield texts
    if bad or not total:
        missing = f"{len(bad)} of {total} rows have no text (rows {first_few(bad)}). Leave them out first"
        raise ValueError(f"{name}: {missing if bad else 'no rows'}.")
