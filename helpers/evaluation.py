"""Judge recommenders: split ratings by time, count hits near the top, and say how sure the figures are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.data import LIKED

DRAWS = 1_000  # of the bootstrap


def split_last(ratings: pd.DataFrame, share: float = 0.2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split ratings by time: of every viewer, the last ratings are for the test.

    Parameters
    ----------
    ratings : pandas.DataFrame
        ``user_id``, ``movie_id``, ``rating``, ``timestamp``.
    share : float
        Part of every viewer's ratings that goes into the test, in (0, 1), rounded down.

    Returns
    -------
    train, test : pandas.DataFrame
        Together all rows; of one viewer, no row of the test is older than one of the training.
    """
    if not 0 < share < 1:
        raise ValueError(f"split_last: share is {share}; it lies between 0 and 1.")
    ordered = ratings.sort_values(["user_id", "timestamp", "movie_id"], kind="stable")
    place_from_end = ordered.groupby("user_id").cumcount(ascending=False)
    count = ordered.groupby("user_id")["movie_id"].transform("size")
    last = place_from_end < (count * share).astype(int)
    return ordered[~last].reset_index(drop=True), ordered[last].reset_index(drop=True)


def ndcg(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Normalised discounted cumulative gain of ranked lists, with gain 1 for a relevant film.

    Parameters
    ----------
    hits : numpy.ndarray
        (n_users, k) True where the film at that place is relevant.
    relevant : numpy.ndarray
        (n_users,) how many films are relevant to each viewer, 1 or more.

    Returns
    -------
    numpy.ndarray
        (n_users,) in [0, 1]; 1 when every place that can hold a relevant film does.

    References
    ----------
    K. Järvelin and J. Kekäläinen (2002), Cumulated gain-based evaluation of IR techniques, ACM TOIS 20(4).
    """
    discounts = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    best = np.cumsum(discounts)[np.minimum(relevant, hits.shape[1]) - 1]
    return hits @ discounts / best


def evaluate(model, train: pd.DataFrame, test: pd.DataFrame, k: int = 10, seed: int = 0) -> pd.DataFrame:
    """Fit a recommender and judge its first k films for every viewer.

    Relevant are the films of the test that the viewer rated `helpers.data.LIKED` or better; viewers without
    any are left out. Candidates are all films of the training that the viewer had not rated there.

    Parameters
    ----------
    model : object
        With ``fit(ratings)`` and ``rank(user_ids, k)``.
    train, test : pandas.DataFrame
        As from `split_last`.
    k : int
        Length of the lists.
    seed : int
        Of the bootstrap over viewers that gives the intervals.

    Returns
    -------
    pandas.DataFrame
        A row for each of ``ndcg@k``, ``recall@k``, ``hit rate@k`` (means over viewers) and ``coverage@k`` (share of the
        films that stand in any list); columns ``mean``, ``low``, ``high`` (95 % interval; NaN for the coverage).

    Raises
    ------
    ValueError
        When a row of the test is in the training as well.
    """
    pairs = ["user_id", "movie_id"]
    both = test[pairs].merge(train[pairs], on=pairs)
    if len(both):
        raise ValueError(f"evaluate: user_id {both.iloc[0, 0]}, movie_id {both.iloc[0, 1]} is in training and in test.")
    model.fit(train)
    liked = test[(test["rating"] >= LIKED) & test["user_id"].isin(train["user_id"])]
    users = np.unique(liked["user_id"])
    ranked = model.rank(users, k)
    wanted = liked.groupby("user_id")["movie_id"].agg(set)
    hits = np.array([[film in wanted[user] for film in row] for user, row in zip(users, ranked, strict=True)])
    relevant = wanted.map(len).to_numpy()
    each = {
        f"ndcg@{k}": ndcg(hits, relevant),
        f"recall@{k}": hits.sum(axis=1) / relevant,
        f"hit rate@{k}": hits.any(axis=1).astype(float),
    }
    rows = {name: [values.mean(), *bootstrap_interval(values, seed)] for name, values in each.items()}
    rows[f"coverage@{k}"] = [len(np.unique(ranked)) / train["movie_id"].nunique(), np.nan, np.nan]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "low", "high"])


def bootstrap_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % interval of a mean over viewers: the middle of the means of `DRAWS` samples drawn with replacement.

    B. Efron and R. J. Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.
    """
    drawn = np.random.default_rng(seed).integers(len(values), size=(DRAWS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
