"""What every method of `helpers.search.index` answers: cosines, equal ones by id, within a bound of memory."""

import tracemalloc

import numpy as np
import pytest

from helpers.data import load_movies, load_vectors
from helpers.search.index import NeighborIndex


@pytest.fixture(scope="module")
def vectors():
    return load_vectors(load_movies())


@pytest.mark.parametrize("method", ["exact", "int8", "binary"])
def test_many_queries_of_many_vectors_take_less_than_300_megabytes_beside_the_matrix(method):
    index = NeighborIndex(np.random.default_rng(0).normal(size=(500_000, 2)).astype(np.float32), method=method)
    tracemalloc.start()
    try:
        index.search(index.vectors[:256], 3)
        assert tracemalloc.get_traced_memory()[1] < 300e6  # all at once would be 512
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", ["ball_tree", "hnsw", "int8", "binary"])
def test_every_method_gives_cosines(vectors, method):
    index = NeighborIndex(vectors, method=method)
    ids, similarities = index.search(vectors[:20], 5)
    np.testing.assert_allclose(similarities, np.einsum("nkd,nd->nk", vectors[ids], vectors[:20]), atol=1e-5)
    assert similarities.dtype == np.float32
    few = index.search(vectors[0], 3)
    assert few[0].tolist() == ids[0, :3].tolist()


def test_the_columns_with_equal_scores_around_the_last_place_come_by_id():
    vectors = np.tile([[1.0, 0], [0, 1]], (2_000, 1))
    order = np.random.default_rng(0).permutation(4_000)
    index = NeighborIndex(vectors, order)
    ids, similarities = index.search(np.array([[1.0, 0], [0, 1]]), 7)
    assert ids[0].tolist() == sorted(order[::2])[:7]
    assert ids[1].tolist() == sorted(order[1::2])[:7]
    assert (similarities == 1).all()
