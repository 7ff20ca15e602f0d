"""The app's lists, reasons and map, without a widget."""

import functools
import random
import re
import tracemalloc
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pandas as pd
import pytest

from helpers.app.catalogue import COLD, SAYS, WARM, Catalogue, csv_catalogue
from helpers.app.pages import NEIGHBORS, detail
from helpers.app.state import Question, Steering, Taste, Wanted
from helpers.data import load_movies, load_ratings, load_vectors
from helpers.encoding import load_encoder
from helpers.recommenders import ContentProfile, Hybrid
from helpers.search.neighbors import (
    closest_sentences,
    find_similar_movies,
    split_sentences,
    word_contributions,
)


@pytest.fixture(scope="module")
def catalogue():
    movies = load_movies()
    made = Catalogue(movies, load_vectors(movies), load_ratings())
    made.learn()
    return made


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


def film(catalogue, title):
    return catalogue.reader.lookup.closest(title).id


def test_a_catalogue_is_made_in_five_times_the_memory_of_its_vectors_and_holds_three():
    vectors = np.random.default_rng(0).normal(size=(500, 8_000)).astype(np.float32)
    movies = pd.DataFrame({"title": [f"Film {place}" for place in range(500)], "synopsis": "A story."})
    tracemalloc.start()
    made = Catalogue(movies, vectors)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(made.ids) == 500
    assert held < 3.5 * vectors.nbytes  # float32 to compare texts, float64 for the taste
    assert peak < 5.5 * vectors.nbytes


# ---- lists -----------------------------------------------------------------------------------------------------------


def test_films_like_a_film_are_those_of_find_similar_movies(catalogue):
    alien = film(catalogue, "Alien")
    found = catalogue.find(Wanted(Question(film=alien), steering=Steering(k=9)))
    expected = find_similar_movies("Alien", k=9)
    assert found.index.tolist() == expected.index.tolist()
    assert found["strength"].to_numpy() == pytest.approx(expected["similarity"].to_numpy(), abs=1e-4)
    assert set(found["near"]) == {alien}


def test_films_near_a_description_are_the_nearest_to_its_vector_and_those_that_say_its_words(catalogue, encoder):
    text = "a shark attacks bathers at an island resort"
    vector = encoder.encode(text, normalize_embeddings=True)
    found = catalogue.find(Wanted(Question(text=text), steering=Steering(k=9)), vector)
    assert catalogue.titles[found.index[0]] == "Jaws"
    rows = catalogue.spaces["text"].vectors
    best = np.argsort(-(rows @ vector + SAYS * catalogue.says(text)), kind="stable")[:9]
    assert found.index.tolist() == catalogue.ids[best].tolist()
    assert found["strength"].to_numpy() == pytest.approx(rows[best] @ vector, abs=1e-6)


def test_a_rare_word_counts_more_than_a_common_one_and_a_stop_word_nothing(catalogue):
    loop, friendship = (catalogue.says(f"the {word}") for word in ("loop", "friendship"))
    both = catalogue.says("loop of friendship")
    assert set(loop) == set(friendship) == {0, 1}
    assert 0 < loop.sum() < friendship.sum()
    assert both[loop > friendship].min() > both[friendship > loop].max() > 0
    assert not catalogue.says("of the").any()


def recalled(catalogue, themes, vectors, weight):
    """Mean share of the films that a person expects among the first 12."""
    shares = []
    for (text, titles), vector in zip(themes, vectors, strict=True):
        score = catalogue.spaces["text"].vectors @ vector + weight * catalogue.says(text)
        first = {catalogue.titles[film] for film in catalogue.ids[np.argsort(-score, kind="stable")[:12]]}
        shares.append(len(first & set(titles)) / min(len(titles), 12))
    return np.mean(shares)


def test_short_themes_find_more_of_what_a_person_expects_by_words_and_meaning_than_by_meaning_alone(catalogue, encoder):
    table = pd.read_csv(Path(__file__).with_name("themes.csv")).query("held_back")
    themes = [(row.theme, row.titles.split("|")) for row in table.itertuples()]
    vectors = encoder.encode(table["theme"].tolist(), normalize_embeddings=True, show_progress_bar=False)
    alone, both = (recalled(catalogue, themes, vectors, weight) for weight in (0, SAYS))
    assert both > 1.1 * alone


def test_made_up_words_find_no_film_and_what_people_ask_for_always_finds_some(catalogue, encoder):
    rng = random.Random(20)
    made_up = ["asdfghjkl", "!!!", "12345 qwop", *("".join(rng.choices(ascii_lowercase, k=8)) for _ in range(100))]
    folder = Path(__file__).parent
    phrases = pd.read_csv(folder / "readings.csv").query("kind == 'Stories'")["text"].tolist()
    phrases += [*pd.read_csv(folder / "themes.csv")["theme"], "pandemic", "kaiju"]  # these two are in no story

    def found(texts):
        vectors = encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        pairs = zip(texts, vectors, strict=True)
        return [len(catalogue.find(Wanted(Question(text=text)), vector)) for text, vector in pairs]

    nothing = [count == 0 for count in found(made_up)]
    assert all(nothing[:3])
    assert np.mean(nothing) > 0.9
    assert min(found(phrases)) == 12


@pytest.mark.parametrize("genres", [["Comedy", "", "Drama|Comedy", None], None])
def test_films_without_genres_are_in_no_list_of_a_genre(genres):
    movies = pd.DataFrame({"title": [*"abcd"], "synopsis": "A dog runs."}, index=range(1, 5))
    if genres:
        movies["genres"] = genres
    found = Catalogue(movies, np.eye(4)).find(Wanted(Question(genres=("Comedy",))))
    assert [*found.index] == ([1, 3] if genres else [])


def test_films_of_genres_have_them_all_and_the_main_one_first_and_not_the_taste(catalogue):
    question, pulp = Question(genres=("Comedy", "Crime")), film(catalogue, "Pulp Fiction")
    for taste in (Taste(), Taste((pulp,))):
        found = catalogue.find(Wanted(question, taste, Steering(k=30)))
        names = [catalogue.names("genres", one) for one in found.index]
        assert all(set(one) >= {"Comedy", "Crime"} for one in names)
        main = [one[0] in question.genres for one in names]
        assert main == sorted(main, reverse=True)
        assert main[0]
        assert (pulp in found.index) == (len(taste) == 0)


def test_what_speaks_for_a_film_in_a_list_of_both_is_the_space_in_which_fewer_pairs_are_as_near(catalogue):
    titanic, beverly, toys, more = (
        film(catalogue, title) for title in ("Titanic", "Beverly Hills Cop III", "Toy Story", "Toy Story 2")
    )
    assert catalogue.speaking(beverly, titanic, "hybrid") == ["learned", "text"]
    assert catalogue.speaking(more, toys, "hybrid") == ["text", "learned"]
    assert catalogue.speaking(beverly, titanic, "text") == ["text"]
    cold = next(one for one in catalogue.ids if one not in set(catalogue.ratings["movie_id"]))
    assert catalogue.speaking(cold, titanic, "hybrid")[0] == "text"
    assert catalogue.shared_fans(cold, titanic) is None


def test_shared_fans_are_counted(catalogue):
    one, other = film(catalogue, "Titanic"), film(catalogue, "Gladiator")
    stars = catalogue.ratings.pivot(index="user_id", columns="movie_id", values="rating")
    fans = stars[one] >= 4
    expected = ((stars[other] >= 4)[fans].mean(), (stars[other] >= 4).mean())
    assert catalogue.shared_fans(other, one) == pytest.approx(expected)


@pytest.mark.parametrize("space", ["text", "learned", "hybrid"])
def test_films_for_a_taste_are_those_of_the_model_of_the_space(catalogue, space):
    likes, dislikes = [film(catalogue, title) for title in ("Alien", "The Matrix")], [film(catalogue, "Pretty Woman")]
    found = catalogue.find(Wanted(taste=Taste(tuple(likes), tuple(dislikes)), steering=Steering(k=9), space=space))
    history = pd.DataFrame({"movie_id": likes + dislikes, "rating": [5.0, 5.0, 1.0]})
    assert found.index.tolist() == catalogue.spaces[space].model.fold_in(history, k=9).index.tolist()
    rows = catalogue.spaces[space].vectors
    cosines = [rows[catalogue.place(one)] @ rows[catalogue.place(near)] for one, near in found["near"].items()]
    assert found["strength"].to_numpy() == pytest.approx(cosines, abs=1e-5)
    assert set(found["near"]) <= set(likes)


def test_where_no_viewer_likes_what_a_list_goes_by_the_audience_is_not_asked(catalogue):
    liked = set(catalogue.ratings["movie_id"])
    cold = tuple(one for one in catalogue.ids if one not in liked)[:2]
    assert catalogue.likes_of(cold) == 0

    def lists(wanted):
        return [catalogue.find(wanted.but(space=space)).index.tolist() for space in ("learned", "hybrid")]

    for wanted in (Wanted(taste=Taste(cold)), Wanted(Question(film=cold[0]))):
        assert lists(wanted)[0] == lists(wanted)[1]
    learned, both = lists(Wanted(taste=Taste((*cold, film(catalogue, "Alien")))))
    assert learned != both


def test_the_film_that_explains_a_recommendation_is_the_nearest_liked_one(catalogue):
    likes = (film(catalogue, "Alien"), film(catalogue, "Pretty Woman"))
    found = catalogue.find(Wanted(taste=Taste(likes), steering=Steering(k=30)))
    vectors = load_vectors(catalogue.movies)
    for identifier, near in found["near"].items():
        row = vectors[catalogue.places([identifier])[0]]
        by_hand = max(likes, key=lambda like, row=row: row @ vectors[catalogue.places([like])[0]])
        assert near == by_hand


def test_without_a_taste_the_list_begins_with_what_most_viewers_know(catalogue):
    counts = load_ratings()["movie_id"].value_counts()
    assert catalogue.find(Wanted()).index[0] == counts.index[0]


def test_chosen_films_leave_the_list_for_the_taste_and_stay_in_answers_to_a_question(catalogue):
    alien, aliens = film(catalogue, "Alien"), film(catalogue, "Aliens")
    taste = Taste((aliens,))
    assert aliens not in catalogue.find(Wanted(taste=taste)).index
    assert aliens in catalogue.find(Wanted(Question(film=alien), taste)).index


def test_steering_keeps_to_years_genres_length_and_less_popular_films(catalogue):
    steering = Steering(k=20, first_year=1980, last_year=1989, genres=("Horror", "Comedy"), hide_popular=True)
    found = catalogue.movies.loc[catalogue.find(Wanted(steering=steering)).index]
    assert len(found) == 20
    assert found["year"].between(1980, 1989).all()
    assert found["genres"].str.contains("Horror|Comedy").all()
    top = load_ratings()["movie_id"].value_counts().index[: len(catalogue.ids) // 12]
    assert not set(found.index) & set(top)


def test_the_very_popular_that_can_be_hidden_are_the_tenth_with_the_most_ratings(catalogue):
    hidden = ~catalogue.mask(Steering(hide_popular=True))
    counts = load_ratings()["movie_id"].value_counts().reindex(catalogue.ids, fill_value=0).to_numpy()
    assert counts[hidden].min() >= counts[~hidden].max()
    assert 0.09 < hidden.mean() < 0.12  # more or less by films that share a count


def test_a_steering_that_nothing_fits_gives_an_empty_list(catalogue):
    found = catalogue.find(Wanted(Question(film=3), steering=Steering(first_year=1990, last_year=1980)))
    assert found.empty


def test_surprise_makes_the_list_more_diverse(catalogue):
    wanted = Wanted(Question(film=film(catalogue, "Alien")))
    figures = [
        catalogue.judge(catalogue.find(wanted.but(steering=Steering(diversity=share))).index)["this list"]["diversity"]
        for share in (0.0, 0.5, 1.0)
    ]
    assert figures[0] < figures[1] < figures[2]


def test_lists_are_judged_as_the_course_judges(catalogue):
    films = catalogue.find(Wanted(Question(film=3), steering=Steering(k=9))).index
    figures = catalogue.judge(films)
    rows = load_vectors(catalogue.movies)[catalogue.places(films)]
    pairs = [1 - rows[i] @ rows[j] for i in range(9) for j in range(i)]
    assert figures["this list"]["diversity"] == pytest.approx(np.mean(pairs), abs=1e-5)
    raters = load_ratings().groupby("movie_id")["user_id"].nunique().reindex(films).fillna(0.5)
    bits = -np.log2(raters / load_ratings()["user_id"].nunique())
    assert figures["this list"]["novelty"] == pytest.approx(bits.mean())
    assert figures["most popular"]["novelty"] < figures["at random"]["novelty"]


def test_the_weights_of_the_hybrid_are_the_ones_that_it_chooses_itself():
    hybrid = Hybrid().fit(load_ratings(), load_movies())
    assert (tuple(hybrid.warm_), tuple(hybrid.cold_)) == (WARM, COLD)


def test_rows_in_another_order_change_nothing(catalogue):
    movies = load_movies().sample(frac=1, random_state=1)
    shuffled = Catalogue(movies, load_vectors(movies))
    wanted = Wanted(Question(film=3))
    assert shuffled.find(wanted).index.tolist() == catalogue.find(wanted).index.tolist()


def test_a_content_profile_needs_no_ratings_at_all():
    movies = load_movies()
    liked = pd.DataFrame({"movie_id": [3], "rating": [5.0]})
    without = ContentProfile().fit(None, movies).fold_in(liked, 10)
    assert without.index.tolist() == ContentProfile().fit(load_ratings(), movies).fold_in(liked, 10).index.tolist()


def test_films_of_people_are_all_of_theirs_and_the_newest_first(catalogue):
    found = catalogue.find(Wanted(Question(people=("Tom Hanks", "Meg Ryan")), steering=Steering(k=30)))
    movies = catalogue.movies
    both = movies[movies["cast"].str.contains("Tom Hanks") & movies["cast"].str.contains("Meg Ryan")]
    assert set(found.index) == set(both.index)
    assert movies["year"][found.index].is_monotonic_decreasing
    assert found["strength"].isna().all()
    assert catalogue.find(Wanted(Question(people=("Nobody",)))).empty


def test_without_ratings_the_first_list_has_no_figures_and_many_kinds(catalogue):
    plain = Catalogue(catalogue.movies, catalogue.spaces["text"].vectors)
    found = plain.find(Wanted())
    assert found["strength"].isna().all()
    assert plain.judge(found.index)["this list"]["diversity"] > plain.judge(plain.ids[:12])["this list"]["diversity"]


# ---- reasons and neighbors -------------------------------------------------------------------------------------------


def test_a_reason_is_the_nearest_pair_of_sentences_before_the_turn(catalogue, encoder):
    alien, aliens = film(catalogue, "Alien"), film(catalogue, "Aliens")
    reason = catalogue.reason(catalogue.premise(alien), aliens, encoder)
    ours, theirs = (" ".join(word for word, _ in one) for one in (reason.ours, reason.theirs))
    rows_of = functools.partial(encoder.encode, normalize_embeddings=True)
    expected = closest_sentences(catalogue.premise(alien), catalogue.premise(aliens), rows_of)
    assert (ours, theirs) == expected[:2]
    assert reason.similarity == pytest.approx(expected[2], abs=1e-4)


def test_no_premise_reaches_the_end_of_its_story(catalogue):
    for one in catalogue.ids[::10]:
        sentences = split_sentences(catalogue.movies["synopsis"][one])
        shown = split_sentences(catalogue.premise(one))
        assert shown == sentences[: len(shown)]
        assert 1 <= len(shown) <= max(1, len(sentences) - 2)


def test_the_words_that_are_marked_add_a_quarter_more_than_the_mean_word_and_are_no_stop_words(catalogue, encoder):
    alien, aliens = film(catalogue, "Alien"), film(catalogue, "Aliens")
    reason = catalogue.reason(catalogue.premise(alien), aliens, encoder)
    for ours, theirs in ((reason.ours, reason.theirs), (reason.theirs, reason.ours)):
        text, other = (" ".join(word for word, _ in one) for one in (ours, theirs))
        parts = word_contributions(text, encoder.encode([other], normalize_embeddings=True)[0], encoder).iloc[:-1]
        words = [word for word, marked in ours if marked]
        assert words
        assert (parts[words] > 1.24 * parts.mean()).all()
        assert not {"they", "that", "from", "with", "have", "been"} & {word.casefold() for word in words}


def test_sentences_are_encoded_once(catalogue, encoder):
    class Counting:
        seen = []

        def encode(self, texts, **options):
            self.seen += [texts] if isinstance(texts, str) else texts if "output_value" not in options else []
            return encoder.encode(texts, **options)

        def __getattr__(self, name):
            return getattr(encoder, name)

    jaws, alien = film(catalogue, "Jaws"), film(catalogue, "Alien")
    for _ in range(2):
        catalogue.reason(catalogue.premise(jaws), alien, Counting())
    sentences = split_sentences(catalogue.premise(jaws))
    assert sum(text in sentences for text in Counting.seen if isinstance(text, str)) <= len(sentences) + 2


def test_shared_tags_are_those_of_both_films(catalogue):
    alien, aliens = film(catalogue, "Alien"), film(catalogue, "Aliens")
    tags = [set(catalogue.movies["tags"][one].split("|")) for one in (alien, aliens)]
    assert set(catalogue.shared(alien, aliens)) == tags[0] & tags[1] != set()


def test_the_nearest_stories_are_those_of_find_similar_movies(catalogue):
    page = detail(catalogue, film(catalogue, "Alien"), None)
    shown = [int(place) for place in re.findall(r'class="rv-pill" data-do="detail" data-film="(\d+)"', page)]
    assert catalogue.ids[shown].tolist() == find_similar_movies("Alien", k=NEIGHBORS).index.tolist()


# ---- the map ---------------------------------------------------------------------------------------------------------


def kept(rows, points, k=10):
    from sklearn.neighbors import NearestNeighbors

    near = [NearestNeighbors(n_neighbors=k + 1).fit(some).kneighbors(some)[1][:, 1:] for some in (rows, points)]
    return np.mean([len(set(one) & set(other)) / k for one, other in zip(*near, strict=True)])


def test_the_map_of_the_course_keeps_neighborhoods_five_times_as_well_as_two_directions(catalogue):
    rows = catalogue.spaces["text"].vectors
    foreign = Catalogue(catalogue.movies.rename(index=lambda one: one + 1), rows)
    assert kept(rows, catalogue.map.points) > 5 * kept(rows, foreign.map.points) > 0.25
    assert len(catalogue.map.names) > 10
    assert foreign.map.names == []


# ---- other catalogues ------------------------------------------------------------------------------------------------


def test_any_csv_becomes_a_catalogue(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(
        "name;about;kind;when\n"
        "Red lamp;A lamp for reading at night.;light, home;2019-05-01\n"
        "Blue lamp;A lamp for the garden.;light;sold since 2021\n"
        "Chair;A chair to sit on.;home;\n",
        encoding="utf-8",
    )
    catalogue = csv_catalogue(path, "name", "about", genre_column="kind", year_column="when")
    assert catalogue.genres == ["home", "light"]
    assert catalogue.years == (2019, 2021)
    found = catalogue.find(Wanted(Question(film=1)))
    assert catalogue.titles[found.index[0]] == "Blue lamp"


def test_one_column_may_be_text_and_genres_or_title_and_year_at_once(tmp_path):
    path = tmp_path / "films.csv"
    path.write_text(
        "name,kinds\nBlade Runner 2049 (2017),Drama|Mystery\n2001: A Space Odyssey (1968),Drama\nNobody,\n", "utf-8"
    )
    with pytest.warns(UserWarning, match="1 of 3 rows left out"):
        catalogue = csv_catalogue(path, "name", "kinds", genre_column="kinds", year_column="name")
    assert catalogue.movies["year"].tolist() == [2017, 1968]
    assert catalogue.genres == ["Drama", "Mystery"]
