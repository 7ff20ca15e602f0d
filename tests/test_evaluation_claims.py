"""Claims about recommenders: each has its control, its interval and its verdict, and can be measured again."""

import measure_claims
import numpy as np
import pandas as pd
import pytest

from helpers.evaluation import bootstrap_interval, results
from helpers.evaluation.claims import load_claims, load_scores, load_table, settled_among_many, verdict

COLD = {  # whose recall, minus whose
    "cold-text": ("profile, text", "random"),
    "cold-ease": ("EASE", "random"),
    "cold-unequal": ("map, everything", "profile, text"),
    "cold-map": ("map, everything", "profile, everything"),
    "cold-map-text": ("map, text", "profile, text"),
    "cold-everything": ("profile, everything", "profile, text"),
    "cold-hybrid": ("hybrid", "map, everything"),
}
OF_SCORES = {  # claims that the kept scores of viewers have to bear out, wherever MovieLens is not
    "als-popularity": ("als", "popularity"),
    "als-knn": ("als", "user-knn"),
    "als-item-knn": ("als", "item-knn"),
    "ease-als": ("ease", "als"),
    "ease-knn": ("ease", "user-knn"),
    "ease-item-knn": ("ease", "item-knn"),
    "item-knn-popularity": ("item-knn", "popularity"),
}


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


@pytest.mark.parametrize("part", ["claims", "models_of_today", "tuning"])
def test_what_is_kept_fits_together_means_with_intervals_seeds_and_differences(part):
    tables = [results.load(part)]
    while tables:
        table = tables.pop()
        rows = {name: row for name, row in table.items() if isinstance(row, dict)}
        tables += rows.values()
        for name, row in rows.items():
            if "low" in row:
                assert row["low"] <= row["mean"] <= row["high"], name
                assert row["mean"] == pytest.approx(np.mean(row.get("by seed", row["mean"])), abs=5e-4), (
                    name
                )  # draws differ in viewers
            for key in [key for key in row if key.startswith("minus ")]:
                other = table[key.removeprefix("minus ")]
                assert row[key]["mean"] == pytest.approx(row["mean"] - other["mean"], abs=2e-4), (name, key)


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


@pytest.mark.parametrize("name", OF_SCORES)
def test_a_claim_agrees_with_the_kept_scores_of_viewers(name):
    scores, claim = load_scores(), load_claims(name).iloc[0]
    one, other = (scores[model].mean(axis=1) for model in OF_SCORES[name])
    low, high = bootstrap_interval(one - other)
    assert (one - other).mean() == pytest.approx(claim["mean"], abs=0.002)
    assert (low, high) == pytest.approx((claim["low"], claim["high"]), abs=0.004)


@pytest.mark.parametrize("name", [name for name in measure_claims.EXPERIMENTS if name != "cold_start"])
def test_what_is_claimed_is_measured_again(name, movielens):
    found, tables = measure_claims.EXPERIMENTS[name]()
    kept = load_claims()
    for key, claim in found.items():
        row = claim.measured()
        assert verdict(row["low"], row["high"]) == kept.loc[key, "verdict"], key
        numbers, words = ["mean", "low", "high"], ["claim", "control", "unit", "viewers", "draws"]
        assert [row[part] for part in words] == kept.loc[key, words].tolist(), key
        assert [row[part] for part in numbers] == pytest.approx(
            kept.loc[key, numbers].tolist(), abs=measure_claims.CLOSE
        )
    for key, table in tables.items():
        assert measure_claims.same_table(table, load_table(key).to_dict(orient="index")), key


def test_a_claim_that_nobody_made_is_named():
    with pytest.raises(KeyError, match="no claim is named 'x'"):
        load_claims("ease-als", "x")


def test_a_few_draws_of_cold_start_are_measured_again(movielens):
    name = "films without ratings, first draws"
    again = measure_claims.cold_start(measure_claims.FEW)[1][name]
    assert measure_claims.same_table(again, load_table(name).to_dict(orient="index"))


@pytest.mark.parametrize("name", COLD)
def test_a_claim_about_cold_start_is_the_difference_of_two_means(name):
    one, other = (load_table("films without ratings").loc[model, "mean"] for model in COLD[name])
    assert one - other == pytest.approx(load_claims(name)["mean"].item(), abs=0.0003)


def test_among_many_claims_fewer_are_settled():
    mean = pd.Series([5, 3, 2.45, 0.1], ["sure", "clear", "close", "nothing"])
    settled = settled_among_many(pd.DataFrame({"mean": mean, "low": mean - 1.96, "high": mean + 1.96}))
    assert settled.sum(axis=1).to_dict() == {"sure": 3, "clear": 3, "close": 2, "nothing": 0}
    assert not settled.loc["close"].iloc[2]
