"""Judge recommenders: split ratings, count hits, look beyond accuracy, and say how certain the results are.

A film is relevant to a viewer if the viewer rated it `helpers.data.LIKED` or better in the test.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from helpers.data import LIKED, SCALE, as_stars, like_of
from helpers.evaluation.checks import PAIR, as_ratings, check_columns, ids_of, seconds
from helpers.search.index import NeighborIndex, as_count, as_mask

DRAWS = 1_000  # samples of the bootstrap
CELLS_AT_ONCE = 5_000_000  # numbers of its samples that are held at once (40 MB)
MANY_TIES = 0.05  # share of the ratings from which it is said that time does not put them in order
SHORT = 5  # words; a shorter text says little
COPY = 0.95  # cosine from which two texts say the same
HUB = 5  # a hub is in this many times as many lists of neighbors as the mean film


# ---- splits --------------------------------------------------------------------------------------------------------


def split_last(ratings: pd.DataFrame, share: float = 0.2, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split by time, viewer by viewer: the last ratings of each viewer are the test.

    Ratings with the same time come in random order. Ordering them by id would bias the split: where ids follow
    popularity or age, the films at one end of the ids would be missing from the training.

    Parameters
    ----------
    ratings : pandas.DataFrame
        ``user_id``, ``movie_id``, ``timestamp`` (none missing), and whatever else.
    share : float
        Share of each viewer's ratings that goes into the test, in (0, 1); the number of ratings is rounded down.
    seed : int
        For the order of ratings with the same time. If that order decides for many of them, there is a warning.

    Returns
    -------
    train, test : pandas.DataFrame
        Together all rows; no viewer has a row in the test that is older than one in the training.
    """
    seconds(ratings)
    ratings = ratings.reset_index(drop=True)
    shuffled = ratings.sort_values(PAIR, kind="stable").sample(frac=1, random_state=seed)
    train, test = _split_viewers(shuffled.sort_values(["user_id", "timestamp"], kind="stable"), share)
    edge = test.groupby("user_id")["timestamp"].min()
    undecided = ratings["timestamp"].eq(ratings["user_id"].map(edge))
    undecided &= ratings["user_id"].map(train.groupby("user_id")["timestamp"].max().eq(edge)).eq(True)
    if undecided.mean() >= MANY_TIES:
        warnings.warn(
            f"{undecided.mean():.0%} of the ratings have the same time as others of their viewer: chance, not time, "
            "decides which of them are in the test.",
            stacklevel=2,
        )
    return train, test


def split_random(ratings: pd.DataFrame, share: float = 0.2, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split at random, viewer by viewer. A model then sees ratings that came after those it has to guess."""
    check_columns(ratings, PAIR)
    shuffled = ratings.reset_index(drop=True).sample(frac=1, random_state=seed)
    return _split_viewers(shuffled.sort_values("user_id", kind="stable"), share)


def split_date(ratings: pd.DataFrame, share: float = 0.2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split at one moment for everybody: the last `share` of all ratings is the test.

    Viewers who arrive after that moment are in the test only. Ratings with the same time stay together, so the test
    may be smaller than `share`. If no rating is later than that moment, a `ValueError` says so.
    """
    _check_share(share)
    times = pd.Series(seconds(ratings))
    moment = times.quantile(1 - share)
    late = times > moment
    if not late.any():
        raise ValueError(
            f"split_date: {(times == moment).mean():.0%} of the ratings have the last time of all: none is left for "
            "the test. Split at random instead."
        )
    return _apart(ratings, late)


def split_cold(ratings: pd.DataFrame, share: float = 0.15, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hide films: all ratings of a random `share` of the films are the test."""
    _check_share(share)
    check_columns(ratings, PAIR)
    films = np.unique(ratings["movie_id"])
    hidden = np.random.default_rng(seed).choice(films, size=max(1, int(len(films) * share)), replace=False)
    return _apart(ratings, ratings["movie_id"].isin(hidden))


def _check_share(share: float) -> None:
    if not (isinstance(share, Real) and 0 < share < 1):
        raise ValueError(f"split: share is {share}; it lies between 0 and 1.")


def _split_viewers(ordered: pd.DataFrame, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the last `share` of each viewer's rows, as they are ordered, into the test."""
    _check_share(share)
    viewers = ordered.groupby("user_id", observed=True)
    hidden = viewers.cumcount(ascending=False) < (viewers["movie_id"].transform("size") * share).astype(int)
    return _apart(ordered, hidden)


def _apart(ratings: pd.DataFrame, hidden: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = hidden.to_numpy()
    return ratings[~rows].reset_index(drop=True), ratings[rows].reset_index(drop=True)


# ---- metrics of ranked lists: hits is (n, k), True where the film at that place is relevant; relevant is (n,) --------


def _metric(compute: Callable) -> Callable:
    """Check what a metric is given, lists included: nobody may have more hits than relevant films, or none of these."""
    name = compute.__name__

    @functools.wraps(compute)
    def checked(hits: Any, relevant: Any, *options: Any, **more: Any) -> np.ndarray:
        hits, relevant = np.asarray(hits), np.asarray(relevant)
        if hits.ndim != 2 or not hits.size or relevant.shape != hits.shape[:1] or not np.isin(hits, (0, 1)).all():
            raise ValueError(f"{name}: hits is a table of True and False, and relevant a number for each row.")
        if (relevant < np.maximum(hits.sum(axis=1), 1)).any():
            raise ValueError(f"{name}: each row needs a relevant film, and as many as it has hits.")
        return compute(hits.astype(bool), relevant, *options, **more)

    return checked


@_metric
def precision(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Share of the list that is relevant: (n,) in [0, 1]."""
    return hits.mean(axis=1)


@_metric
def recall(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Share of the relevant films that are in the list: (n,) in [0, 1]."""
    return hits.sum(axis=1) / relevant


@_metric
def hit_rate(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """1 where any film of the list is relevant, else 0: (n,)."""
    return hits.any(axis=1).astype(float)


@_metric
def reciprocal_rank(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """1 / place of the first relevant film, or 0 without one: (n,) in [0, 1]. Its mean is MRR (Voorhees, 1999)."""
    return np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0)


@_metric
def average_precision(hits: np.ndarray, relevant: np.ndarray, by: str = "min") -> np.ndarray:
    """Mean of the precision at the place of each relevant film: (n,) in [0, 1]. Its mean over viewers is MAP@k.

    Two denominators are in use. The default is the number of relevant films that fit into the list, ``min(n, k)``, so
    that 1 can be reached. With "all", it is the number of all relevant films, n, as in trec_eval.
    """
    if by not in ("min", "all"):
        raise ValueError(f"average_precision: by is 'min' or 'all', not {by!r}.")
    places = np.arange(1, hits.shape[1] + 1)
    total = (np.cumsum(hits, axis=1) / places * hits).sum(axis=1)
    return total / (np.minimum(relevant, hits.shape[1]) if by == "min" else relevant)


@_metric
def ndcg(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Normalized discounted cumulative gain, with gain 1 for a relevant film: (n,) in [0, 1].

    K. Järvelin and J. Kekäläinen (2002), Cumulated gain-based evaluation of IR techniques, ACM TOIS 20(4).
    """
    discounts = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    best = np.cumsum(discounts)[np.minimum(relevant, hits.shape[1]) - 1]
    return hits @ discounts / best


RANKING = {
    "ndcg": ndcg,
    "map": average_precision,
    "recall": recall,
    "precision": precision,
    "hit rate": hit_rate,
    "mrr": reciprocal_rank,
}


# ---- beyond accuracy -------------------------------------------------------------------------------------------------


def novelty(ranked: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mean surprise of the films of each list, in bits: (n,).

    A film that a share p of the viewers rated carries -log2 p bits (Zhou et al., 2010, PNAS 107(10), equation 3).
    `ranked` holds (n, k) places in `shares`, the share for every film.
    """
    return -np.log2(np.asarray(shares)[np.asarray(ranked)]).mean(axis=1)


def diversity(ranked: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """How unlike the films of each list are: 1 minus the mean cosine of its pairs, (n,) in [0, 2].

    `ranked` holds (n, k) places in `vectors`, unit rows (Ziegler et al., 2005, WWW, section 3.2).
    """
    vectors, ranked = np.asarray(vectors), np.asarray(ranked)
    lengths = np.linalg.norm(vectors, axis=1)
    if not ((lengths == 0) | np.isclose(lengths, 1, atol=1e-3)).all():
        raise ValueError("diversity: vectors are rows of length 1; divide each by its length.")
    rows, k = vectors[ranked], ranked.shape[1]
    total = np.einsum("nkd,nld->n", rows, rows)
    return 1 - (total - k) / (k * (k - 1)) if k > 1 else np.zeros(len(ranked))


def gini(counts: np.ndarray) -> float:
    """How unequally films are shown: 0 if all are shown equally often, near 1 if it is always the same one."""
    ordered = np.sort(np.asarray(counts, dtype=float))
    if ordered.ndim != 1 or not (ordered >= 0).all() or not ordered.any():
        raise ValueError("gini: counts are a list of numbers, 0 or more, not all of them 0.")
    places = np.arange(1, len(ordered) + 1)
    return float((2 * places - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))


# ---- errors in stars -------------------------------------------------------------------------------------------------


def rmse(predicted: Any, actual: Any) -> float:
    """Root of the mean squared error, in stars."""
    return float(np.sqrt(np.mean(_errors(predicted, actual) ** 2)))


def mae(predicted: Any, actual: Any) -> float:
    """Mean absolute error, in stars."""
    return float(np.mean(np.abs(_errors(predicted, actual))))


def _errors(predicted: Any, actual: Any) -> np.ndarray:
    one, other = (np.asarray(values, dtype=float) for values in (predicted, actual))
    if one.shape != other.shape or not one.size:
        raise ValueError(
            f"rmse, mae: predictions of shape {one.shape} for ratings of shape {other.shape} do not pair up."
        )
    return one - other


# ---- putting it together ---------------------------------------------------------------------------------------------


def evaluate_users(
    model: Any,
    train: pd.DataFrame,
    test: pd.DataFrame,
    k: int = 10,
    movies: pd.DataFrame | None = None,
    vectors: Any = None,
    where: Any = None,
    scale: tuple = SCALE,
) -> pd.DataFrame:
    """Fit a recommender on the training ratings, and judge its first k films for every viewer in the test.

    Candidates are the films of `movies` (or of the training) that the viewer did not rate in training. Viewers
    without a relevant film among the candidates, or without training ratings, are left out.

    Parameters
    ----------
    model : object
        With ``fit(ratings, movies)`` and ``rank(user_ids, k, where)``, like `helpers.recommenders.Recommender`.
    train, test : pandas.DataFrame
        As from a split.
    k : int
        Length of the lists.
    movies : pandas.DataFrame, optional
        The films that may be recommended; index ``movie_id``.
    vectors : numpy.ndarray, optional
        (n_films, dimensions) unit rows for the diversity, one row per row of `movies`; without `movies`, ordered by id.
    where : array-like of bool, optional
        (n_films,) True for the films that may be recommended: a Series by ``movie_id``, or in the order of the ids; see
        `helpers.search.index.as_mask`.
    scale : tuple of float
        Lowest and highest rating, as for ``fit``; see `helpers.data.as_stars`.

    Returns
    -------
    pandas.DataFrame
        One row per viewer (index ``user_id``): ``ndcg@k``, ``map@k``, ``recall@k``, ``precision@k``, ``hit rate@k``,
        ``mrr@k``, ``novelty`` (bits), ``popularity`` (mean share of viewers who rated a recommended film), and
        ``diversity`` if `vectors` are given. ``attrs`` holds ``coverage`` and ``gini`` of all lists together, over the
        films that may be recommended.

    Raises
    ------
    ValueError
        If the table does not hold ratings (`helpers.evaluation.checks.as_ratings`), a pair of the test is also in the
        training, a score is not a number, k is not a whole number from 1 to the number of candidates, the number of
        vectors differs from that of the films, or nobody is left to judge.
    """
    k = as_count(k, "evaluate")
    if not hasattr(model, "rank") or isinstance(model, type):
        raise ValueError(
            f"evaluate: the model is {model!r:.60}; give a recommender, such as EASE(), or a list of them."
        )
    known, hidden = as_ratings(train, scale), as_ratings(test, scale)
    both = hidden.set_index(PAIR).index.intersection(known.set_index(PAIR).index)
    if len(both):
        user, movie = both[0]
        raise ValueError(f"evaluate: user_id {user}, movie_id {movie} is in training and in test.")
    films = np.unique(known["movie_id"]) if movies is None else ids_of(movies)
    where = as_mask(where, films, "evaluate")
    allowed = np.ones(len(films), dtype=bool) if where is None else where
    users, relevant = _relevant(hidden[hidden["movie_id"].isin(films[allowed])], known["user_id"], films, scale)
    model.fit(train, movies, **({} if tuple(scale) == SCALE else {"scale": scale}))
    ranked = np.searchsorted(films, model.rank(users, k) if where is None else model.rank(users, k, where))
    hits, liked = np.take_along_axis(relevant, ranked, axis=1), relevant.sum(axis=1)
    metrics = {f"{name}@{k}": metric(hits, liked) for name, metric in RANKING.items()}
    each = pd.DataFrame(metrics, index=pd.Index(users, name="user_id"))
    seen = np.bincount(np.searchsorted(films, known["movie_id"]), minlength=len(films))
    shares = (seen + 1) / (known["user_id"].nunique() + 1)  # a film that nobody rated is not infinitely novel
    each["novelty"], each["popularity"] = novelty(ranked, shares), shares[ranked].mean(axis=1)
    if vectors is not None:
        rows = np.asarray(vectors)
        if len(rows) != len(films):
            raise ValueError(f"evaluate: {len(rows)} vectors for {len(films)} films.")
        rows = rows if movies is None else rows[np.argsort(movies.index.to_numpy(), kind="stable")]
        each["diversity"] = diversity(ranked, rows)
    counts = np.bincount(ranked.ravel(), minlength=len(films))[allowed]
    each.attrs = {"coverage": float((counts > 0).mean()), "gini": gini(counts)}
    return each


def _relevant(test: pd.DataFrame, users: Any, films: np.ndarray, scale: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Who of `users` likes any of `films` in the test, sorted, and which: (n_users, n_films) bool."""
    judged = test["user_id"].isin(users) & test["movie_id"].isin(films)
    liked = test[judged & (as_stars(test["rating"], scale) >= LIKED)]
    if liked.empty:
        raise ValueError(
            "evaluate: no viewer of the test has training ratings and a liked film among the candidates. A like is a "
            f"rating from {like_of(scale):g} on; the highest of the test is {test['rating'].max():g}."
        )
    viewers, rows = np.unique(liked["user_id"], return_inverse=True)
    relevant = np.zeros((len(viewers), len(films)), dtype=bool)
    relevant[rows, np.searchsorted(films, liked["movie_id"])] = True
    return viewers, relevant


def evaluate(
    model: Any,
    train: pd.DataFrame,
    test: pd.DataFrame,
    k: int = 10,
    movies: pd.DataFrame | None = None,
    vectors: Any = None,
    where: Any = None,
    seed: int = 0,
    scale: tuple = SCALE,
) -> pd.DataFrame:
    """Judge a recommender as `evaluate_users` does, with intervals.

    Parameters
    ----------
    model : object or list
        A list holds the same model several times, with different seeds.
    train, test, k, movies, vectors, where, scale
        As for `evaluate_users`; ``rmse`` and ``mae`` are in units of the scale.
    seed : int
        For the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row per metric; columns ``mean``, ``low``, ``high`` (95% interval over viewers, and over seeds if there are
        several). ``coverage``, ``gini``, and the errors in stars are computed over all lists at once, without interval.
    """
    models = list(model) if isinstance(model, list | tuple) else [model]
    if not models:
        raise ValueError("evaluate: there is no model in the list.")
    tables = [evaluate_users(one, train, test, k, movies, vectors, where, scale) for one in models]
    whole = [table.attrs | _in_stars(one, test) for one, table in zip(models, tables, strict=True)]
    return pd.concat([summarize(tables, seed), pd.DataFrame(whole).mean().to_frame("mean")])


def _in_stars(model: Any, test: pd.DataFrame) -> dict[str, float]:
    """Errors in stars of a fitted model, if it predicts stars."""
    if not getattr(model, "predicts_stars", False):
        return {}
    test = as_ratings(test, model.scale_)
    known = test[test["user_id"].isin(model.users_) & test["movie_id"].isin(model.items_)]
    predicted = model.predict_many(known["user_id"], known["movie_id"])
    return {"rmse": rmse(predicted, known["rating"]), "mae": mae(predicted, known["rating"])}


# ---- how sure? -------------------------------------------------------------------------------------------------------

Tables = pd.DataFrame | Sequence[pd.DataFrame]  # of viewers: one, or one per seed or draw


def summarize(each: Tables, seed: int = 0) -> pd.DataFrame:
    """Mean and 95% interval of every column: ``mean``, ``low``, ``high``, one row per metric.

    Tables come from `evaluate_users`. If there are several, one per seed or draw, the interval is over these, too.
    `seed` is for the bootstrap.
    """
    tables, rows = _as_list(each), {}
    for name in tables[0]:
        values = pd.concat([table[name] for table in tables], axis=1).to_numpy(dtype=float).T
        rows[name] = [np.nanmean(values), *bootstrap_interval(values, seed)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "low", "high"])


def paired_difference(one: Tables, other: Tables, seed: int = 0) -> pd.DataFrame:
    """How much better the first is than the second, viewer by viewer: mean and interval of the differences.

    Tables are as for `summarize`, and of the same viewers. Several are paired in their order; a single one is compared
    with each of several. If the interval contains 0, the difference may be chance.
    """
    ones, others = _as_list(one), _as_list(other)
    longest = max(len(ones), len(others))
    ones, others = (tables * longest if len(tables) == 1 else tables for tables in (ones, others))
    if len(ones) != len(others):
        raise ValueError(f"paired_difference: {len(ones)} tables and {len(others)} cannot be paired.")
    for left, right in zip(ones, others, strict=True):
        if not left.index.equals(right.index):
            raise ValueError("paired_difference: the two were not judged on the same viewers.")
        if set(left) != set(right):
            raise ValueError("paired_difference: the two were not judged by the same metrics.")
    return summarize([left - right for left, right in zip(ones, others, strict=True)], seed)


def _as_list(each: Tables) -> list[pd.DataFrame]:
    tables = [each] if isinstance(each, pd.DataFrame) else list(each)
    if not tables or not all(isinstance(table, pd.DataFrame) and len(table) for table in tables):
        raise ValueError("give a table of viewers, as from evaluate_users, or a list of such tables.")
    return tables


def bootstrap_interval(values: Any, seed: int = 0) -> tuple[float, float]:
    """95% interval of a mean: the middle 95% of the means of `DRAWS` samples drawn with replacement.

    `values` are (n_viewers,), or (n_draws, n_viewers) with one row per seed of a model or draw of a split, and NaN
    where a viewer was not judged. With rows, both rows and viewers are drawn, so that the interval covers both.

    References
    ----------
    B. Efron and R. J. Tibshirani (1993), An Introduction to the Bootstrap, section 13.3. Rows and columns: A. B. Owen
    (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1(2), pages 386-411.
    """
    table = np.atleast_2d(np.asarray(values, dtype=float))
    if table.ndim > 2 or np.isinf(table).any():
        raise ValueError("bootstrap_interval: values are one row of finite numbers, or several.")
    known, filled = (~np.isnan(table)).astype(float), np.nan_to_num(table)
    rng = np.random.default_rng(seed)
    means: list[float] = []
    if not known.any():
        return np.nan, np.nan
    while len(means) < DRAWS:
        samples = min(DRAWS - len(means), max(1, CELLS_AT_ONCE // max(table.shape)))
        draws, viewers = (_times_drawn(size, samples, rng) for size in table.shape)
        count = (draws @ known * viewers).sum(axis=1)
        means += list((draws @ filled * viewers).sum(axis=1)[count > 0] / count[count > 0])
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _times_drawn(size: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `size` is drawn in each sample of `size`, with replacement: (samples, size)."""
    drawn = rng.integers(size, size=(samples, size)) + size * np.arange(samples)[:, None]
    return np.bincount(drawn.ravel(), minlength=samples * size).reshape(samples, size)


# ---- all films, film by film -----------------------------------------------------------------------------------------


def ranks_of_likes(model: Any, test: pd.DataFrame) -> pd.DataFrame:
    """Find where a fitted recommender ranks each liked film of the test among all films that the viewer had not rated.

    Returns one row per liked pair: ``user_id``, ``movie_id``, ``rank`` (how many films come before it; a film with the
    same score counts as half, and the sum is rounded down), ``others`` (how many films compete with it).
    """
    users, relevant, scores = _scored(model, test)
    rows, columns = np.nonzero(relevant)
    own, all_scores = scores[rows, columns, None], scores[rows]
    before, equal = (all_scores > own).sum(axis=1), (all_scores == own).sum(axis=1) - 1
    found = {"user_id": users[rows], "movie_id": model.items_[columns], "rank": before + equal // 2}
    return pd.DataFrame(found | {"others": np.isfinite(all_scores).sum(axis=1) - 1})


def _scored(model: Any, test: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Viewers, which films they like among those that may be recommended, and the scores of all films."""
    users, relevant = _relevant_to(model, test)
    scores = model.scores(users)
    if not (relevant & np.isfinite(scores)).any():
        raise ValueError("evaluate: the model knows every liked rating of this test from its training.")
    return users, relevant & np.isfinite(scores), scores


def _relevant_to(model: Any, test: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The same for those whom a fitted model knows."""
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(model)
    return _relevant(as_ratings(test, model.scale_), model.users_, model.items_, model.scale_)


def sampled_hit_rate(found: pd.DataFrame, k: int = 10, sample: int = 100) -> float:
    """How often a liked film is among the first k if it is ranked against only `sample` random others.

    Many papers took this shortcut; here it is the exact mean over all samples. It is not the hit rate among all films,
    and it can order models differently (W. Krichene and S. Rendle, 2020, On sampled metrics for
    item recommendation, KDD, section 3). `found` comes from `ranks_of_likes`; the others are drawn without replacement.
    """
    from scipy.stats import hypergeom

    k, sample = as_count(k, "sampled_hit_rate"), as_count(sample, "sampled_hit_rate, sample")
    drawn = np.minimum(sample, found["others"])
    return float(hypergeom.cdf(k - 1, found["others"], found["rank"], drawn).mean())


def matched_auc(model: Any, test: pd.DataFrame, counts: Any, ratio: float = 1.1) -> pd.Series:
    """How often a liked film scores above an unrated one that is about as popular: (n_viewers,), where 0.5 is chance.

    Popular films are liked more often, which helps any list that shows them; here popularity cannot help. `model` is
    fitted. `counts` say how popular each film is, for example its number of likes in the training, by ``movie_id`` or
    in the order of ``items_``. `ratio` is how many times as popular one film may be as the other. Returns, by
    ``user_id``, the mean over each viewer's liked films that have such a counterpart.
    """
    users, relevant, scores = _scored(model, test)
    counts = np.asarray(counts.reindex(model.items_, fill_value=0) if isinstance(counts, pd.Series) else counts)
    if counts.shape != model.items_.shape or not (counts >= 0).all() or not ratio >= 1:
        raise ValueError(
            "matched_auc: counts are a number for each of the model's films, 0 or more; the ratio is 1 or more."
        )
    popular, (rows, columns) = np.log(counts + 1.0), np.nonzero(relevant)
    own, all_scores = scores[rows, columns, None], scores[rows]
    near = np.abs(popular[columns, None] - popular) <= np.log(ratio)
    near &= np.isfinite(all_scores) & ~relevant[rows]
    wins = ((all_scores < own) + 0.5 * (all_scores == own)) * near
    with np.errstate(invalid="ignore"):
        share = wins.sum(axis=1) / near.sum(axis=1)
    return pd.Series(share, pd.Index(users[rows], name="user_id"), name="auc").dropna().groupby(level=0).mean()


def precision_recall_curve(model: Any, test: pd.DataFrame, depth: int = 100) -> pd.DataFrame:
    """Mean precision and recall of the first 1, 2, … `depth` films, over the viewers in the test.

    `model` is already fitted. Returns a DataFrame: index ``k``, columns ``precision`` and ``recall``.
    """
    depth = as_count(depth, "precision_recall_curve")
    users, relevant = _relevant_to(model, test)
    hits = np.take_along_axis(relevant, np.searchsorted(model.items_, model.rank(users, depth)), axis=1)
    found, lengths = hits.cumsum(axis=1), np.arange(1, depth + 1)
    recalls = found / relevant.sum(axis=1, keepdims=True)
    curve = {"precision": (found / lengths).mean(axis=0), "recall": recalls.mean(axis=0)}
    return pd.DataFrame(curve, index=pd.Index(lengths, name="k"))


# ---- without any ratings ---------------------------------------------------------------------------------------------


def diagnose_texts(movies: pd.DataFrame, vectors: np.ndarray, k: int = 5) -> pd.DataFrame:
    """Look for common faults in a catalog of titles and synopses, and in their (n_movies, dimensions) vectors.

    Returns
    -------
    pandas.DataFrame
        One row per fault: ``count`` of the rows that have it, and ``examples``, up to three titles.
        *Short text*: fewer than `SHORT` words. *Same text*: another row has exactly the same. *Near-copy*: not the same
        text, but a cosine of `COPY` or more. *Hub*: a neighbor `HUB` times as often as the average row, or more.

    References
    ----------
    Hubs: M. Radovanovic, A. Nanopoulos and M. Ivanovic (2010), Hubs in space, JMLR 11, pages 2487-2531.
    """
    absent = [name for name in ("title", "synopsis") if name not in movies]
    if absent or len(vectors) != len(movies):
        said = f"no column '{absent[0]}'" if absent else f"{len(movies)} rows for {len(vectors)} vectors"
        raise ValueError(f"diagnose_texts: the films have {said}.")
    texts = movies["synopsis"].fillna("").str.strip()
    k = as_count(k, "diagnose_texts")
    places, similarities = NeighborIndex(vectors).search(vectors, k + 1)
    rows = np.arange(len(movies))[:, None]
    others = places != rows
    same = (texts.duplicated(keep=False) & (texts != "")).to_numpy()
    found = {
        "short text": (texts.str.count(r"\S+") < SHORT).to_numpy(),
        "same text": same,
        "near-copy": ((similarities >= COPY) & others).any(axis=1) & ~same,
        "hub": np.bincount(places[others], minlength=len(movies)) >= HUB * k,
    }
    examples = {name: "; ".join(movies["title"][rows][:3].astype(str)) for name, rows in found.items()}
    counts = {name: int(rows.sum()) for name, rows in found.items()}
    return pd.DataFrame({"count": counts, "examples": examples})
