import numpy as np
import pandas as pd
import pytest

from helpers.evaluation.exposure import miscalibration, team_draft, weighted_recall

FOUND = pd.DataFrame({"user_id": [1, 1, 1, 2], "movie_id": [10, 20, 30, 10], "rank": [0, 9, 10, 40]})


def test_with_equal_propensities_it_is_recall():
    assert weighted_recall(FOUND, pd.Series(0.5, [10, 20, 30]), k=10).tolist() == pytest.approx([2 / 3, 0])


def test_a_rare_film_counts_more_and_a_factor_changes_nothing():
    propensity = pd.Series([0.8, 0.2, 0.4], [10, 20, 30])
    expected = (1 / 0.8 + 1 / 0.2) / (1 / 0.8 + 1 / 0.2 + 1 / 0.4)
    for factor in (1, 7):
        assert weighted_recall(FOUND, factor * propensity)[1] == pytest.approx(expected)


@pytest.mark.parametrize("propensity", [pd.Series(1.0, [10, 20]), pd.Series([1, 1, 0.0], [10, 20, 30])])
def test_a_film_that_could_never_be_rated_is_named(propensity):
    with pytest.raises(ValueError, match="movie_id 30 has no propensity"):
        weighted_recall(FOUND, propensity)


@pytest.mark.parametrize("propensity", [np.ones(3), {10: 1.0}, pd.Series(1.0, [10, 10])])
def test_propensities_are_a_series_by_film(propensity):
    with pytest.raises(ValueError, match="propensity is a Series by movie_id, with each film once"):
        weighted_recall(FOUND, propensity)


@pytest.mark.parametrize(
    ("taste", "shown"),
    [([[5, 5]], [[0.5, 0.5]]), ([[0.5, 0.5]], [[1.0]]), ([[-1, 2]], [[0.5, 0.5]]), ([[0, 0]], [[1, 0]])],
)
def test_what_are_no_shares_is_refused(taste, shown):
    with pytest.raises(ValueError, match="shares of each row add up to 1"):
        miscalibration(taste, shown)


def test_teams_are_drafted_from_any_list_with_a_seed():
    ids = pd.Series([1, 2]), np.array([2, 3])
    expected = team_draft([1, 2], [2, 3], 9, np.random.default_rng(4))
    shown, teams = team_draft(*ids, 9, 4)
    assert shown == expected[0] and teams.tolist() == expected[1].tolist() and sorted(shown) == [1, 2, 3]
    assert team_draft([], [], 3, 0)[1].dtype == int
    with pytest.raises(ValueError, match="team_draft: k is 0"):
        team_draft(*ids, 0, 4)


def test_where_exposure_is_known_weighting_finds_what_everybody_would_have_liked():
    rng = np.random.default_rng(0)
    films, exposure = np.arange(40), np.linspace(0.9, 0.1, 40)
    rows = []
    for user in range(3_000):
        likes = rng.choice(40, 10, replace=False)
        rank = rng.permutation(40)
        rows += [(user, film, rank[film], rng.random() < exposure[film]) for film in likes]
    every = pd.DataFrame(rows, columns=["user_id", "movie_id", "rank", "rated"])
    every["rank"] = np.where(every["movie_id"] < 10, every["rank"] // 2, every["rank"])  # good where exposure is high
    truth = (every["rank"] < 10).groupby(every["user_id"]).mean().mean()
    seen = every[every["rated"]]
    plain = (seen["rank"] < 10).groupby(seen["user_id"]).mean().mean()
    weighted = weighted_recall(seen, pd.Series(exposure, films)).mean()
    assert abs(weighted - truth) < 0.4 * abs(plain - truth)


def test_a_list_with_the_viewers_mix_is_calibrated_and_another_is_not():
    taste = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
    found = miscalibration(taste, [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    assert found[0] == pytest.approx(0)
    assert found[1] == pytest.approx(0.5 * np.log2(0.5 / 0.995) + 0.5 * np.log2(0.5 / 0.005))
    assert miscalibration([0.2, 0.8], [0.8, 0.2]) > 0


def test_teams_take_turns_and_no_film_comes_twice():
    shown, teams = team_draft([1, 2, 3, 4], [2, 1, 5, 6], 4, np.random.default_rng(0))
    assert len(shown) == len(set(shown)) == 4
    assert sorted(teams[:2]) == sorted(teams[2:]) == [0, 1]
    for team, ranking in enumerate(([1, 2, 3, 4], [2, 1, 5, 6])):
        own = [film for film, who in zip(shown, teams, strict=True) if who == team]
        assert own == sorted(own, key=ranking.index)


def test_equal_lists_are_shared_fairly_and_short_ones_end():
    rng = np.random.default_rng(0)
    first = [team_draft([1, 2], [1, 2], 2, rng)[1][0] for _ in range(2_000)]
    assert np.mean(first) == pytest.approx(0.5, abs=0.04)
    shown, teams = team_draft([1], [1, 2], 5, rng)
    assert (sorted(shown), len(teams)) == ([1, 2], 2)
