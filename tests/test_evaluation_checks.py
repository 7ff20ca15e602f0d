"""Ratings from a careless or merely different user: brought into one form, or refused in one line, everywhere alike."""

import numpy as np
import pandas as pd
import pytest

from helpers.evaluation import evaluate_users, split_cold, split_date, split_last, split_random
from helpers.evaluation.checks import as_ratings, seconds
from helpers.recommenders import EASE, MarkovChain, Popularity, RecentPopularity

PAIRS = [(user, film) for user in range(1, 9) for film in range(101, 113) if (user * film) % 5 > 1]
RATINGS = pd.DataFrame(PAIRS, columns=["user_id", "movie_id"]).assign(
    rating=lambda table: 1.0 + (table["user_id"] + table["movie_id"]) % 5,
    timestamp=lambda table: 1_000.0 * np.arange(len(table)),
)
SPLITS = [split_last, split_random, split_date, split_cold]


def ranked(ratings, users=(1, 2), **more):
    return EASE().fit(ratings, **more).rank(list(users), 2).tolist()


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.astype({"user_id": "category", "movie_id": "category", "rating": "category"}),
        lambda table: table.astype({"user_id": "Int64", "movie_id": "uint16", "rating": "Int64"}),
        lambda table: table.astype({"rating": object, "movie_id": object}),
        lambda table: table.assign(rating=table["rating"].map("{:.1f}".format)),
        lambda table: table.convert_dtypes(),
        lambda table: table.assign(timestamp=pd.to_datetime(table["timestamp"], unit="s", utc=True)),
        lambda table: table.set_index(["user_id", "movie_id"], drop=False),
        lambda table: table.set_index("rating", drop=False),
        lambda table: pd.concat([table.assign(rating=1.0), table]).iloc[len(table) - 3 :],
    ],
)
def test_the_same_ratings_in_other_clothes_give_the_same_lists(change):
    assert ranked(change(RATINGS)) == ranked(RATINGS)


@pytest.mark.parametrize("change", [str, lambda number: number * 10**14, lambda number: -number])
def test_ids_of_any_kind(change):
    ids = RATINGS[["user_id", "movie_id"]].map(change)
    assert set(np.ravel(ranked(RATINGS.assign(**ids), [change(1)]))) <= set(ids["movie_id"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.to_numpy(), "the ratings are a ndarray; give a DataFrame with user_id, movie_id, rating"),
        (lambda table: None, "there are none"),
        (lambda table: table.drop(columns="user_id"), "no column 'user_id' .found: movie_id, rating, timestamp"),
        (lambda table: table.set_index("user_id"), "no column 'user_id'"),
        (lambda table: pd.concat([table, table[["rating"]]], axis=1), "2 columns 'rating'"),
        (lambda table: table[:0], "not a single rating"),
        (lambda table: table.assign(user_id=table["user_id"].where(table.index != 3)), "no user_id .*movie_id 10"),
        (lambda table: table.assign(movie_id=table["movie_id"].astype(str).where(table.index > 0)), "no movie_id"),
        (
            lambda table: table.astype({"user_id": object}).assign(
                user_id=lambda mixed: mixed["user_id"].where(mixed.index > 5, "x")
            ),
            "user_id holds ids of several kinds",
        ),
        (lambda table: table.astype({"rating": "Int64"}).assign(rating=pd.NA), "rating <NA> .user_id 1, movie_id 102"),
        (lambda table: table.assign(rating="good"), "rating good"),
        (lambda table: table.assign(rating=np.inf), "rating inf"),
        (lambda table: table.assign(timestamp="2020-01-01"), "neither seconds nor dates; convert it"),
        (
            lambda table: table.assign(timestamp=table["timestamp"].where(table.index > 0)),
            "102 has no timestamp",
        ),
        (lambda table: table.assign(timestamp=np.inf), "has no timestamp"),
    ],
)
def test_what_is_no_table_of_ratings_is_refused_in_one_line(change, message):
    table = change(RATINGS)
    for model in (Popularity(), MarkovChain()):
        with pytest.raises(ValueError, match=message):
            model.fit(table)
    if table is not None:
        with pytest.raises(ValueError, match=message):
            Popularity().fit(RATINGS).update(table)
        with pytest.raises(ValueError, match=message):
            evaluate_users(Popularity(), RATINGS, table, 1)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "a NoneType; give a DataFrame"),
        (RATINGS[:0], "not a single rating"),
        (RATINGS.drop(columns="movie_id"), "no column 'movie_id'"),
        (RATINGS.assign(user_id=np.nan), "a rating has no user_id"),
    ],
)
def test_a_split_refuses_what_a_model_would(split, table, message):
    with pytest.raises(ValueError, match=message):
        split(table)


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_parts_any_table_of_ratings_row_by_row(split):
    for change in (
        {"user_id": "category"},
        {"user_id": str, "movie_id": str},
        {"timestamp": "datetime64[s]"},
    ):
        train, test = split(RATINGS.astype(change))
        plain = split(RATINGS)
        assert [len(train), len(test)] == [len(part) for part in plain]
        assert train.dtypes.equals(RATINGS.astype(change).dtypes)
    named = RATINGS.set_index(["user_id", "movie_id"], drop=False)
    pd.testing.assert_frame_equal(split(named)[1], split(RATINGS)[1])
    with pytest.raises(ValueError, match="share is 0.2; it lies"):
        split(RATINGS, "0.2")


@pytest.mark.parametrize("scale", [None, 5, "1-5", (1,), (1, "x"), (5, 1), (1, np.nan)])
def test_what_is_no_scale_is_refused(scale):
    with pytest.raises(ValueError, match="scale is"):
        as_ratings(RATINGS, scale)


def test_dates_are_seconds_whatever_their_unit_and_zone():
    for dates in (
        pd.to_datetime(RATINGS["timestamp"], unit="s"),
        pd.to_datetime(RATINGS["timestamp"], unit="s", utc=True).dt.tz_convert("Asia/Tokyo"),
        pd.to_datetime(RATINGS["timestamp"], unit="s").astype("datetime64[ms]"),
    ):
        np.testing.assert_array_equal(seconds(RATINGS.assign(timestamp=dates)), RATINGS["timestamp"])
    years = RATINGS.assign(timestamp=RATINGS["timestamp"] * 10_000)
    model = RecentPopularity().fit(years.assign(timestamp=pd.to_datetime(years["timestamp"], unit="s")))
    np.testing.assert_allclose(model.scores([1, 8]), RecentPopularity().fit(years).scores([1, 8]))


@pytest.mark.parametrize(
    ("movies", "message"),
    [
        ([101, 102], "movies is a list; give a DataFrame whose index is movie_id"),
        (pd.DataFrame({"movie_id": range(101, 113)}), "movies.set_index"),
        (pd.DataFrame(index=[*range(101, 113), 101]), "appears twice"),
        (pd.DataFrame(index=[*range(101, 113), np.nan]), "one is missing"),
        (pd.DataFrame(index=[*range(101, 113), "x"]), "movie_id holds ids of several kinds"),
        (pd.DataFrame(index=[str(film) for film in range(101, 113)]), "movie_id 102 is rated but not among the films"),
        (pd.DataFrame(index=[]), "movie_id 102 is rated but not among the films"),
    ],
)
def test_what_is_no_table_of_films_is_refused(movies, message):
    with pytest.raises(ValueError, match=message):
        Popularity().fit(RATINGS, movies)
