"""Arithmetic of memory and machines, and searches that are split over shards."""

import math

import numpy as np
import pytest
from scipy.stats import lognorm

from helpers.data import load_movies, load_vectors
from helpers.exercises.ch07 import merge
from helpers.scale.capacity import SPREAD, plan, recall_of_few, simulate_shards, vector_bytes
from helpers.search.index import NeighborIndex


@pytest.fixture(scope="module")
def vectors():
    return load_vectors(load_movies())


@pytest.mark.parametrize("method", ["exact", "int8", "binary"])
def test_the_bytes_of_a_vector_are_those_that_a_search_goes_through(vectors, method):
    index = NeighborIndex(vectors, method=method)
    precision = "float32" if method == "exact" else method
    assert vector_bytes(vectors.shape[1], precision) * len(vectors) == index.scanned_bytes


def test_links_of_a_graph_are_those_of_the_file_that_holds_one(vectors, tmp_path):
    NeighborIndex(vectors, method="hnsw").save(tmp_path / "index")
    (saved,) = (tmp_path / "index").iterdir()
    stored = (saved.stat().st_size - vectors.nbytes) / len(vectors)  # with the ids, which are small
    assert stored == pytest.approx(vector_bytes(vectors.shape[1], links=16), rel=0.05)


def test_an_unknown_precision_and_numbers_of_nothing_are_refused():
    with pytest.raises(ValueError, match="precision is one of float32, int8, binary, not 'int4'"):
        vector_bytes(precision="int4")
    with pytest.raises(ValueError, match="above zero"):
        plan(0, 10)


def test_a_plan_has_room_for_all_vectors_and_all_queries():
    for vectors, queries in [(10**4, 1), (10**8, 1_000), (10**9, 5_000)]:
        found = plan(vectors, queries, machine_gigabytes=64, machine_cores=8, filled=0.7, seconds_a_query=0.002)
        assert found.gigabytes / found.shards <= 0.7 * 64
        assert queries * 0.002 / found.copies <= 0.7 * 8
        assert found.machines == found.shards * found.copies
        assert found.copies >= 2
        if found.shards > 1:
            assert found.gigabytes / (found.shards - 1) > 0.7 * 64
    assert plan(10**9, 1, precision="binary").shards < plan(10**9, 1).shards


def test_more_machines_encode_sooner_and_cost_more():
    few, many = plan(10**8, 100), plan(10**8, 20_000)
    assert many.machines > few.machines
    assert many.encoding_hours * many.machines == pytest.approx(few.encoding_hours * few.machines)
    assert many.price_a_month / many.machines == pytest.approx(few.price_a_month / few.machines)


def test_shards_that_answer_exactly_are_together_exact(vectors):
    parts = np.array_split(np.random.default_rng(0).permutation(len(vectors)), 5)
    shards = [NeighborIndex(vectors[part], part) for part in parts]
    whole = NeighborIndex(vectors)
    for query in vectors[:20]:
        assert merge([shard.search(query, 10) for shard in shards], 10) == whole.search(query, 10)[0].tolist()


def test_few_neighbors_from_each_shard_find_as_many_as_when_they_are_dealt_out():
    random = np.random.default_rng(0)
    for shards, asked in [(1, 3), (4, 3), (8, 2), (64, 1)]:
        shard_of = random.integers(shards, size=(5_000, 10))
        dealt = np.stack([(shard_of == shard).sum(axis=1) for shard in range(shards)])
        assert recall_of_few(shards, asked) == pytest.approx(np.minimum(dealt, asked).sum() / dealt.sum(), abs=0.01)
    assert recall_of_few(8, 10) == pytest.approx(1)


def test_the_slowest_of_many_shards_is_as_late_as_theory_says():
    for shards in (1, 10, 50):
        found = simulate_shards(shards)
        for name, share in (("median", 0.5), ("99th percentile", 0.99)):
            assert found[name] == pytest.approx(lognorm.ppf(share ** (1 / shards), SPREAD), rel=0.05)
    assert simulate_shards(1)["recall"] == simulate_shards(1)["complete"] == 1


def test_failed_machines_take_their_share_of_the_neighbors_and_copies_give_it_back():
    one, two = simulate_shards(10, 1, failed=0.1), simulate_shards(10, 2, failed=0.1)
    assert one["recall"] == pytest.approx(0.9, abs=0.01)
    assert one["complete"] == pytest.approx(0.9**10, abs=0.01)
    assert two["recall"] == pytest.approx(0.99, abs=0.005)
    assert two["complete"] == pytest.approx((1 - 0.1**2) ** 10, abs=0.01)
    assert math.isclose(simulate_shards(4, 1, failed=1.0)["recall"], 0)
