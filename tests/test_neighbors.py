import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from helpers import neighbors
from helpers.data import load_movies, load_vectors
from helpers.index import NeighborIndex, as_mask, best_columns
from helpers.neighbors import TitleNotFoundError, find_similar_movies


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(0).normal(size=(500, 24)).astype(np.float32)


@pytest.mark.parametrize("method", ["exact", "ball_tree", "hnsw"])
def test_every_method_finds_the_neighbours_that_scikit_learn_finds(vectors, method):
    distances, places = NearestNeighbors(metric="cosine", algorithm="brute").fit(vectors).kneighbors(vectors[:40], 10)
    ids, similarities = NeighborIndex(vectors, method=method).search(vectors[:40], 10)
    agreement = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, places, strict=True)])
    assert agreement == 1 if method != "hnsw" else agreement >= 0.98
    assert np.allclose(similarities[:, 0], 1 - distances[:, 0], atol=1e-5)
    assert ids.dtype.kind == "i"
    assert similarities.dtype == np.float32


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


def test_films_like_the_avengers_despite_a_typo():
    found = find_similar_movies("Avengrs", k=5)
    assert found.columns.tolist() == ["title", "year", "similarity"]
    assert len(found) == 5
    assert found["similarity"].is_monotonic_decreasing
    assert found.attrs["matched"] not in found.index


def test_a_filter_restricts_the_films():
    from helpers.data import load_movies

    movies = load_movies()
    found = find_similar_movies("The Avengers", k=5, movies=movies, where=movies["year"] < 1990)
    assert (found["year"] < 1990).all()


def test_a_title_that_is_not_there_names_three_that_are():
    with pytest.raises(TitleNotFoundError, match="No title like 'zzzzqqq'"):
        find_similar_movies("zzzzqqq")
    with pytest.raises(TitleNotFoundError) as caught:
        find_similar_movies("Toy Stry Wxyz Qqqqqq")
    assert len(caught.value.suggestions) == 3
    assert all(title.startswith("Toy Story") for title in caught.value.suggestions)


HEROES = pd.DataFrame(
    [("Hero", 2002, "A"), ("Dune", 1984, "B"), ("Dune", 2021, "C"), ("Alien", 1979, "D"), ("<b>R&B</b>", 2000, "E")],
    columns=["title", "year", "synopsis"], index=[1, 2, 3, 4, 5],
)  # fmt: skip
DIRECTIONS = np.array([[1, 0, 0], [1, 1, 0], [1, 2, 0], [0, 1, 1], [0, 0, 1]], dtype=np.float32)


def similar(title, k=3, **options):
    index = options.pop("index", NeighborIndex(DIRECTIONS, HEROES.index))
    return find_similar_movies(title, k, movies=HEROES, index=index, **options)


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ("Her", "Most like Hero (2002), the closest title to 'Her'"),
        ("alien", "Most like Alien (1979)"),
        ("Alien (1979)", "Most like Alien (1979)"),
        ("Dune", "Most like Dune (1984); the same title: Dune (2021)"),
        ("Dune 2021", "Most like Dune (2021)"),
    ],
)
def test_the_table_says_above_itself_which_film_was_understood(text, caption):
    found = similar(text)
    assert found.caption == found.attrs["caption"] == caption
    assert repr(found).splitlines()[0] == caption
    assert len(repr(found).splitlines()) == len(repr(pd.DataFrame(found)).splitlines()) + 1
    assert found._repr_html_().startswith("<p>Most like")


def test_what_is_shown_in_a_notebook_is_escaped():
    shown = similar("<b>R&B</b>")._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;R&amp;B&lt;/b&gt;" in shown


def test_the_table_is_an_ordinary_one_for_everything_else():
    found = similar("Alien")
    assert isinstance(found, pd.DataFrame)
    for made in (found.head(1), found.copy(), found[["title"]], found.sort_index(), found.reset_index()):
        assert type(made) is pd.DataFrame
    assert found.attrs["matched"] == 4
    assert similar("Dune").attrs["ties"] == [2, 3]


def test_an_unknown_title_is_one_line_in_a_notebook():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    code = "from helpers.neighbors import find_similar_movies\nfind_similar_movies('zzzzqqq')"
    with capture_output() as output:
        result = InteractiveShell().run_cell(code)
    assert isinstance(result.error_in_exec, TitleNotFoundError)
    assert output.stdout.strip().startswith("TitleNotFoundError: No title like 'zzzzqqq'. The nearest: ")
    assert len(output.stdout.strip().splitlines()) == 1


def test_an_index_over_other_ids_is_refused_and_another_order_is_right():
    for wrong in (NeighborIndex(DIRECTIONS), NeighborIndex(DIRECTIONS[:4], [1, 2, 3, 4])):
        with pytest.raises(ValueError, match=r"the movies 1, 2, 3, ...; build it with NeighborIndex"):
            similar("Alien", index=wrong)
    turned = NeighborIndex(DIRECTIONS[::-1], HEROES.index[::-1])
    where = HEROES["year"] > 1980
    for options in ({}, {"where": where}, {"diversity": 0.5}, {"where": where, "diversity": 0.5}):
        assert similar("Hero", index=turned, **options).equals(similar("Hero", **options))


def test_a_condition_is_aligned_by_the_ids():
    where = HEROES["year"] < 2000
    assert similar("Hero", where=where).index.tolist() == [2, 4]
    assert similar("Hero", where=where.sample(frac=1, random_state=0)).index.tolist() == [2, 4]
    assert similar("Hero", where=where.to_numpy()).index.tolist() == [2, 4]
    for wrong in (where.head(2), where.astype(int), [True]):
        with pytest.raises(ValueError, match="find_similar_movies: where"):
            similar("Hero", where=wrong)
    assert where.tolist() == (HEROES["year"] < 2000).tolist()


@pytest.mark.parametrize("k", [0, -1, 2.5, "3", None])
def test_a_number_of_films_that_is_none_is_refused(k):
    with pytest.raises((ValueError, TypeError), match="find_similar_movies"):
        similar("Hero", k)


def test_a_catalogue_with_a_column_called_similarity_keeps_it():
    movies = HEROES.assign(similarity="own", rank=1)
    found = find_similar_movies("Hero", 2, movies=movies, index=NeighborIndex(DIRECTIONS, HEROES.index))
    assert found.columns.tolist() == ["title", "year", "similarity"]
    assert found["similarity"].dtype == np.float32
    assert movies["similarity"].tolist() == ["own"] * 5


def test_any_catalogue_can_be_searched():
    catalogue = pd.DataFrame(
        {"title": ["One", "Two", "Three"], "synopsis": ["A cat sleeps.", "A kitten naps.", "Tax law changes."]}
    )
    catalogue.index = [1, 2, 3]  # ids of films of the course, with other texts
    found = find_similar_movies("one", k=2, movies=catalogue)
    assert found.index.tolist() == [2, 3]
    assert found.columns.tolist() == ["title", "similarity"]


def test_diversity_is_maximal_marginal_relevance_step_by_step():
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(40, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    relevance = vectors @ vectors[0]
    for diversity in (0.0, 0.3, 0.7, 1.0):
        chosen = []
        while len(chosen) < 8:
            scores = {
                place: (1 - diversity) * relevance[place]
                - diversity * max((vectors[place] @ vectors[other] for other in chosen), default=0)
                for place in range(40)
                if place not in chosen
            }
            chosen.append(max(scores, key=lambda place: (round(float(scores[place]), 6), -place)))
        assert neighbors.diversify(relevance, vectors, 8, diversity).tolist() == chosen


def test_without_diversity_the_order_stays_and_more_of_it_makes_the_list_less_alike():
    plain = find_similar_movies("Alien", k=8)
    assert find_similar_movies("Alien", k=8, diversity=0).equals(plain)
    movies = load_movies()
    rows = load_vectors(movies)
    alike = []
    for diversity in (0.0, 0.5, 0.9):
        places = movies.index.get_indexer(find_similar_movies("Alien", k=8, diversity=diversity).index)
        alike.append((rows[places] @ rows[places].T)[np.triu_indices(8, 1)].mean())
    assert alike[0] > alike[1] > alike[2]


def test_diversity_out_of_range_is_refused_and_a_short_list_is_taken_whole():
    with pytest.raises(ValueError, match="diversity is 2"):
        neighbors.diversify([1.0], [[1.0]], 1, 2)
    assert neighbors.diversify([0.1, 0.9], np.eye(2), 5, 0.5).tolist() == [1, 0]


def test_shared_tags_are_one_for_twins_and_none_for_strangers():
    vectors = np.repeat(np.eye(2), 2, axis=0)
    twins = pd.DataFrame({"tags": ["a|b", "a|b", "c", "c"]})
    strangers = pd.DataFrame({"tags": ["a", "b", "c", "d"]})
    assert neighbors.tag_overlap(vectors, twins, k=1) == 1
    assert neighbors.tag_overlap(vectors, strangers, k=1) == 0
    assert neighbors.tag_overlap(vectors, pd.DataFrame({"tags": ["a|b", "b|c", "x", "y"]}), k=1) == pytest.approx(1 / 6)


def test_two_texts_are_explained_by_their_closest_sentences():
    left = "A baker rises early. A shark hunts swimmers off an island. It rains."
    right = "The mayor sleeps. Bathers are killed by a great white shark! He signs a letter."
    ours, theirs, cosine = neighbors.closest_sentences(left, right)
    assert (ours, theirs) == (
        "A shark hunts swimmers off an island.",
        "Bathers are killed by a great white shark!",
    )
    assert 0.4 < cosine <= 1


# ---- short codes and saved indexes -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def films():
    return load_vectors(load_movies())


@pytest.mark.parametrize(("method", "smaller", "recall"), [("int8", 4, 0.98), ("binary", 32, 0.95)])
def test_codes_find_nearly_all_neighbours_in_a_fraction_of_the_memory(films, method, smaller, recall):
    exact, coded = NeighborIndex(films), NeighborIndex(films, method=method)
    wanted, found = exact.search(films, 10)[0], coded.search(films, 10)[0]
    assert exact.scanned_bytes == smaller * coded.scanned_bytes
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, wanted, strict=True)]) >= recall


def test_more_candidates_miss_fewer_neighbours_and_all_of_them_miss_none(films):
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
    (tmp_path / "index" / "codes.npy").write_bytes(b"no array")
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
        (pd.Series([True, None, True], index=[7, 3, 5]), "mask of 3 booleans"),
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
