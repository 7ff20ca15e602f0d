import numpy as np
import pandas as pd
import pytest

from helpers.data import load_movies, load_ratings
from helpers.recommenders import Popularity, Random

RATINGS = pd.DataFrame(
    [(1, 10, 5.0), (1, 20, 4.0), (2, 10, 4.0), (2, 30, 2.0), (3, 20, 4.5), (3, 10, 1.0)],
    columns=["user_id", "movie_id", "rating"],
)


@pytest.mark.parametrize("model", [Random(), Popularity()], ids=lambda model: type(model).__name__)
def test_what_was_seen_is_left_out_and_may_come_back_when_asked(model):
    model.fit(RATINGS)
    assert set(model.recommend(1).index) == {30}
    assert set(model.recommend(1, seen=True).index) == {10, 20, 30}


def test_popularity_counts_likes():
    model = Popularity().fit(RATINGS)
    assert model.recommend(2, seen=True).to_dict() == {10: 2, 20: 2, 30: 0}
    assert model.recommend(2, k=1).index.tolist() == [20]


def test_random_lists_repeat_with_the_seed():
    ratings = load_ratings()
    first, again, other = (Random(seed).fit(ratings).recommend(5) for seed in (0, 0, 1))
    pd.testing.assert_series_equal(first, again)
    assert first.index.tolist() != other.index.tolist()


def test_a_mask_says_what_may_be_recommended():
    model = Popularity().fit(RATINGS)
    assert model.recommend(1, where=[True, True, False]).empty
    assert model.recommend(1, where=[True, False, False], seen=True).index.tolist() == [10]


def test_films_that_nobody_rated_are_candidates_when_the_catalogue_is_given():
    movies = load_movies()
    model = Popularity().fit(load_ratings(), movies)
    assert len(model.items) == len(movies)


def test_many_viewers_at_once_get_the_same_lists():
    model = Popularity().fit(load_ratings())
    ranked = model.rank([1, 2, 3], 5)
    for user, row in zip([1, 2, 3], ranked, strict=True):
        np.testing.assert_array_equal(model.recommend(user, 5).index, row)


def test_who_is_unknown_and_what_is_missing_is_named():
    with pytest.raises(KeyError, match="user_id 99"):
        Popularity().fit(RATINGS).recommend(99)
    with pytest.raises(ValueError, match="no column 'rating'"):
        Popularity().fit(RATINGS.drop(columns="rating"))
    with pytest.raises(ValueError, match="movie_id 10"):
        Popularity().fit(RATINGS, pd.DataFrame(index=[20, 30]))
