import os
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.neighbors import NearestNeighbors

from helpers import files
from helpers.data import load_movies, load_vectors
from helpers.search import index as index_module
from helpers.search import saved_index
from helpers.search.index import NeighborIndex, as_mask, best_columns, unit_rows


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(0).normal(size=(500, 24)).astype(np.float32)


@pytest.mark.parametrize("method", ["exact", "ball_tree", "hnsw"])
def test_every_method_finds_the_neighbors_that_scikit_learn_finds(vectors, method):
    distances, places = NearestNeighbors(metric="cosine", algorithm="brute").fit(vectors).kneighbors(vectors[:40], 10)
    ids, similarities = NeighborIndex(vectors, method=method).search(vectors[:40], 10)
    agreement = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, places, strict=True)])
    assert agreement == 1 if method != "hnsw" else agreement >= 0.98
    exact = slice(None) if method != "hnsw" else slice(1)  # columns that cannot differ
    assert np.allclose(similarities[:, exact], 1 - distances[:, exact], atol=1e-5)
    assert ids.dtype.kind == "i"
    assert similarities.dtype == np.float32


def test_a_graph_keeps_more_candidates_than_neighbors_are_asked_for(vectors):
    exact, graph = NeighborIndex(vectors), NeighborIndex(vectors, method="hnsw", ef=1)
    found, true = (index.search(vectors[:40], 20)[0] for index in (graph, exact))
    assert np.mean([len(set(a) & set(b)) / 20 for a, b in zip(found, true, strict=True)]) >= 0.97


def test_one_query_gives_one_row(vectors):
    ids, similarities = NeighborIndex(vectors).search(vectors[3], 5)
    assert ids.shape == similarities.shape == (5,)
    assert ids[0] == 3
    assert (np.diff(similarities) <= 0).all()


def test_ties_are_broken_by_id():
    copies = np.tile([[1.0, 2.0, 3.0]], (50, 1))
    ids = np.random.default_rng(1).permutation(50)
    found, _ = NeighborIndex(copies, ids).search([1, 2, 3], 7)
    assert found.tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_the_same_vectors_make_the_same_graph():
    vectors = np.random.default_rng(0).normal(size=(3000, 16)).astype(np.float32)
    one, other = (NeighborIndex(vectors, method="hnsw").search(vectors, 10) for _ in range(2))
    np.testing.assert_array_equal(one[0], other[0])


@pytest.mark.parametrize("method", ["exact", "ball_tree", "hnsw"])
def test_a_filter_applies_before_ranking(vectors, method):
    where = np.arange(500) % 100 == 7
    ids, _ = NeighborIndex(vectors, method=method).search(vectors[0], 5, where=where)
    scores = (vectors @ vectors[0]) / np.linalg.norm(vectors, axis=1)
    assert ids.tolist() == sorted(np.flatnonzero(where), key=lambda place: -scores[place])


@pytest.mark.parametrize("method", ["exact", "ball_tree", "hnsw"])
def test_asking_for_more_than_there_is_gives_what_there_is(vectors, method):
    index = NeighborIndex(vectors[:6], method=method)
    assert sorted(index.search(vectors[0], 50)[0]) == list(range(6))
    assert index.search(vectors[0], 5, where=np.zeros(6, dtype=bool))[0].shape == (0,)


def test_a_search_takes_less_than_200_megabytes_beside_the_matrix(vectors):
    index = NeighborIndex(np.random.default_rng(0).normal(size=(100_000, 8)).astype(np.float32))
    queries = index.vectors[:300]
    tracemalloc.start()
    index.search(queries, 10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6


def test_batches_larger_than_a_block_equal_single_queries(vectors):
    index = NeighborIndex(vectors)
    together, _ = index.search(np.concatenate([vectors, vectors]), 3)
    assert together.tolist() == [index.search(vector, 3)[0].tolist() for vector in np.concatenate([vectors, vectors])]


def test_vectors_of_any_length_are_compared_by_angle(vectors):
    scaled = vectors * np.linspace(0.1, 50, 500)[:, None]
    assert (NeighborIndex(scaled).search(vectors[0], 10)[0] == NeighborIndex(vectors).search(vectors[0], 10)[0]).all()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (np.ones(23), "the query has .*23.* numbers, the index 24"),
        (np.full(24, np.nan), "NaN"),
        (np.zeros(24), "all zeros"),
        (np.full(24, np.inf), "infinite"),
        (5.0, "numbers"),
    ],
)
def test_a_query_that_means_nothing_is_refused(vectors, query, message):
    with pytest.raises(ValueError, match=message):
        NeighborIndex(vectors).search(query, 3)


def test_wrong_settings_are_refused(vectors):
    with pytest.raises(ValueError, match="method is one of exact, ball_tree, hnsw"):
        NeighborIndex(vectors, method="magic")
    with pytest.raises(ValueError, match="3 ids for 500"):
        NeighborIndex(vectors, [1, 2, 3])
    with pytest.raises(ValueError, match="k is 0"):
        NeighborIndex(vectors).search(vectors[0], 0)
    with pytest.raises(ValueError, match="mask of 500"):
        NeighborIndex(vectors).search(vectors[0], 3, where=[1, 2])
    with pytest.raises(ValueError, match="row 2 is all zeros"):
        NeighborIndex([[1, 0], [0, 1], [0, 0]])


# ---- short codes and saved indexes -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def films():
    return load_vectors(load_movies())


@pytest.mark.parametrize(("method", "smaller", "recall"), [("int8", 4, 0.98), ("binary", 32, 0.95)])
def test_codes_find_nearly_all_neighbors_in_a_fraction_of_the_memory(films, method, smaller, recall):
    exact, coded = NeighborIndex(films), NeighborIndex(films, method=method)
    wanted, found = exact.search(films, 10)[0], coded.search(films, 10)[0]
    assert exact.scanned_bytes == smaller * coded.scanned_bytes
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, wanted, strict=True)]) >= recall


def test_more_candidates_miss_fewer_neighbors_and_all_of_them_miss_none(films):
    exact, coded = NeighborIndex(films), NeighborIndex(films, method="binary", rescore=1)
    wanted = exact.search(films, 10)[0]
    shares = []
    for coded.options["rescore"] in (1, 4, len(films)):
        found = coded.search(films, 10)[0]
        shares.append(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, wanted, strict=True)]))
    assert shares[0] < shares[1] < shares[2] == 1


@pytest.mark.parametrize("method", ["exact", "ball_tree", "hnsw", "int8", "binary"])
@pytest.mark.parametrize("kind", [int, str])
def test_a_saved_index_answers_as_before_and_stays_on_the_disk(films, tmp_path, method, kind):
    ids = [kind(number) for number in range(100, 400)]
    index = NeighborIndex(films[:300], ids, method=method)
    index.save(tmp_path / "index")
    index.save(tmp_path / "index")
    loaded = NeighborIndex.load(tmp_path / "index")
    for one, other in zip(index.search(films[:5], 7), loaded.search(films[:5], 7), strict=True):
        assert (one == other).all()
    assert isinstance(loaded.vectors, np.memmap)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_damaged_index_is_refused_in_one_line(films, tmp_path):
    NeighborIndex(films[:50], method="int8").save(tmp_path / "index")
    (tmp_path / "index" / saved_index.NAME).write_bytes(b"no array")
    for folder in ("index", "nowhere"):
        with pytest.raises(ValueError, match="holds no whole index"):
            NeighborIndex.load(tmp_path / folder)


def test_an_unknown_option_is_refused(films):
    with pytest.raises(ValueError, match="exact has no option 'ef' \\(its options: none\\)"):
        NeighborIndex(films[:5], ef=3)


@pytest.mark.parametrize("columns", [9, 40, 700, 5_003])
@pytest.mark.parametrize("k", [1, 7])
@pytest.mark.parametrize("kind", ["distinct", "many equal", "all equal", "nearly all masked"])
def test_the_best_columns_are_those_of_a_full_sort(columns, k, kind):
    random = np.random.default_rng(columns)
    scores = random.random((4, columns)).astype(np.float32)
    if kind == "many equal":
        scores = (scores * 5).round() / 5
    elif kind == "all equal":
        scores[:] = 0.5
    elif kind == "nearly all masked":
        scores[:, random.permutation(columns)[k:]] = -np.inf
    rank = random.permutation(columns)
    found, top = best_columns(scores, k, rank)
    for row in range(len(scores)):
        wanted = np.lexsort((rank, -scores[row].round(6)))[:k]
        assert found[row].tolist() == wanted.tolist()
        assert top[row].tolist() == scores[row, wanted].tolist()


def test_a_condition_is_aligned_by_its_index_and_stands_in_order_otherwise():
    ids, condition = [7, 3, 5], pd.Series([True, False, True, True], index=[3, 5, 7, 9])
    assert as_mask(condition, ids).tolist() == [True, True, False]
    assert as_mask([True, False, True], ids).tolist() == [True, False, True]
    assert as_mask(None, ids) is None
    assert as_mask(condition.astype("boolean"), ids).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (pd.Series([True, True], index=[7, 3]), "says nothing about id 5"),
        (pd.Series([True] * 4, index=[7, 3, 3, 5]), "has id 3 more than once"),
        (pd.Series([True, None, True], index=[7, 3, 5]), "says nothing about id 3"),
        (np.ma.array([True, True, True], mask=[False, True, False]), "says nothing about id 3"),
        ([1, 0, 1], "mask of 3 booleans, not int64"),
        ([True, False], r"not bool of shape \(2,\)"),
        (True, "mask of 3 booleans"),
    ],
)
def test_a_condition_that_is_none_is_refused(where, message):
    with pytest.raises(ValueError, match=f"filter: where.*{message}"):
        as_mask(where, [7, 3, 5], "filter")


@pytest.mark.parametrize("k", [0, -1, 2.0, "3", None])
def test_a_length_that_is_no_whole_number_from_1_on_is_refused(k):
    with pytest.raises(ValueError, match="ask for a whole number, 1 or more"):
        NeighborIndex(np.eye(3)).search([1, 0, 0], k)


# ---- what is refused, and how much memory it takes -------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([1, 2, 1], "id 1 appears twice"),
        (["a", "b", "a"], "id a appears twice"),
        ([1, None, 3], "the id of row 1 is missing"),
        (pd.Index([1.0, float("nan"), 2.0]), "the id of row 1 is missing"),
        ([1, "2", 3], "of one kind"),
        (pd.Index([1, "a", 2]), "of one kind"),
        (["a", "b\0", "b"], "appears twice|of one kind"),
        ([[1], [2], [3]], "3 x 1 ids for 3"),
    ],
)
def test_ids_that_do_not_name_one_vector_each_are_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        NeighborIndex(np.eye(3), ids)


@pytest.mark.parametrize(
    "ids", [range(5, 8), iter([5, 6, 7]), {5: 0, 6: 0, 7: 0}, pd.RangeIndex(5, 8), ["a", "b", "c"]]
)
def test_ids_may_be_any_sequence(ids):
    assert NeighborIndex(np.eye(3), ids).search([0, 1, 0], 1)[0][0] in (6, "b")


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1, float("nan")]], "row 0 has a NaN"),
        ([[1, 0], [1e60, 0]], "row 1 has a NaN or an infinite number"),
        ([], "expected rows of numbers"),
        ([["a", "b"]], "expected rows of numbers"),
        ([[1], [1, 2]], "expected rows of numbers"),
        (np.zeros((2, 2, 2)) + 1, "expected rows of numbers"),
        ([[1 + 1j, 0]], "none of them masked or complex"),
        (np.ma.masked_equal([[1.0, 5.0]], 5.0), "none of them masked or complex"),
    ],
)
def test_vectors_that_are_no_rows_of_numbers_are_refused(vectors, message):
    with pytest.raises(ValueError, match=message) as caught:
        NeighborIndex(vectors)
    assert "\n" not in str(caught.value)


def test_very_large_and_very_small_vectors_have_a_direction():
    rows = unit_rows(np.array([[3e-30, 4e-30], [3e30, 4e30], [1e-44, 0], [3, 4]], dtype=np.float32), "test")
    assert rows.dtype == np.float32
    assert np.allclose(rows, [[0.6, 0.8], [0.6, 0.8], [1, 0], [0.6, 0.8]], atol=1e-6)


def test_no_queries_find_nothing():
    ids, similarities = NeighborIndex(np.eye(3)).search(np.empty((0, 3)), 2)
    assert ids.shape == similarities.shape == (0, 2)


@pytest.mark.parametrize("value", [0, -1, 2.5, "4", None])
def test_an_option_that_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match="M is .*whole number"):
        NeighborIndex(np.eye(3), method="hnsw", M=value)


def test_a_series_filters_by_its_index_in_any_order(vectors):
    ids = np.arange(1_000, 1_500)
    where = pd.Series(np.arange(500) < 40, index=ids).sample(frac=1, random_state=0)
    found, _ = NeighborIndex(vectors, ids).search(vectors[3], 50, where=where)
    assert sorted(found) == list(range(1_000, 1_040))


def test_the_graph_that_does_not_lead_to_enough_is_not_asked(vectors, monkeypatch):
    import voyager

    class Lost:
        def query(self, *_, **__):
            raise voyager.RecallError("potential recall degradation")

    index = NeighborIndex(vectors, method="hnsw")
    index._index = Lost()
    assert (index.search(vectors[:2], 400)[0] == NeighborIndex(vectors).search(vectors[:2], 400)[0]).all()


@pytest.mark.parametrize("method", ["exact", "ball_tree", "hnsw", "int8", "binary"])
def test_queries_are_compared_block_by_block(vectors, monkeypatch, method):
    index, blocks = NeighborIndex(vectors, method=method), []
    wanted = index.search(vectors[:100], 3)[0]
    real = index_module.best_first
    monkeypatch.setattr(
        index_module, "best_first", lambda rows, *rest: (blocks.append(len(rows)), real(rows, *rest))[1]
    )
    monkeypatch.setattr(index_module, "BYTES_AT_ONCE", 100_000)
    assert (index.search(vectors[:100], 3)[0] == wanted).all()
    assert sum(blocks) == 100
    assert max(blocks) <= 16


# ---- saving ----------------------------------------------------------------------------------------------------


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def index_folder(path):
    NeighborIndex(np.eye(3), method="int8").save(path)


def course_data(path):
    path.mkdir()
    (path / "movies.csv").write_text("movie_id\n1\n", encoding="utf-8")


def a_file(path):
    path.write_text("notes", encoding="utf-8")


def an_index_with_notes(path):
    index_folder(path)
    (path / "notes.txt").write_text("mine", encoding="utf-8")


def an_index_with_a_folder(path):
    index_folder(path)
    (path / "mine").mkdir()


def arrays_of_another_program(path):
    path.mkdir()
    np.save(path / "vectors.npy", np.eye(3))
    np.save(path / "ids.npy", np.arange(3))


def a_link_to_an_index(path):
    index_folder(path.with_name("other"))
    path.symlink_to(path.with_name("other"), target_is_directory=True)


@pytest.mark.parametrize(
    "make",
    [
        course_data,
        a_file,
        an_index_with_notes,
        an_index_with_a_folder,
        arrays_of_another_program,
        a_link_to_an_index,
    ],
)
def test_saving_replaces_nothing_but_an_index(tmp_path, make):
    make(tmp_path / "place")
    before = contents(tmp_path)
    for _ in range(2):
        with pytest.raises(ValueError, match="Name a folder for the index alone") as caught:
            NeighborIndex(np.eye(4)).save(tmp_path / "place")
        assert "\n" not in str(caught.value)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("place", ["/", ".", ".."])
def test_saving_over_the_root_or_the_working_folder_is_refused(place):
    with pytest.raises(ValueError, match="Name a folder for the index alone"):
        NeighborIndex(np.eye(4)).save(place)


def test_saving_replaces_a_larger_an_older_and_a_damaged_index_and_takes_an_empty_folder(tmp_path):
    folder, path = tmp_path / "index", tmp_path / "index" / saved_index.NAME
    folder.mkdir()
    for method in ("binary", "hnsw", "exact", "int8"):
        NeighborIndex(np.eye(4), method=method).save(folder)
        assert NeighborIndex.load(folder).method == method
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match="not as it was saved.*Build it again and save it"):
        NeighborIndex.load(folder)
    NeighborIndex(np.eye(5)).save(folder)
    assert len(NeighborIndex.load(folder)) == 5
    path.write_bytes(b"NeighborIndex 3\n" + path.read_bytes()[16:])
    with pytest.raises(ValueError, match="of another version.*Build it again and save it"):
        NeighborIndex.load(folder)
    NeighborIndex(np.eye(6)).save(folder)
    assert len(NeighborIndex.load(folder)) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert len(contents(folder)) == 1


def test_what_killed_processes_left_goes_with_the_next_saving(tmp_path):
    folder, gone = tmp_path / "index", "00000000-123456789-0123456789ab"
    gone = gone.replace("00000000", files._host())
    index_folder(folder)
    (folder / f".vectors.tmp-{gone}.neighborindex").write_bytes(b"x" * 64)
    alive = folder / f".vectors.tmp-{files.owner()}.neighborindex"
    alive.write_bytes(b"of a process that saves now")
    other = folder / ".vectors.tmp-ffffffff-1-0123456789ab.neighborindex"
    other.write_bytes(b"of another machine")
    NeighborIndex(np.eye(4)).save(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert len(contents(folder)) == 1 + 2
    os.utime(other, (0, 0))
    NeighborIndex(np.eye(4)).save(folder)
    assert alive.exists()
    assert not other.exists()


def test_an_index_may_be_loaded_and_saved_where_it_is(tmp_path):
    index_folder(tmp_path / "index")
    index = NeighborIndex.load(tmp_path / "index")
    index.save(tmp_path / "index")
    index.save(tmp_path / "index")
    assert (NeighborIndex.load(tmp_path / "index").vectors == np.eye(3)).all()


def test_ids_that_a_file_cannot_hold_are_refused_before_anything_is_written(tmp_path):
    for ids in (pd.MultiIndex.from_tuples([(1, 2), (1, 3), (2, 1)]), pd.Index(["a", "b", "b\0"], dtype=object)):
        with pytest.raises(ValueError, match="ids have to be numbers or texts"):
            NeighborIndex(np.eye(3), ids).save(tmp_path / "index")
    assert not list(tmp_path.iterdir())


def test_an_index_that_is_replaced_while_it_is_opened_is_opened_whole(tmp_path, monkeypatch):
    folder, real = tmp_path / "index", saved_index._digest
    NeighborIndex(np.eye(3)).save(folder)

    def interrupted(file):
        monkeypatch.setattr(saved_index, "_digest", real)
        NeighborIndex(np.eye(7)).save(folder)
        return real(file)

    monkeypatch.setattr(saved_index, "_digest", interrupted)
    assert (NeighborIndex.load(folder).vectors == np.eye(3)).all()
    assert len(NeighborIndex.load(folder)) == 7


def test_a_saved_index_remembers_its_encoder_and_refuses_the_query_of_another(tmp_path):
    NeighborIndex(np.eye(3), encoder="tfidf 0123").save(tmp_path / "index")
    index = NeighborIndex.load(tmp_path / "index")
    for label in (None, "tfidf 0123"):
        assert index.search([1.0, 0, 0], 1, encoder=label)[0].tolist() == [0]
    with pytest.raises(ValueError, match=r"made by all-mpnet-base-v2 88, the index by tfidf 0123\. Use one encoder"):
        index.search([1.0, 0, 0], 1, encoder="all-mpnet-base-v2 88")
    NeighborIndex(np.eye(3)).save(tmp_path / "index")
    assert NeighborIndex.load(tmp_path / "index").search([1.0, 0, 0], 1, encoder="any")[0].tolist() == [0]


def test_an_index_may_be_saved_into_the_working_folder_and_below_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for size in (3, 4):
        NeighborIndex(np.eye(size)).save(".")
        assert len(NeighborIndex.load(".")) == size
    with pytest.raises(ValueError, match=r"neighborindex is a file\. Name a folder"):
        NeighborIndex(np.eye(3)).save(f"{saved_index.NAME}/index")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: NeighborIndex(np.eye(3), method="hnsw", M=1), "M is 1; it is a whole number, 2 or more"),
        (lambda: NeighborIndex(np.eye(3), method=["exact"]), "method is one of exact"),
        (lambda: NeighborIndex(np.eye(3), {1, 2, 3}), "ids is a set"),
        (lambda: NeighborIndex(scipy.sparse.eye(3).tocsr()), r"not a sparse matrix: give matrix\.toarray\(\)"),
        (lambda: NeighborIndex(np.eye(3)).search(np.ones(3), True), "k is True"),
    ],
)
def test_what_would_end_in_an_error_of_another_library_is_refused_in_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_ids_that_change_later_change_nothing():
    ids = np.arange(3)
    index = NeighborIndex(np.eye(3), ids)
    ids[:] = 7
    assert index.search([0.0, 1, 0], 1)[0].tolist() == [1]
