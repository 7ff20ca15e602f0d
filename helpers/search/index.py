"""Find the vectors nearest to a vector: exactly, with a ball tree, approximately, or in a fraction of the memory."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.search import saved_index

ROWS_AT_ONCE = 256  # queries whose similarities are held in memory together, at most
BYTES_AT_ONCE = 120_000_000  # that they may take, with 8 bytes a position where all have to be put in order
SET = 32  # columns whose maximum is looked at first
CODES_AT_ONCE = 8_192  # vectors whose codes are unpacked together, so that they stay in the processor's cache
DIGITS = 6  # of a similarity that count when neighbors are put in order; the rest is noise of float32
STEP = 10.0**-DIGITS
LEAST_SQUARE = 1e-30  # of a length that float32 still tells well

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
        ``"exact"`` compares with every vector in one matrix product. ``"ball_tree"`` is scikit-learn's tree, exact as
        well. ``"hnsw"`` is a graph (voyager) that may miss a neighbor and is faster from some 10,000 vectors on.
        ``"int8"`` and ``"binary"`` look at a short code of every vector first, with 8 bits or 1 bit a number instead
        of 32, and then at the full vectors of the best candidates; they may miss a neighbor, too. They save memory
        once the index is saved and loaded, because full vectors then stay on the disk.
    encoder : str, optional
        What made the vectors, see `helpers.encoding.encoder_label`. It is saved with the index.
    **options
        ``"hnsw"``: ``M`` (links of a vector, 16), ``ef_construction`` (candidates kept while building, 200), ``ef``
        (candidates kept while searching, 40; for texts that are like none in the index, take more). ``"int8"``,
        ``"binary"``: ``rescore`` (candidates for each neighbor asked for whose full vectors are compared, 4 and 40).
        Attribute ``options`` holds them; ``ef`` and ``rescore`` may be changed there between searches.

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
        own = np.arange(len(rows)) if ids is None else _checked_ids(ids, len(rows))
        self.encoder = encoder
        self._hold(rows, own, method, options)
        build = {"ball_tree": self._build_ball_tree, "hnsw": self._build_hnsw}.get(method, self._build_codes)
        self._index: Any = build() if method != "exact" else None  # a tree, a graph, or codes by name

    def _hold(self, vectors: np.ndarray, ids: np.ndarray, method: str, options: dict[str, int]) -> None:
        self.vectors, self.ids, self.method, self.options = vectors, ids, method, options
        self._rank = np.empty(len(ids), dtype=np.int64)
        try:
            self._rank[np.argsort(ids, kind="stable")] = np.arange(len(ids))
        except TypeError as error:
            raise ValueError("NeighborIndex: ids have to be of one kind, such as all numbers or all texts.") from error

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
            (n,) True for the vectors that may be found; see `as_mask`. Applied before ranking; the search is then
            exact.
        encoder : str, optional
            What made the query, as in `NeighborIndex`: the numbers of another encoder mean other things.

        Returns
        -------
        ids, similarities : numpy.ndarray
            (k,) or (m, k), best first, equal ones by id. Similarities are cosines, in [-1, 1], float32.

        Raises
        ------
        ValueError
            When the query has another width, a NaN, or only zeros; when k is no whole number from 1 on; when `where` is
            no mask of the vectors; when the index was made by another encoder.
        """
        if encoder and self.encoder and encoder != self.encoder:
            raise ValueError(f"search: the query was made by {encoder}, the index by {self.encoder}. Use one encoder.")
        asked = _numbers(query, "search")
        queries = np.atleast_2d(asked)
        if queries.ndim != 2 or queries.shape[1] != self.vectors.shape[1]:
            raise ValueError(f"search: the query has {asked.shape[-1:]} numbers, the index {self.vectors.shape[1]}.")
        k, mask = as_count(k), as_mask(where, self.ids)
        if not len(queries):
            return np.empty((0, min(k, len(self))), self.ids.dtype), np.empty((0, min(k, len(self))), np.float32)
        queries = unit_rows(queries, "search")
        if mask is not None or self._index is None:
            positions, similarities = self._search_exact(queries, k, mask)
        else:
            ways = {"ball_tree": self._search_ball_tree, "hnsw": self._search_hnsw}
            positions, similarities = ways.get(self.method, self._search_codes)(queries, min(k, len(self)))
        ids = self.ids[positions]
        return (ids[0], similarities[0]) if asked.ndim == 1 else (ids, similarities)

    def save(self, folder: str | Path) -> None:
        """Write the index into a folder of its own, whole or not at all; an index that is there is replaced.

        Raises
        ------
        ValueError
            When the ids are neither numbers nor texts, or the folder is there and holds anything but an index.
        """
        arrays = {"vectors": self.vectors, "ids": _plain_ids(self.ids)}
        arrays |= self._index if self.method in ("int8", "binary") else {}
        writers: dict[str, Callable[[Path], object]] = {
            f"{name}.npy": functools.partial(np.save, arr=array, allow_pickle=False) for name, array in arrays.items()
        }
        if self.method == "hnsw":
            writers["graph.voyager"] = lambda path: self._index.save(str(path))
        about = {"method": self.method, "options": self.options, "encoder": self.encoder}
        saved_index.write_folder(Path(folder), writers, about)

    @classmethod
    def load(cls, folder: str | Path) -> NeighborIndex:
        """Open a saved index. Vectors and codes are mapped from the disk: what no search touches takes no memory.

        Raises
        ------
        ValueError
            When the folder holds no index, or a damaged one: every file is compared with its SHA-256 first.
        """
        index = cls.__new__(cls)
        try:
            about, paths = saved_index.read_folder(Path(folder))
            arrays = {
                path.stem: np.load(paths[path.name], mmap_mode="r", allow_pickle=False)
                for path in map(Path, paths)
                if path.suffix == ".npy"
            }
            vectors, ids = arrays.pop("vectors"), np.array(arrays.pop("ids"))
            if len(ids) != len(vectors) or len(arrays.get("codes", vectors)) != len(vectors):
                raise ValueError("its files do not belong together")
            index.encoder = about.get("encoder")
            index._hold(vectors, ids, about["method"], _whole_options(about["method"], about["options"]))
            index._index = index._loaded(paths, arrays)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise ValueError(f"{folder} holds no whole index ({error}). Build it again and save it.") from error
        return index

    def _loaded(self, paths: dict[str, Path], arrays: dict[str, np.ndarray]) -> Any:
        if self.method == "hnsw":
            import voyager

            return voyager.Index.load(str(paths["graph.voyager"]))
        return self._build_ball_tree() if self.method == "ball_tree" else arrays or None

    def _search_exact(self, queries: np.ndarray, k: int, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        k = min(k, len(self) if mask is None else int(mask.sum()))
        if not k:
            return np.empty((len(queries), 0), dtype=np.int64), np.empty((len(queries), 0), dtype=np.float32)
        rows, blocks = self._rows_at_once(4 if len(self) // SET > 4 * k else 12), []
        for start in range(0, len(queries), rows):
            scores = queries[start : start + rows] @ self.vectors.T
            if mask is not None:
                scores[:, ~mask] = -np.inf
            blocks.append(best_columns(scores, k, self._rank))
        if len(blocks) == 1:
            return blocks[0]
        positions, similarities = map(np.concatenate, zip(*blocks, strict=True))
        return positions, similarities

    def _rows_at_once(self, bytes_each: int = 12) -> int:
        return max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // (bytes_each * len(self))))

    def _build_ball_tree(self) -> Any:
        from sklearn.neighbors import BallTree

        return BallTree(self.vectors)

    def _search_ball_tree(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Distances to cosines: for unit vectors, distance squared is 2 - 2 cosine."""
        distances, positions = self._index.query(queries, k=k)
        return self._ordered(positions, (1 - distances**2 / 2).astype(np.float32))

    def _build_hnsw(self) -> Any:
        import voyager

        index = voyager.Index(
            voyager.Space.InnerProduct,
            num_dimensions=self.vectors.shape[1],
            M=self.options["M"],
            ef_construction=self.options["ef_construction"],
        )
        index.add_items(self.vectors, ids=np.arange(len(self)), num_threads=1)  # several build another graph each time
        return index

    def _search_hnsw(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        import voyager

        try:
            positions, distances = self._index.query(queries, k=k, query_ef=max(self.options["ef"], 2 * k))
        except voyager.RecallError:  # the graph does not lead to k vectors
            return self._search_exact(queries, k, None)
        return self._ordered(positions, 1 - distances)

    def _build_codes(self) -> dict[str, np.ndarray]:
        """One byte a number, its share of the largest in its column; or one bit, whether it is above the mean."""
        if self.method == "binary":
            middle = self.vectors.mean(axis=0)
            return {"codes": _bits(self.vectors > middle), "middle": middle}
        step = np.abs(self.vectors).max(axis=0).clip(1e-12) / 127
        return {"codes": (self.vectors / step).round().astype(np.int8), "step": step}

    def _search_codes(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Candidates by their codes, then the best of them by their full vectors."""
        score = self._score_bits if self.method == "binary" else self._score_bytes
        count, rows = min(k * self.options["rescore"], len(self)), self._rows_at_once()
        positions = np.empty((len(queries), k), dtype=np.int64)
        similarities = np.empty((len(queries), k), dtype=np.float32)
        for start in range(0, len(queries), rows):
            scores = score(queries[start : start + rows])
            near = np.argpartition(scores, -count, axis=1)[:, -count:] if count < len(self) else None
            for row in range(len(scores)):
                candidates = np.sort(near[row]) if near is not None else np.arange(len(self))
                exact = (self.vectors[candidates] @ queries[start + row])[None, :]
                best, similarities[start + row] = best_columns(exact, k, self._rank[candidates])
                positions[start + row] = candidates[best[0]]
        return positions, similarities

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
        asked = _bits(queries > self._index["middle"])
        scores = np.empty((len(queries), len(self)), dtype=np.int16)
        for row, bits in enumerate(asked):
            differ = np.bitwise_count(self._index["codes"] ^ bits)
            np.negative(differ.sum(axis=1, dtype=np.int16), out=scores[row])
        return scores

    def _ordered(self, positions: np.ndarray, similarities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Put equal ones into the order of their ids; all are in the order of similarity already."""
        if (similarities[:, :-1] > similarities[:, 1:] + STEP).all():
            return positions, similarities
        rows, order = _rows(positions), best_first(similarities, self._rank[positions])
        return positions[rows, order], similarities[rows, order]


def as_mask(where: Mask, ids: np.ndarray | pd.Index, who: str = "search") -> np.ndarray | None:
    """Bring a condition into the order of some ids: what ``where=`` means everywhere in the course.

    Parameters
    ----------
    where : pandas.Series of bool, array-like of bool, or None
        A Series, such as ``movies["year"] > 2000``, is aligned by its index, whatever its order; ids that are not among
        `ids` are passed over. Anything else has to stand in the order of `ids`.
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
        positions = where.index.get_indexer(pd.Index(ids))
        if (positions < 0).any():
            missing = np.asarray(ids)[positions < 0][0]
            raise ValueError(f"{who}: where says nothing about id {missing}. Its index has to hold the ids.")
        where = where.iloc[positions]
    if isinstance(where, np.ma.MaskedArray):
        where = np.where(np.ma.getmaskarray(where), np.nan, where.data.astype(object))
    mask = np.asarray(where)
    if mask.dtype == object and mask.shape == (len(ids),) and pd.isna(mask).any():
        raise ValueError(
            f"{who}: where is missing for id {np.asarray(ids)[pd.isna(mask)][0]}. Fill it: where.fillna(False)."
        )
    if mask.dtype == object and all(isinstance(value, bool | np.bool_) for value in mask.flat):
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


def _checked_ids(ids: Ids, count: int) -> np.ndarray:
    """Ids as an array: as many as vectors, none missing, all of one kind, none twice."""
    if isinstance(ids, set | frozenset):
        raise ValueError(f"NeighborIndex: ids is a {type(ids).__name__}, which says nothing about rows; give a list.")
    ids = ids if hasattr(ids, "dtype") else list(ids)
    array = np.array(ids)  # a copy: what becomes of the list later does not matter
    if array.shape != (count,):
        raise ValueError(f"NeighborIndex: {' x '.join(map(str, array.shape))} ids for {count} vectors.")
    missing, again = pd.isna(array), pd.Series(array).duplicated()
    if missing.any():
        raise ValueError(f"NeighborIndex: the id of row {missing.argmax()} is missing.")
    if again.any():
        raise ValueError(f"NeighborIndex: id {array[again.argmax()]} is there twice.")
    if isinstance(ids, list) and array.tolist() != ids:
        raise ValueError("NeighborIndex: ids have to be of one kind, such as all numbers or all texts.")
    return array


def _whole_options(method: str, options: dict) -> dict:
    """All options of a method: those that are given, else as usual."""
    if method not in list(OPTIONS):
        raise ValueError(f"NeighborIndex: method is one of {', '.join(OPTIONS)}, not {method!r}.")
    for name, value in options.items():
        if name not in OPTIONS[method]:
            known = ", ".join(OPTIONS[method]) or "none"
            raise ValueError(f"NeighborIndex: {method} has no option {name!r} (its options: {known}).")
        least = 2 if name == "M" else 1  # a graph of one link a vector is none
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"NeighborIndex: {name} is {value!r}; it is a whole number, {least} or more.")
    return OPTIONS[method] | {name: int(value) for name, value in options.items()}


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
    """Columns of the k largest scores of every row, best first, equal ones by rank."""
    rows, among = _rows(scores), _worth_a_look(scores, k)
    few = scores if among is None else scores[rows, among]
    count = min(k + 1, few.shape[1])  # one more, to see whether it is equal to the last
    columns = np.argpartition(few, -count, axis=1)[:, -count:]
    columns = columns if among is None else among[rows, columns]
    top = scores[rows, columns]
    order = best_first(top, rank[columns])
    columns, top = columns[rows, order], top[rows, order]
    if count > k:
        for row in (top[:, k] > top[:, k - 1] - STEP).nonzero()[0]:
            tied = np.flatnonzero(scores[row] > top[row, k - 1] - STEP)
            columns[row, :k] = tied[best_first(scores[row, tied], rank[tied])[:k]]
            top[row, :k] = scores[row, columns[row, :k]]
    return columns[:, :k], top[:, :k]


def _worth_a_look(scores: np.ndarray, k: int) -> np.ndarray | None:
    """Columns that hold the k + 1 largest scores of every row; None for all of them.

    Columns are dealt out into sets of `SET`. The k + 1 sets with the largest maxima hold k + 1 scores that are no
    smaller than any in another set, so that one pass for the maxima does instead of a partial sort of everything: 64
    queries on 15,000 vectors take two thirds of the time.
    """
    sets = scores.shape[1] // SET
    if sets <= 4 * k:
        return None
    maxima = scores[:, : sets * SET].reshape(len(scores), SET, sets).max(axis=1)
    nearest = np.argpartition(maxima, -(k + 1), axis=1)[:, -(k + 1) :]
    members = (nearest[:, None, :] + sets * np.arange(SET)[:, None]).reshape(len(scores), -1)
    rest = np.arange(sets * SET, scores.shape[1])
    return np.hstack([members, np.broadcast_to(rest, (len(scores), len(rest)))])


def unit_rows(vectors: np.ndarray, who: str) -> np.ndarray:
    """Rows scaled to length 1; a NaN, an infinity or a row of zeros is refused."""
    if vectors.ndim != 2 or not vectors.size:
        raise ValueError(f"{who}: expected rows of numbers, got shape {vectors.shape}.")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        squares = np.vecdot(vectors, vectors)
        if np.abs(squares - 1).max() < 2e-5:
            return np.ascontiguousarray(vectors)
        lengths = np.sqrt(squares)
    odd = np.flatnonzero(~(squares > LEAST_SQUARE) | np.isinf(squares))  # very large or small, or no direction at all
    if not len(odd):
        return vectors / lengths[:, None]
    exact = vectors[odd].astype(np.float64)
    lengths = lengths.astype(np.float64)
    lengths[odd] = np.linalg.norm(exact, axis=1)
    if not np.isfinite(lengths).all():
        raise ValueError(f"{who}: row {np.flatnonzero(~np.isfinite(lengths))[0]} has a NaN or an infinite number.")
    if (lengths == 0).any():
        raise ValueError(f"{who}: row {np.flatnonzero(lengths == 0)[0]} is all zeros and has no direction.")
    return (vectors / lengths[:, None]).astype(vectors.dtype)
