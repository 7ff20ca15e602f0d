"""Recommenders that learn from ratings, behind one interface: `fit`, then `recommend`.

Every model gives each viewer a score for each film; what differs is where the score comes from.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.data import LIKED


class Recommender:
    """What all models share. A model implements `_learn` and `_scores`.

    After `fit`, `users` and `items` are the sorted ids of whoever rated and whatever was rated in training.
    """

    def fit(self, ratings: pd.DataFrame, movies: pd.DataFrame | None = None) -> Recommender:
        """Learn from ratings.

        Parameters
        ----------
        ratings : pandas.DataFrame
            ``user_id``, ``movie_id``, ``rating``; as from `helpers.data.load_ratings`.
        movies : pandas.DataFrame, optional
            The films that may be recommended; by default those that were rated.

        Returns
        -------
        Recommender
            Itself, so that ``Popularity().fit(ratings).recommend(1)`` works.

        Raises
        ------
        ValueError
            When a column is missing, or a rated film is not among `movies`.
        """
        absent = [column for column in ("user_id", "movie_id", "rating") if column not in ratings]
        if absent:
            raise ValueError(f"fit: the ratings have no column '{absent[0]}' (found: {', '.join(ratings)}).")
        self.users = np.unique(ratings["user_id"])
        self.items = np.unique(ratings["movie_id"]) if movies is None else np.sort(movies.index)
        unknown = ~ratings["movie_id"].isin(self.items)
        if unknown.any():
            raise ValueError(f"fit: movie_id {ratings['movie_id'][unknown].iloc[0]} is rated but not among the films.")
        self._seen = np.zeros((len(self.users), len(self.items)), dtype=bool)
        self._seen[self._rows(ratings["user_id"]), self._columns(ratings["movie_id"])] = True
        self._learn(ratings)
        return self

    def recommend(self, user_id, k: int = 10, where=None, seen: bool = False) -> pd.Series:
        """Recommend films to a viewer.

        Parameters
        ----------
        user_id : int
            Somebody of the training ratings.
        k : int
            How many; where fewer are left, they all come back.
        where : array-like of bool, optional
            (n_films,) True for the films that may be recommended, in the order of `items`.
        seen : bool
            Whether films that the viewer rated may come back.

        Returns
        -------
        pandas.Series
            Score by ``movie_id``, best first, equal ones by id.

        Raises
        ------
        KeyError
            When nobody of that id rated anything.
        """
        if user_id not in self.users:
            raise KeyError(f"recommend: user_id {user_id} has no ratings in training.")
        row = self._rows([user_id])
        allowed = np.ones(len(self.items), dtype=bool) if where is None else np.array(where, dtype=bool)
        if not seen:
            allowed &= ~self._seen[row[0]]
        scores = pd.Series(self._scores(row)[0], index=pd.Index(self.items, name="movie_id"), name="score")
        return scores[allowed].sort_values(ascending=False, kind="stable").head(k)

    def rank(self, user_ids, k: int) -> np.ndarray:
        """Recommend k unseen films to many viewers at once: ids (n_users, k), best first, equal ones by id."""
        rows = self._rows(user_ids)
        scores = np.where(self._seen[rows], -np.inf, self._scores(rows))
        return self.items[np.argsort(-scores, axis=1, kind="stable")[:, :k]]

    def _rows(self, user_ids) -> np.ndarray:
        return np.searchsorted(self.users, user_ids)

    def _columns(self, movie_ids) -> np.ndarray:
        return np.searchsorted(self.items, movie_ids)

    def _learn(self, ratings: pd.DataFrame) -> None:
        raise NotImplementedError

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        """Scores (n_rows, n_items) of the viewers in these rows of `users`."""
        raise NotImplementedError


class Random(Recommender):
    """Recommend at random: what every model has to beat. The same seed gives the same lists."""

    def __init__(self, seed: int = 0):
        self.seed = seed

    def _learn(self, ratings: pd.DataFrame) -> None:
        self._noise = np.random.default_rng(self.seed).random(self._seen.shape)

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        return self._noise[rows]


class Popularity(Recommender):
    """Recommend to everybody what most viewers liked: rated `LIKED` or better."""

    def _learn(self, ratings: pd.DataFrame) -> None:
        liked = ratings.loc[ratings["rating"] >= LIKED, "movie_id"]
        self.likes = np.bincount(self._columns(liked), minlength=len(self.items)).astype(float)

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        return np.broadcast_to(self.likes, (len(rows), len(self.items)))
