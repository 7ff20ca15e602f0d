"""Who is served: judge when some films are shown more than others, judge the mix of a list, and let clicks decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.search.index import as_count

SMOOTHING = 0.01  # share of the viewer's own mix in the list's, so that no logarithm is infinite


def weighted_recall(found: pd.DataFrame, propensity: pd.Series, k: int = 10) -> pd.Series:
    """Recall@k in which a liked film counts more, the less likely it was to be rated at all.

    Each hidden like of a viewer has the weight 1 / propensity; the result is the share of this weight that is in the
    first k (self-normalized inverse propensity weighting). With equal propensities it is recall@k.

    `found` comes from `helpers.evaluation.ranks_of_likes`. `propensity` is a Series by ``movie_id`` of numbers above 0:
    how likely somebody who would like the film is to rate it, up to a common factor. It is a guess, usually a power of
    the number of ratings. Returns a Series by ``user_id``, in [0, 1].

    References
    ----------
    L. Yang et al. (2018), Unbiased offline recommender evaluation for missing-not-at-random implicit feedback, RecSys.
    """
    if not isinstance(propensity, pd.Series) or not propensity.index.is_unique:
        raise ValueError("weighted_recall: propensity is a Series by movie_id, with each film once.")
    own = found["movie_id"].map(pd.to_numeric(propensity, errors="coerce"))
    if not (own > 0).all():
        film = found["movie_id"][~(own > 0)].iloc[0]
        raise ValueError(f"weighted_recall: movie_id {film} has no propensity above 0.")
    weights = 1 / own
    inside = weights * (found["rank"] < as_count(k, "weighted_recall"))
    return inside.groupby(found["user_id"]).sum() / weights.groupby(found["user_id"]).sum()


def miscalibration(taste: Any, shown: Any) -> np.ndarray:
    """How far the mix of a list is from what its viewer likes: the Kullback-Leibler divergence, 0 where they agree.

    Both arguments hold (n_viewers, n_genres) shares that add up to 1: of what the viewer liked, and of what is
    recommended. Returns (n_viewers,) bits, 0 or more.

    References
    ----------
    H. Steck (2018), Calibrated recommendations, RecSys, equations 6 and 7.
    """
    taste, shown = (np.atleast_2d(np.asarray(mix, dtype=float)) for mix in (taste, shown))
    if taste.shape != shown.shape or not all(_are_shares(mix) for mix in (taste, shown)):
        raise ValueError("miscalibration: both are tables of one shape, and the shares of each row add up to 1.")
    mixed = (1 - SMOOTHING) * shown + SMOOTHING * taste
    ratio = np.divide(taste, mixed, out=np.ones_like(taste), where=taste > 0)
    return (taste * np.log2(ratio)).sum(axis=1)


def _are_shares(rows: np.ndarray) -> bool:
    return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1))


def team_draft(one: Sequence, other: Sequence, k: int, rng: np.random.Generator | int) -> tuple[list, np.ndarray]:
    """Interleave two lists as two captains choose teams: in every round, a coin decides who goes first.

    Takes two rankings of ids, best first. Returns the k ids to show, in order, and who chose each: 0 for `one`, 1 for
    `other`. The list whose films get more clicks wins.

    References
    ----------
    F. Radlinski, M. Kurup and T. Joachims (2008), How does clickthrough data reflect retrieval quality?, CIKM.
    """
    k, rng = as_count(k, "team_draft"), np.random.default_rng(rng)
    shown: list = []
    teams: list[int] = []
    while len(shown) < k and not {*one, *other} <= set(shown):
        for team in rng.permutation(2):
            left = [film for film in (one, other)[team] if film not in shown]
            if left and len(shown) < k:
                shown.append(left[0])
                teams.append(int(team))
    return shown, np.array(teams, dtype=int)
