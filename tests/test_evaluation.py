import time

import numpy as np
import pandas as pd
import pytest
import pytrec_eval

from helpers import evaluation
from helpers.data import load_movies, load_ratings, load_vectors
from helpers.evaluation import (
    evaluate,
    evaluate_users,
    paired_difference,
    split_cold,
    split_date,
    split_last,
    split_random,
)
from helpers.recommenders import EASE, BiasedMF, ItemKNN, Popularity, Random

RATINGS = load_ratings()


class Fixed:
    """A model that recommends what it is told."""

    def __init__(self, lists):
        self.lists = lists

    def fit(self, ratings, movies=None):
        return self

    def rank(self, user_ids, k, where=None):
        return np.array([self.lists[user][:k] for user in user_ids])


def table(*rows):
    return pd.DataFrame(rows, columns=["user_id", "movie_id", "rating", "timestamp"])


@pytest.mark.parametrize("split", [split_last, split_random, split_date, split_cold])
def test_a_split_parts_the_ratings_and_loses_none(split):
    train, test = split(RATINGS, 0.2)
    whole = pd.concat([train, test]).sort_values(["user_id", "movie_id"], ignore_index=True)
    pd.testing.assert_frame_equal(whole, RATINGS.sort_values(["user_id", "movie_id"], ignore_index=True))
    for share in (0, 1):
        with pytest.raises(ValueError, match=f"share is {share}"):
            split(RATINGS, share)


def test_the_last_ratings_of_everybody_are_for_the_test():
    train, test = split_last(RATINGS, 0.2)
    assert (train.groupby("user_id")["timestamp"].max() <= test.groupby("user_id")["timestamp"].min()).all()
    counts = RATINGS["user_id"].value_counts().sort_index()
    assert (test["user_id"].value_counts().sort_index() == (counts * 0.2).astype(int)).all()


def test_one_moment_parts_all_viewers():
    train, test = split_date(RATINGS)
    assert train["timestamp"].max() < test["timestamp"].min()


def test_where_time_decides_nothing_chance_does_and_it_is_said():
    ratings = RATINGS[RATINGS["user_id"] <= 100]
    same_day = ratings.assign(timestamp=1_577_836_800)
    with pytest.warns(UserWarning, match="100% of the ratings have the same time"):
        train, test = split_last(same_day)
    assert set(test["movie_id"]) & set(train["movie_id"]) > set(test["movie_id"].value_counts().index[:20])
    median = test.groupby("user_id")["movie_id"].median() / train.groupby("user_id")["movie_id"].median()
    assert 0.8 < median.mean() < 1.2  # by id, the test would hold the highest ones
    with pytest.warns(UserWarning), pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(test, split_last(same_day, seed=1)[1])
    with pytest.warns(UserWarning):
        pd.testing.assert_frame_equal(test, split_last(same_day.sample(frac=1, random_state=0))[1])
    with pytest.raises(ValueError, match="100% of the ratings have the last time of all"):
        split_date(same_day)


@pytest.mark.parametrize("split", [split_last, split_date])
def test_a_rating_without_a_time_is_refused(split):
    with pytest.raises(ValueError, match="user_id 2, movie_id 3 has no timestamp"):
        split(table((1, 2, 4.0, 5), (2, 3, 4.0, np.nan)))
    with pytest.raises(ValueError, match="no column 'timestamp'"):
        split(RATINGS.drop(columns="timestamp"))


def test_hidden_films_are_in_the_test_only():
    train, test = split_cold(RATINGS, 0.15, seed=3)
    assert not set(train["movie_id"]) & set(test["movie_id"])
    assert test["movie_id"].nunique() == int(0.15 * RATINGS["movie_id"].nunique())


def test_the_ranking_metrics_are_those_of_trec_eval():
    rng = np.random.default_rng(0)
    wanted = rng.random((60, 40)) < 0.15
    wanted[:, 0] |= ~wanted.any(axis=1)
    order = np.array([rng.permutation(40) for _ in range(60)])
    relevance = {str(u): {str(f): int(wanted[u, f]) for f in range(40)} for u in range(60)}
    run = {str(u): {str(f): float(40 - place) for place, f in enumerate(order[u])} for u in range(60)}
    measures = {"ndcg_cut.10", "map_cut.10", "recall.10", "P.10", "success.10"}
    theirs = pytrec_eval.RelevanceEvaluator(relevance, measures).evaluate(run)
    hits = np.take_along_axis(wanted, order[:, :10], axis=1)
    relevant = wanted.sum(axis=1)
    ours = {
        "ndcg_cut_10": evaluation.ndcg(hits, relevant),
        "map_cut_10": evaluation.average_precision(hits, relevant, by="all"),
        "recall_10": evaluation.recall(hits, relevant),
        "P_10": evaluation.precision(hits, relevant),
        "success_10": evaluation.hit_rate(hits, relevant),
    }
    for name, values in ours.items():
        np.testing.assert_allclose(values, [theirs[str(u)][name] for u in range(60)], atol=1e-12, err_msg=name)
    whole = pytrec_eval.RelevanceEvaluator(relevance, {"recip_rank"}).evaluate(run)
    every = np.take_along_axis(wanted, order, axis=1)
    np.testing.assert_allclose(
        evaluation.reciprocal_rank(every, relevant), [whole[str(u)]["recip_rank"] for u in range(60)]
    )


def test_metrics_take_lists_and_refuse_what_cannot_be():
    metrics = list(evaluation.RANKING.values())
    for metric in metrics:
        np.testing.assert_array_equal(metric([[True, False]], [2]), metric(np.array([[1, 0]]), np.array([2])))
        for hits, relevant in (([1, 0], [1]), ([[1, 0]], 1), ([[1, 0]], [1, 1]), ([[3, 0]], [1])):
            with pytest.raises(
                ValueError, match="hits is a table of True and False, and relevant a number for each row"
            ):
                metric(hits, relevant)
        for hits, relevant in (([[0, 0]], [0]), ([[1, 1]], [1])):
            with pytest.raises(ValueError, match="each row needs a relevant film, and as many as it has hits"):
                metric(hits, relevant)
    assert evaluation.novelty([[0, 1]], [0.5, 0.5]).tolist() == [1]
    for wrong in ([], [0, 0], [-1, 2], [[1, 2]], [1, np.nan]):
        with pytest.raises(ValueError, match="gini: counts are a list of numbers"):
            evaluation.gini(wrong)
    for vectors in ([[3.0, 0], [0, 2]], [[np.nan, 0], [0, 1]]):
        with pytest.raises(ValueError, match="rows of length 1"):
            evaluation.diversity([[0, 1]], vectors)
    for one, other in (([1, 2, 3], [1]), ([], []), ([[1], [2]], [1, 2])):
        with pytest.raises(ValueError, match="do not pair up"):
            evaluation.rmse(one, other)


def test_what_is_no_model_or_no_table_of_viewers_is_refused():
    train, test = split_last(RATINGS[RATINGS["user_id"] < 40])
    for model, message in ((Popularity, "give a recommender"), (None, "give a recommender"), ([], "no model")):
        with pytest.raises(ValueError, match=message):
            evaluate(model, train, test)
    for wrong in ([], pd.Series([1.0, 2.0]), pd.DataFrame({"ndcg@10": []})):
        with pytest.raises(ValueError, match="a table of viewers"):
            evaluation.summarize(wrong)
    one, other = pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]})
    with pytest.raises(ValueError, match="not judged by the same metrics"):
        paired_difference(one, other)
    for values in ([1.0, np.inf], np.zeros((2, 2, 2))):
        with pytest.raises(ValueError, match="one row of finite numbers"):
            evaluation.bootstrap_interval(values)


def test_what_a_model_has_seen_or_nobody_likes_is_no_test():
    train, test = split_last(RATINGS[RATINGS["user_id"] < 40])
    model = Popularity().fit(train)
    for judge in (evaluation.ranks_of_likes, evaluation.precision_recall_curve):
        with pytest.raises(ValueError, match="no viewer of the test"):
            judge(model, test.assign(rating=1.0))
    with pytest.raises(ValueError, match="from its training"):
        evaluation.ranks_of_likes(model, train)


def test_how_popular_films_are_may_be_a_series_in_any_order():
    train, test = split_last(RATINGS)
    model = EASE().fit(train)
    counts = pd.Series(model.histories_.liked.sum(axis=0), model.items_)
    expected = evaluation.matched_auc(model, test, counts.to_numpy())
    pd.testing.assert_series_equal(evaluation.matched_auc(model, test, counts.sample(frac=1, random_state=0)), expected)
    for wrong, ratio in ((np.ones(3), 1.1), (-np.ones(len(counts)), 1.1), (counts, 0.5)):
        with pytest.raises(ValueError, match="matched_auc: counts are"):
            evaluation.matched_auc(model, test, wrong, ratio)


def test_the_two_denominators_of_map():
    hits, relevant = np.array([[True, False]]), np.array([4])
    assert evaluation.average_precision(hits, relevant)[0] == 1 / 2
    assert evaluation.average_precision(hits, relevant, by="all")[0] == 1 / 4
    with pytest.raises(ValueError, match="'min' or 'all'"):
        evaluation.average_precision(hits, relevant, by="k")


def test_a_small_case_by_hand():
    train = table((1, 10, 5, 0), (2, 20, 5, 0), (3, 30, 5, 0))
    test = table((1, 20, 5, 1), (1, 30, 4, 1), (2, 10, 4, 1), (3, 10, 2, 1))
    result, shorter = (
        evaluate(Fixed({1: [20, 10], 2: [30, 20], 3: [10, 20]}), train, test, k=k)["mean"] for k in (2, 1)
    )
    gain = 1 / (1 + 1 / np.log2(3))
    assert set(result.index) == {
        *(f"{name}@2" for name in ("ndcg", "map", "recall", "precision", "hit rate", "mrr")),
        *("novelty", "popularity", "coverage", "gini"),
    }
    assert result["mrr@2"] == pytest.approx(1 / 2)
    assert result["precision@2"] == pytest.approx(1 / 4)
    assert result["popularity"] == pytest.approx(1 / 2)
    assert result["ndcg@2"] == pytest.approx(gain / 2)
    assert result["recall@2"] == pytest.approx(1 / 4)
    assert result["hit rate@2"] == pytest.approx(1 / 2)
    assert result["map@2"] == pytest.approx(1 / 4)
    assert result["coverage"] == 1
    assert result["novelty"] == pytest.approx(1)  # each film was rated by 1 of 3, and (1 + 1) / (3 + 1) is a half
    assert shorter[["precision@1", "recall@1", "ndcg@1", "map@1"]].tolist() == [1 / 2, 1 / 4, 1 / 2, 1 / 2]


def test_coverage_and_gini_speak_of_the_films_that_may_be_recommended():
    train, test = table((1, 10, 5, 0), (2, 20, 5, 0), (1, 50, 5, 0)), table((1, 30, 5, 1), (2, 30, 5, 1))
    movies = pd.DataFrame(index=[50, 40, 30, 20, 10])
    may = pd.Series([False, True, True, False, False], index=movies.index)
    model = Fixed({1: [30, 40], 2: [30, 40]})
    model.rank = lambda users, k, where: Fixed.rank(model, users, k)
    result = evaluate(model, train, test, k=2, movies=movies, where=may)["mean"]
    assert (result["coverage"], result["gini"]) == (1, 0)
    by_place = evaluate(model, train, test, k=2, movies=movies, where=may.sort_index().to_numpy())["mean"]
    pd.testing.assert_series_equal(result, by_place)
    one = evaluate(model, train, test, k=1, movies=movies, where=may)["mean"]
    assert (one["coverage"], one["gini"]) == (0.5, 0.5)


def test_the_diversity_of_a_list_is_one_minus_the_mean_cosine_of_its_pairs():
    angles = np.radians([0, 60, 90, 180])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    pairs = np.cos(np.radians([60, 90, 30]))  # of the first three
    np.testing.assert_allclose(evaluation.diversity(np.array([[0, 1, 2]]), vectors), 1 - pairs.mean())
    np.testing.assert_allclose(evaluation.diversity(np.array([[0, 3], [1, 1]]), vectors), [2, 0], atol=1e-12)
    assert evaluation.diversity(np.array([[0], [3]]), vectors).tolist() == [0, 0]


def test_a_vector_belongs_to_the_row_of_its_film():
    train, test = table((1, 10, 5, 0), (2, 20, 5, 0)), table((1, 20, 5, 1), (2, 10, 5, 1))
    movies = pd.DataFrame(index=[30, 20, 10])
    vectors = np.array([[0.0, 1], [0, 1], [1, 0]])
    model = Fixed({1: [20, 30], 2: [30, 10]})
    result = evaluate_users(model, train, test, 2, movies, vectors)
    assert result["diversity"].tolist() == [0, 1]
    with pytest.raises(ValueError, match="2 vectors for 3 films"):
        evaluate_users(model, train, test, 2, movies, vectors[:2])


@pytest.mark.parametrize("scale", [(1, 10), (0, 100), (0, 1)])
def test_a_like_is_a_like_on_every_scale(scale):
    times = scale[1] / 5
    train, test = split_last(RATINGS[RATINGS["user_id"] < 80])
    scaled = [part.assign(rating=part["rating"] * times) for part in (train, test)]
    stars, own = evaluate(ItemKNN(), train, test), evaluate(ItemKNN(), *scaled, scale=scale)
    assert own.loc["ndcg@10", "mean"] == pytest.approx(stars.loc["ndcg@10", "mean"], abs=1e-9)
    stars, own = evaluate(BiasedMF(), train, test), evaluate(BiasedMF(), *scaled, scale=scale)
    assert own.loc["rmse", "mean"] / times == pytest.approx(stars.loc["rmse", "mean"], abs=0.02)
    fitted = [ItemKNN().fit(train), ItemKNN().fit(scaled[0], scale=scale)]
    for judge in (evaluation.ranks_of_likes, evaluation.precision_recall_curve):
        left, right = (judge(model, part) for model, part in zip(fitted, (test, scaled[1]), strict=True))
        pd.testing.assert_frame_equal(left, right)


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_a_list_of_no_length_is_refused(k):
    train, test = split_last(RATINGS[RATINGS["user_id"] < 40])
    model = Popularity().fit(train)
    found = evaluation.ranks_of_likes(model, test)
    for call in (
        lambda: evaluate(Popularity(), train, test, k=k),
        lambda: evaluation.precision_recall_curve(model, test, k),
        lambda: evaluation.sampled_hit_rate(found, k),
    ):
        with pytest.raises(ValueError, match="ask for a whole number"):
            call()


def test_diversity_novelty_and_gini_by_hand():
    vectors = np.array([[1.0, 0], [1, 0], [0, 1]])
    ranked = np.array([[0, 1], [0, 2]])
    np.testing.assert_allclose(evaluation.diversity(ranked, vectors), [0, 1])
    np.testing.assert_allclose(evaluation.novelty(ranked, np.array([1, 0.5, 0.25])), [0.5, 1.0])
    assert evaluation.gini([1, 1, 1, 1]) == pytest.approx(0)
    assert evaluation.gini([0, 0, 0, 8]) == pytest.approx(3 / 4)


def test_errors_in_stars():
    assert evaluation.rmse([1, 3], [2, 5]) == pytest.approx(np.sqrt(2.5))
    assert evaluation.mae([1, 3], [2, 5]) == pytest.approx(1.5)


def test_models_that_predict_stars_get_their_errors():
    train, test = split_last(RATINGS[RATINGS["user_id"] < 80])
    assert {"rmse", "mae"} <= set(evaluate(BiasedMF(), train, test).index)
    assert "rmse" not in evaluate(EASE(), train, test).index


def test_a_rating_that_is_in_training_and_in_test_is_refused():
    train = table((1, 10, 5, 0))
    with pytest.raises(ValueError, match="user_id 1, movie_id 10"):
        evaluate(Popularity(), train, train)


def test_a_score_that_is_no_number_is_refused():
    class Broken(Popularity):
        def _scores(self, histories):
            return np.full(histories.stars.shape, np.nan)

    train, test = split_last(RATINGS[RATINGS["user_id"] < 40])
    with pytest.raises(ValueError, match="not a number"):
        evaluate(Broken(), train, test)


def test_a_list_longer_than_the_candidates_is_refused():
    train, test = split_last(RATINGS[RATINGS["user_id"] < 40])
    with pytest.raises(ValueError, match="k is 5000"):
        evaluate(Popularity(), train, test, k=5000)


def test_nobody_left_to_judge_is_an_error():
    with pytest.raises(ValueError, match="no viewer"):
        evaluate(Popularity(), table((1, 10, 5, 0)), table((1, 20, 1, 1)))


def test_popularity_is_above_chance_also_pair_by_pair():
    train, test = split_last(RATINGS)
    chance, popular = (evaluate_users(model, train, test) for model in (Random(), Popularity()))
    gain = paired_difference(popular, chance)
    assert gain.loc["ndcg@10", "low"] > 0
    assert gain.loc["novelty", "high"] < 0
    with pytest.raises(ValueError, match="same viewers"):
        paired_difference(popular, chance[1:])


def test_the_bootstrap_interval_is_about_two_standard_errors_wide():
    values = np.random.default_rng(0).normal(size=400)
    low, high = evaluation.bootstrap_interval(values)
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.1)


def test_the_curve_trades_precision_for_recall():
    train, test = split_last(RATINGS)
    curve = evaluation.precision_recall_curve(EASE().fit(train), test, 50)
    assert curve["recall"].is_monotonic_increasing
    assert curve["precision"].iloc[0] > curve["precision"].iloc[-1]
    at_ten = evaluate(EASE(), train, test)["mean"]
    assert curve.loc[10].tolist() == pytest.approx([at_ten["precision@10"], at_ten["recall@10"]])


@pytest.mark.speed
def test_twelve_metrics_of_everybody_take_less_than_a_second():
    train, test = split_last(RATINGS)
    movies = load_movies()
    model = Popularity().fit(train, movies)
    model.fit = lambda ratings, movies=None: model
    vectors = load_vectors(movies)
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        evaluate(model, train, test, movies=movies, vectors=vectors)
        times.append(time.perf_counter() - begin)
    assert min(times) < 1


def test_the_sampled_hit_rate_is_what_drawing_gives():
    found = pd.DataFrame({"rank": [0, 4, 30, 200], "others": [300, 300, 250, 300]})
    rng = np.random.default_rng(0)
    drawn = [
        np.mean([(rng.choice(others, 50, replace=False) < place).sum() < 5 for _ in range(4000)])
        for place, others in found.to_numpy()
    ]
    assert evaluation.sampled_hit_rate(found, k=5, sample=50) == pytest.approx(np.mean(drawn), abs=0.01)
    assert evaluation.sampled_hit_rate(found, k=5, sample=1000) == (found["rank"] < 5).mean()


def test_ranks_are_those_of_the_ranking():
    train, test = split_last(RATINGS)
    model = BiasedMF().fit(train)  # whose scores are hardly ever equal
    found = evaluation.ranks_of_likes(model, test)
    found = found[found["user_id"] < 50]
    ranked = dict(zip(found["user_id"].unique(), model.rank(found["user_id"].unique(), 100).tolist(), strict=True))
    near = found[found["rank"] < 100]
    assert len(near) > 50
    assert [ranked[row.user_id].index(row.movie_id) for row in near.itertuples()] == near["rank"].tolist()
    counts = train["user_id"].value_counts()
    assert (found["others"] == train["movie_id"].nunique() - counts.loc[found["user_id"]].to_numpy() - 1).all()


def test_equal_scores_stand_in_the_middle_of_their_places():
    ratings = table((1, 1, 5.0, 1), (1, 2, 5.0, 2), (2, 1, 5.0, 3), (2, 3, 3.0, 3), (2, 4, 3.0, 3), (2, 5, 3.0, 4))
    model = Popularity().fit(ratings)
    found = evaluation.ranks_of_likes(model, table((1, 5, 5.0, 9)))
    assert found[["rank", "others"]].to_numpy().tolist() == [[1, 2]]


def test_faults_of_texts_are_found():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(200, 32)) + 0.6
    vectors[1] = vectors[0] + 0.01 * random.normal(size=32)
    vectors[3] = vectors[2]
    vectors[4] = 1
    texts = [f"a text of some words, number {number}" for number in range(200)]
    texts[2] = texts[3] = "the same words stand here twice"
    texts[5] = "too short"
    movies = pd.DataFrame({"title": [f"film {number}" for number in range(200)], "synopsis": texts})
    found = evaluation.diagnose_texts(movies, vectors)
    assert found["count"].to_dict() | {"hub": 0} == {"short text": 1, "same text": 2, "near-copy": 2, "hub": 0}
    assert found["examples"]["short text"] == "film 5"
    assert found["examples"]["near-copy"] == "film 0; film 1"
    assert (
        evaluation.diagnose_texts(movies.assign(synopsis="too short"), vectors)["examples"]["short text"].count(";")
        == 2
    )
    assert "film 4" in found["examples"]["hub"]


def test_films_without_texts_have_short_ones_and_are_not_alike():
    movies = pd.DataFrame({"title": range(3), "synopsis": ["five words are here now", None, None]})
    found = evaluation.diagnose_texts(movies, np.eye(3))
    assert found["count"].tolist() == [2, 0, 0, 0] and found["examples"]["short text"] == "1; 2"
    for table, vectors, k, message in (
        (movies[["title"]], np.eye(3), 5, "no column 'synopsis'"),
        (movies, np.eye(2), 5, "3 rows for 2 vectors"),
        (movies, np.eye(3), 0, "k is 0"),
    ):
        with pytest.raises(ValueError, match=message):
            evaluation.diagnose_texts(table, vectors, k)


def test_a_clean_catalogue_has_no_faults():
    movies = pd.DataFrame({"title": list("abcdef"), "synopsis": [f"five words and one {n}" for n in range(6)]})
    assert evaluation.diagnose_texts(movies, np.eye(6))["count"].sum() == 0


def test_an_interval_over_viewers_is_scipys():
    from scipy.stats import bootstrap

    values = np.random.default_rng(1).gamma(0.5, size=300)
    theirs = bootstrap((values,), np.mean, n_resamples=4_000, method="percentile", rng=0).confidence_interval
    assert evaluation.bootstrap_interval(values) == pytest.approx(theirs, abs=0.15 * (theirs.high - theirs.low))


def test_an_interval_covers_draws_as_well_as_viewers():
    rng = np.random.default_rng(0)
    viewers, seeds = rng.normal(0, 1, size=400), rng.normal(0, 0.2, size=(8, 1))
    low, high = evaluation.bootstrap_interval(viewers + seeds)
    expected = 2 * 1.96 * np.hypot(viewers.std() / 20, seeds.std() / np.sqrt(8))
    assert high - low == pytest.approx(expected, rel=0.15)
    assert low < (viewers + seeds).mean() < high
    alone = evaluation.bootstrap_interval(np.repeat(viewers[None], 8, axis=0))
    assert alone == pytest.approx(evaluation.bootstrap_interval(viewers), abs=0.02)


def test_a_viewer_who_was_not_judged_in_a_draw_is_left_out_of_it():
    values = np.array([[1.0, np.nan, 1.0], [np.nan, 1.0, 1.0]])
    assert evaluation.bootstrap_interval(np.tile(values, 20)) == (1.0, 1.0)
    assert np.isnan(evaluation.bootstrap_interval([np.nan, np.nan])).all()
    tables = [pd.DataFrame({"x": [1.0, 2.0]}, index=[1, 2]), pd.DataFrame({"x": [4.0]}, index=[2])]
    assert evaluation.summarize(tables).loc["x", "mean"] == pytest.approx(7 / 3)


def test_an_interval_of_many_viewers_is_made_in_pieces_that_fit_into_memory(monkeypatch):
    values = np.random.default_rng(0).normal(size=500)
    whole = evaluation.bootstrap_interval(values)
    sizes = []
    drawn = evaluation._times_drawn
    monkeypatch.setattr(evaluation, "_times_drawn", lambda *of: sizes.append(of[0] * of[1]) or drawn(*of))
    monkeypatch.setattr(evaluation, "CELLS_AT_ONCE", 3_000)
    assert evaluation.bootstrap_interval(values) == pytest.approx(whole, abs=0.02)
    assert max(sizes) <= 3_000 and sum(sizes) == 1_000 * (500 + 1)


def test_differences_are_paired_by_seed():
    one = [pd.DataFrame({"ndcg@10": [seed, seed + 0.5]}) for seed in (0.0, 1.0)]
    other = pd.DataFrame({"ndcg@10": [0.0, 0.5]})
    assert paired_difference(one, other).loc["ndcg@10", "mean"] == pytest.approx(0.5)
    assert paired_difference(one, one).loc["ndcg@10"].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="2 tables and 3 cannot be paired"):
        paired_difference(one, [*one, other])


def test_a_model_with_several_seeds_is_judged_once_for_each():
    train, test = split_last(RATINGS[RATINGS["user_id"] < 60])
    models = [BiasedMF(rounds=2, seed=seed) for seed in range(3)]
    both, each = evaluate(models, train, test), [evaluate(model, train, test)["mean"] for model in models]
    np.testing.assert_allclose(both["mean"], pd.concat(each, axis=1).mean(axis=1)[both.index])
    assert both.loc[["coverage", "gini", "rmse", "mae"], ["low", "high"]].isna().all(axis=None)


def test_where_films_are_equally_popular_popularity_is_at_chance_and_taste_is_not():
    rng = np.random.default_rng(0)
    rows = [(user, film, 5.0) for user in range(40) for film in rng.choice(20, 8, replace=False) + 20 * (user % 2)]
    ratings = pd.DataFrame(rows, columns=["user_id", "movie_id", "rating"])
    films = pd.DataFrame(index=range(40))
    hidden = ratings.groupby("user_id").cumcount() < 3
    train, test = ratings[~hidden], ratings[hidden]
    counts = Popularity().fit(train, films).likes_
    chance, taste = (
        evaluation.matched_auc(model.fit(train, films), test, counts, ratio=2) for model in (Popularity(), ItemKNN())
    )
    by_likes = ItemKNN().fit(train, films)
    assert evaluation.matched_auc(by_likes, test, 10.0 ** np.arange(40), ratio=1.5).empty  # nothing is as popular
    assert set(taste.index) == set(range(40))
    assert taste.mean() > 0.8
    assert abs(chance.mean() - 0.5) < 0.15
    exact = evaluation.matched_auc(Popularity().fit(train, films), test, counts, ratio=1)
    assert (exact == 0.5).all()


def test_a_hidden_film_that_is_no_candidate_counts_for_nobody():
    train, test = table((1, 10, 5, 0), (2, 20, 5, 0)), table((1, 20, 5, 1), (1, 99, 5, 1), (2, 10, 5, 1))
    movies = pd.DataFrame(index=[10, 20, 30])
    model = Popularity().fit(train, movies)
    assert evaluate(Popularity(), train, test, k=1, movies=movies).loc["recall@1", "mean"] == 1
    assert evaluation.precision_recall_curve(model, test, 1).loc[1, "recall"] == 1
    assert evaluation.ranks_of_likes(model, test)["movie_id"].tolist() == [20, 10]


@pytest.mark.parametrize(("around", "hubs"), [(5, 1), (4, 0)])
def test_a_hub_is_the_nearest_of_five_times_as_many_as_usual(around, hubs):
    vectors = np.vstack([np.ones(around), np.ones(around) + 2 * np.eye(around)])  # one in the middle of all others
    texts = [f"A text of five words, and number {number}." for number in range(around + 1)]
    found = evaluation.diagnose_texts(pd.DataFrame({"title": texts, "synopsis": texts}), vectors, k=1)
    assert found["count"].to_dict() == {"short text": 0, "same text": 0, "near-copy": 0, "hub": hubs}
