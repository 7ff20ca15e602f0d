"""Find films like a film, vary the list, and explain it. The search itself is `helpers.search.index`."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.data import load_movies, load_vectors
from helpers.encoding import encode, load_encoder
from helpers.encoding.batches import first_few
from helpers.encoding.models import canonical_name
from helpers.search.index import DIGITS, Mask, NeighborIndex, as_count, as_mask, best_columns, unit_rows
from helpers.titles import Match, TitleLookup, normalize_title

POOL = 100  # nearest films among which a diverse list is chosen
NO_END = re.compile(r"\b([A-Z]|Dr|Mr|Mrs|Ms|St|Jr|Lt|Sgt|Capt|Col|Gen|Prof|No|vs)\.$")  # a stop that ends no sentence


class TitleNotFoundError(LookupError):
    """No title is close enough to the one asked for; `suggestions` holds the three nearest.

    A notebook shows it in one line: nothing of the stack would help who typed the title.
    """

    def __init__(self, text: str, nearest: list[Match]):
        self.suggestions = [match.title for match in nearest]
        super().__init__(f"No title like '{text}'. The nearest: {'; '.join(self.suggestions) or 'none'}")

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class SimilarMovies(pd.DataFrame):
    """A table that says above itself which film was understood; whatever is made from it is an ordinary DataFrame."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    @property
    def caption(self) -> str:
        """Such as ``Most like Hero (2002), the closest title to 'Her'``."""
        return self.attrs.get("caption", "")

    def __repr__(self) -> str:
        return f"{self.caption}\n{super().__repr__()}"

    def _repr_html_(self) -> str | None:
        table = super()._repr_html_()  # type: ignore[misc]  # pandas-stubs leave it out
        return table and f"<p>{html.escape(self.caption)}</p>\n{table}"


def diversify(relevance: ArrayLike, vectors: ArrayLike, k: int, diversity: float) -> np.ndarray:
    """Choose k of many candidates by maximal marginal relevance: near the query, and unlike what is chosen already.

    Again and again, the candidate with the largest ``(1 - diversity) * relevance - diversity * (largest similarity to
    a chosen one)`` is taken; ties go to the first.

    Parameters
    ----------
    relevance : array-like
        (n,) similarity of each candidate to the query, or any score of that scale.
    vectors : array-like
        (n, dimensions) unit rows of the candidates.
    k : int
        How many to choose; where fewer are there, all.
    diversity : float
        In [0, 1]: 0 keeps the order of `relevance`, 1 looks only at how unlike the chosen ones are.

    Returns
    -------
    numpy.ndarray
        (k,) positions of the chosen, in the order in which they were taken.

    Raises
    ------
    ValueError
        When `diversity` is not in [0, 1].

    References
    ----------
    J. Carbonell and J. Goldstein (1998), The use of MMR, diversity-based reranking, SIGIR, pages 335-336.
    """
    if not isinstance(diversity, int | float | np.number) or not 0 <= diversity <= 1:
        raise ValueError(f"diversify: diversity is {diversity!r}; it lies between 0 and 1.")
    near, rows = np.asarray(relevance, dtype=np.float64), np.asarray(vectors)
    if len(near) != len(rows) or np.isnan(near).any():
        raise ValueError(f"diversify: {len(rows)} vectors need as many relevance numbers, none of them NaN.")
    redundancy = np.zeros(len(near))
    chosen: list[int] = []
    for _ in range(min(as_count(k, "diversify"), len(near))):
        score = (1 - diversity) * near - diversity * redundancy
        score[chosen] = -np.inf
        chosen.append(int(score.round(DIGITS).argmax()))
        alike = rows @ rows[chosen[-1]]
        redundancy = np.maximum(redundancy, alike) if len(chosen) > 1 else alike
    return np.array(chosen, dtype=np.int64)


def center_rows(vectors: ArrayLike, mean: ArrayLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Take the mean vector away from all rows, and scale them to length 1 again.

    What all texts have in common makes some of them neighbors of everything; without it there are fewer such hubs.
    Keep the mean of the catalog, and take the same one away from every text that is encoded later.

    Parameters
    ----------
    vectors : array-like
        (n, dimensions)
    mean : array-like, optional
        (dimensions,) as returned for the catalog; by default the mean of these rows.

    Returns
    -------
    rows, mean : numpy.ndarray
        (n, dimensions) of length 1, and (dimensions,).

    Raises
    ------
    ValueError
        When a row is the mean itself, so that nothing is left of it.

    References
    ----------
    I. Suzuki, K. Hara, M. Shimbo, M. Saerens and K. Fukumizu (2013), Centering similarity measures to reduce hubs,
    EMNLP, pages 613-623.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    middle = rows.mean(axis=0) if mean is None else np.asarray(mean, dtype=np.float32)
    return unit_rows(rows - middle, "center_rows"), middle


def find_similar_movies(
    title: str,
    k: int = 5,
    *,
    movies: pd.DataFrame | None = None,
    index: NeighborIndex | None = None,
    where: Mask = None,
    diversity: float = 0.0,
    center: bool = False,
    encoder: Any = None,
) -> SimilarMovies:
    """Find the films whose synopses are most like a film's.

    Parameters
    ----------
    title : str
        The film, typos allowed; a year at its end tells films of one title apart (``"King Kong 1933"``).
    k : int
        How many.
    movies : pandas.DataFrame, optional
        Any catalog as from `helpers.data.load_movies`; by default the films of the course.
    index : NeighborIndex, optional
        Over the ids of `movies`: ``NeighborIndex(vectors, movies.index)``. By default the course's vectors serve, or
        the synopses are encoded (and cached).
    where : pandas.Series of bool or array-like of bool, optional
        (n_movies,) True for the films that may be found, such as ``movies["year"] > 2000``; see `as_mask`.
    diversity : float
        0: the nearest films. Up to 1: of the `POOL` nearest, ones less and less like each other; see `diversify`.
    center : bool
        Whether the mean of all vectors is taken away first, see `center_rows`; not beside an index.
    encoder : sentence_transformers.SentenceTransformer or str, optional
        What reads the synopses, or its name; see `helpers.encoding.load_encoder`. Not beside an index.

    Returns
    -------
    pandas.DataFrame
        Index ``movie_id``; ``title``, ``year`` (where the catalog has years), ``similarity`` (cosine), best first,
        without the film itself. ``caption`` says which film was understood, ``attrs["matched"]`` is its id, and
        ``attrs["ties"]`` holds the ids of all films that the title names as well.

    Raises
    ------
    TitleNotFoundError
        When no title is close; its message names the three nearest.
    ValueError
        When the index is not over the ids of `movies`, or when `k`, `where` or `diversity` make no sense.
    """
    k = as_count(k, "find_similar_movies")
    movies = load_movies() if movies is None else movies
    _refuse_misuse(title, movies, index, center, encoder)
    lookup = TitleLookup(movies["title"], movies.get("year"))
    match = lookup.closest(title)
    if match is None:
        raise TitleNotFoundError(title, lookup.suggest(title, 3))
    if index is None:
        vectors = _vectors_of(movies, encoder)
        index = NeighborIndex(center_rows(vectors)[0] if center else vectors, movies.index)
    positions = pd.Index(index.ids)
    if len(positions) != len(movies) or not movies.index.isin(positions).all():
        raise ValueError(
            f"find_similar_movies: the index has the ids {first_few(index.ids)}, the movies {first_few(movies.index)}; "
            "build it with NeighborIndex(vectors, movies.index)."
        )
    allowed = as_mask(where, movies.index, "find_similar_movies")
    others = (movies.index != match.id) & (True if allowed is None else allowed)
    query = index.vectors[positions.get_loc(match.id)]
    ids, similarities = index.search(query, max(k, POOL) if diversity else k, pd.Series(others, index=movies.index))
    if diversity:
        chosen = diversify(similarities, index.vectors[positions.get_indexer(ids)], k, diversity)
        ids, similarities = ids[chosen], similarities[chosen]
    table = movies.loc[ids, [column for column in ("title", "year") if column in movies]]
    if "year" in table:
        table = table.assign(year=table["year"].convert_dtypes())  # 1995, not 1995.0, where others have none
    found = SimilarMovies(table.assign(similarity=similarities.round(4)))
    ties = [tie.id for tie in lookup.ties(title)]
    found.attrs.update(matched=match.id, ties=ties, caption=_caption(title, match, movies, ties))
    return found


def _refuse_misuse(title: Any, movies: Any, index: Any, center: Any, encoder: Any) -> None:
    """Refuse arguments that would lead to an error of another name, or have no effect."""
    wrong = ""
    needed = ["title"] if index is not None else ["title", "synopsis"]
    if not isinstance(title, str):
        wrong = f"title is {title!r}; give a text, such as 'Heat'"
    elif not isinstance(movies, pd.DataFrame) or not set(needed) <= set(movies):
        wrong = f"movies is a table with the columns {' and '.join(needed)}"
    elif not all(isinstance(cell, str) for column in needed for cell in movies[column]):
        wrong = f"a film has no {' or no '.join(needed)}: leave it out first (movies.dropna(subset={needed}))"
    elif index is not None and not isinstance(index, NeighborIndex):
        wrong = f"index is a {type(index).__name__}; build one: NeighborIndex(vectors, movies.index)"
    elif index is not None and center:
        wrong = "center the vectors before the index is built: center_rows(vectors)[0]"
    elif index is not None and encoder is not None:
        wrong = "encoder has no effect beside index; leave one of them out"
    if wrong:
        raise ValueError(f"find_similar_movies: {wrong}.")


def _caption(text: str, match: Match, movies: pd.DataFrame, ties: list) -> str:
    line = f"Most like {_with_year(movies, match.id)}"
    without_year = re.sub(r"\s+\(?\d{4}\)?\s*$", "", text)
    if match.score < 1 or normalize_title(match.title) not in map(normalize_title, (text, without_year)):
        line += f", the closest title to '{text}'"
    if others := [_with_year(movies, tie) for tie in ties if tie != match.id]:
        more = f" and {len(others) - 3:,} more" if len(others) > 3 else ""
        line += f"; the same title: {', '.join(others[:3])}{more}"
    return line


def _with_year(movies: pd.DataFrame, identifier: Any) -> str:
    title, year = movies["title"][identifier], movies["year"][identifier] if "year" in movies else None
    return title if year is None or pd.isna(year) or title.endswith(f"({int(year)})") else f"{title} ({int(year)})"


def closest_sentences(
    left: str, right: str, rows_of: Callable[[list[str]], np.ndarray] = encode
) -> tuple[str, str, float]:
    """Explain why two texts are near: the two sentences, one of each, whose vectors are nearest, and their cosine.

    Parameters
    ----------
    left, right : str
        Two texts of a sentence or more.
    rows_of : callable
        From a list of sentences to their unit vectors.
    """
    ours, theirs = split_sentences(left), split_sentences(right)
    rows = rows_of(ours + theirs)
    similarities = rows[: len(ours)] @ rows[len(ours) :].T
    one, other = np.unravel_index(similarities.argmax(), similarities.shape)
    return ours[one], theirs[other], float(similarities[one, other])


def split_sentences(text: str) -> list[str]:
    """Cut a text where a sentence ends: not after *Dr.*, after an initial, or before a small letter."""
    pieces = re.split(r"(?<=[.!?])\s+(?=[^a-z\s])", text.strip())
    sentences = pieces[:1]
    for piece in pieces[1:]:
        if NO_END.search(sentences[-1]):
            sentences[-1] += " " + piece
        else:
            sentences.append(piece)
    return sentences


def word_contributions(sentence: str, vector: ArrayLike, encoder: Any = None) -> pd.Series:
    """Say what each word of a sentence adds to the cosine with a vector.

    The vector of a sentence is the mean of the vectors of its tokens, scaled to length 1, so that its cosine with
    another vector is a sum over tokens. Words that the encoder splits get the sum of their pieces.

    Parameters
    ----------
    sentence : str
        Of at most as many tokens as the encoder reads.
    vector : array-like
        (dimensions,) of length 1.
    encoder : sentence_transformers.SentenceTransformer, optional
        By default the one of `helpers.encoding.load_encoder`. The sum is exact where it pools by the mean; for one
        without a network, or beside one, each word is encoded alone, and gets its share of the cosine.

    Returns
    -------
    pandas.Series
        Contribution by word with its punctuation, in order; last, the empty word: the encoder's marks of begin and end.
    """
    encoder = load_encoder(encoder) if encoder is None or isinstance(encoder, str) else encoder
    words = [found.span() for found in re.finditer(r"\S+", sentence)]
    names = [*(sentence[begin:end] for begin, end in words), ""]
    if not callable(getattr(encoder, "tokenizer", None)):
        rows = encoder.encode([*names[:-1], sentence], normalize_embeddings=True)
        *alone, whole = rows @ np.asarray(vector)
        return pd.Series([*(np.array(alone) * (whole / sum(alone) if sum(alone) else 0)), 0.0], index=names)
    options = {"output_value": "token_embeddings", "prompt": "", "show_progress_bar": False}
    tokens = encoder.encode(sentence, **options).float().cpu().numpy()
    parts = tokens @ np.asarray(vector) / (len(tokens) * np.linalg.norm(tokens.mean(axis=0)))
    spans = encoder.tokenizer(sentence, return_offsets_mapping=True, truncation=True)["offset_mapping"]
    sums = np.zeros(len(words) + 1)
    for (begin, end), part in zip(spans, parts, strict=True):
        position = next((i for i, word in enumerate(words) if word[0] <= begin < word[1]), -1) if end > begin else -1
        sums[position] += part
    return pd.Series(sums, index=names)


def tag_overlap(vectors: ArrayLike, movies: pd.DataFrame, k: int = 5) -> float:
    """Mean of `tag_overlaps`: how much of their tags the nearest films share."""
    return float(tag_overlaps(vectors, movies, k).mean())


def tag_overlaps(vectors: ArrayLike, movies: pd.DataFrame, k: int = 5) -> np.ndarray:
    """Judge the neighbors of each film without ratings: do they share its tags?

    Parameters
    ----------
    vectors : array-like
        (n_movies, dimensions), a row for each row of `movies`.
    movies : pandas.DataFrame
        With a column ``tags``, names joined by ``|``.
    k : int
        How many neighbors of each film count.

    Returns
    -------
    numpy.ndarray
        (n_movies,) mean over the k nearest of the Jaccard index of the tags: shared ones by all of both, in [0, 1].
    """
    named = movies["tags"].fillna("").astype(str).str.get_dummies("|")
    tags = named.drop(columns="", errors="ignore").to_numpy(np.float32)
    rows = unit_rows(np.asarray(vectors, dtype=np.float32), "tag_overlap")
    if len(rows) != len(tags) or len(rows) < 2:
        raise ValueError(f"tag_overlap: {len(rows)} vectors for {len(tags)} films; give two or more of both.")
    similarities = rows @ rows.T
    np.fill_diagonal(similarities, -np.inf)
    near, _ = best_columns(similarities, min(as_count(k, "tag_overlap"), len(rows) - 1), np.arange(len(rows)))
    shared = np.einsum("it,ikt->ik", tags, tags[near])
    counts = tags.sum(axis=1)
    return (shared / (counts[:, None] + counts[near] - shared).clip(1)).mean(axis=1)


def _vectors_of(movies: pd.DataFrame, encoder: Any) -> np.ndarray:
    """Vectors of the synopses: those that come with the course where they are of these texts, else encoded."""
    if encoder is None or isinstance(encoder, str):
        with contextlib.suppress(ValueError, KeyError):
            return load_vectors(movies, canonical_name(encoder))
    return encode(movies["synopsis"], encoder)
