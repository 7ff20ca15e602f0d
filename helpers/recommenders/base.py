"""What all recommenders share, and the two that know nobody: Random and Popularity.

A model learns something about films in `_learn`, and turns the rating history of any viewer into a score for every film
in `_scores`. Because a score needs only a history, a new viewer is served at once (`fold_in`), and new ratings count
at once (`update`), without fitting again.

Films with equal scores stand in an order that is fixed but random, another for each history, and not by id: where ids
follow popularity, as they do in MovieLens and here, a model that knows nothing about some films would otherwise rank
them by popularity.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from helpers.data import LIKED, SCALE, as_stars, from_stars
from helpers.search.index import as_count, as_mask

MOST_CELLS = 50_000_000  # viewers times films that are held as one matrix (200 MB)
MOST_PAIRS = 150_000_000  # of films, or viewers: one matrix of them takes 1.2 GB, and a model needs several at once
MANY_ZEROS = 0.3  # share of the ratings from which zeros look like films that nobody rated


class NotFittedError(ValueError):
    """A model was asked before `fit`."""


class Recommender:
    """A recommender; a model implements `_learn` and `_scores`.

    After `fit`, `users` and `items` are the sorted ids of whoever rated and of the films that may be recommended.
    Where a viewer rated a film twice, the last row counts.
    """

    users: np.ndarray
    items: np.ndarray
    needs_ratings = True

    def fit(
        self, ratings: pd.DataFrame | None, movies: pd.DataFrame | None = None, scale: tuple = SCALE
    ) -> Recommender:
        """Learn from ratings.

        Parameters
        ----------
        ratings : pandas.DataFrame or None
            ``user_id``, ``movie_id``, ``rating``; as from `helpers.data.load_ratings`. None, for a catalogue that
            nobody has rated yet, suits the models that look at films alone (`needs_ratings` is False).
        movies : pandas.DataFrame, optional
            The films that may be recommended (index ``movie_id``); by default those that were rated.
        scale : tuple of float
            Lowest and highest rating. Models learn from stars (`helpers.data.as_stars`) and predict on this scale.

        Returns
        -------
        Recommender
            Itself, so that ``Popularity().fit(ratings).recommend(1)`` works.

        Raises
        ------
        ValueError
            When a column is missing, nothing is rated, a rating is NaN or outside of `scale`, a rated film is not among
            `movies`, there are more than `MOST_CELLS` pairs of viewers and films, or more than `MOST_PAIRS` pairs of
            films for a model that compares all of them.

        Warns
        -----
        UserWarning
            When many ratings are 0 on a scale from 0: they may stand for films that were not rated.
        """
        if ratings is None and not self.needs_ratings and movies is not None:
            ratings = pd.DataFrame({"user_id": [], "movie_id": [], "rating": []})
        else:
            check_ratings(ratings, scale)
            _warn_of_zeros(ratings["rating"], scale)
        self.scale = scale
        self.users = np.unique(ratings["user_id"])
        self.items = np.unique(ratings["movie_id"]) if movies is None else np.sort(movies.index)
        self.movies = movies
        if len(self.users) * len(self.items) > MOST_CELLS:
            raise ValueError(
                f"fit: {len(self.users):,} viewers and {len(self.items):,} films are too many for one matrix (at most "
                f"{MOST_CELLS:,} cells). Take the viewers and films with the most ratings, or a sample."
            )
        self._histories = self._matrix(ratings, self.users)
        self._shuffled = np.random.default_rng(0).permutation(len(self.items))
        self._learn()
        return self

    def recommend(self, user_id, k: int = 10, where=None, seen: bool = False) -> pd.Series:
        """Recommend films to a viewer.

        Parameters
        ----------
        user_id : int
            Somebody of the training ratings.
        k : int
            How many, 1 or more; where fewer are left, they all come back.
        where : array-like of bool, optional
            (n_films,) True for the films that may be recommended: a Series by ``movie_id``, or in the order of `items`;
            see `helpers.search.index.as_mask`.
        seen : bool
            Whether films that the viewer rated may come back.

        Returns
        -------
        pandas.Series
            Score by ``movie_id``, best first.

        Raises
        ------
        KeyError
            When nobody of that id rated anything; `fold_in` serves somebody new.
        ValueError
            When k is no whole number from 1 on, or `where` is no mask of the films.
        """
        return self._best(self._fitted()._histories[self._row(user_id)], k, where, seen)

    def fold_in(self, history: pd.DataFrame, k: int = 10, where=None, seen: bool = False) -> pd.Series:
        """Recommend films to somebody new, from what they rated, without fitting again.

        Parameters
        ----------
        history : pandas.DataFrame
            ``movie_id`` and ``rating``; may be empty.
        k, where, seen
            As in `recommend`.

        Returns
        -------
        pandas.Series
            As from `recommend`.
        """
        known = history.assign(user_id=0)
        if len(known):
            check_ratings(known, self._fitted().scale)
        return self._best(self._matrix(known, np.array([0]))[0], k, where, seen)

    def update(self, ratings: pd.DataFrame) -> Recommender:
        """Take in new ratings, of old and new viewers, without fitting again: what is known of films stays.

        Parameters
        ----------
        ratings : pandas.DataFrame
            As for `fit`; films have to be among `items`.

        Returns
        -------
        Recommender
            Itself.
        """
        check_ratings(ratings, self._fitted().scale)
        users = np.union1d(self.users, ratings["user_id"])
        histories = np.full((len(users), len(self.items)), np.nan, dtype=np.float32)
        histories[np.searchsorted(users, self.users)] = self._histories
        new = self._matrix(ratings, users)
        self.users, self._histories = users, np.where(np.isnan(new), histories, new)
        return self

    def scores(self, user_ids, where=None) -> np.ndarray:
        """Score every film for many viewers: (n_users, n_films), by `items`; -inf for what may not be recommended.

        Raises
        ------
        ValueError
            When a score is NaN.
        """
        histories = self._fitted()._histories[self._rows_of(user_ids)]
        scores = np.array(self._scores(histories), dtype=np.float64)
        if np.isnan(scores).any():
            raise ValueError(f"rank: {type(self).__name__} gave a score that is not a number.")
        scores[~np.isnan(histories)] = -np.inf
        if where is not None:
            scores[:, ~as_mask(where, self.items, "rank")] = -np.inf
        return scores.round(9)

    def rank(self, user_ids, k: int, where=None) -> np.ndarray:
        """Recommend k unseen films to many viewers at once.

        Parameters
        ----------
        user_ids : array-like
            (n_users,) ids of the training ratings.
        k : int
            Length of the lists.
        where : array-like of bool, optional
            (n_films,) True for the films that may be recommended, as in `recommend`.

        Returns
        -------
        numpy.ndarray
            (n_users, k) ids, best first.

        Raises
        ------
        ValueError
            When a score is NaN, k is no whole number from 1 on, or somebody has fewer than k films left.
        """
        k = as_count(k, "rank")
        scores = self.scores(user_ids, where)
        fewest = int(np.isfinite(scores).sum(axis=1).min(initial=k))
        if fewest < k:
            raise ValueError(f"rank: k is {k}, but a viewer has only {fewest} films left.")
        ties = self._tie_order(self._histories[self._rows_of(user_ids)])
        shuffled = np.take_along_axis(-scores, ties, axis=1)
        best = np.argsort(shuffled, axis=1, kind="stable")[:, :k]
        return self.items[np.take_along_axis(ties, best, axis=1)]

    def predict(self, user_id, movie_id) -> float:
        """Predict the rating that a viewer would give a film, on the scale of `fit`.

        Models that learn from likes alone have no stars to predict: they give their score of the film.

        Raises
        ------
        KeyError
            When viewer or film is unknown.
        """
        return float(self.predict_many([user_id], [movie_id])[0])

    def predict_many(self, user_ids, movie_ids) -> np.ndarray:
        """Predict for many pairs at once: (n_pairs,), see `predict`."""
        rows = self._rows_of(user_ids)
        columns = np.array([self._column(movie) for movie in movie_ids], dtype=int)
        distinct, places = np.unique(rows, return_inverse=True)
        predicted = self._ratings(self._histories[distinct])[places, columns]
        return from_stars(predicted, self.scale) if self.predicts_stars else predicted

    def similar(self, movie_id, k: int = 10) -> pd.Series:
        """Find the films that this model holds for most alike: cosine by ``movie_id``, best first.

        Raises
        ------
        KeyError
            When the film is unknown.
        NotImplementedError
            When the model has no vectors of films.
        ValueError
            When k is no whole number from 1 on.
        """
        k = as_count(k, "similar")
        column = self._column(movie_id)
        vectors = unit(self._film_vectors())
        scores = pd.Series(vectors @ vectors[column], index=pd.Index(self.items, name="movie_id"), name="similarity")
        return scores.drop(movie_id).sort_values(ascending=False, kind="stable").head(k)

    @property
    def predicts_stars(self) -> bool:
        """Whether `predict` gives stars, so that an error in stars makes sense."""
        return type(self)._ratings is not Recommender._ratings

    def _learn(self) -> None:
        """Learn from `_histories`."""
        raise NotImplementedError

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        """Score (n, n_items) for rating histories (n, n_items) in stars, NaN where not rated."""
        raise NotImplementedError

    def _ratings(self, histories: np.ndarray) -> np.ndarray:
        """Predicted stars (n, n_items) for rating histories."""
        return self._scores(histories)

    def _film_vectors(self) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} has no vectors of films.")

    def _fitted(self) -> Recommender:
        if not hasattr(self, "items"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet: call fit(ratings) first.")
        return self

    def _tie_order(self, histories: np.ndarray) -> np.ndarray:
        """The order (n, n_items) in which films of equal score come: one random order, rotated by what was rated."""
        turn = ~np.isnan(histories) @ np.arange(len(self.items))
        return self._shuffled[(np.arange(len(self.items)) + turn[:, None]) % len(self.items)]

    def _best(self, history: np.ndarray, k: int, where, seen: bool) -> pd.Series:
        k = as_count(k, "recommend")
        allowed = np.ones(len(self.items), dtype=bool) if where is None else as_mask(where, self.items, "recommend")
        if not seen:
            allowed = allowed & np.isnan(history)
        scores = np.asarray(self._scores(history[None])[0], dtype=np.float64).round(9)
        ties = self._tie_order(history[None])[0]
        order = ties[np.argsort(-scores[ties], kind="stable")]
        chosen = order[allowed[order]][:k]
        return pd.Series(scores[chosen], index=pd.Index(self.items[chosen], name="movie_id"), name="score")

    def _matrix(self, ratings: pd.DataFrame, users: np.ndarray) -> np.ndarray:
        """Stars as a matrix (n_users, n_items), NaN where not rated; of double rows the last counts."""
        unknown = ~ratings["movie_id"].isin(self._fitted().items)
        if unknown.any():
            raise ValueError(f"movie_id {ratings['movie_id'][unknown].iloc[0]} is rated but not among the films.")
        matrix = np.full((len(users), len(self.items)), np.nan, dtype=np.float32)
        single = ratings.drop_duplicates(["user_id", "movie_id"], keep="last")
        rows, columns = np.searchsorted(users, single["user_id"]), np.searchsorted(self.items, single["movie_id"])
        matrix[rows, columns] = as_stars(single["rating"].to_numpy(dtype=np.float64), self.scale)
        return matrix

    def _row(self, user_id) -> int:
        place = int(np.searchsorted(self._fitted().users, user_id))
        if place == len(self.users) or self.users[place] != user_id:
            raise KeyError(f"user_id {user_id} has no ratings in training.")
        return place

    def _rows_of(self, user_ids) -> np.ndarray:
        return np.array([self._row(user) for user in user_ids], dtype=int)

    def _column(self, movie_id) -> int:
        place = int(np.searchsorted(self._fitted().items, movie_id))
        if place == len(self.items) or self.items[place] != movie_id:
            raise KeyError(f"movie_id {movie_id} is not among the films.")
        return place


class Random(Recommender):
    """Recommend at random: what every model has to beat. The same seed gives the same lists."""

    def __init__(self, seed: int = 0):
        self.seed = seed

    def _learn(self) -> None:
        self._noise = np.random.default_rng(self.seed).random(len(self.items))

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        """Shift the noise by what was rated, so that every viewer gets a list of their own."""
        shift = (~np.isnan(histories) @ np.arange(1, len(self.items) + 1))[:, None]
        return (self._noise * (1 + shift)) % 1


class Popularity(Recommender):
    """Recommend to everybody what most viewers liked: rated `helpers.data.LIKED` or better."""

    def _learn(self) -> None:
        self.likes = likes(self._histories).sum(axis=0)

    def update(self, ratings: pd.DataFrame) -> Recommender:
        """Count the new likes as well; see `Recommender.update`."""
        super().update(ratings)
        self._learn()
        return self

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return np.broadcast_to(self.likes, histories.shape)


def check_ratings(ratings: pd.DataFrame, scale: tuple) -> None:
    """Refuse ratings that lack a column, are empty, or hold a value that is no rating; the row is named."""
    if ratings is None:
        raise ValueError("fit: this model learns from ratings, and there are none.")
    absent = [column for column in ("user_id", "movie_id", "rating") if column not in ratings]
    if absent:
        raise ValueError(f"the ratings have no column '{absent[0]}' (found: {', '.join(map(str, ratings))}).")
    if not len(ratings):
        raise ValueError("there is not a single rating.")
    low, high = scale[:2]
    as_stars(low, scale)  # refuses a scale that is none
    bad = ratings[~pd.to_numeric(ratings["rating"], errors="coerce").between(low, high)]
    if len(bad):
        rating, user, movie = (bad[column].iloc[0] for column in ("rating", "user_id", "movie_id"))
        raise ValueError(
            f"rating {rating} (user_id {user}, movie_id {movie}) is outside {low}-{high}. "
            "Mend the row, or pass scale=(lowest, highest)."
        )


def _warn_of_zeros(ratings: pd.Series, scale: tuple) -> None:
    share = float((ratings == 0).mean())
    if scale[0] == 0 and share >= MANY_ZEROS:
        warnings.warn(
            f"{share:.0%} of the ratings are 0, the worst rating of this scale. Where 0 stands for 'not rated', leave "
            "those rows out: ratings[ratings['rating'] > 0].",
            stacklevel=3,
        )


def check_pairs(count: int, who: str, what: str = "films") -> None:
    """Refuse to compare all pairs, before anything is allocated, where they would not fit into memory."""
    if count**2 > MOST_PAIRS:
        raise ValueError(
            f"{who}: {count:,} {what} make {count**2:,} pairs, {count**2 * 8 / 1e9:,.0f} GB for every matrix of them. "
            f"Keep the {int(MOST_PAIRS**0.5):,} {what} with the most ratings, or take ALS or Popularity."
        )


def likes(histories: np.ndarray) -> np.ndarray:
    """1.0 where stars are a like, else 0.0."""
    return (np.nan_to_num(histories, nan=-np.inf) >= LIKED).astype(np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
