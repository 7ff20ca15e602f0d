"""Settings are searched with one budget for every model, on validation data; what was found is kept and still holds."""

import os

import numpy as np
import pandas as pd
import pytest

from helpers import evaluation
from helpers.data import load_movies, load_ratings
from helpers.evaluation import evaluate_users, results, scoreboard, split_last, tuning
from helpers.evaluation.tuning import TRIALS, tune
from helpers.recommenders import EASE, MODELS, ItemKNN, Popularity
from helpers.recommenders.base import check_settings
from helpers.recommenders.spaces import SPACES, tuned_models

ORDERED = {"markov-chain": "order", "sasrec": "transformer"}  # model, and where its figures are kept
NETWORKS = ["bpr", "neural-cf", "sasrec", "two-tower"]
CHEAP = ["bpr", "neural-cf"]  # seconds; the others with MEASURE_CLAIMS=1
FEW = load_ratings().query("user_id <= 80").reset_index(drop=True)
TRAIN, TEST = split_last(FEW)


def test_the_default_is_tried_first_the_best_comes_back_and_what_was_given_stays():
    given = EASE(regularization=3_000.0)
    found = tune(given, {"regularization": [1.0, 50.0, 200.0]}, TRAIN, trials=4)
    assert sorted(found.trials["trial"]) == [0, 1, 2, 3]
    assert found.trials.set_index("trial")["settings"][0] == {}
    assert found.trials["ndcg@10"].is_monotonic_decreasing
    assert found.model.get_params() == {"regularization": 3_000.0} | found.trials["settings"][0]
    assert given.get_params() == {"regularization": 3_000.0}
    assert not hasattr(found.model, "items_")


def test_only_the_training_is_seen_and_its_last_part_judges(monkeypatch):
    seen = []
    judge = evaluate_users
    monkeypatch.setattr(
        tuning, "evaluate_users", lambda model, *tables, **more: seen.append(tables) or judge(model, *tables, **more)
    )
    tune(Popularity(), {}, TRAIN)
    ((known, validation, *_),) = seen
    both = pd.concat([known, validation])[["user_id", "movie_id"]]
    assert len(both.merge(TRAIN[["user_id", "movie_id"]])) == len(both) == len(TRAIN)
    last = known.groupby("user_id")["timestamp"].max()
    assert (validation.groupby("user_id")["timestamp"].min() >= last.loc[validation["user_id"].unique()]).all()


def test_the_same_seed_tries_the_same_and_without_times_the_validation_is_drawn():
    space = {"k": [5, 10, 20, 40], "shrink": [0.0, 10.0]}
    timeless = TRAIN.drop(columns="timestamp")
    first, second = (tune(ItemKNN(), space, timeless, trials=3, seed=1).trials for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    for trials in (0, 2.5):
        with pytest.raises(ValueError, match=f"trials is {trials}; ask for a whole number, 1 or more"):
            tune(ItemKNN(), space, TRAIN, trials=trials)


@pytest.mark.parametrize("name", SPACES)
def test_every_setting_of_a_space_is_one_that_the_model_has_and_takes(name):
    from sklearn.model_selection import ParameterSampler

    for settings in ParameterSampler(SPACES[name], 5, random_state=0):
        check_settings(MODELS[name]().set_params(**settings))


def test_all_models_were_tuned_with_the_same_budget_and_judged_with_several_seeds():
    kept = results.load("tuning", "movielens")["models"]
    assert set(kept) == set(MODELS)
    for name, entry in kept.items():
        assert entry["trials"] == (TRIALS if name in SPACES else 1)
        assert entry["validation"] >= entry["validation by default"]
        assert tuned_models()[name]().get_params(deep=False).items() >= entry["settings"].items()
        seeds = 3 if "seed" in MODELS[name]().get_params(deep=False) else 1
        for which in ("default", "tuned"):
            assert len(entry[which]["by seed"]) == seeds
            assert entry[which]["low"] < entry[which]["mean"] < entry[which]["high"]


@pytest.mark.parametrize("name", MODELS)
def test_what_tuning_gains_is_told_with_an_interval_over_viewers_and_seeds(name):
    entry = results.load("tuning", "movielens")["models"][name]
    gain = entry["tuned"]["minus default"]
    assert gain["mean"] == pytest.approx(entry["tuned"]["mean"] - entry["default"]["mean"], abs=2e-5)
    assert gain["low"] < gain["mean"] < gain["high"] or not entry["settings"]
    pairs = zip(entry["tuned"]["by seed"], entry["default"]["by seed"], strict=True)
    assert gain["by seed"] == pytest.approx([tuned - default for tuned, default in pairs], abs=2e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_tuned_network_gives_the_kept_figure_again(name, movielens):
    if name not in CHEAP and not os.environ.get("MEASURE_CLAIMS"):
        pytest.skip("takes a minute: MEASURE_CLAIMS=1 runs it")
    task, kept = scoreboard.Task("movielens"), results.load("tuning", "movielens")["models"][name]["tuned"]
    each = evaluate_users(tuned_models()[name](seed=0), task.train, task.test, movies=task.movies)["ndcg@10"]
    assert each.mean() == pytest.approx(kept["by seed"][0], abs=0.004)


def test_the_kept_figures_of_tuned_models_on_movielens_are_those_of_today(movielens):
    task, kept = scoreboard.Task("movielens"), results.load("tuning", "movielens")["models"]
    for name in ("popularity", "recent-popularity", "item-knn", "user-knn", "ease", "markov-chain"):
        each = evaluate_users(tuned_models()[name](), task.train, task.test, movies=task.movies)["ndcg@10"]
        assert each.mean() == pytest.approx(kept[name]["tuned"]["mean"], abs=0.002)


@pytest.mark.parametrize("name", ORDERED)
def test_order_tells_a_sequence_model_something_whatever_the_viewers_and_the_shuffle(name):
    kept = results.load("models_of_today", ORDERED[name])
    difference = kept["in order"]["minus shuffled"]
    assert len(difference["by seed"]) == 3
    assert 0 < difference["low"] < difference["mean"] < difference["high"]
    assert difference["mean"] == pytest.approx(kept["in order"]["mean"] - kept["shuffled"]["mean"], abs=2e-4)


@pytest.mark.parametrize("name", ORDERED)
def test_what_order_tells_on_movielens_is_as_kept(name, movielens):
    if name in NETWORKS and not os.environ.get("MEASURE_CLAIMS"):
        pytest.skip("takes a minute: MEASURE_CLAIMS=1 runs it")
    movies = load_movies()
    train, test = split_last(load_ratings("movielens"))
    make = tuned_models()[name]
    mixed = train.assign(timestamp=np.random.default_rng(0).permutation(len(train)).astype(float))
    ordered, shuffled = (evaluate_users(make(), table, test, movies=movies)["ndcg@10"] for table in (train, mixed))
    kept = results.load("models_of_today", ORDERED[name])["in order"]["minus shuffled"]
    assert (ordered - shuffled).mean() == pytest.approx(kept["by seed"][0], abs=0.003)
    assert evaluation.bootstrap_interval((ordered - shuffled).to_numpy())[0] > 0
