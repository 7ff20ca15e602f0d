"""The simulated ratings: made by the documented maker, never from texts, and shaped like those of real viewers."""

import datetime

import make_ratings
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.metrics import ndcg_score
from sklearn.metrics.pairwise import cosine_similarity

from helpers.data import DATA_DIR, NAMED_VIEWERS, RATING_COLUMNS, load_movies, load_ratings, load_vectors

MOVIES = load_movies()
RATED = MOVIES.head(make_ratings.FILMS)
RATINGS = load_ratings()


def test_the_ratings_are_made_as_the_maker_makes_them(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["make_ratings.py", str(tmp_path)])
    make_ratings.main()
    assert (tmp_path / "ratings.csv").read_bytes() == (DATA_DIR / "ratings.csv").read_bytes()


def test_the_maker_never_looks_at_texts_or_vectors():
    facts = RATED[["genres", "tags", "director", "year"]]
    pd.testing.assert_frame_equal(make_ratings.simulate(facts), RATINGS)


def test_ratings_are_as_many_as_promised_and_well_formed():
    assert RATINGS.columns.tolist() == RATING_COLUMNS
    assert 60_000 <= len(RATINGS) <= 100_000
    assert 600 <= RATINGS["user_id"].nunique() <= 1_000
    assert RATINGS["rating"].isin(np.arange(0.5, 5.5, 0.5)).all()
    assert not RATINGS.duplicated(["user_id", "movie_id"]).any()
    assert RATINGS.groupby("user_id").size().min() >= 20
    assert RATINGS["user_id"].is_monotonic_increasing
    assert (RATINGS.groupby("user_id")["timestamp"].diff().dropna() >= 0).all()


def test_nobody_rates_a_film_before_its_year_or_a_film_of_the_cold_start_set():
    years = pd.to_datetime(RATINGS["timestamp"], unit="s").dt.year
    assert (years >= RATINGS["movie_id"].map(MOVIES["year"])).all()
    assert years.max() - years.min() >= 15
    assert RATINGS["timestamp"].max() <= datetime.datetime(2018, 10, 1, tzinfo=datetime.UTC).timestamp()
    assert set(RATINGS["movie_id"]) == set(RATED.index)
    cold = MOVIES.drop(RATED.index)
    assert len(cold) == 50
    assert cold["year"].between(2018, 2024).all()


def statistics(ratings):
    """What is compared between simulated and real viewers."""
    of_film = ratings.groupby("movie_id").size().sort_values(ascending=False)
    of_user = ratings.groupby("user_id").size()
    films = len(RATED)
    return pd.Series(
        {
            "median of a viewer": of_user.median(),
            "busiest tenth of the viewers": of_user.nlargest(len(of_user) // 10).sum() / len(ratings),
            "tenth of the films": of_film.head(films // 10).sum() / len(ratings),
            "rarest half of the films": 1 - of_film.head(films // 2).sum() / len(ratings),
            "density": len(ratings) / len(of_user) / films,
            "spread between viewers": ratings.groupby("user_id")["rating"].mean().std(),
            "spread within a viewer": ratings.groupby("user_id")["rating"].std().mean(),
            "whole stars": (ratings["rating"] % 1 == 0).mean(),
            "four and more": (ratings["rating"] >= 4).mean(),
        }
    )


def test_mean_and_spread_are_those_of_movielens():
    """3.50 and 1.04 are those of all 100,836 ratings of ml-latest-small."""
    assert RATINGS["rating"].mean() == pytest.approx(3.50, abs=0.03)
    assert RATINGS["rating"].std() == pytest.approx(1.04, abs=0.03)


def test_activity_long_tail_and_scale_are_near_those_of_movielens(movielens):
    real = load_ratings("movielens")
    real = real[real["movie_id"].isin(RATED.index)]
    real = real[real.groupby("user_id")["movie_id"].transform("size") >= 20]
    ratio = statistics(RATINGS) / statistics(real)
    assert ratio.between(0.75, 1.33).all(), ratio


def test_most_ratings_of_movielens_fall_on_the_films_of_the_course(movielens):
    assert len(load_ratings("movielens")) >= 0.60 * 100_836


# ---- the order of the model families ---------------------------------------------------------------------------


def likes_and_rest(ratings):
    """Split by time: likes (4 stars and more) of each viewer's first 80 %, all films seen there, likes of the rest."""
    users, films = ratings["user_id"].astype("category").cat.codes, RATED.index.get_indexer(ratings["movie_id"])
    shape = users.max() + 1, len(RATED)
    place = ratings.groupby("user_id").cumcount() / ratings.groupby("user_id")["movie_id"].transform("size")
    early, liked = place.to_numpy() < 0.8, ratings["rating"].to_numpy() >= 4
    matrices = []
    for rows in (early & liked, early, ~early & liked):
        matrix = np.zeros(shape)
        matrix[users[rows], films[rows]] = 1
        matrices.append(matrix)
    return matrices


def mean_ndcg(scores, hidden, relevant, k=10):
    """Mean NDCG@k, by scikit-learn, over viewers who have something relevant left."""
    scores = np.where(hidden, scores.min() - 1, scores)
    some = relevant.sum(axis=1) > 0
    return ndcg_score(relevant[some], scores[some], k=k)


def centered_vectors():
    vectors = load_vectors(RATED)
    vectors = vectors - vectors.mean(axis=0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def family_scores(ratings):
    """NDCG@10 of small models of each family, on films that have ratings."""
    likes, seen, later = likes_and_rest(ratings)
    together = likes.T @ likes
    similarity = cosine_similarity(likes.T) * together / (together + 20)  # shrunk: few common viewers say little
    np.fill_diagonal(similarity, 0)
    factors = TruncatedSVD(16, random_state=0).fit(likes)
    vectors = centered_vectors()
    models = {
        "random": np.random.default_rng(0).random(likes.shape),
        "popularity": np.tile(likes.sum(axis=0), (len(likes), 1)),
        "item-kNN": likes @ similarity,
        "matrix factorisation": factors.inverse_transform(factors.transform(likes)),
        "content profile": likes @ vectors @ vectors.T,
    }
    return pd.Series({name: mean_ndcg(scores, seen, later) for name, scores in models.items()})


def cold_scores(ratings, seed):
    """NDCG@10 among 150 films whose ratings are all hidden: chance, co-ratings, and texts."""
    hidden = np.zeros(len(RATED), dtype=bool)
    hidden[np.random.default_rng(seed).permutation(len(RATED))[:150]] = True
    likes, _, later = likes_and_rest(ratings)
    everything = np.maximum(likes, later)
    known = everything * ~hidden
    factors = TruncatedSVD(16, random_state=0).fit(known)
    vectors = centered_vectors()
    models = {
        "matrix factorisation": factors.inverse_transform(factors.transform(known)).round(9),
        "content profile": known @ vectors @ vectors.T,
    }
    others = np.broadcast_to(~hidden, known.shape)
    scores = {name: mean_ndcg(model, others, everything * hidden) for name, model in models.items()}
    chance = np.random.default_rng(seed).random(known.shape)
    return pd.Series({"random": mean_ndcg(chance, others, everything * hidden)} | scores)


def assert_order_of_families(scores):
    assert scores["random"] < scores["content profile"] < 0.6 * scores["popularity"], scores
    assert 1.05 * scores["popularity"] < scores["item-kNN"], scores
    assert scores["item-kNN"] < scores["matrix factorisation"], scores


def test_families_are_in_the_order_of_real_ratings():
    assert_order_of_families(family_scores(RATINGS))


def test_families_are_in_that_order_on_movielens(movielens):
    real = load_ratings("movielens")
    real = real[real["movie_id"].isin(RATED.index)]
    real = real[real.groupby("user_id")["movie_id"].transform("size") >= 20].reset_index(drop=True)
    assert_order_of_families(family_scores(real))


def test_texts_beat_ratings_where_a_film_has_none():
    scores = pd.concat([cold_scores(RATINGS, seed) for seed in range(3)], axis=1).mean(axis=1)
    assert scores["content profile"] > 1.15 * scores["random"], scores
    assert scores["content profile"] > 1.15 * scores["matrix factorisation"], scores


# ---- the three viewers of the course ------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "genre"), [("Ada", "Science Fiction"), ("Bruno", "Romance"), ("Carla", "Crime")])
def test_the_named_viewers_have_a_clear_taste(name, genre):
    (viewer,) = (user for user, known in NAMED_VIEWERS.items() if known == name)
    theirs = RATINGS[RATINGS["user_id"] == viewer].join(MOVIES["genres"], on="movie_id")
    of_genre = theirs["genres"].str.split("|").map(lambda genres: genre in genres)
    assert of_genre.sum() >= 30
    assert theirs["rating"][of_genre].mean() >= theirs["rating"][~of_genre].mean() + 0.7
