"""What all recommenders share, and the three that ignore taste: Random, Popularity, and RecentPopularity.

A model learns something about films in `_learn`, and turns the rating history of any viewer into a score for every film
in `_scores`. Because a score needs only a history, a new viewer is served at once (`fold_in`), and new ratings count
at once (`update`), without fitting again.

Films with equal scores are in a fixed random order, a different one for each history, and not in the order of their
ids. Where ids follow popularity, as they do in MovieLens and here, a model that knows nothing about some films would
otherwise rank them by popularity.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from helpers.data import LIKED, SCALE, as_stars, from_stars
from helpers.evaluation.checks import as_ratings, check_kind, ids_of
from helpers.search.index import as_count, as_mask

NOTHING = pd.DataFrame({"user_id": [], "movie_id": [], "rating": []})
MOST_CELLS = 50_000_000  # viewers times films that are held as one matrix (200 MB)
MANY_ZEROS = 0.3  # share of the ratings from which zeros look like films that nobody rated
DAY = 86_400  # seconds


class Histories:
    """Who rated what, and when: one row per viewer, one column per film.

    Attributes
    ----------
    stars : numpy.ndarray
        (n_viewers, n_films) float32, NaN where not rated.
    times : numpy.ndarray
        (n_viewers, n_films) seconds, NaN where not rated; if no times are known, the order of the rows.
    """

    def __init__(self, stars: np.ndarray, times: np.ndarray):
        self.stars, self.times = stars, times

    def __len__(self) -> int:
        return len(self.stars)

    def __getitem__(self, rows: Any) -> Histories:
        return Histories(self.stars[rows], self.times[rows])

    @functools.cached_property
    def rated(self) -> np.ndarray:
        """True where there is a rating."""
        return ~np.isnan(self.stars)

    @functools.cached_property
    def liked(self) -> np.ndarray:
        """1.0 where the stars are a like, else 0.0: (n_viewers, n_films) float32."""
        return (np.nan_to_num(self.stars, nan=-np.inf) >= LIKED).astype(np.float32)

    @functools.cached_property
    def likes(self) -> sparse.csr_array:
        """Return the same histories with the likes only."""
        return sparse.csr_array(self.liked)

    def without(self, cells: np.ndarray) -> Histories:
        """Return the same ratings without those at some (n, 2) pairs of row and column."""
        stars = self.stars.copy()
        stars[tuple(cells.T)] = np.nan
        return Histories(stars, np.where(np.isnan(stars), np.nan, self.times))

    def sequences(self, length: int) -> np.ndarray:
        """Return the columns of each viewer's last likes, oldest first: (n_viewers, length), padded with -1.

        Likes with the same time are in random order; in the order of the columns, they would follow the films' ids.
        """
        chance = np.random.default_rng(0).permutation(self.stars.shape[1])
        when = np.where(self.liked > 0, self.times, -np.inf)
        order = np.lexsort((np.broadcast_to(chance, when.shape), when))[:, -length:]
        found = np.where(np.take_along_axis(when, order, axis=1) > -np.inf, order, -1)
        return np.pad(found, ((0, 0), (length - found.shape[1], 0)), constant_values=-1)


class Recommender(BaseEstimator):
    """A recommender that follows the rules of scikit-learn's estimators; a model implements `_learn` and `_scores`.

    If a viewer rated a film twice, the last row counts.

    Attributes
    ----------
    users_, items_ : numpy.ndarray
        After `fit`, the sorted ids of the viewers who rated and of the films that may be recommended.
    movies_ : pandas.DataFrame or None
        The films as they were given.
    scale_ : tuple of float
        Lowest and highest rating.
    ratings_, histories_ : pandas.DataFrame, Histories
        The ratings, row by row, and by `users_` and `items_`.
    """

    needs_ratings = True
    predicts_stars: Any = False  # whether scores are stars, so that an error in stars speaks of the lists' function
    users_: np.ndarray
    items_: np.ndarray
    movies_: pd.DataFrame | None
    scale_: tuple
    ratings_: pd.DataFrame
    histories_: Histories
    film_vectors_: np.ndarray

    def fit(self, ratings: pd.DataFrame | None, movies: pd.DataFrame | None = None, scale: tuple = SCALE) -> Self:
        """Learn from ratings.

        Parameters
        ----------
        ratings : pandas.DataFrame or None
            ``user_id``, ``movie_id``, ``rating``, and ``timestamp`` (seconds or dates) for the models that use time.
            None (nobody has rated yet) is for models that look at films alone (not `needs_ratings`).
        movies : pandas.DataFrame, optional
            The films that may be recommended (index ``movie_id``); by default, those that were rated.
        scale : tuple of float
            Lowest and highest rating. Models learn from stars (`helpers.data.as_stars`) and predict on this scale.

        Raises
        ------
        ValueError
            If a setting makes no sense, the table does not hold ratings (`helpers.evaluation.checks.as_ratings`), a
            rated film is not among `movies`, or the model would need too much memory. Many zeros on a scale from 0 lead
            to a warning.
        """
        check_settings(self)
        if ratings is None and (self.needs_ratings or movies is None):
            raise ValueError("fit: this model learns from ratings, and there are none.")
        ratings = NOTHING if ratings is None else as_ratings(ratings, scale)
        _warn_of_zeros(ratings["rating"], scale)
        self.scale_, self.movies_ = tuple(scale), movies
        self.items_ = np.unique(ratings["movie_id"]) if movies is None else ids_of(movies)
        self._take_in(ratings, before=NOTHING)
        try:
            self._learn(ratings)
        except np.linalg.LinAlgError as error:
            said = "these ratings have no solution without regularization; take one above 0."
            raise ValueError(f"{type(self).__name__}: {said}") from error
        return self

    def recommend(self, user_id: Any, k: int = 10, where: Any = None, seen: bool = False) -> pd.Series:
        """Recommend films to a viewer: a Series of scores by ``movie_id``, best first.

        Parameters
        ----------
        user_id : int or str
            A viewer with training ratings, else a `KeyError`; `fold_in` serves somebody new.
        k : int
            How many, 1 or more; if fewer are left, all of them are returned.
        where : array-like of bool, optional
            (n_films,) True for the films that may be recommended: a Series by ``movie_id``, or in the order of
            `items_`; see `helpers.search.index.as_mask`.
        seen : bool
            Whether films that the viewer already rated may be recommended.
        """
        return self._best(self._histories_of([user_id]), k, where, seen)

    def fold_in(self, history: Any, k: int = 10, where: Any = None, seen: bool = False) -> pd.Series:
        """Recommend films to somebody new, without fitting again; the rest is as in `recommend`.

        `history` holds what they rated: ``movie_id``, ``rating``, and perhaps ``timestamp``. It may be empty.
        """
        check_is_fitted(self)
        known = pd.DataFrame(history).assign(user_id=0)
        known = as_ratings(known, self.scale_) if len(known) else NOTHING
        return self._best(self._as_histories(self._timed(known), np.array([0])), k, where, seen)

    def update(self, ratings: pd.DataFrame) -> Self:
        """Take in new ratings, by old and new viewers, without fitting again: what was learned about films stays.

        `ratings` are as for `fit`, and only about films in `items_`.
        """
        check_is_fitted(self)
        self._take_in(as_ratings(ratings, self.scale_), before=self.ratings_)
        return self

    def scores(self, user_ids: Any, where: Any = None, seen: bool = False) -> np.ndarray:
        """Score every film for many viewers: (n_users, n_films), in the order of `items_`; -inf for films left out."""
        return self._masked_scores(self._histories_of(user_ids), where, seen)

    def rank(self, user_ids: Any, k: int, where: Any = None) -> np.ndarray:
        """Recommend to many viewers at once: (n_users, k) ids of unseen films, best first; see `recommend`.

        If a viewer has fewer than k films left, a `ValueError` says so.
        """
        k = as_count(k, "rank")
        histories = self._histories_of(user_ids)
        scores = self._masked_scores(histories, where)
        fewest = int(np.isfinite(scores).sum(axis=1).min(initial=k))
        if fewest < k:
            raise ValueError(f"rank: k is {k}, but a viewer has only {fewest} films left.")
        return self.items_[in_order(scores, tie_order(histories))[:, :k]]

    def predict(self, user_id: Any, movie_id: Any) -> float:
        """Predict the rating that a viewer would give a film, on the scale of `fit`.

        Models that learn from likes alone have no stars to predict: they return their score of the film.
        """
        return float(self.predict_many([user_id], [movie_id])[0])

    def predict_many(self, user_ids: Any, movie_ids: Any) -> np.ndarray:
        """Predict for many pairs at once: (n_pairs,), see `predict`."""
        rows, columns = self._rows(user_ids), self._columns(movie_ids)
        if len(rows) != len(columns):
            raise ValueError(f"predict: {len(rows)} viewers and {len(columns)} films cannot be paired.")
        users, rows = np.unique(rows, return_inverse=True)
        predicted = self._numbers(self.histories_[users])[rows, columns]
        return from_stars(np.clip(predicted, *SCALE), self.scale_) if self.predicts_stars else predicted

    def similar(self, movie_id: Any, k: int = 10) -> pd.Series:
        """Find the films that are most alike to this model: cosine by ``movie_id``, best first.

        A model without film vectors raises `NotImplementedError`.
        """
        k = as_count(k, "similar")
        column = self._columns([movie_id])[0]
        vectors = unit(self._film_vectors())
        scores = pd.Series(vectors @ vectors[column], index=pd.Index(self.items_, name="movie_id"), name="similarity")
        return scores.drop(self.items_[column]).sort_values(ascending=False, kind="stable").head(k)

    def _learn(self, ratings: pd.DataFrame) -> None:
        """Learn from `histories_`, or from the ratings themselves."""
        raise NotImplementedError

    def _scores(self, histories: Histories) -> np.ndarray:
        """Score (n, n_items) for rating histories, one or more."""
        raise NotImplementedError

    def _film_vectors(self) -> np.ndarray:
        """Vectors (n_items, dimensions), if the model has any: by default, `film_vectors_`."""
        if not hasattr(self, "film_vectors_"):
            raise NotImplementedError(f"{type(self).__name__} has no vectors of films.")
        return self.film_vectors_

    def _numbers(self, histories: Histories) -> np.ndarray:
        """The scores of any number of histories, none included."""
        scores = self._scores(histories) if len(histories) else histories.stars
        return np.array(scores, dtype=np.float64)

    def _masked_scores(self, histories: Histories, where: Any = None, seen: bool = False) -> np.ndarray:
        scores = self._numbers(histories)
        if np.isnan(scores).any():
            raise ValueError(f"rank: {type(self).__name__} gave a score that is not a number.")
        if not seen:
            scores[histories.rated] = -np.inf
        allowed = as_mask(where, self.items_, "recommend")
        if allowed is not None:
            scores[:, ~allowed] = -np.inf
        return scores.round(9)

    def _best(self, histories: Histories, k: int, where: Any, seen: bool) -> pd.Series:
        k = as_count(k, "recommend")
        scores = self._masked_scores(histories, where, seen)
        best = in_order(scores, tie_order(histories))[0][: min(k, int(np.isfinite(scores).sum()))]
        return pd.Series(scores[0, best], index=pd.Index(self.items_[best], name="movie_id"), name="score")

    def _take_in(self, ratings: pd.DataFrame, before: pd.DataFrame) -> None:
        """Hold some ratings and those from before; of double ones the later row counts."""
        self.ratings_ = before
        both = pd.concat([before, self._timed(ratings)]) if len(before) else self._timed(ratings)
        check_kind(both["user_id"], "user_id")
        users = np.unique(both["user_id"])
        if len(users) * len(self.items_) > MOST_CELLS:
            raise ValueError(
                f"fit: {len(users):,} viewers and {len(self.items_):,} films are too many for one matrix (at most "
                f"{MOST_CELLS:,} cells). Take the viewers and films with the most ratings, or a sample."
            )
        self.histories_ = self._as_histories(both, users)
        self.users_, self.ratings_ = users, both

    def _timed(self, ratings: pd.DataFrame) -> pd.DataFrame:
        """Ratings with a time each: where none are known, later rows are later, and all than what is held already."""
        if "timestamp" in ratings:
            return ratings
        return ratings.assign(timestamp=self._now() + 1.0 + np.arange(len(ratings)))

    def _now(self) -> float:
        """The last time at which anybody rated; -1 before there is a rating."""
        return float(self.ratings_["timestamp"].max()) if len(self.ratings_) else -1.0

    def _as_histories(self, ratings: pd.DataFrame, users: np.ndarray) -> Histories:
        ratings = ratings.drop_duplicates(["user_id", "movie_id"], keep="last")
        columns = pd.Index(self.items_).get_indexer(pd.Index(ratings["movie_id"]))
        if (columns < 0).any():
            raise ValueError(f"movie_id {ratings['movie_id'][columns < 0].iloc[0]} is rated but not among the films.")
        cells = np.searchsorted(users, ratings["user_id"]), columns
        stars, times = (np.full((len(users), len(self.items_)), np.nan, kind) for kind in (np.float32, np.float64))
        stars[cells] = as_stars(ratings["rating"].to_numpy(), self.scale_)
        times[cells] = ratings["timestamp"]
        return Histories(stars, times)

    def _histories_of(self, user_ids: Any) -> Histories:
        rows = self._rows(user_ids)
        return self.histories_[rows]

    def _rows(self, user_ids: Any) -> np.ndarray:
        check_is_fitted(self)
        return positions_of(user_ids, self.users_, "user_id {!r} has no ratings in training.")

    def _columns(self, movie_ids: Any) -> np.ndarray:
        check_is_fitted(self)
        return positions_of(movie_ids, self.items_, "movie_id {!r} is not among the films.")


@dataclass(repr=False, eq=False)
class Random(Recommender):
    """Recommend at random, the least that a model must beat. The same seed gives the same lists."""

    seed: int = 0

    def _learn(self, ratings: pd.DataFrame) -> None:
        self.noise_ = np.random.default_rng(self.seed).random(len(self.items_))

    def _scores(self, histories: Histories) -> np.ndarray:
        """Shift the noise by what was rated, so that every viewer gets a list of their own."""
        shift = (histories.rated @ np.arange(1, len(self.items_) + 1))[:, None]
        return (self.noise_ * (1 + shift)) % 1


class Popularity(Recommender):
    """Recommend to everybody what most viewers liked, that is, rated `helpers.data.LIKED` or better."""

    def _learn(self, ratings: pd.DataFrame) -> None:
        self.likes_ = self.histories_.liked.sum(axis=0)

    def update(self, ratings: pd.DataFrame) -> Self:
        """Count the new likes, too; see `Recommender.update`."""
        super().update(ratings)
        self._learn(ratings)
        return self

    def _scores(self, histories: Histories) -> np.ndarray:
        return np.broadcast_to(self.likes_, histories.stars.shape)


@dataclass(repr=False, eq=False)
class RecentPopularity(Popularity):
    """Recommend what was liked most at the viewer's last visit, where recent likes count more.

    A like loses half of its weight every `half_life` days. Likes after that visit do not count, so nobody is offered
    what came later. Without times, this is `Popularity`.

    References
    ----------
    Y. Ji, A. Sun, J. Zhang and C. Li (2020), A re-visit of the popularity baseline in recommender systems, SIGIR.
    """

    half_life: float = 365.0

    def _learn(self, ratings: pd.DataFrame) -> None:
        super()._learn(ratings)
        rows, films = np.nonzero(self.histories_.liked)
        when = self.histories_.times[rows, films] / (DAY * self.half_life)
        order = np.argsort(when, kind="stable")
        self.liked_films_, self.liked_when_ = films[order], when[order]  # in half-lives
        self.timed_ = "timestamp" in ratings

    def _scores(self, histories: Histories) -> np.ndarray:
        if not self.timed_:
            return super()._scores(histories)
        last = np.nan_to_num(histories.times, nan=-np.inf).max(axis=1, initial=-np.inf)
        moments = np.where(np.isfinite(last), last, self._now()) / (DAY * self.half_life)
        scores = np.zeros(histories.stars.shape)
        for row, end in enumerate(np.searchsorted(self.liked_when_, moments, side="right")):
            weights = 0.5 ** (moments[row] - self.liked_when_[:end])
            scores[row] = np.bincount(self.liked_films_[:end], weights, len(self.items_))
        return scores


# ---- what settings may be -------------------------------------------------------------------------------

COUNTS = {"k", "factors", "rounds", "dimensions", "epochs", "length", "window", "layers", "candidates"}
WEIGHTS = {"regularization", "map_regularization", "confidence", "damping", "shrink", "dislike", "ridge"}
RULES: list[tuple[set[str], type, Callable, str]] = [  # a setting has the same meaning in all models
    (COUNTS, Integral, lambda value: value >= 1, "it is a whole number, 1 or more"),
    ({"hard"}, Integral, lambda value: value >= 0, "it is a whole number, 0 or more"),
    ({"seed"}, Integral, lambda value: 0 <= value < 2**32, "it is a whole number, 0 or more, below 2**32"),
    (WEIGHTS, Real, lambda value: 0 <= value < np.inf, "it is a number, 0 or more"),
    ({"half_life", "learning_rate"}, Real, lambda value: 0 < value < np.inf, "it is a number above 0"),
    ({"dropout"}, Real, lambda value: 0 <= value < 1, "it is a number from 0 on, below 1"),
    ({"similarity"}, str, lambda value: value in ("cosine", "pearson"), "choose from cosine, pearson"),
    ({"rank_by"}, str, lambda value: value in ("likes", "stars"), "choose from likes, stars"),
    ({"negatives"}, str, lambda value: value in ("all", "in-batch"), "choose from all, in-batch"),
]
SWITCHES = {"center", "text", "own", "correct"}


def check_settings(model: Recommender) -> None:
    """Refuse a setting that makes no sense, before anything is learned."""
    for name, value in model.get_params(deep=False).items():
        switch = isinstance(value, bool | np.bool_)
        said = f"{type(model).__name__}: {name} is {value!r:.60};"
        if name in SWITCHES and not switch:
            raise ValueError(f"{said} it is True or False.")
        for names, kind, fits, what in RULES:
            if name in names and (switch or not isinstance(value, kind) or not fits(value)):
                raise ValueError(f"{said} {what}.")


def _warn_of_zeros(ratings: pd.Series, scale: tuple) -> None:
    share = float((ratings == 0).mean())
    if scale[0] == 0 and share >= MANY_ZEROS:
        warnings.warn(
            f"{share:.0%} of the ratings are 0, the worst rating of this scale. Where 0 stands for 'not rated', leave "
            "those rows out: ratings[ratings['rating'] > 0].",
            stacklevel=3,
        )


# ---- small tools -----------------------------------------------------------------------------------------------------


def positions_of(ids: Any, known: np.ndarray, missing: str) -> np.ndarray:
    """Return the positions of ids in an array of ids; raise a KeyError with the text `missing` for an unknown one."""
    wanted = np.asarray(ids)
    if wanted.ndim != 1:
        raise ValueError(f"one id, or a list of ids, is needed where there is {ids!r:.40}.")
    positions = pd.Index(known).get_indexer(pd.Index(wanted))
    if (positions < 0).any():
        raise KeyError(missing.format(wanted[positions < 0].tolist()[0]))
    return positions


def tie_order(histories: Histories) -> np.ndarray:
    """Return the order (n, n_items) of films with equal scores: random, and different for each history."""
    turns = histories.rated @ np.arange(1, histories.stars.shape[1] + 1)
    orders = [np.random.default_rng([0, turn]).permutation(histories.stars.shape[1]) for turn in turns]
    return np.array(orders, dtype=int).reshape(histories.stars.shape)


def in_order(scores: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Return the columns (n, n_items) of each row of scores, best first; equal scores in the order of `ties`."""
    best = np.argsort(-np.take_along_axis(scores, ties, axis=1), axis=1, kind="stable")
    return np.take_along_axis(ties, best, axis=1)


def unit(rows: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; rows of zeros stay as they are."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
