"""Every recommender behaves the same to whoever uses it, and ranks as its paper and its peers say."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from surprise import SVD, Dataset, Reader
from threadpoolctl import threadpool_limits

from helpers.data import load_movies, load_ratings, load_vectors
from helpers.evaluation import evaluate, split_cold, split_last, split_random
from helpers.recommenders import (
    ALS,
    EASE,
    BiasedMF,
    ContentProfile,
    ContentToCF,
    FeatureVectors,
    Hybrid,
    ItemKNN,
    NeuralCF,
    Popularity,
    Random,
    TwoTower,
    UserKNN,
    feature_vectors,
    neighborhood,
)
from helpers.recommenders.base import NotFittedError, likes
from helpers.recommenders.neighborhood import pearson
from helpers.recommenders.neural import _viewer_vectors

MAKERS = {
    "Random": Random,
    "Popularity": Popularity,
    "ItemKNN": ItemKNN,
    "ItemKNN Pearson": lambda: ItemKNN(similarity="pearson"),
    "UserKNN": UserKNN,
    "BiasedMF": BiasedMF,
    "ALS": lambda: ALS(factors=8, rounds=4),
    "EASE": EASE,
    "ContentProfile": ContentProfile,
    "FeatureVectors": FeatureVectors,
    "ContentToCF": lambda: ContentToCF(als={"factors": 8, "rounds": 4}),
    "NeuralCF": lambda: NeuralCF(dimensions=4, epochs=2),
    "TwoTower": lambda: TwoTower(dimensions=4, epochs=2),
    "Hybrid": lambda: Hybrid([EASE(), Popularity()]),
}
STARS = {"ItemKNN", "ItemKNN Pearson", "UserKNN", "BiasedMF"}
WITHOUT_VECTORS = {"Random", "Popularity"}
MOVIES = load_movies()
RATINGS = load_ratings()
SMALL = RATINGS[RATINGS["user_id"] <= 60].reset_index(drop=True)
FILMS = MOVIES.loc[np.unique(SMALL["movie_id"])]


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
    by_place = comedy.loc[model.items].to_numpy()
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
    np.testing.assert_array_equal(likes(one._histories), likes(other._histories))
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
def test_neighbours_without_shrinkage(similarity):
    model = ItemKNN(similarity=similarity, shrink=0).fit(SMALL, FILMS)
    assert np.isfinite(model._weights).all()
    np.testing.assert_array_equal(
        model.rank([1, 2], 10), ItemKNN(similarity=similarity, shrink=1e-9).fit(SMALL, FILMS).rank([1, 2], 10)
    )
    assert np.isfinite(UserKNN(shrink=0).fit(SMALL, FILMS).recommend(1)).all()
    with pytest.raises(ValueError, match="shrink is -1"):
        ItemKNN(shrink=-1).fit(SMALL, FILMS)


@pytest.mark.parametrize("make", [EASE, ItemKNN])
def test_more_pairs_of_films_than_fit_into_memory_are_refused_before_anything_is_allocated(make):
    films = 40_000
    ratings = pd.DataFrame({"user_id": np.arange(films) % 10, "movie_id": np.arange(films), "rating": 4.0})
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="40,000 films make 1,600,000,000 pairs, 13 GB"):
            make().fit(ratings)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def test_viewers_are_compared_with_everybody_some_at_a_time(monkeypatch):
    model, users = UserKNN(), np.unique(SMALL["user_id"])
    model.fit(SMALL, FILMS)
    whole = model.scores(users), model.predict_many(users, [FILMS.index[0]] * len(users))
    monkeypatch.setattr(neighborhood, "VIEWERS_AT_ONCE", 7)
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
    history = SMALL.loc[SMALL["user_id"] == 5, ["movie_id", "rating"]]
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
    if name != "Hybrid":  # it splits the rows it is given
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
    with pytest.raises(NotFittedError, match="fit"):
        MAKERS[name]().recommend(1)


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
    liked = (np.nan_to_num(model._histories) >= 4).astype(float)
    for film in (0, 17, 100):
        others = np.arange(len(FILMS)) != film
        design = liked[:, others]
        ridge = np.linalg.solve(design.T @ design + 50 * np.eye(design.shape[1]), design.T @ liked[:, film])
        np.testing.assert_allclose(model.weights[others, film], ridge, atol=1e-6)
    assert (np.diag(model.weights) == 0).all()


@pytest.mark.parametrize("name", ["course", "movielens"])
def test_the_loss_of_als_falls_and_its_lists_are_as_good_as_those_of_implicit(name, request):
    if name == "movielens":
        request.getfixturevalue("movielens")
    train, test = split_last(load_ratings(name))
    model = ALS(factors=32, regularization=10.0, confidence=5.0)
    ours = evaluate(model, train, test, movies=MOVIES)
    assert (np.diff(model.losses) <= 1e-6 * model.losses[0]).all()
    liked = (np.nan_to_num(model._histories) >= 4).astype(np.float32)
    with threadpool_limits(1, "blas"):
        peer = AlternatingLeastSquares(factors=32, regularization=10.0, iterations=15, random_state=0, num_threads=1)
        peer.fit(csr_matrix(liked * 6), show_progress=False)

    class Peer(ALS):
        def _scores(self, histories):
            return np.asarray(peer.user_factors) @ np.asarray(peer.item_factors).T

        def rank(self, user_ids, k, where=None):
            scores = np.where(np.isnan(self._histories), self._scores(None), -np.inf)
            return self.items[np.argsort(-scores, axis=1)[np.searchsorted(self.users, user_ids), :k]]

    theirs = evaluate(Peer(factors=2, rounds=1), train, test, movies=MOVIES)
    assert ours.loc["ndcg@10", "mean"] == pytest.approx(theirs.loc["ndcg@10", "mean"], abs=0.01)


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


def test_a_dislike_moves_the_profile_away():
    liked = pd.DataFrame({"movie_id": [1, 5], "rating": [5.0, 5.0]})
    mixed = pd.concat([liked, pd.DataFrame({"movie_id": [62], "rating": [0.5]})])
    model = ContentProfile(dislike=1.0).fit(RATINGS, MOVIES)
    before, after = (model.profiles(model._matrix(h.assign(user_id=0), np.array([0]))) for h in (liked, mixed))
    film = model._rows[MOVIES.index.get_loc(62)]
    assert after[0] @ film < before[0] @ film


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
    assert model.warm.sum() == pytest.approx(1)


def test_weights_may_be_given():
    given = Hybrid([EASE(), Popularity()], weights=[0, 1]).fit(SMALL, FILMS)
    np.testing.assert_array_equal(given.rank([1], 5), Popularity().fit(SMALL, FILMS).rank([1], 5))


def test_networks_stop_early_and_keep_their_best_state():
    model = NeuralCF(dimensions=4, epochs=30).fit(SMALL, FILMS)
    assert 4 <= model.epochs_run < 30


def test_neural_cf_scores_all_films_as_it_scores_one_pair():
    import torch

    model = NeuralCF(dimensions=4, epochs=2).fit(SMALL, FILMS)
    net, liked = model._net, torch.from_numpy(likes(model._histories)).double()
    with torch.no_grad():
        viewers, bias = _viewer_vectors(liked, net.history.weight), net.bias.weight[:, 0]
        one_by_one = [net.join(viewer.expand(len(bias), -1), net.films.weight, bias) for viewer in viewers]
    np.testing.assert_allclose(model._scores(model._histories), torch.stack(one_by_one), atol=1e-12)


def test_a_film_without_likes_is_its_text_to_the_tower():
    model = TwoTower(dimensions=8, epochs=1).fit(SMALL, MOVIES)
    cold = np.flatnonzero(~np.isin(MOVIES.index, SMALL["movie_id"]))[:5]
    texts = model._net.text.weight.detach().numpy() @ (load_vectors(MOVIES) - load_vectors(MOVIES).mean(axis=0))[cold].T
    vectors = model._film_vectors()[cold]
    for vector, text in zip(vectors, texts.T, strict=True):
        assert vector @ text / np.linalg.norm(text) == pytest.approx(1, abs=1e-3)
