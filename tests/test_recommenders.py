"""Every recommender behaves the same to whoever uses it, and ranks as its paper and its peers say."""

import itertools
import os
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from surprise import SVD, Dataset, Reader
from threadpoolctl import threadpool_limits

from helpers.data import load_movies, load_ratings, load_vectors
from helpers.evaluation import evaluate, split_cold, split_last, split_random
from helpers.recommenders import (
    ALS,
    BPR,
    EASE,
    MODELS,
    BiasedMF,
    ContentProfile,
    ContentToCF,
    FeatureVectors,
    Hybrid,
    ItemKNN,
    MarkovChain,
    NeuralCF,
    Popularity,
    Random,
    RecentPopularity,
    Reranked,
    SASRec,
    TwoTower,
    UserKNN,
    catalogue_vectors,
    feature_vectors,
    neighborhood,
)
from helpers.recommenders.base import DAY, Recommender
from helpers.recommenders.factors import MOST_MEMORY, inverse_in_place
from helpers.recommenders.neighborhood import pearson

MAKERS = {
    "Random": Random,
    "Popularity": Popularity,
    "RecentPopularity": RecentPopularity,
    "ItemKNN": ItemKNN,
    "ItemKNN stars": lambda: ItemKNN(similarity="pearson", rank_by="stars"),
    "UserKNN": UserKNN,
    "UserKNN stars": lambda: UserKNN(similarity="pearson", rank_by="stars"),
    "BiasedMF": BiasedMF,
    "ALS": lambda: ALS(factors=8, rounds=4),
    "BPR": lambda: BPR(dimensions=4, epochs=2),
    "EASE": EASE,
    "ContentProfile": ContentProfile,
    "FeatureVectors": FeatureVectors,
    "ContentToCF": lambda: ContentToCF(factors=8, rounds=4),
    "NeuralCF": lambda: NeuralCF(dimensions=4, epochs=2),
    "MarkovChain": MarkovChain,
    "SASRec": lambda: SASRec(length=6, dimensions=4, epochs=2),
    "TwoTower": lambda: TwoTower(dimensions=4, epochs=2),
    "TwoTower in-batch": lambda: TwoTower(dimensions=4, epochs=1, negatives="in-batch", hard=3),
    "Hybrid": lambda: Hybrid([EASE(), Popularity()]),
    "Reranked": lambda: Reranked([ItemKNN(), Popularity()], candidates=30, rounds=5),
}
STARS = {"ItemKNN stars", "UserKNN stars", "BiasedMF"}
WITHOUT_VECTORS = {"Random", "Popularity", "RecentPopularity"}
MOVIES = load_movies()
RATINGS = load_ratings()
SMALL = RATINGS[RATINGS["user_id"] <= 60].reset_index(drop=True)
FILMS = MOVIES.loc[np.unique(SMALL["movie_id"])]


def test_every_model_of_the_scoreboard_is_among_those_that_are_tested_here():
    tested = {getattr(make, "__name__", name) for name, make in MAKERS.items()}
    assert {kind.__name__ for kind in MODELS.values()} <= tested | set(MAKERS)


@pytest.fixture(scope="module")
def fitted():
    return {name: make().fit(SMALL, FILMS) for name, make in MAKERS.items()}


every_model = pytest.mark.parametrize("name", MAKERS)


def seen_by(user_id, ratings=SMALL):
    return set(ratings.loc[ratings["user_id"] == user_id, "movie_id"])


@every_model
def test_what_was_seen_is_left_out_and_may_come_back_when_asked(name, fitted):
    model = fitted[name]
    assert not set(model.recommend(1, k=50).index) & seen_by(1)
    assert set(model.recommend(1, k=len(FILMS), seen=True).index) == set(FILMS.index)


@every_model
def test_lists_are_best_first_of_the_length_asked_and_numbers(name, fitted):
    scores = fitted[name].recommend(2, k=15)
    assert len(scores) == 15
    assert np.isfinite(scores).all()
    assert scores.is_monotonic_decreasing


@every_model
def test_a_mask_says_what_may_be_recommended(name, fitted):
    comedy = FILMS["genres"].str.contains("Comedy").to_numpy()
    assert set(fitted[name].recommend(1, k=10, where=comedy).index) <= set(FILMS.index[comedy])
    with pytest.raises(ValueError, match="mask of"):
        fitted[name].recommend(1, where=[True])


@every_model
def test_a_condition_of_pandas_counts_film_by_film_in_any_order(name, fitted):
    comedy = MOVIES["genres"].str.contains("Comedy").sample(frac=1, random_state=1)
    model = fitted[name]
    by_place = comedy.loc[model.items_].to_numpy()
    pd.testing.assert_series_equal(model.recommend(1, where=comedy), model.recommend(1, where=by_place))
    np.testing.assert_array_equal(model.rank([1, 2], 5, comedy), model.rank([1, 2], 5, by_place))


@every_model
@pytest.mark.parametrize("k", [0, -1, 2.5])
def test_a_list_of_no_length_is_refused(name, k, fitted):
    model, history = fitted[name], SMALL[["movie_id", "rating"]].head(3)
    calls = [lambda: model.recommend(1, k), lambda: model.fold_in(history, k), lambda: model.rank([1], k)]
    for call in [*calls, lambda: model.similar(FILMS.index[0], k)]:
        with pytest.raises(ValueError, match=f"k is {k}; ask for a whole number, 1 or more"):
            call()


@pytest.mark.parametrize(("times", "scale"), [(2, (1, 10)), (20, (0, 100)), (1, (1, 5)), (0.2, (0, 1))])
@every_model
def test_a_scale_changes_no_list_and_predictions_are_on_it(name, times, scale, fitted):
    stars = SMALL[SMALL["rating"] >= 1]  # what all of these scales can say
    one = MAKERS[name]().fit(stars, FILMS)
    other = MAKERS[name]().fit(stars.assign(rating=stars["rating"] * times), FILMS, scale=scale)
    if scale[0]:  # from 0 on, stars are spread a little differently, and what is a like stays one
        np.testing.assert_array_equal(one.rank([1, 2, 3], 10), other.rank([1, 2, 3], 10))
    np.testing.assert_array_equal(one.histories_.liked, other.histories_.liked)
    if name in STARS:
        predicted = other.predict_many(stars["user_id"], stars["movie_id"])
        assert scale[0] <= predicted.min() < predicted.max() <= scale[1]
        assert np.abs(predicted / times - stars["rating"]).mean() < 0.8


def test_a_scale_upside_down_is_refused_and_many_zeros_are_asked_about():
    with pytest.raises(ValueError, match=r"scale is \(5, 1\): the lowest rating comes first"):
        Popularity().fit(SMALL.assign(rating=3), FILMS, scale=(5, 1))
    zeros = SMALL.assign(rating=np.where(SMALL.index % 2, 0, 8))
    with pytest.warns(UserWarning, match="50% of the ratings are 0"):
        Popularity().fit(zeros, FILMS, scale=(0, 10))
    Popularity().fit(zeros.head(10), FILMS, scale=(-1, 10))  # where 0 is not the lowest, it is a rating


@pytest.mark.parametrize("similarity", ["cosine", "pearson"])
def test_neighbors_without_shrinkage(similarity):
    model = ItemKNN(similarity=similarity, shrink=0).fit(SMALL, FILMS)
    assert np.isfinite(model.weights_.data).all()
    np.testing.assert_array_equal(
        model.rank([1, 2], 10), ItemKNN(similarity=similarity, shrink=1e-9).fit(SMALL, FILMS).rank([1, 2], 10)
    )
    assert np.isfinite(UserKNN(similarity=similarity, shrink=0).fit(SMALL, FILMS).recommend(1)).all()


@pytest.mark.parametrize(("make", "columns"), [(UserKNN, ["user_id", "movie_id"]), (ItemKNN, ["movie_id", "user_id"])])
def test_k_neighbors_count_and_no_more(make, columns):
    likes = pd.DataFrame([(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 1), (3, 4)], columns=columns).assign(rating=5.0)
    second = {columns[0] + "s": [1], columns[1] + "s": [4]}  # 1 has 4 from 3, its second neighbor, alone
    models = [make(k=k, shrink=0.0).fit(likes) for k in (1, 2)]
    assert [model.predict_many(**second)[0] > 0 for model in models] == [False, True]


@pytest.mark.parametrize("name", MODELS)
def test_every_setting_can_be_read_set_and_copied_and_fitting_changes_none(name):
    model = MODELS[name]()
    assert repr(model) == f"{type(model).__name__}()"
    settings = model.get_params(deep=False)
    assert all(value is settings[key] for key, value in clone(model).get_params(deep=False).items())
    assert [key for key in vars(model) if key not in settings] == []
    for key, value in settings.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and key not in ("dropout", "learning_rate"):
            model.set_params(**{key: 3})
            assert f"{key}=3" in repr(model)


@every_model
def test_what_is_learned_ends_in_an_underscore_and_is_no_setting(name, fitted):
    before, after = MAKERS[name]().get_params(), fitted[name].get_params()
    assert before.keys() == after.keys()
    learned = set(vars(fitted[name])) - set(fitted[name].get_params(deep=False))
    assert [attribute for attribute in learned if not attribute.endswith("_")] == []


def test_models_inside_of_a_model_stay_as_they_were():
    inner = ALS(factors=4, rounds=2)
    Hybrid([inner, Popularity()], weights=[1, 1]).fit(SMALL, FILMS)
    assert not hasattr(inner, "items_")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ItemKNN(shrink=-1), "ItemKNN: shrink is -1; it is a number, 0 or more"),
        (UserKNN(k=0), "UserKNN: k is 0; it is a whole number, 1 or more"),
        (ALS(factors=2.5), "ALS: factors is 2.5; it is a whole number, 1 or more"),
        (ALS(rounds=True), "ALS: rounds is True"),
        (EASE(regularization=float("nan")), "EASE: regularization is nan"),
        (ItemKNN(similarity="dot"), "ItemKNN: similarity is 'dot'; choose from cosine, pearson"),
        (TwoTower(negatives="none"), "TwoTower: negatives is 'none'; choose from all, in-batch"),
        (TwoTower(text=False, own=False), "TwoTower: text and own are both False"),
        (TwoTower(text="no"), "TwoTower: text is 'no'; it is True or False"),
        (BPR(learning_rate=0), "BPR: learning_rate is 0; it is a number above 0"),
        (SASRec(dropout=1.0), "SASRec: dropout is 1.0; it is a number from 0 on, below 1"),
        (RecentPopularity(half_life=-1), "RecentPopularity: half_life is -1; it is a number above 0"),
        (BPR(seed=2**70), "BPR: seed is 1180591620717411303424; it is a whole number, 0 or more, below"),
        (BiasedMF(regularization=0, damping=0), "BiasedMF: these ratings have no solution without regularization"),
        (Hybrid([]), r"Hybrid: models is a list of recommenders, such as \[EASE"),
        (Hybrid([EASE, ALS]), "Hybrid: models is a list of recommenders"),
        (Reranked(EASE()), "Reranked: models is a list of recommenders"),
        (Hybrid([EASE(), ALS()], [1]), r"Hybrid: weights is \[1\]; it is 2 numbers, 0 or more, not all of them 0"),
        (Hybrid([EASE(), ALS()], [0, 0]), "Hybrid: weights is"),
        (Hybrid([EASE(), ALS()], [1, float("nan")]), "Hybrid: weights is"),
        (Hybrid([EASE(), ALS()], [1, 1], ["a", "b"]), "Hybrid: cold_weights is"),
        (ContentProfile(vectors=np.ones(3)), "ContentProfile: vectors are a table of numbers, a row for each film"),
        (ContentProfile(vectors="all-MiniLM-L6-v2"), "ContentProfile: vectors are a table of numbers"),
        (ContentProfile(vectors=np.full((len(FILMS), 2), np.nan)), "ContentProfile: vectors are a table of numbers"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_one_line_when_fitting(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(SMALL, FILMS)


def many_films(count):
    return pd.DataFrame({"user_id": np.arange(count) % 10, "movie_id": np.arange(count), "rating": 4.0})


def test_more_pairs_of_films_than_fit_into_memory_are_refused_before_anything_is_allocated():
    ratings = many_films(40_000)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="40,000 films make 1,600,000,000 pairs, 26 GB; it may take 1.8"):
            EASE().fit(ratings)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def test_item_knn_never_holds_all_pairs():
    films = 3_000
    tracemalloc.start()
    try:
        ItemKNN(k=5).fit(many_films(films))
        assert tracemalloc.get_traced_memory()[1] < films**2 * 8 / 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("make", [UserKNN, ItemKNN])
def test_all_are_compared_with_all_some_at_a_time(make, monkeypatch):
    model, users = make(rank_by="stars"), np.unique(SMALL["user_id"])
    model.fit(SMALL, FILMS)
    whole = model.scores(users), model.predict_many(users, [FILMS.index[0]] * len(users))
    monkeypatch.setattr(neighborhood, "ROWS_AT_ONCE", 7)
    model.fit(SMALL, FILMS)
    np.testing.assert_allclose(model.scores(users), whole[0], atol=1e-8)
    np.testing.assert_allclose(model.predict_many(users, [FILMS.index[0]] * len(users)), whole[1])


@every_model
def test_many_viewers_at_once_get_the_same_lists(name, fitted):
    ranked = fitted[name].rank([1, 7, 30], 10)
    for user, row in zip([1, 7, 30], ranked, strict=True):
        np.testing.assert_array_equal(fitted[name].recommend(user, 10).index, row)


@every_model
def test_the_same_fit_gives_the_same_lists(name, fitted):
    again = MAKERS[name]().fit(SMALL, FILMS)
    np.testing.assert_array_equal(again.rank([3, 4], 10), fitted[name].rank([3, 4], 10))


@every_model
def test_somebody_new_with_the_history_of_a_viewer_gets_their_list(name, fitted):
    history = SMALL.loc[SMALL["user_id"] == 5, ["movie_id", "rating", "timestamp"]]
    pd.testing.assert_series_equal(fitted[name].fold_in(history), fitted[name].recommend(5))


@every_model
def test_somebody_without_a_history_gets_a_list(name, fitted):
    empty = pd.DataFrame({"movie_id": pd.Series(dtype=int), "rating": pd.Series(dtype=float)})
    scores = fitted[name].fold_in(empty, k=5)
    assert len(scores) == 5
    assert np.isfinite(scores).all()


@every_model
def test_new_ratings_count_at_once_for_old_and_new_viewers(name):
    model = MAKERS[name]().fit(SMALL, FILMS)
    top = model.recommend(6, k=1).index[0]
    new = pd.DataFrame({"user_id": [6, 9999], "movie_id": [top, top], "rating": [5.0, 5.0]})
    model.update(new)
    assert top not in model.recommend(6, k=len(FILMS)).index
    assert top not in model.recommend(9999, k=len(FILMS)).index


@every_model
def test_of_two_ratings_of_one_film_the_last_counts(name):
    doubled = pd.concat([SMALL.assign(rating=0.5), SMALL])
    model = MAKERS[name]().fit(doubled[["user_id", "movie_id", "rating"]], FILMS)
    single = MAKERS[name]().fit(SMALL[["user_id", "movie_id", "rating"]], FILMS)
    if name not in ("Hybrid", "Reranked"):  # they split the rows they are given
        np.testing.assert_array_equal(model.rank([1, 2], 10), single.rank([1, 2], 10))


@every_model
def test_ratings_that_are_all_equal_are_no_error(name):
    model = MAKERS[name]().fit(SMALL.assign(rating=4.0), FILMS)
    assert np.isfinite(model.recommend(1)).all()


@every_model
def test_what_is_unknown_is_named(name, fitted):
    with pytest.raises(KeyError, match="user_id 123456"):
        fitted[name].recommend(123456)
    with pytest.raises(KeyError, match="movie_id 123456"):
        fitted[name].predict(1, 123456)
    with pytest.raises(ValueError, match="movie_id 123456"):
        fitted[name].fold_in(pd.DataFrame({"movie_id": [123456], "rating": [4.0]}))


@every_model
def test_ratings_that_cannot_be_are_refused(name):
    with pytest.raises(ValueError, match="11"):
        MAKERS[name]().fit(SMALL.assign(rating=11.0), FILMS)
    with pytest.raises(ValueError, match="nan"):
        MAKERS[name]().fit(SMALL.assign(rating=float("nan")), FILMS)
    with pytest.raises(ValueError, match="no column 'rating'"):
        MAKERS[name]().fit(SMALL.drop(columns="rating"), FILMS)
    with pytest.raises(ValueError, match="not a single rating"):
        MAKERS[name]().fit(SMALL[:0], FILMS)


@every_model
def test_an_unfitted_model_says_so(name):
    model, history = MAKERS[name](), SMALL[["movie_id", "rating"]].head(3)
    calls = [lambda: model.recommend(1), lambda: model.rank([1], 1), lambda: model.predict(1, 1)]
    for call in [*calls, lambda: model.similar(1), lambda: model.fold_in(history), lambda: model.update(SMALL)]:
        with pytest.raises(NotFittedError, match="fit"):
            call()


@every_model
def test_ids_come_one_by_one_or_in_any_list(name, fitted):
    model = fitted[name]
    for users in (pd.Series([1, 2], index=[7, 8]), np.array([1, 2]), (1.0, 2.0)):
        np.testing.assert_array_equal(model.rank(users, np.int64(3)), model.rank([1, 2], 3))
    assert model.rank([], 3).shape == (0, 3)
    assert model.predict_many([], []).shape == (0,)
    one_of_each = [lambda: model.recommend([1, 2]), lambda: model.rank(1, 3), lambda: model.predict([1], [2])]
    for call in [*one_of_each, lambda: model.rank({1, 2}, 3), lambda: model.similar(pd.Series([1]))]:
        with pytest.raises(ValueError, match="one id, or a list of ids"):
            call()
    with pytest.raises(ValueError, match="2 viewers and 1 films cannot be paired"):
        model.predict_many([1, 2], FILMS.index[:1])
    with pytest.raises(KeyError, match="user_id '1' has no ratings"):  # a text is no number
        model.recommend("1")


@every_model
def test_one_viewer_one_film_and_no_like_are_enough(name):
    lonely = SMALL[SMALL["user_id"] == 1]
    for few in (lonely.head(1), lonely.assign(rating=1.0), SMALL[SMALL["movie_id"] == SMALL["movie_id"][0]]):
        model = MAKERS[name]().fit(few.assign(timestamp=0), FILMS)
        assert np.isfinite(model.recommend(few["user_id"].iloc[0], k=5)).all()
        assert np.isfinite(model.scores([few["user_id"].iloc[0]], seen=True)).all()


def test_a_history_may_be_anything_that_pandas_takes_for_a_table():
    model = EASE().fit(SMALL, FILMS)
    film = int(FILMS.index[0])
    expected = model.fold_in(pd.DataFrame({"movie_id": [film], "rating": [5.0]}))
    for history in ({"movie_id": [film], "rating": ["5"]}, [{"movie_id": film, "rating": 5}]):
        pd.testing.assert_series_equal(model.fold_in(history), expected)
    for nothing in (None, [], {}, pd.DataFrame()):
        assert len(model.fold_in(nothing, 4)) == 4


def test_new_ratings_have_ids_of_the_same_kind():
    model = Popularity().fit(SMALL, FILMS)
    with pytest.raises(ValueError, match="user_id holds ids of several kinds"):
        model.update(pd.DataFrame({"user_id": ["new"], "movie_id": [FILMS.index[0]], "rating": [5.0]}))
    assert len(model.recommend(1)) == 10
    model.update(pd.DataFrame({"user_id": [1.0], "movie_id": [FILMS.index[0]], "rating": [5]}))
    assert len(model.users_) == SMALL["user_id"].nunique()


@every_model
def test_similar_films_are_other_films_and_best_first(name, fitted):
    if name in WITHOUT_VECTORS:
        with pytest.raises(NotImplementedError):
            fitted[name].similar(FILMS.index[0])
        return
    found = fitted[name].similar(FILMS.index[0], k=6)
    assert len(found) == 6
    assert FILMS.index[0] not in found.index
    assert found.is_monotonic_decreasing


@every_model
def test_stars_are_on_the_scale_where_a_model_predicts_stars(name, fitted):
    assert fitted[name].predicts_stars is (name in STARS)
    predicted = fitted[name].predict_many(SMALL["user_id"][:200], SMALL["movie_id"][:200])
    assert np.isfinite(predicted).all()
    if name in STARS:
        assert predicted.min() >= 0.5
        assert predicted.max() <= 5


def test_another_scale_may_be_given():
    model = BiasedMF().fit(SMALL.assign(rating=SMALL["rating"] * 2), FILMS, scale=(1, 10))
    assert 1 <= model.predict(1, FILMS.index[0]) <= 10


def test_equal_scores_do_not_follow_the_ids():
    order = Popularity().fit(SMALL.assign(rating=1.0), FILMS).recommend(1, k=200).index.to_numpy()
    assert abs(np.corrcoef(order, np.arange(len(order)))[0, 1]) < 0.3


def test_too_many_pairs_for_one_matrix_are_refused(monkeypatch):
    monkeypatch.setattr("helpers.recommenders.base.MOST_CELLS", 10)
    with pytest.raises(ValueError, match="too many"):
        Popularity().fit(SMALL)


# ---- are they right? -------------------------------------------------------------------------------------------------


def test_pearson_is_that_of_pandas():
    table = SMALL.pivot_table(index="user_id", columns="movie_id", values="rating").iloc[:12]
    expected = table.T.corr(min_periods=2).to_numpy()
    ours = pearson(table.to_numpy())
    known = ~np.isnan(expected)
    np.testing.assert_allclose(ours[known], expected[known], atol=1e-8)
    assert (ours[~known] == 0).all()


def test_ease_is_the_closed_form_column_by_column():
    model = EASE(regularization=50).fit(SMALL, FILMS)
    liked = model.histories_.liked.astype(float)
    for film in (0, 17, 100):
        others = np.arange(len(FILMS)) != film
        design = liked[:, others]
        ridge = np.linalg.solve(design.T @ design + 50 * np.eye(design.shape[1]), design.T @ liked[:, film])
        np.testing.assert_allclose(model.weights_[others, film], ridge, atol=1e-6)
    assert (np.diag(model.weights_) == 0).all()


def test_the_inverse_of_many_blocks_is_that_of_numpy():
    rows = np.random.default_rng(0).normal(size=(700, 600))
    matrix = rows.T @ rows
    expected = np.linalg.inv(matrix)
    np.testing.assert_allclose(inverse_in_place(np.asfortranarray(matrix)), expected, atol=1e-9)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        inverse_in_place(np.zeros((2, 2), order="F"))


@pytest.mark.parametrize("regularization", [0, 7.0])
def test_a_step_of_als_solves_the_system_of_the_paper(regularization):
    liked = (np.random.default_rng(1).random((40, 30)) < np.linspace(0.02, 0.9, 40)[:, None]).astype(float)
    films = np.random.default_rng(2).normal(size=(30, 6))
    model = ALS(factors=6, regularization=regularization, confidence=3.0)
    solved = model._solve(csr_matrix(liked), films)
    for row, vector in zip(liked, solved, strict=True):
        trust = 1 + 3.0 * row
        left = (films.T * trust) @ films + regularization * np.eye(6)
        np.testing.assert_allclose(vector, np.linalg.solve(left, films.T @ (trust * row)), atol=1e-9)


def loss_of_als(model):
    liked = model.histories_.liked
    viewers, films = model.viewer_factors(model.histories_), model.film_factors_
    weighted = ((1 + model.confidence * liked) * (liked - viewers @ films.T) ** 2).sum()
    return weighted + model.regularization * ((viewers**2).sum() + (films**2).sum())


def test_the_loss_of_als_falls_round_by_round():
    losses = [loss_of_als(ALS(rounds=rounds).fit(SMALL, FILMS)) for rounds in range(1, 8)]
    assert (np.diff(losses) < 0).all()


@pytest.mark.parametrize("name", ["course", "movielens"])
def test_lists_of_als_and_bpr_are_as_good_as_those_of_implicit(name, request):
    if name == "movielens":
        request.getfixturevalue("movielens")
    train, test = split_last(load_ratings(name))
    als = ALS(factors=32, regularization=10.0, confidence=5.0)
    ours = evaluate(als, train, test, movies=MOVIES).loc["ndcg@10", "mean"]
    liked = csr_matrix(als.histories_.liked)
    settings = {"factors": 32, "random_state": 0, "num_threads": 1}
    peer = AlternatingLeastSquares(regularization=10.0, iterations=15, **settings)

    class Peer(Recommender):
        def _learn(self, ratings):
            pass

        def _scores(self, histories):  # of viewers whose history is that of the training
            rows = [np.flatnonzero((self.histories_.rated == row).all(axis=1))[0] for row in histories.rated]
            return peer.user_factors[rows] @ peer.item_factors.T

    with threadpool_limits(1, "blas"):
        peer.fit(liked * 6, show_progress=False)
        theirs = evaluate(Peer(), train, test, movies=MOVIES).loc["ndcg@10", "mean"]
        assert ours == pytest.approx(theirs, abs=0.01)
        if name == "course":
            peer = BayesianPersonalizedRanking(iterations=100, **settings)
            peer.fit(liked, show_progress=False)
            bpr = evaluate(BPR(epochs=15), train, test, movies=MOVIES).loc["ndcg@10", "mean"]
            assert bpr > evaluate(Peer(), train, test, movies=MOVIES).loc["ndcg@10", "mean"] - 0.01


def test_the_error_of_biased_mf_is_that_of_surprise():
    train, test = split_random(RATINGS, seed=1)
    ours = evaluate(BiasedMF(), train, test, movies=MOVIES).loc["rmse", "mean"]
    data = Dataset.load_from_df(train[["user_id", "movie_id", "rating"]], Reader(rating_scale=(0.5, 5)))
    peer = SVD(n_factors=8, n_epochs=30, reg_all=0.08, random_state=0).fit(data.build_full_trainset())
    predicted = [peer.predict(user, film).est for user, film in zip(test["user_id"], test["movie_id"], strict=True)]
    theirs = np.sqrt(np.mean((np.array(predicted) - test["rating"]) ** 2))
    assert ours < theirs + 0.01


def test_content_finds_films_that_nobody_rated_and_likes_do_not():
    train, test = split_cold(RATINGS, seed=2)
    cold = ~MOVIES.index.sort_values().isin(train["movie_id"])
    models = [Random(), EASE(), ContentProfile(), FeatureVectors(), ContentToCF(), Hybrid()]
    found = {
        type(m).__name__: evaluate(m, train, test, 20, MOVIES, where=cold).loc["recall@20", "mean"] for m in models
    }
    assert found["EASE"] == pytest.approx(found["Random"], abs=0.02)  # all tied: a random list for each
    assert found["ContentProfile"] > 1.15 * found["Random"]
    assert found["FeatureVectors"] > 1.5 * found["Random"]
    assert found["ContentToCF"] > 3 * found["Random"]
    assert found["Hybrid"] > max(found[name] for name in ("ContentProfile", "FeatureVectors", "ContentToCF")) - 0.005


def test_content_models_need_the_films_and_as_many_vectors():
    with pytest.raises(ValueError, match="needs the films"):
        ContentProfile().fit(SMALL)
    with pytest.raises(ValueError, match="2 vectors for"):
        ContentProfile(vectors=np.eye(2)).fit(SMALL, FILMS)
    with pytest.raises(ValueError, match="For films of your own, give their vectors="):
        ContentProfile().fit(SMALL, FILMS.assign(synopsis="Nothing happens."))
    with pytest.raises(ValueError, match="the films have no column 'genres'"):
        FeatureVectors().fit(SMALL, FILMS[["title"]])


def test_a_table_of_vectors_is_read_by_its_index():
    rows = pd.DataFrame(load_vectors(FILMS), FILMS.index)
    shuffled = ContentProfile(rows.sample(frac=1, random_state=0)).fit(SMALL, FILMS)
    np.testing.assert_array_equal(shuffled.rank([1, 2], 5), ContentProfile().fit(SMALL, FILMS).rank([1, 2], 5))


def test_films_without_people_or_years_are_described_by_the_rest():
    bare = FILMS.assign(director=None, cast="", year=np.nan)
    assert np.isfinite(catalogue_vectors(bare)).all()
    assert feature_vectors(bare, 8).shape == (len(FILMS), feature_vectors(FILMS, 8).shape[1])
    assert np.isfinite(feature_vectors(FILMS.head(1), 8)).all()
    Reranked([Popularity()], candidates=5, rounds=2).fit(SMALL, bare.assign(year="1990s"))


def test_more_hard_negatives_than_films_are_all_films():
    TwoTower(dimensions=4, epochs=1, negatives="in-batch", hard=5_000).fit(SMALL, FILMS)


def test_a_dislike_moves_the_profile_away():
    liked = pd.DataFrame({"movie_id": [1, 5], "rating": [5.0, 5.0]})
    mixed = pd.concat([liked, pd.DataFrame({"movie_id": [62], "rating": [0.5]})])
    model = ContentProfile(dislike=1.0).fit(RATINGS, MOVIES)
    before, after = (model.fold_in(history, len(MOVIES), seen=True)[62] for history in (liked, mixed))
    assert after < before


def test_people_who_make_the_same_films_have_like_vectors():
    vectors = feature_vectors(MOVIES)
    assert np.isfinite(vectors).all()
    titles = MOVIES["title"].tolist()
    rows = vectors[:, -32:]
    rocky = [titles.index(title) for title in ("Rocky", "Rocky II") if title in titles]
    godfather = [titles.index("The Godfather"), titles.index("The Godfather: Part II")]
    stranger = titles.index("Toy Story")
    for pair in (rocky, godfather):
        if len(pair) == 2:
            assert rows[pair[0]] @ rows[pair[1]] > rows[pair[0]] @ rows[stranger]


def test_the_hybrid_is_not_worse_than_its_best_part_and_its_weights_add_up():
    train, test = split_last(RATINGS)
    model = Hybrid([EASE(), Popularity()])
    blended = evaluate(model, train, test, movies=MOVIES).loc["ndcg@10", "mean"]
    alone = evaluate(EASE(), train, test, movies=MOVIES).loc["ndcg@10", "mean"]
    assert blended > alone - 0.004
    assert model.warm_.sum() == pytest.approx(1)


def test_the_settings_of_its_parts_are_those_of_the_hybrid():
    model = Hybrid(weights=[1, 1, 1], regularization=50.0, map_regularization=3.0, ridge=7.0, dislike=0.5)
    ease, mapped, profile = model.fit(SMALL, FILMS).models_
    assert (ease.regularization, mapped.regularization, mapped.ridge, profile.dislike) == (50.0, 3.0, 7.0, 0.5)


def test_weights_may_be_given():
    given = Hybrid([EASE(), Popularity()], weights=[0, 1]).fit(SMALL, FILMS)
    np.testing.assert_array_equal(given.rank([1], 5), Popularity().fit(SMALL, FILMS).rank([1], 5))


def test_networks_stop_early_and_keep_their_best_state():
    model = NeuralCF(dimensions=4, epochs=30).fit(SMALL, FILMS)
    assert 4 <= model.epochs_run_ < 30


def test_neural_cf_scores_all_films_as_it_scores_one_pair():
    import torch

    from helpers.recommenders.networks import viewer_vectors

    model = NeuralCF(dimensions=4, epochs=2).fit(SMALL, FILMS)
    net, liked = model.net_, torch.from_numpy(model.histories_.liked).double()
    with torch.no_grad():
        viewers, bias = viewer_vectors(liked, net.history.weight), net.bias
        one_by_one = [net.join(viewer.expand(len(bias), -1), net.films.weight, bias) for viewer in viewers]
    np.testing.assert_allclose(model.scores(model.users_, seen=True), torch.stack(one_by_one), atol=1e-9)


def test_a_film_without_likes_is_its_text_to_the_tower():
    model = TwoTower(dimensions=8, epochs=1).fit(SMALL, MOVIES)
    cold = np.flatnonzero(~np.isin(MOVIES.index, SMALL["movie_id"]))[:5]
    texts = model.net_.text.weight.detach().numpy() @ (load_vectors(MOVIES) - load_vectors(MOVIES).mean(axis=0))[cold].T
    vectors = model._film_vectors()[cold]
    for vector, text in zip(vectors, texts.T, strict=True):
        assert vector @ text / np.linalg.norm(text) == pytest.approx(1, abs=1e-3)


# ---- order and time --------------------------------------------------------------------------------------------------


def rated(*rows):
    """Ratings of 5 stars: viewer, film, day."""
    table = pd.DataFrame(rows, columns=["user_id", "movie_id", "day"])
    return table.assign(rating=5.0, timestamp=table.pop("day") * float(DAY))


def test_popularity_of_the_moment_fades_and_knows_nothing_of_later():
    ratings = rated((1, 10, 0), (2, 10, 0), (3, 20, 100), (4, 30, 200), (5, 40, 100))
    model = RecentPopularity(half_life=100).fit(ratings)
    scores = dict(zip(model.items_, model.scores([5], seen=True)[0], strict=True))
    assert scores == pytest.approx({10: 1.0, 20: 1.0, 30: 0.0, 40: 1.0})
    later = model.fold_in(pd.DataFrame({"movie_id": [10], "rating": [5.0], "timestamp": [200.0 * DAY]}), seen=True)
    assert later.to_dict() == pytest.approx({30: 1.0, 10: 0.5, 20: 0.5, 40: 0.5})
    without = RecentPopularity().fit(ratings.drop(columns="timestamp"))
    np.testing.assert_array_equal(without.rank([1], 3), Popularity().fit(ratings).rank([1], 3))


def test_sequences_are_the_last_likes_by_time_whatever_the_order_of_rows():
    ratings = rated((1, 30, 3), (1, 10, 1), (1, 20, 2), (2, 20, 1))
    disliked = rated((1, 40, 9)).assign(rating=1.0)
    histories = Popularity().fit(pd.concat([ratings, disliked])).histories_
    assert histories.sequences(3).tolist() == [[0, 1, 2], [-1, -1, 1]]
    assert histories.sequences(2).tolist() == [[1, 2], [-1, 1]]
    assert histories.sequences(5).tolist() == [[-1, -1, 0, 1, 2], [-1, -1, -1, -1, 1]]


@pytest.mark.parametrize(
    "make",
    [lambda: MarkovChain(window=1, damping=0.1), lambda: SASRec(length=4, dropout=0.0, epochs=80, learning_rate=0.02)],
)
def test_what_followed_before_is_recommended_next(make):
    """Everybody walks the circle of twelve films, from another start: only the last film says what is next."""
    steps = [(user, 1 + (user + step) % 12, step) for user in range(96) for step in range(8)]
    model = make().fit(rated(*steps))
    for last in (3, 7, 12):
        history = rated(*((0, 1 + (last - 1 - ago) % 12, -ago) for ago in range(4)))
        assert model.fold_in(history, k=1).index[0] == last % 12 + 1


def test_a_later_rating_without_a_time_is_the_last():
    model = MarkovChain(window=1).fit(rated((1, 10, 1), (1, 20, 2), (2, 20, 3), (2, 30, 4)))
    model.update(pd.DataFrame({"user_id": [1], "movie_id": [30], "rating": [5.0]}))
    assert model.histories_.sequences(1)[0].tolist() == [2]


def test_a_learned_ranker_sorts_the_candidates_and_only_these():
    model = Reranked([ItemKNN(), Popularity()], candidates=30, rounds=20).fit(SMALL, FILMS)
    first = model.models_[0].rank([1, 2, 3], 30)
    again = model.rank([1, 2, 3], 30)
    for candidates, ranked in zip(first, again, strict=True):
        assert set(candidates) == set(ranked)
    assert (first != again).any()
    np.testing.assert_array_equal(model.rank([1], 40)[0, 30:], model.models_[0].rank([1], 40)[0, 30:])


# ---- speed and memory ------------------------------------------------------------------------------------------------


def processor_time(work, rounds=5):
    """The least processor time of some rounds, in seconds."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


@pytest.fixture(scope="module")
def all_of_movielens():
    """All 9,724 films and 610 viewers, not only the films of the course."""
    path = Path(os.environ.get("COURSE_DATA_DIR", ""), "ml-latest-small", "ratings.csv")
    if not path.is_file():
        pytest.skip("COURSE_DATA_DIR names no folder with ml-latest-small")
    return pd.read_csv(path).rename(columns={"userId": "user_id", "movieId": "movie_id"})


@pytest.mark.speed
def test_als_takes_at_most_one_and_a_half_times_as_long_as_the_exact_solver_of_implicit(all_of_movielens):
    for ratings in (RATINGS, all_of_movielens):
        model = ALS().fit(ratings)
        liked = csr_matrix(model.histories_.liked * 6)
        peer = {"factors": 32, "regularization": 10.0, "iterations": 15, "use_cg": False, "num_threads": 1}
        with threadpool_limits(1):
            ours = processor_time(lambda model=model: model._learn(None))
            theirs = processor_time(
                lambda liked=liked, peer=peer: AlternatingLeastSquares(**peer).fit(liked, show_progress=False)
            )
        print(f"ALS, {len(model.items_):,} films: {ours / theirs:.2f} of implicit's time")
        assert ours < 1.5 * theirs


@pytest.mark.speed
def test_one_viewer_is_served_by_her_neighbors_in_five_milliseconds(all_of_movielens):
    for ratings, similarity in itertools.product((RATINGS, all_of_movielens), ("cosine", "pearson")):
        model = UserKNN(similarity=similarity).fit(ratings)
        seconds = processor_time(lambda model=model: model.recommend(1), rounds=20)
        print(f"UserKNN by {similarity}, {len(model.items_):,} films: {1000 * seconds:.1f} ms")
        assert seconds < 0.005


@pytest.mark.speed
@pytest.mark.parametrize("make", [EASE, ItemKNN])
def test_all_films_of_movielens_fit_into_the_stated_memory(make, all_of_movielens):
    tracemalloc.start()
    try:
        model = make().fit(all_of_movielens)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    print(f"{make.__name__}, {len(model.items_):,} films: at most {peak / 1e9:.2f} GB")
    assert peak < MOST_MEMORY
    assert len(model.recommend(1)) == 10
