"""Claims about recommenders: each has its control, its interval and its verdict, and can be measured again."""

import os

import measure_claims
import numpy as np
import pandas as pd
import pytest

from helpers.evaluation import bootstrap_interval, results
from helpers.evaluation.claims import load_claims, load_scores, load_table, verdict

CHEAP = ["families", "text_and_taste", "catalogue"]  # seconds; all others with MEASURE_CLAIMS=1, minutes


@pytest.mark.parametrize(("low", "high", "said"), [(0.01, 0.02, "yes"), (-0.2, -0.1, "no"), (-0.1, 0.1, "not settled")])
def test_a_verdict_is_what_the_interval_says(low, high, said):
    assert verdict(low, high) == said
    assert verdict(-high, -low) == {"yes": "no", "no": "yes"}.get(said, said)
    assert verdict(0, high if high > 0 else 1) == "not settled"


def test_every_claim_has_a_control_a_unit_an_interval_and_people():
    claims = load_claims()
    assert (claims[["claim", "control", "unit"]].map(len) > 4).all(axis=None)
    assert (claims["low"] < claims["mean"]).all() and (claims["mean"] < claims["high"]).all()
    assert claims["viewers"].ge(500).drop("time-date").all()
    assert claims["verdict"].value_counts().gt(2).all(), "a course that confirms everything has measured nothing"


def test_claims_come_by_name_in_the_order_asked_for():
    assert load_claims("time-date", "als-knn").index.tolist() == ["time-date", "als-knn"]
    with pytest.raises(KeyError, match="magic"):
        load_claims("magic")
    with pytest.raises(ValueError, match="nothing is kept under claims tables magic"):
        load_table("magic")


def test_a_claim_is_measured_over_viewers_and_draws():
    rng = np.random.default_rng(0)
    one = rng.normal(0.1, 0.2, size=400)
    steady = measure_claims.Claim("a", "b", "c", one).measured()
    assert steady["mean"] == pytest.approx(one.mean(), abs=1e-4)
    assert (steady["low"], steady["high"]) == pytest.approx(bootstrap_interval(one), abs=1e-4)
    shaky = measure_claims.Claim("a", "b", "c", one + rng.normal(0, 0.1, size=(5, 1))).measured()
    assert shaky["high"] - shaky["low"] > 1.5 * (steady["high"] - steady["low"])
    missing = measure_claims.Claim("a", "b", "c", np.where(np.arange(400) < 10, np.nan, one)).measured()
    assert missing["viewers"] == 390


def test_a_metric_of_several_draws_has_a_row_per_draw_and_gaps_where_a_viewer_was_not_judged():
    tables = [pd.DataFrame({"ndcg@10": [0.5, 0.25]}, index=index) for index in ([1, 2], [3, 2])]
    np.testing.assert_array_equal(measure_claims.column(tables), [[0.5, 0.25, np.nan], [np.nan, 0.25, 0.5]])


def test_a_fitted_model_is_judged_by_other_histories_without_learning_from_them():
    ratings = pd.DataFrame({"user_id": [1, 1, 2, 2], "movie_id": [1, 2, 1, 3], "rating": [5.0, 5, 5, 4]})
    history = pd.DataFrame({"user_id": [9, 9], "movie_id": [3, 4], "rating": [5.0, 5]})
    model = measure_claims.Popularity().fit(ratings, pd.DataFrame(index=[1, 2, 3, 4]))
    before = model.likes_.copy()
    fitted = measure_claims.Fitted(model, history)
    assert fitted.fit(None) is fitted
    assert fitted.rank([9], 1).tolist() == [[1]]
    np.testing.assert_array_equal(model.likes_, before)


def test_scores_of_viewers_are_those_of_the_tuned_models():
    scores, tuned = load_scores(), results.load("tuning", "movielens")["models"]
    assert set(scores.columns.unique("model")) <= set(tuned)
    for name in scores.columns.unique("model"):
        assert scores[name].to_numpy().mean() == pytest.approx(tuned[name]["tuned"]["mean"], abs=0.006), name
    assert scores.columns.names == ["model", "seed"]
    assert scores["als"].shape[1] > 1 and scores["ease"].shape[1] == 1
    assert len(scores) == load_claims("ease-knn")["viewers"].item()


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"a": {"x": 0.504, "y": None}}, True),
        ({"a": {"x": 0.52, "y": None}}, False),
        ({"a": {"x": 0.5, "y": 1.0}}, False),
        ({"a": {"x": 0.5}}, False),
        ({"b": {"x": 0.5, "y": None}}, False),
    ],
)
def test_a_table_is_as_kept_when_names_and_numbers_are(other, same):
    assert measure_claims.same_table({"a": {"x": 0.5, "y": None}}, other) is same


@pytest.mark.parametrize("name", measure_claims.EXPERIMENTS)
def test_what_is_claimed_is_measured_again(name, movielens):
    if name not in CHEAP and not os.environ.get("MEASURE_CLAIMS"):
        pytest.skip("takes minutes: MEASURE_CLAIMS=1 runs it")
    found, tables = measure_claims.EXPERIMENTS[name]()
    kept = load_claims()
    for key, claim in found.items():
        row = claim.measured()
        assert verdict(row["low"], row["high"]) == kept.loc[key, "verdict"], key
        assert row["mean"] == pytest.approx(kept.loc[key, "mean"], abs=measure_claims.CLOSE), key
    for key, table in tables.items():
        assert measure_claims.same_table(table, load_table(key).to_dict(orient="index")), key


def test_a_claim_that_nobody_made_is_named():
    with pytest.raises(KeyError, match="no claim is named 'x'"):
        load_claims("ease-als", "x")
