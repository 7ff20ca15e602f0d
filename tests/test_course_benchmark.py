"""The benchmark: what it times is what it says, and its other ways give the same answers."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers import titles
from helpers.course import benchmark
from helpers.course import commands as command_line
from helpers.course.benchmark import BARE, OURS, TUTORIAL, Measurement
from helpers.data import load_movies, load_vectors
from helpers.encoding import compiled
from helpers.evaluation import evaluate_users, results
from helpers.scale import tuning
from helpers.search.index import NeighborIndex

TINY = benchmark.Size(rounds=1, texts=(2,), vectors=(1_050, 2_000), titles=(300,), lookups=(500,))


def test_ways_are_timed_in_turn_after_calls_that_do_not_count(monkeypatch):
    clock, calls = [0], []
    takes = {"a": 0.5, "b": 2**-8}  # seconds, by a clock that only they turn: one is long, the other short

    def work(name):
        calls.append(name)
        clock[0] += takes[name]

    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(benchmark, "WARM", 3 * takes["b"])
    seconds = benchmark.interleave({name: lambda name=name: work(name) for name in "ab"}, rounds=2, times=2, per=5)
    assert "".join(calls) == "ab" + ("aa" + "bbb" + "bb") * 2
    assert seconds == {"a": [0.1] * 2, "b": [takes["b"] / 5] * 2}


@pytest.fixture(scope="module")
def measured():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmark, "_python", lambda code: compile(code, "code", "exec"))
        return list(benchmark.run(TINY))


def test_every_part_is_measured_against_the_tutorials_way_and_a_bare_one(measured):
    parts = {"encode": 0, "search": 0, "close pairs": 0, "look a title up": 0, "judge lists": 0, "start a process": 0}
    for what, seconds, _ in measured:
        assert all(len(each) == 1 and each[0] > 0 for each in seconds.values())
        for part in parts:
            parts[part] += what.startswith(part) and {OURS, TUTORIAL, BARE} <= set(seconds)
    assert all(parts.values()), parts


def test_what_may_miss_says_how_much_it_finds(measured):
    quality = {what: quality for what, _, quality in measured}
    for method, memory in (("hnsw", 1), ("int8", 4), ("binary", 32)):
        found = quality[f"search 2,000 vectors, 1 query, {method}"]
        assert found["recall@10"] > 0.95
        assert found["recall@10, new texts"] > 0.9
        assert found["memory of exact"] == memory
    assert quality["close pairs of 300 titles"]["share of the bare way's pairs"] == 1
    assert quality["look a title up among 500"]["found"] >= 0.8


def test_neighbors_by_compiled_vectors_are_those_by_plain_ones(monkeypatch):
    films = load_movies().head(40)
    monkeypatch.setenv(compiled.SWITCH, "1")
    quality = benchmark._same_neighbors(films)
    assert quality["overlap@10 with float32"] >= 0.98
    assert quality["shared tags"] == pytest.approx(quality["shared tags by float32"], abs=0.005)


def test_ratios_are_taken_round_by_round():
    rows = [Measurement("x", {OURS: [1.0, 2.0, 4.0], BARE: [0.5, 1.0, 3.0]}, {"recall": 0.98765})]
    document = benchmark.as_document(rows, quick=True)
    assert document["measured"][0]["ratios"] == {BARE: {"median": 0.5, "low": 0.5, "high": 0.75}}
    assert document["measured"][0]["seconds"][OURS] == {"median": 2.0, "low": 1.0, "high": 4.0}
    table = benchmark.as_table(document)
    assert table.loc["x"].to_dict() == {"ms": 2_000.0, "bare takes": 0.5, "recall": 0.9877}
    assert {"cores", "processor", "system"} == set(document["machine"])


def test_made_up_vectors_lie_about_as_far_from_each_other_as_those_of_the_films():
    films, made_up = load_vectors(load_movies()), tuning.made_up_vectors(1_050)
    np.testing.assert_allclose(np.linalg.norm(made_up, axis=1), 1, atol=1e-5)
    for place in (1, 10):
        near = [NeighborIndex(rows).search(rows, 11)[1][:, place].mean() for rows in (films, made_up)]
        assert near[0] == pytest.approx(near[1], abs=0.05)
    assert not np.array_equal(made_up, tuning.made_up_vectors(1_050, seed=1))


def test_the_other_ways_give_the_same_answers():
    vectors = tuning.made_up_vectors(3_000)
    found = benchmark.bare_search(vectors, vectors[:20])
    np.testing.assert_array_equal(found, NeighborIndex(vectors).search(vectors[:20], benchmark.K)[0])
    names = [titles.normalize_title(title) for title in benchmark.made_up_titles(400)]
    pairs = [set(zip(*map(list, way(names)), strict=True)) for way in (titles.close_titles, benchmark.all_pairs)]
    assert pairs[0] == pairs[1]
    assert len(pairs[0]) > 10


def test_the_loop_over_viewers_judges_as_the_evaluation_does():
    random = np.random.default_rng(0)
    scores = random.random((30, 60))
    liked = np.argwhere(random.random(scores.shape) < 0.2)
    test = pd.DataFrame({"user_id": liked[:, 0], "movie_id": liked[:, 1], "rating": 5.0})
    train = pd.DataFrame({"user_id": np.arange(30), "movie_id": 60, "rating": 5.0})
    movies, vectors = pd.DataFrame(index=pd.RangeIndex(61, name="movie_id")), tuning.made_up_vectors(61)
    each = evaluate_users(benchmark.Given(np.column_stack([scores, np.zeros(30)])), train, test, 10, movies, vectors)
    precision, recall, hit, mrr, ap, ndcg, _, diversity = benchmark.judge_by_loop(scores, test, vectors)
    wanted = each.mean()
    names = ["precision@10", "recall@10", "hit rate@10", "mrr@10", "map@10", "ndcg@10", "diversity"]
    np.testing.assert_allclose(wanted[names], [precision, recall, hit, mrr, ap, ndcg, diversity], atol=1e-5)


def test_the_command_prints_one_document_and_keeps_it(monkeypatch, capsys, tmp_path):
    rows = [Measurement("x", {OURS: [1.0], TUTORIAL: [3.0]}, {})]
    monkeypatch.setattr(benchmark, "run", lambda size: iter(rows))
    monkeypatch.setattr(command_line.bootstrap, "ensure", lambda tests: None)
    monkeypatch.setattr(results, "DATA_DIR", tmp_path)
    assert command_line.main(["benchmark", "--quick", "--json", "--keep"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["measured"][0]["ratios"]["tutorial"]["median"] == 3
    assert results.load("benchmark")["measured"] == printed["measured"]
    assert command_line.main(["benchmark"]) == 0
    assert "tutorial takes" in capsys.readouterr().out


def test_the_kept_figures_are_those_of_the_full_benchmark():
    kept = results.load("benchmark")
    whats = {row["what"] for row in kept["measured"]}
    assert not kept["quick"]
    assert {f"search {count:,} vectors, 1 query" for count in benchmark.FULL.vectors} <= whats
    assert {f"close pairs of {count:,} titles" for count in benchmark.FULL.titles} <= whats
