import numpy as np
import pandas as pd
import pytest

from helpers.data import load_movies, load_vectors
from helpers.search import neighbors
from helpers.search.index import NeighborIndex
from helpers.search.neighbors import TitleNotFoundError, find_similar_movies


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

    code = "from helpers.search.neighbors import find_similar_movies\nfind_similar_movies('zzzzqqq')"
    with capture_output() as output:
        result = InteractiveShell().run_cell(code)
    assert isinstance(result.error_in_exec, TitleNotFoundError)
    assert output.stdout.strip().startswith("TitleNotFoundError: No title like 'zzzzqqq'. The nearest: ")
    assert len(output.stdout.strip().splitlines()) == 1


def test_an_index_over_other_ids_is_refused_and_another_order_is_right():
    for wrong in (NeighborIndex(DIRECTIONS), NeighborIndex(DIRECTIONS[:4], [1, 2, 3, 4])):
        with pytest.raises(ValueError, match=r"the movies 1, 2, 3, 4, 5; build it with NeighborIndex"):
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


def test_centered_rows_have_length_1_and_a_mean_that_new_texts_are_centered_by():
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(30, 6)) + 2
    rows, mean = neighbors.center_rows(vectors)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.allclose(mean, vectors.mean(axis=0))
    expected = (vectors[:3] - vectors.mean(axis=0)) / np.linalg.norm(vectors[:3] - vectors.mean(axis=0), axis=1)[
        :, None
    ]
    assert np.allclose(neighbors.center_rows(vectors[:3], mean)[0], expected, atol=1e-6)
    assert np.allclose(rows[:3], expected, atol=1e-6)
    with pytest.raises(ValueError, match="center_rows: row 0 is all zeros"):
        neighbors.center_rows([[1.0, 2.0]])


def test_films_are_found_among_centered_vectors_as_well():
    movies = load_movies()
    rows, _ = neighbors.center_rows(load_vectors(movies))
    found = find_similar_movies("Alien", k=5, center=True)
    expected = find_similar_movies("Alien", k=5, movies=movies, index=NeighborIndex(rows, movies.index))
    pd.testing.assert_frame_equal(found, expected)
    assert found["similarity"].max() < find_similar_movies("Alien", k=5)["similarity"].max()
    with pytest.raises(ValueError, match="center the vectors before the index is built"):
        similar("Hero", center=True)


def test_a_diverse_list_is_diverse_already():
    """Choosing again from what was chosen changes nothing, whatever the diversity."""
    rng = np.random.default_rng(6)
    vectors = rng.normal(size=(60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for diversity in (0, 0.2, 0.5, 0.9, 1):
        chosen = neighbors.diversify(vectors @ vectors[0], vectors, 10, diversity)
        again = neighbors.diversify((vectors @ vectors[0])[chosen], vectors[chosen], 10, diversity)
        assert again.tolist() == list(range(10))
        assert len(set(chosen.tolist())) == 10


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"title": 1917}, "title is 1917; give a text"),
        ({"title": None}, "title is None"),
        ({"movies": ["Hero"]}, "movies is a table with the columns title"),
        ({"movies": HEROES.drop(columns="title")}, "movies is a table with the columns title"),
        ({"movies": HEROES.drop(columns="synopsis"), "index": None}, "with the columns title and synopsis"),
        ({"movies": HEROES.assign(title=[None, *"abcd"])}, "a film has no title: leave it out"),
        ({"movies": HEROES.assign(synopsis=[None, *"abcd"]), "index": None}, "a film has no title or no synopsis"),
        ({"index": DIRECTIONS}, "index is a ndarray; build one: NeighborIndex"),
        ({"encoder": "tfidf"}, "encoder has no effect beside index"),
        ({"k": True}, "k is True"),
        ({"diversity": "much"}, "diversity is 'much'"),
    ],
)
def test_odd_arguments_are_refused_in_one_line(options, said):
    usual = {"title": "Hero", "movies": HEROES, "index": NeighborIndex(DIRECTIONS, HEROES.index)}
    with pytest.raises(ValueError, match=said) as caught:
        find_similar_movies(**usual | options)
    assert "\n" not in str(caught.value)


def test_a_year_is_a_whole_number_where_others_have_none():
    movies = pd.DataFrame({"title": ["A", "B", "C"], "year": [1995, np.nan, 1996]}, index=[1, 2, 3])
    found = find_similar_movies("A", 2, movies=movies, index=NeighborIndex(np.eye(3, dtype=np.float32), movies.index))
    assert "1996.0" not in found.to_string()
    assert found["year"].isna().tolist() == [True, False]


@pytest.mark.parametrize(("relevance", "k"), [([1, 0.5], 2), ([1, np.nan, 0], 2), ([1, 0, 0], 0), ([1, 0, 0], 2.5)])
def test_a_varied_list_needs_a_number_for_each_vector(relevance, k):
    with pytest.raises(ValueError, match="diversify: "):
        neighbors.diversify(relevance, np.eye(3), k, 0.5)


def test_films_without_tags_share_none_and_no_film_is_its_own_neighbor():
    films = pd.DataFrame({"tags": ["", "", "war", "war|sea"]})
    assert neighbors.tag_overlaps(np.eye(4), films, 99).tolist() == pytest.approx([0, 0, 0.5 / 3, 0.5 / 3])
    with pytest.raises(ValueError, match="3 vectors for 4 films"):
        neighbors.tag_overlaps(np.eye(3), films)
    with pytest.raises(ValueError, match="k is 0"):
        neighbors.tag_overlaps(np.eye(4), films, 0)
