"""Recommend by neighbours: films that the same people liked, or people who rate alike."""

from __future__ import annotations

import numpy as np

from helpers.data import SCALE
from helpers.recommenders.base import Recommender, check_pairs, likes, unit
from helpers.search.index import as_count

VIEWERS_AT_ONCE = 256  # that are compared with all others together


class ItemKNN(Recommender):
    """Recommend films that were liked by those who liked what the viewer liked.

    Parameters
    ----------
    k : int
        How many neighbours of each film count.
    similarity : {"cosine", "pearson"}
        Cosine of the columns of likes; or Pearson correlation of the stars over the viewers who rated both.
    shrink : float
        Pulls similarities that rest on few viewers towards 0: multiplied by n / (n + shrink).

    References
    ----------
    M. Deshpande and G. Karypis (2004), Item-based top-N recommendation algorithms, ACM TOIS 22(1), pages 143-177.
    Shrinkage: R. M. Bell and Y. Koren (2007), Improved neighborhood-based collaborative filtering, KDD Cup, section 3.
    """

    def __init__(self, k: int = 50, similarity: str = "cosine", shrink: float = 10.0):
        if similarity not in ("cosine", "pearson"):
            raise ValueError(f"ItemKNN: similarity is 'cosine' or 'pearson', not {similarity!r}.")
        self.k, self.similarity, self.shrink = as_count(k, "ItemKNN"), similarity, shrink

    def _learn(self) -> None:
        check_pairs(len(self.items), "ItemKNN")
        rated = ~np.isnan(self._histories)
        self._means = column_means(self._histories)
        if self.similarity == "cosine":
            liked = likes(self._histories)
            similarities, support = unit(liked.T) @ unit(liked.T).T, liked.T @ liked
        else:
            similarities, support = pearson(self._histories.T), rated.T.astype(np.float32) @ rated
        similarities = shrunk(similarities, support, self.shrink)
        np.fill_diagonal(similarities, 0)
        self._weights = keep_largest(similarities, self.k)

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return likes(histories) @ self._weights.T

    def _ratings(self, histories: np.ndarray) -> np.ndarray:
        """Mean of the film, plus how far the viewer was from the means of its neighbours."""
        rated = ~np.isnan(histories)
        own = viewer_offset(histories, self._means)
        above = np.where(rated, histories - self._means - own, 0)
        weight = rated @ np.abs(self._weights).T
        deviation = above @ self._weights.T / np.where(weight > 0, weight, 1)
        return np.clip(self._means + own + deviation, *SCALE)

    def _film_vectors(self) -> np.ndarray:
        return likes(self._histories).T


class UserKNN(Recommender):
    """Recommend what the most similar viewers liked; similar by Pearson correlation.

    Parameters
    ----------
    k : int
        How many neighbours of a viewer count.
    shrink : float
        As in `ItemKNN`.

    References
    ----------
    P. Resnick et al. (1994), GroupLens: an open architecture for collaborative filtering of netnews, CSCW.
    """

    def __init__(self, k: int = 50, shrink: float = 10.0):
        self.k, self.shrink = as_count(k, "UserKNN"), shrink

    def _learn(self) -> None:
        self._train = self._histories
        self._viewer_means = row_means(self._histories, float(np.nanmean(self._histories)))
        self._liked = likes(self._histories)

    def _neighbours(self, histories: np.ndarray) -> np.ndarray:
        """Similarity of each history to each viewer of the training, 0 for all but the nearest.

        A viewer of the training is nearest to themselves; they have nothing to say about films they did not rate.
        """
        support = (~np.isnan(histories)).astype(np.float32) @ (~np.isnan(self._train)).astype(np.float32).T
        similarities = shrunk(np.maximum(pearson(histories, self._train), 0), support, self.shrink)
        return keep_largest(similarities, self.k + 1)

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return np.vstack([self._neighbours(some) @ self._liked for some in self._blocks(histories)])

    def _blocks(self, histories: np.ndarray) -> list[np.ndarray]:
        """Some viewers after the other, since each of them is compared with everybody."""
        return np.array_split(histories, max(1, -(-len(histories) // VIEWERS_AT_ONCE)))

    def _ratings(self, histories: np.ndarray) -> np.ndarray:
        """The viewer's mean, plus how far the neighbours were from theirs."""
        rated = ~np.isnan(self._train)
        above = np.where(rated, self._train - self._viewer_means[:, None], 0)
        everybody = float(np.nanmean(self._train))
        predicted = []
        for some in self._blocks(histories):
            weights = self._neighbours(some)
            total = weights @ rated
            predicted.append(row_means(some, everybody)[:, None] + weights @ above / np.where(total > 0, total, 1))
        return np.clip(np.vstack(predicted), *SCALE)

    def _film_vectors(self) -> np.ndarray:
        return self._liked.T


def pearson(rows: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Pearson correlation of each row with each other row over the places where both are known; 0 where undefined."""
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


def shrunk(similarities: np.ndarray, support: np.ndarray, shrink: float) -> np.ndarray:
    """Similarities pulled towards 0 where few support them: times n / (n + shrink), and 0 where nobody does."""
    if shrink < 0:
        raise ValueError(f"shrink is {shrink}; it is 0 or more.")
    return similarities * support / np.where(support > 0, support + shrink, 1)


def keep_largest(similarities: np.ndarray, k: int) -> np.ndarray:
    """Set all but the k largest of each row to 0."""
    if k >= similarities.shape[1]:
        return similarities
    edge = -np.partition(-similarities, k - 1, axis=1)[:, k - 1 : k]
    return np.where(similarities >= edge, similarities, 0)


def column_means(histories: np.ndarray, damping: float = 5.0) -> np.ndarray:
    """Mean rating of each film, pulled towards the mean of all where there are few ratings."""
    overall = float(np.nanmean(histories))
    return (np.nansum(histories, axis=0) + damping * overall) / ((~np.isnan(histories)).sum(axis=0) + damping)


def row_means(histories: np.ndarray, default: float) -> np.ndarray:
    """Mean rating of each viewer, `default` for somebody without ratings."""
    count = (~np.isnan(histories)).sum(axis=1)
    return np.where(count > 0, np.nansum(histories, axis=1) / np.maximum(count, 1), default)


def viewer_offset(histories: np.ndarray, film_means: np.ndarray, damping: float = 5.0) -> np.ndarray:
    """How far each viewer rates above the means of the films, pulled towards 0 where there are few: (n, 1)."""
    above = histories - film_means
    return (np.nansum(above, axis=1) / ((~np.isnan(above)).sum(axis=1) + damping))[:, None]
