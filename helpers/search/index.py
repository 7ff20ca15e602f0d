"""Find the vectors nearest to a vector: exactly, with a ball tree, approximately, or in a fraction of the memory."""

from __future__ import annotations

import io
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.search.saved_index import read_index, write_index

ROWS_AT_ONCE = 256  # queries whose similarities are held in memory together, at most
BYTES_AT_ONCE = 120_000_000  # that they may take, with their order
CODES_AT_ONCE = 8_192  # vectors whose codes are unpacked together, so that they stay in the processor's cache
DIGITS = 6  # of a similarity that count when neighbors are put in order; the rest is noise of float32
STEP = 10.0**-DIGITS

Ids = Sequence | pd.Index | np.ndarray
Mask = ArrayLike | pd.Series | None
OPTIONS: dict[str, dict[str, int]] = {  # what can be set for each method, and what it is if nobody does
    "exact": {},
    "ball_tree": {},
    "hnsw": {"M": 16, "ef_construction": 200, "ef": 40},
    "int8": {"rescore": 4},
    "binary": {"rescore": 40},
}


class NeighborIndex:
    """Nearest neighbors by cosine similarity.

    Parameters
    ----------
    vectors : array-like
        (n, dimensions); rows are scaled to length 1 where they are not.
    ids : sequence, optional
        n ids, which searches return, all different; by default 0 to n - 1.
    method : {"exact", "ball_tree", "hnsw", "int8", "binary"}
        ``"exact"`` is one matrix product, ``"ball_tree"`` scikit-learn's tree, exact as well. The others may miss a
        neighbor: ``"hnsw"`` is a graph (voyager), faster from some 10,000 vectors on; ``"int8"`` and ``"binary"`` keep
        8 bits or 1 bit of the 32 of a number, and look at the full vectors of the best candidates alone, which stay on
        the disk once the index is saved and loaded.
    encoder : str, optional
        What made the vectors, see `helpers.encoding.encoder_label`. It is saved with the index.
    **options
        ``"hnsw"``: ``M`` (links of a vector, 16), ``ef_construction`` (candidates kept while building, 200), ``ef``
        (while searching, 40; more for texts that are like none in the index). ``"int8"``, ``"binary"``: ``rescore``
        (candidates for each neighbor asked for, 4 and 40). Attribute ``options`` holds them; ``ef`` and ``rescore``
        may be changed there between searches.

    Raises
    ------
    ValueError
        When the shapes do not fit, a number is NaN or infinite, a row is zero, an id is missing or there twice, or an
        option is unknown.

    References
    ----------
    Ball tree: S. M. Omohundro (1989), Five balltree construction algorithms, ICSI report TR-89-063.
    HNSW: Y. A. Malkov and D. A. Yashunin (2020), IEEE Trans. Pattern Anal. Mach. Intell. 42(4), pages 824-836.
    Signs as codes: M. S. Charikar (2002), Similarity estimation techniques from rounding algorithms, STOC, pages
    380-388. Candidates by codes, then full vectors: H. Jegou et al. (2011), Searching in one billion vectors: re-rank
    with source coding, ICASSP, pages 861-864.
    """

    def __init__(
        self,
        vectors: ArrayLike,
        ids: Ids | None = None,
        method: str = "exact",
        encoder: str | None = None,
        **options: int,
    ):
        options = _whole_options(method, options)
        rows = unit_rows(np.atleast_2d(_numbers(vectors, "NeighborIndex")), "NeighborIndex")
        self._hold(rows, _checked_ids(ids, len(rows)), method, options, encoder)
        self._index = self._built()

    def _hold(
        self, vectors: np.ndarray, ids: np.ndarray, method: str, options: dict[str, int], encoder: str | None
    ) -> None:
        self.vectors, self.ids, self.method, self.options, self.encoder = vectors, ids, method, options, encoder
        try:
            self._rank = np.unique(ids, return_inverse=True)[1]
        except TypeError as error:
            raise ValueError("NeighborIndex: ids have to be of one kind, such as all numbers or all texts.") from error

    def _built(self) -> Any:
        """A tree, a graph, or codes: a byte a number, its share of the column's largest, or a bit: above the mean?"""
        if self.method == "ball_tree":
            from sklearn.neighbors import BallTree

            return BallTree(self.vectors)
        if self.method == "hnsw":
            import voyager

            sizes = {name: self.options[name] for name in ("M", "ef_construction")}
            graph = voyager.Index(voyager.Space.InnerProduct, num_dimensions=self.vectors.shape[1], **sizes)
            graph.add_items(self.vectors, num_threads=1)  # several threads build another graph each time
            return graph
        if self.method == "binary":
            middle = self.vectors.mean(axis=0)
            return {"codes": _bits(self.vectors > middle), "middle": middle}
        if self.method == "int8":
            step = np.abs(self.vectors).max(axis=0).clip(1e-12) / 127
            return {"codes": (self.vectors / step).round().astype(np.int8), "step": step}
        return None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def scanned_bytes(self) -> int:
        """Bytes that a search goes through from end to end: the codes where there are codes, else the vectors."""
        return self._index["codes"].nbytes if self.method in ("int8", "binary") else self.vectors.nbytes

    def search(
        self, query: ArrayLike, k: int = 10, where: Mask = None, encoder: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the k nearest vectors.

        Parameters
        ----------
        query : array-like
            (dimensions,) one vector, or (m, dimensions) many.
        k : int
            How many; where fewer are left, they all come back.
        where : array-like of bool, optional
            (n,) True for the vectors that may be found; see `as_mask`. The search is then exact.
        encoder : str, optional
            What made the query, as in `NeighborIndex`: the numbers of another encoder mean other things.

        Returns
        -------
        ids, similarities : numpy.ndarray
            (k,) or (m, k), best first, equal ones by id. Similarities are cosines, in [-1, 1], float32.

        Raises
        ------
        ValueError
            When the query has another width or encoder, a NaN, or only zeros; when `k` or `where` makes no sense.
        """
        if encoder and self.encoder and encoder != self.encoder:
            raise ValueError(f"search: the query was made by {encoder}, the index by {self.encoder}. Use one encoder.")
        queries = unit_queries(query, self.vectors.shape[1], "index")
        mask = as_mask(where, self.ids)
        k = min(as_count(k), len(self) if mask is None else int(mask.sum()))
        exact = mask is not None or self.method == "exact" or not len(queries)
        candidates = 0 if exact else min(k * self.options.get("rescore", 1), len(self))
        bytes_each = 12 * len(self) + 4 * self.vectors.shape[1] * candidates  # all similarities, and vectors again
        rows, blocks = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // bytes_each)), []
        for start in range(0, max(1, len(queries)), rows):
            block = queries[start : start + rows]
            blocks.append(self._search_all(block, k, mask) if exact else self._search_candidates(block, k, candidates))
        positions, similarities = map(np.concatenate, zip(*blocks, strict=True))
        ids = self.ids[positions]
        return (ids[0], similarities[0]) if np.ndim(query) == 1 else (ids, similarities)

    def save(self, folder: str | Path) -> None:
        """Write the index into a folder of its own, whole or not at all; an index that is there is replaced.

        Raises
        ------
        ValueError
            When the ids are neither numbers nor texts, or the folder holds anything but an index.
        """
        arrays = {"vectors": self.vectors, "ids": _plain_ids(self.ids)}
        if self.method == "hnsw":
            arrays["graph"] = np.frombuffer(self._index.as_bytes(), dtype=np.uint8)
        elif self.method in ("int8", "binary"):
            arrays |= self._index
        about = {"method": self.method, "options": self.options, "encoder": self.encoder}
        write_index(Path(folder), about, arrays)

    @classmethod
    def load(cls, folder: str | Path) -> NeighborIndex:
        """Open a saved index. Vectors and codes are mapped from the disk: what no search touches takes no memory.

        Raises
        ------
        ValueError
            When the folder holds no index, or one that is not as it was saved.
        """
        try:
            about, arrays = read_index(Path(folder))
        except (OSError, ValueError) as error:
            raise ValueError(f"{folder} holds no whole index ({error}). Build it again and save it.") from error
        index = cls.__new__(cls)
        index._hold(arrays.pop("vectors"), np.array(arrays.pop("ids")), **about)
        if index.method == "hnsw":
            import voyager

            index._index = voyager.Index.load(io.BytesIO(arrays["graph"].tobytes()))
        else:
            index._index = arrays or index._built()
        return index

    def _search_all(self, queries: np.ndarray, k: int, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        scores = queries @ self.vectors.T
        if mask is not None:
            scores[:, ~mask] = -np.inf
        return best_columns(scores, k, self._rank)

    def _search_candidates(self, queries: np.ndarray, k: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The best candidates of a tree, a graph, or codes by their full vectors."""
        near = self._candidates(queries, count)
        scores = np.vecdot(self.vectors[near], queries[:, None])
        rows, order = _rows(near), best_first(scores, self._rank[near])[:, :k]
        return near[rows, order], scores[rows, order]

    def _candidates(self, queries: np.ndarray, count: int) -> np.ndarray:
        """Positions of some vectors for each query, in any order: (m, count)."""
        if self.method == "ball_tree":
            return self._index.query(queries, count, return_distance=False)
        if self.method == "hnsw":
            import voyager

            ef = max(self.options["ef"], 2 * count)
            try:
                return self._index.query(queries, count, query_ef=ef)[0].astype(np.int64)
            except voyager.RecallError:  # the graph does not lead to so many
                return self._search_all(queries, count, None)[0]
        scores = self._score_bits(queries) if self.method == "binary" else self._score_bytes(queries)
        return np.argpartition(scores, -count, axis=1)[:, -count:]

    def _score_bytes(self, queries: np.ndarray) -> np.ndarray:
        """Cosines as far as codes of one byte tell, unpacked block by block."""
        codes, scaled = self._index["codes"], queries * self._index["step"]
        scores = np.empty((len(queries), len(self)), dtype=np.float32)
        for start in range(0, len(self), CODES_AT_ONCE):
            block = slice(start, start + CODES_AT_ONCE)
            np.matmul(scaled, codes[block].astype(np.float32).T, out=scores[:, block])
        return scores

    def _score_bits(self, queries: np.ndarray) -> np.ndarray:
        """Minus the number of bits in which the codes differ."""
        scores = np.empty((len(queries), len(self)), dtype=np.int16)
        for row, bits in enumerate(_bits(queries > self._index["middle"])):
            differ = np.bitwise_count(self._index["codes"] ^ bits)
            np.negative(differ.sum(axis=1, dtype=np.int16), out=scores[row])
        return scores


def as_mask(where: Mask, ids: np.ndarray | pd.Index, who: str = "search") -> np.ndarray | None:
    """Bring a condition into the order of some ids: what ``where=`` means everywhere in the course.

    Parameters
    ----------
    where : pandas.Series of bool, array-like of bool, or None
        A Series, such as ``movies["year"] > 2000``, is aligned by its index; ids that are not among `ids` are passed
        over. Anything else has to stand in the order of `ids`.
    ids : array-like
        (n,) ids of what is searched.
    who : str
        Who asks, for the message.

    Returns
    -------
    numpy.ndarray or None
        (n,) bool; None for no condition.

    Raises
    ------
    ValueError
        When a value is no boolean, when the length is another one, or when a Series lacks an id or has one twice.
    """
    if where is None:
        return None
    if isinstance(where, pd.Series):
        if not where.index.is_unique:
            raise ValueError(f"{who}: where has id {where.index[where.index.duplicated()][0]} more than once.")
        where = where.reindex(ids)
    if isinstance(where, np.ma.MaskedArray):
        where = np.ma.filled(where.astype(object), np.nan)
    mask = np.asarray(where)
    if mask.dtype == object and mask.shape == (len(ids),):
        if (gone := pd.isna(mask)).any():
            raise ValueError(
                f"{who}: where says nothing about id {np.asarray(ids)[gone][0]}. Its index has to hold the ids, and no "
                "value may be missing: where.fillna(False)."
            )
        if all(isinstance(value, bool | np.bool_) for value in mask):
            mask = mask.astype(bool)
    if mask.dtype != bool or mask.shape != (len(ids),):
        raise ValueError(
            f"{who}: where is a mask of {len(ids)} booleans, not {mask.dtype} of shape {mask.shape}. "
            "For some ids alone: numpy.isin(all_ids, some_ids)."
        )
    return mask


def as_count(k: Any, who: str = "search") -> int:
    """A whole number from 1 on, such as the length of a list; anything else is refused in one line."""
    try:
        count = operator.index(k)
    except TypeError:
        count = 0
    if count < 1 or isinstance(k, bool):
        raise ValueError(f"{who}: k is {k!r}; ask for a whole number, 1 or more.")
    return count


def _numbers(values: ArrayLike, who: str) -> np.ndarray:
    """Any table of real numbers as float32."""
    try:
        if np.ma.is_masked(values) or np.iscomplexobj(values):
            raise ValueError("none of them masked or complex")
        if hasattr(values, "toarray"):
            raise ValueError("not a sparse matrix: give matrix.toarray()")
        with np.errstate(over="ignore"):  # becomes infinite, which is refused
            return np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{who}: expected rows of numbers ({' '.join(str(error).split())}).") from error


def _checked_ids(ids: Ids | None, count: int) -> np.ndarray:
    """Ids as an array: as many as vectors, none missing, all of one kind, none twice."""
    if ids is None:
        return np.arange(count)
    if isinstance(ids, set | frozenset):
        raise ValueError(f"NeighborIndex: ids is a {type(ids).__name__}, which says nothing about rows; give a list.")
    ids = ids if hasattr(ids, "dtype") else list(ids)
    array = np.array(ids)  # a copy: what becomes of the list later does not matter
    if array.shape != (count,):
        raise ValueError(f"NeighborIndex: {' x '.join(map(str, array.shape))} ids for {count} vectors.")
    if (missing := pd.isna(array)).any():
        raise ValueError(f"NeighborIndex: the id of row {missing.argmax()} is missing.")
    if (again := pd.Series(array).duplicated()).any():
        raise ValueError(f"NeighborIndex: id {array[again.argmax()]} appears twice.")
    if isinstance(ids, list) and array.tolist() != ids:
        raise ValueError("NeighborIndex: ids have to be of one kind, such as all numbers or all texts.")
    return array


def _whole_options(method: str, options: dict) -> dict:
    """All options of a method: those that are given, else as usual."""
    if method not in list(OPTIONS):
        raise ValueError(f"NeighborIndex: method is one of {', '.join(OPTIONS)}, not {method!r}.")
    usual = OPTIONS[method]
    for name, value in options.items():
        if name not in usual:
            raise ValueError(
                f"NeighborIndex: {method} has no option {name!r} (its options: {', '.join(usual) or 'none'})."
            )
        least = 2 if name == "M" else 1  # a graph of one link a vector is none
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"NeighborIndex: {name} is {value!r}; it is a whole number, {least} or more.")
    return usual | {name: int(value) for name, value in options.items()}


def _plain_ids(ids: np.ndarray) -> np.ndarray:
    """Ids as an array that a file can hold without objects."""
    plain = ids.astype(str) if ids.dtype == object and all(isinstance(i, str) for i in ids) else ids
    if plain.dtype == object or (plain is not ids and plain.tolist() != ids.tolist()):
        raise ValueError("save: ids have to be numbers or texts.")
    return plain


def _bits(signs: np.ndarray) -> np.ndarray:
    """Rows of booleans as rows of 64-bit numbers, the last one filled up with zeros."""
    packed = np.packbits(signs, axis=1)
    filled = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    filled[:, : packed.shape[1]] = packed
    return filled.view(np.uint64)


def _rows(table: np.ndarray) -> np.ndarray:
    """Numbers of the rows, which with numbers of columns (n_rows, m) choose m cells of each row."""
    return np.arange(len(table))[:, None]


def best_first(similarities: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Order of each row: by similarity, equal ones by rank."""
    return np.lexsort((rank, np.rint(similarities * (-1 / STEP))))


def best_columns(scores: np.ndarray, k: int, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the k largest scores of every row, best first, equal ones by rank; and those scores."""
    count = min(k + 1, scores.shape[1])  # one more, to see whether it is equal to the last
    rows, columns = _rows(scores), np.argpartition(scores, -count, axis=1)[:, -count:]
    columns = columns[rows, best_first(scores[rows, columns], rank[columns])]
    top = scores[rows, columns]
    if 0 < k < count:
        for row in np.flatnonzero(top[:, k] > top[:, k - 1] - STEP):
            tied = np.flatnonzero(scores[row] > top[row, k - 1] - STEP)
            columns[row, :k] = tied[best_first(scores[row, tied], rank[tied])[:k]]
            top[row, :k] = scores[row, columns[row, :k]]
    return columns[:, :k], top[:, :k]


def unit_queries(query: ArrayLike, dimensions: int, whose: str) -> np.ndarray:
    """One query or many, (dimensions,) or (m, dimensions), as m unit rows."""
    rows = np.atleast_2d(_numbers(query, "search"))
    if rows.ndim != 2 or rows.shape[1] != dimensions:
        raise ValueError(f"search: the query has {np.shape(query)[-1:]} numbers, the {whose} {dimensions}.")
    return unit_rows(rows, "search") if len(rows) else rows


def unit_rows(vectors: np.ndarray, who: str) -> np.ndarray:
    """Rows scaled to length 1; a NaN, an infinity or a row of zeros is refused."""
    if vectors.ndim != 2 or not vectors.size:
        raise ValueError(f"{who}: expected rows of numbers, got shape {vectors.shape}.")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if np.abs(np.vecdot(vectors, vectors) - 1).max() < 2e-5:
            return np.ascontiguousarray(vectors)
    largest = np.maximum(vectors.max(axis=1), -vectors.min(axis=1))
    if not np.isfinite(largest).all():
        raise ValueError(f"{who}: row {np.isfinite(largest).argmin()} has a NaN or an infinite number.")
    if not largest.all():
        raise ValueError(f"{who}: row {largest.argmin()} is all zeros and has no direction.")
    rows = vectors / largest[:, None]  # so that no square is too large or too small
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows
