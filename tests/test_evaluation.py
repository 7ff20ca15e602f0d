import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import ndcg_score

from helpers.data import load_ratings
from helpers.evaluation import bootstrap_interval, evaluate, ndcg, split_last
from helpers.recommenders import Popularity, Random


class Fixed:
    """A model that recommends what it is told."""

    def __init__(self, lists):
        self.lists = lists

    def fit(self, ratings, movies=None):
        return self

    def rank(self, user_ids, k):
        return np.array([self.lists[user][:k] for user in user_ids])


def table(*rows):
    return pd.DataFrame(rows, columns=["user_id", "movie_id", "rating", "timestamp"])


def test_the_last_ratings_of_everybody_are_for_the_test():
    ratings = load_ratings()
    train, test = split_last(ratings, 0.2)
    assert len(train) + len(test) == len(ratings)
    assert (train.groupby("user_id")["timestamp"].max() <= test.groupby("user_id")["timestamp"].min()).all()
    counts = ratings["user_id"].value_counts()
    assert (test["user_id"].value_counts().sort_index() == (counts * 0.2).astype(int).sort_index()).all()


def test_a_share_outside_of_0_and_1_is_refused():
    with pytest.raises(ValueError, match="share is 1"):
        split_last(load_ratings(), 1)


def test_ndcg_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(50):
        relevant = rng.random(30) < 0.2
        if not relevant.any():
            continue
        order = rng.permutation(30)
        ours = ndcg(relevant[order][None, :10], np.array([relevant.sum()]))[0]
        assert ours == pytest.approx(ndcg_score([relevant], [-np.argsort(order)], k=10))


def test_the_figures_of_a_small_case():
    train = table((1, 10, 5, 0), (2, 20, 5, 0), (3, 30, 5, 0))
    test = table((1, 20, 5, 1), (1, 30, 4, 1), (2, 10, 4, 1), (3, 10, 2, 1))
    result = evaluate(Fixed({1: [20, 10], 2: [30, 20], 3: [10, 20]}), train, test, k=2)
    gain = 1 / (1 + 1 / np.log2(3))
    assert result.loc["ndcg@2", "mean"] == pytest.approx((gain + 0) / 2)
    assert result.loc["recall@2", "mean"] == pytest.approx((1 / 2 + 0) / 2)
    assert result.loc["hit rate@2", "mean"] == pytest.approx(1 / 2)
    assert result.loc["coverage@2", "mean"] == 1


def test_a_perfect_list_gets_ones():
    train = table((1, 10, 5, 0), (2, 20, 5, 0))
    test = table((1, 20, 5, 1), (2, 10, 4, 1))
    result = evaluate(Fixed({1: [20], 2: [10]}), train, test, k=1)
    assert result["mean"].tolist() == [1, 1, 1, 1]


def test_a_rating_that_is_in_training_and_in_test_is_refused():
    train = table((1, 10, 5, 0))
    with pytest.raises(ValueError, match="user_id 1, movie_id 10"):
        evaluate(Popularity(), train, train)


def test_popularity_is_above_chance_and_the_intervals_hold_the_mean():
    train, test = split_last(load_ratings())
    chance, popular = (evaluate(model, train, test).loc["ndcg@10"] for model in (Random(), Popularity()))
    assert chance["high"] < popular["low"]
    assert popular["low"] < popular["mean"] < popular["high"]


def test_the_bootstrap_interval_is_about_two_standard_errors_wide():
    values = np.random.default_rng(0).normal(size=400)
    low, high = bootstrap_interval(values)
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.1)
