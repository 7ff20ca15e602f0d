import json
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from helpers import evaluation, recommenders
from helpers.course import commands as command_line
from helpers.data import load_ratings, read_ratings_csv
from helpers.evaluation import results, scoreboard
from helpers.recommenders import MODELS, WITHOUT_FILMS, Recommender

FAST = ["random", "popularity", "recent-popularity", "item-knn", "user-knn", "biased-mf", "als", "ease", "markov-chain",
        "content-profile", "feature-vectors", "content-to-cf"]  # fmt: skip
LEAST_AGREEMENT = 0.7  # Kendall's tau between the orders of models on course ratings and on MovieLens

OWN = "u;i;score;when\n" + "".join(
    f"{user};{chr(97 + (user + item) % 12)};{1 + (user * item) % 10};2020-{1 + item % 12:02}-{1 + user % 28:02}\n"
    for user in range(20)
    for item in range(10)
)


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(capsys, monkeypatch):
    """Run `helpers evaluate` in this process: a new one would import for seconds."""
    monkeypatch.setattr(command_line.bootstrap, "ensure", lambda tests: None)
    return lambda *arguments: Done(command_line.main(["evaluate", *arguments]), *capsys.readouterr())


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_the_command_prints_one_json_document_with_intervals(command):
    done = command("--models", "popularity,ease,biased-mf", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ratings"] == "course"
    assert document["protocol"]["k"] == 10
    assert [entry["model"] for entry in document["models"]] == ["popularity", "ease", "biased-mf"]
    for entry in document["models"]:
        assert entry["ndcg@10"]["low"] < entry["ndcg@10"]["mean"] < entry["ndcg@10"]["high"]
        assert {"map@10", "recall@10", "coverage", "novelty", "diversity"} <= set(entry)
    assert 0.7 < document["models"][2]["rmse"] < 1


def test_k_seed_and_protocol_count(command):
    done = command("--models", "random", "--json", "-k", "5", "--seed", "3", "--protocol", "random")
    protocol = json.loads(done.stdout)["protocol"]
    assert (protocol["k"], protocol["seed"], protocol["split"]) == (5, 3, "random")


SPLITS = {
    "last": evaluation.split_last,
    "random": evaluation.split_random,
    "date": evaluation.split_date,
    "cold": evaluation.split_cold,
}


@pytest.mark.parametrize("protocol", scoreboard.PROTOCOLS)
def test_a_protocol_is_the_split_of_its_name(protocol):
    task = scoreboard.Task("course", protocol, seed=5)
    split = SPLITS[protocol]
    train, test = split(load_ratings()) if protocol == "date" else split(load_ratings(), seed=5)
    pd.testing.assert_frame_equal(task.train, train)
    pd.testing.assert_frame_equal(task.test, test)
    assert task.describe()["split"] == protocol


def test_what_makes_the_figures_doubtful_stands_beside_them():
    ratings = load_ratings().head(2_000).assign(timestamp=1.6e9)
    with pytest.warns(UserWarning, match="chance, not time"):
        task = scoreboard.Task(ratings)
    assert "100% of the ratings have the same time" in task.describe()["notes"][0]
    assert "notes" not in scoreboard.Task("course").describe()


@pytest.mark.filterwarnings("default:100%")
def test_the_command_says_so_on_standard_error_too(command, tmp_path):
    rows = [f"{user},{item},{1 + (user * item) % 5},2020-01-01" for user in range(20) for item in range(10)]
    path = tmp_path / "one_day.csv"
    path.write_text("\n".join(["user,item,rating,day", *rows]), encoding="utf-8")
    done = command("--csv", str(path), "--time-column", "day", "-k", "2", "--models", "random", "--json")
    assert done.returncode == 0, done.stderr
    assert "chance, not time" in json.loads(done.stdout)["protocol"]["notes"][0]
    assert done.stderr.startswith("100% of the ratings have the same time")


@pytest.mark.filterwarnings("default:ease")
def test_a_model_for_which_there_are_too_many_films_is_left_out_and_said_so(command, tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.recommenders.factors.MOST_MEMORY", 16 * 30**2)
    rows = [f"{user},{film},{1 + (user * film) % 5}" for user in range(30) for film in range(user, user + 10)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *rows]))
    csv = ["--csv", str(tmp_path / "r.csv"), "--protocol", "random", "--models"]
    done = command(*csv, "ease,popularity", "--json")
    assert "ease is left out. EASE: " in done.stderr
    found = json.loads(done.stdout)
    assert [model["model"] for model in found["models"]] == ["popularity"]
    assert "ease is left out" in found["protocol"]["notes"][-1]
    alone = command(*csv, "ease")
    assert alone.returncode == 1 and "EASE: " in alone.stderr


def test_ratings_without_a_like_are_told_what_a_like_is(command, tmp_path):
    rows = [f"{user},{film},1" for user in range(9) for film in range(9)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *rows]))
    said = command("--csv", str(tmp_path / "r.csv"), "--protocol", "random", "--models", "popularity").stderr
    assert "A like is a rating from 4 on; the highest of the test is 1." in said


def test_cold_films_are_judged_among_themselves():
    task = scoreboard.Task("course", "cold", 20)
    table = task.judge(MODELS["content-to-cf"]())
    chance = task.judge(MODELS["random"]())
    assert table.loc["recall@20", "low"] > chance.loc["recall@20", "high"]


def test_own_ratings_under_any_column_names(command, own):
    columns = ["--user-column", "u", "--item-column", "i", "--rating-column", "score", "--time-column", "when"]
    options = ["--scale", "1", "10", "-k", "2", "--json", "--models", "popularity,als"]
    done = command("--csv", str(own), *columns, *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ratings"] == "own"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "magic"], "there is no model 'magic'"),
        (["--csv", "OWN", "--rating-column", "score", "--item-column", "i"], "column 'user' is missing"),
        (
            ["--csv", "OWN", *["--user-column", "u", "--item-column", "i", "--rating-column", "score"]],
            "is not a rating from 0.5 to 5",
        ),
        (
            [
                "--csv",
                "OWN",
                *["--user-column", "u", "--item-column", "i", "--rating-column", "score", "--scale", "1", "10"],
            ],
            "needs a time of each rating",
        ),
        (["--csv", "OWN", "--models", "two-tower", *["--user-column", "u", "--item-column", "i"]], "two-tower"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments, message, own, command):
    done = command(*[str(own) if argument == "OWN" else argument for argument in arguments])
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Models")]
    assert len(lines) == 1
    assert message in lines[0] or message == "two-tower"


def test_own_ratings_are_read_with_their_scale_and_times(own):
    ratings = read_ratings_csv(own, "u", "i", "score", "when", (1, 10))
    assert ratings["rating"].between(1, 10).all()
    assert ratings.attrs["scale"] == (1, 10)
    assert ratings["timestamp"].iloc[0] == pd.Timestamp("2020-01-01", tz="UTC").timestamp()
    with pytest.raises(ValueError, match="is not a time"):
        read_ratings_csv(own, "u", "i", "score", "i", (1, 10))


def test_what_is_kept_can_be_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA_DIR", tmp_path)
    task = scoreboard.Task("course", "last")
    document = scoreboard.as_document(task, {"popularity": task.judge(MODELS["popularity"]())})
    scoreboard.keep(document)
    kept = scoreboard.load_reference("course")
    assert kept["models"] == json.loads(json.dumps(document["models"]))
    assert {"date", "versions"} <= set(kept)
    assert scoreboard.as_table(kept).loc["popularity", "ndcg@10"] == document["models"][0]["ndcg@10"]["mean"]
    assert scoreboard.intervals(kept, "ndcg@10").columns.tolist() == ["mean", "low", "high"]


def test_the_kept_figures_on_movielens_are_those_of_today(movielens):
    kept = scoreboard.as_table(scoreboard.load_reference("movielens"))
    task = scoreboard.Task("movielens")
    assert task.describe() == scoreboard.load_reference("movielens")["protocol"]
    for name in ("popularity", "item-knn", "ease", "content-profile"):
        assert task.judge(MODELS[name]()).loc["ndcg@10", "mean"] == pytest.approx(kept.loc[name, "ndcg@10"], abs=0.002)


def test_two_runs_give_the_same_tables():
    few = load_ratings().head(4_000)
    first, second = (scoreboard.Task(few).judge(MODELS["neural-cf"]()) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


@pytest.fixture(scope="module")
def ours():
    """NDCG@10 on the ratings of the course, of the models that are fitted in a second or two."""
    task = scoreboard.Task("course")
    return pd.Series({name: task.judge(MODELS[name]()).loc["ndcg@10", "mean"] for name in FAST})


def test_the_families_stand_in_the_order_of_the_literature(ours):
    assert ours["random"] < 0.03
    assert ours["random"] < ours["content-profile"] < ours["popularity"] < ours["item-knn"] < ours["ease"]
    assert ours["popularity"] < 0.75 * ours[["als", "ease"]].min()


def test_simulated_viewers_put_the_models_into_the_order_of_real_ones(ours):
    real = scoreboard.load_reference("movielens")
    real_means, spans = scoreboard.as_table(real)["ndcg@10"][FAST], scoreboard.intervals(real, "ndcg@10")
    agree = disagree = 0
    for place, one in enumerate(real_means.index):
        for other in real_means.index[place + 1 :]:
            if spans.loc[one, "low"] > spans.loc[other, "high"] or spans.loc[other, "low"] > spans.loc[one, "high"]:
                same = (real_means[one] - real_means[other]) * (ours[one] - ours[other]) > 0
                agree, disagree = agree + same, disagree + (not same)
    assert agree + disagree > 20
    assert (agree - disagree) / (agree + disagree) >= LEAST_AGREEMENT
    assert kendalltau(real_means, ours[real_means.index]).statistic > 0.5


def test_every_model_is_on_the_scoreboard_under_a_name():
    made = set(MODELS.values())
    there = {kind for kind in vars(recommenders).values() if isinstance(kind, type) and issubclass(kind, Recommender)}
    assert made == there - {Recommender}
    assert np.isin(WITHOUT_FILMS, list(MODELS)).all()
    assert load_ratings()["user_id"].nunique() == 700


def test_a_task_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="protocol 'first' is unknown; choose last, random, date, cold"):
        scoreboard.Task("course", "first")
    with pytest.raises(ValueError, match="k is 0"):
        scoreboard.Task("course", k=0)
