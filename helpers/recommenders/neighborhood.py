"""Recommend by neighbors: films that the same people liked, or people who like the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from helpers.recommenders.base import Histories, Recommender

ROWS_AT_ONCE = 256  # viewers, or films, that are compared with all others together
DAMPING = 5.0  # ratings at the mean of all that pull the mean of a film, and how far a viewer is above, toward it


@dataclass(repr=False, eq=False)
class _Neighbors(Recommender):
    """What both have in common: their settings, and lists from likes or from stars."""

    k: int = 50
    similarity: str = "cosine"
    shrink: float = 10.0
    rank_by: str = "likes"

    @property
    def predicts_stars(self) -> bool:
        """Whether lists come from predicted stars."""
        return self.rank_by == "stars"

    def _compare(self, some: Histories, others: Histories) -> np.ndarray:
        """Similarities of the rows of ratings, those that rest on few ratings pulled toward 0."""
        if self.similarity == "cosine":
            support = (some.likes @ others.likes.T).toarray()
            lengths = np.sqrt(np.outer(some.likes.sum(axis=1), others.likes.sum(axis=1)))
            similarities = support / np.where(lengths > 0, lengths, 1)
        else:
            theirs = some.rated.any(axis=0)  # no other column says anything
            similarities = pearson(some.stars[:, theirs], others.stars[:, theirs])
            support = some.rated[:, theirs].astype(np.float32) @ others.rated[:, theirs].astype(np.float32).T
        return similarities * support / np.where(support > 0, support + self.shrink, 1)

    def _by_blocks(self, compare: Callable[[np.ndarray], np.ndarray], count: int, k: int) -> sparse.csr_array:
        """The k largest similarities of each of `count` rows, of which some are compared at a time."""
        blocks = np.array_split(np.arange(count), -(-count // ROWS_AT_ONCE))
        return sparse.csr_array(sparse.vstack([sparse.csr_array(keep_largest(compare(rows), k)) for rows in blocks]))


class ItemKNN(_Neighbors):
    """Recommend films that were liked by viewers who liked the same films.

    Needs memory for `ROWS_AT_ONCE` rows of similarities at a time, and keeps `k` per film: fitting all of
    ml-latest-small (610 viewers, 9,724 films) peaks at 0.37 GB, Python and its libraries included.

    Parameters
    ----------
    k : int
        How many neighbors of each film count.
    similarity : {"cosine", "pearson"}
        Cosine of the columns of likes, or Pearson correlation of the stars over the viewers who rated both.
    shrink : float
        Pulls similarities that rest on few viewers toward 0: multiplies them by n / (n + shrink).
    rank_by : {"likes", "stars"}
        Rank by the sum of the similarities to what was liked, or by predicted stars, the number whose error is
        measured. These are two functions, and a score of one says nothing about the other.

    References
    ----------
    M. Deshpande and G. Karypis (2004), Item-based top-N recommendation algorithms, ACM TOIS 22(1), pages 143-177.
    Shrinkage: R. M. Bell and Y. Koren (2007), Improved neighborhood-based collaborative filtering, KDD Cup, section 3.
    """

    def _learn(self, ratings: pd.DataFrame) -> None:
        films = Histories(self.histories_.stars.T, self.histories_.times.T)

        def compare(rows: np.ndarray) -> np.ndarray:
            similarities = self._compare(films[rows], films)
            similarities[np.arange(len(rows)), rows] = 0
            return similarities

        self.weights_, self.film_vectors_ = self._by_blocks(compare, len(films), self.k), films.liked
        total = np.nansum(films.stars, axis=1) + DAMPING * float(np.nanmean(films.stars))
        self.means_ = total / (films.rated.sum(axis=1) + DAMPING)

    def _scores(self, histories: Histories) -> np.ndarray:
        if self.rank_by == "likes":
            return (histories.likes @ self.weights_.T).toarray()
        above = np.nan_to_num(histories.stars - self.means_)
        own = above.sum(axis=1, keepdims=True) / (histories.rated.sum(axis=1, keepdims=True) + DAMPING)
        above = np.where(histories.rated, above - own, 0)
        weight = (sparse.csr_array(histories.rated.astype(float)) @ abs(self.weights_).T).toarray()
        deviation = (sparse.csr_array(above) @ self.weights_.T).toarray() / np.where(weight > 0, weight, 1)
        return self.means_ + own + deviation  # mean of the film, and how far the viewer was from its neighbors' means


class UserKNN(_Neighbors):
    """Recommend what the most similar viewers liked.

    Parameters
    ----------
    k, similarity, shrink, rank_by
        As for `ItemKNN`, with viewers for films: neighbors of a viewer, by the rows of likes or stars.

    References
    ----------
    P. Resnick et al. (1994), GroupLens: an open architecture for collaborative filtering of netnews, CSCW.
    """

    def _learn(self, ratings: pd.DataFrame) -> None:
        self.train_, self.film_vectors_ = self.histories_, self.histories_.liked.T
        self.overall_mean_ = float(np.nanmean(self.histories_.stars))
        self.rated_ = sparse.csr_array(self.train_.rated.astype(float))
        self.above_ = sparse.csr_array(above_mean(self.train_))

    def _scores(self, histories: Histories) -> np.ndarray:

        def compare(rows: np.ndarray) -> np.ndarray:
            return np.maximum(self._compare(histories[rows], self.train_), 0)

        weights = self._by_blocks(compare, len(histories), self.k + 1)  # one is the viewer, who knows nothing unseen
        if self.rank_by == "likes":
            return (weights @ self.train_.likes).toarray()
        total = (weights @ self.rated_).toarray()
        own = row_means(histories, self.overall_mean_)
        return own + (weights @ self.above_).toarray() / np.where(total > 0, total, 1)


def pearson(rows: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Pearson correlation of every two rows, over the places where both are known; 0 where it is undefined."""
    others = rows if others is None else others
    known, their_known = ~np.isnan(rows), ~np.isnan(others)
    a, b = np.nan_to_num(rows).astype(np.float64), np.nan_to_num(others).astype(np.float64)
    count = known.astype(np.float64) @ their_known.T
    safe = np.maximum(count, 1)
    sum_a, sum_b = a @ their_known.T, known @ b.T
    product = a @ b.T - sum_a * sum_b / safe
    spread_a = np.maximum((a * a) @ their_known.T - sum_a**2 / safe, 0)
    spread_b = np.maximum(known @ (b * b).T - sum_b**2 / safe, 0)
    scale = np.sqrt(spread_a * spread_b)
    return np.where((scale > 1e-9) & (count > 1), product / np.where(scale > 1e-9, scale, 1), 0)


def keep_largest(similarities: np.ndarray, k: int) -> np.ndarray:
    """Set all but the k largest of each row to 0."""
    if k >= similarities.shape[1]:
        return similarities
    edge = -np.partition(-similarities, k - 1, axis=1)[:, k - 1 : k]
    return np.where(similarities >= edge, similarities, 0)


def row_means(histories: Histories, default: float = 0.0) -> np.ndarray:
    """Mean rating (n, 1) of each viewer, `default` for somebody without ratings."""
    count = histories.rated.sum(axis=1, keepdims=True)
    return np.where(count > 0, np.nansum(histories.stars, axis=1, keepdims=True) / np.maximum(count, 1), default)


def above_mean(histories: Histories) -> np.ndarray:
    """How far each rating is above the mean of its viewer, 0 where there is none: (n, n_films)."""
    return np.nan_to_num(histories.stars - row_means(histories))
