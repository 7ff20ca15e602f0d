"""The final app without a browser: its state, its lists, its reasons, its pages and its widgets."""

import asyncio
import itertools
import json
import threading

import numpy as np
import pandas as pd
import pytest
from measure import clicks, made_up_catalogue

from helpers.app import pages
from helpers.app.catalogue import COLD, WARM, Catalogue, Reason, Sentence, csv_catalogue
from helpers.app.latest import Latest
from helpers.app.state import Question, Steering, Taste, TasteFileError, Wanted, dump_taste, read_taste
from helpers.app.view import SERVED, Demo, app_of, served
from helpers.data import load_movies, load_ratings, load_vectors
from helpers.encoding import load_encoder
from helpers.recommenders import ContentProfile, Hybrid
from helpers.search.neighbors import NeighborIndex, find_similar_movies, word_contributions

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def catalogue():
    movies = load_movies()
    made = Catalogue(movies, load_vectors(movies), load_ratings())
    made.learn()
    return made


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture
def demo(catalogue, encoder):
    """The app without reasons, which come after the list and take longer than all else, see `demo_with_reasons`."""
    app = Demo(catalogue, reader=lambda: encoder)
    app._warm = True
    return app


@pytest.fixture
def demo_with_reasons(catalogue, encoder):
    """The app with two films in its lists, and the reasons for them."""
    app = Demo(catalogue, reader=lambda: encoder)
    app.k.value = 2
    return app


@pytest.fixture
def hostile():
    """Six films of which everything that can be hostile is."""
    names = [HOSTILE, "</title><script>alert(2)</script>", "a & b", '" onload="alert(3)', "plain", "another"]
    movies = pd.DataFrame(
        {
            "title": names,
            "year": [1990.0, 1995.0, np.nan, 2000.0, 2005.0, 2010.0],
            "genres": [HOSTILE, "Drama", "Drama|<b>x</b>", "", "Drama", "Drama"],
            "synopsis": [f"{name} {HOSTILE}. A thief runs." for name in names],
        },
        index=pd.Index(range(1, 7), name="movie_id"),
    )
    return Catalogue(movies, np.random.default_rng(0).normal(size=(6, 8)))


def film(catalogue, title):
    return catalogue.lookup.closest(title).id


def searched(demo, text):
    demo.submit(text)
    return demo


def labels(choices):
    return [button.description for button in choices.children]


# ---- taste -----------------------------------------------------------------------------------------------------------


def test_liking_what_was_disliked_moves_it():
    assert Taste().dislike(5).like(5) == Taste(likes=(5,))


def test_forgetting_and_clearing_take_films_out():
    taste = Taste().like(1).like(2).dislike(3)
    assert taste.forget(2) == Taste((1,), (3,))
    assert len(taste.clear()) == 0


def test_undo_goes_back_change_by_change_and_stops_at_the_first():
    taste = Taste().like(1).dislike(2).clear()
    assert taste.undo() == Taste((1,), (2,))
    assert taste.undo().undo().undo().undo() == Taste()


def test_what_changes_nothing_is_no_step_for_undo():
    taste = Taste().like(1)
    assert taste.forget(99) is taste


def test_a_taste_never_changes():
    taste = Taste().like(1)
    taste.like(2)
    assert taste.likes == (1,)


def test_a_taste_is_saved_and_read_back(catalogue):
    taste = Taste((3, 14), (143,))
    assert read_taste(dump_taste(taste, catalogue.movies), catalogue.movies) == (taste, [])


def test_a_film_of_another_id_is_known_by_title_and_year(catalogue):
    document = json.loads(dump_taste(Taste((3,)), catalogue.movies))
    document["likes"][0]["id"] = 999_999
    assert read_taste(json.dumps(document), catalogue.movies)[0] == Taste((3,))


def test_films_that_the_catalogue_lacks_are_named_and_left_out(catalogue):
    document = json.loads(dump_taste(Taste((3,)), catalogue.movies))
    document["dislikes"] = [{"id": 3, "title": "No Such Film", "year": 1999}]
    assert read_taste(json.dumps(document), catalogue.movies) == (Taste((3,)), ["No Such Film"])


def test_a_film_that_stands_in_both_lists_is_liked(catalogue):
    document = json.loads(dump_taste(Taste((3,)), catalogue.movies))
    document["dislikes"] = document["likes"]
    assert read_taste(json.dumps(document), catalogue.movies)[0] == Taste((3,))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "no taste"),
        (b'{"format": "other"}', "no taste"),
        (b'{"format": "recommend-with-vectors/taste", "version": 2}', "version 2"),
        (b'{"format": "recommend-with-vectors/taste", "version": 1, "likes": 3}', "'likes' is no list"),
        (b'{"format": "recommend-with-vectors/taste", "version": 1, "likes": [{"title": 7}]}', "'likes' is no list"),
        (b" " * 1_000_001, "1,000,001 bytes"),
    ],
)
def test_a_file_that_is_no_taste_gets_one_clear_line(catalogue, content, says):
    with pytest.raises(TasteFileError, match=says):
        read_taste(content, catalogue.movies)


# ---- lists -----------------------------------------------------------------------------------------------------------


def test_films_like_a_film_are_those_of_find_similar_movies(catalogue):
    alien = film(catalogue, "Alien")
    found = catalogue.find(Wanted(Question(film=alien)))
    expected = find_similar_movies("Alien", k=9)
    assert found.index.tolist() == expected.index.tolist()
    assert found["strength"].to_numpy() == pytest.approx(expected["similarity"].to_numpy(), abs=1e-4)
    assert set(found["near"]) == {alien}


def test_films_near_a_description_are_the_nearest_to_its_vector(catalogue, encoder):
    vector = encoder.encode("a shark attacks bathers at an island resort", normalize_embeddings=True)
    found = catalogue.find(Wanted(Question(text="a shark attacks bathers at an island resort")), vector)
    assert catalogue.titles[found.index[0]] == "Jaws"
    index = NeighborIndex(catalogue.spaces["text"].vectors, catalogue.ids)
    assert found.index.tolist() == index.search(vector, 9)[0].tolist()


@pytest.mark.parametrize("space", ["text", "learned", "hybrid"])
def test_films_for_a_taste_are_those_of_the_model_of_the_space(catalogue, space):
    likes, dislikes = [film(catalogue, title) for title in ("Alien", "The Matrix")], [film(catalogue, "Pretty Woman")]
    found = catalogue.find(Wanted(taste=Taste(tuple(likes), tuple(dislikes)), space=space))
    history = pd.DataFrame({"movie_id": likes + dislikes, "rating": [5.0, 5.0, 1.0]})
    assert found.index.tolist() == catalogue.spaces[space].model.fold_in(history, k=9).index.tolist()
    assert found["strength"].iloc[0] == 1
    assert found["strength"].is_monotonic_decreasing
    assert set(found["near"]) <= set(likes)


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
    films = catalogue.find(Wanted(Question(film=3))).index
    figures = catalogue.judge(films)
    rows = load_vectors(catalogue.movies)[catalogue.places(films)]
    pairs = [1 - rows[i] @ rows[j] for i in range(9) for j in range(i)]
    assert figures["this list"]["diversity"] == pytest.approx(np.mean(pairs), abs=1e-5)
    raters = load_ratings().groupby("movie_id")["user_id"].nunique().reindex(films).fillna(0.5)
    bits = -np.log2(raters / load_ratings()["user_id"].nunique())
    assert figures["this list"]["novelty"] == pytest.approx(bits.mean())
    assert figures["most popular"]["novelty"] < figures["at random"]["novelty"]


def test_the_other_spaces_are_learned_when_they_are_first_wanted(monkeypatch):
    movies = load_movies()
    app = Demo(Catalogue(movies, load_vectors(movies), load_ratings()))
    app._warm = True
    assert set(app.catalogue.spaces) == {"text"}
    asked = []
    monkeypatch.setattr(
        app.catalogue, "learn", lambda: asked.append(app.status.value) or Catalogue.learn(app.catalogue)
    )
    app.space.value = "learned"
    assert len(asked) == 1
    assert "Learning from the ratings" in asked[0]
    assert set(app.catalogue.spaces) == {"text", "learned", "hybrid"}
    assert not app.status.value


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


# ---- reasons ---------------------------------------------------------------------------------------------------------


def test_a_reason_is_the_nearest_pair_of_sentences(catalogue, encoder):
    alien, aliens = film(catalogue, "Alien"), film(catalogue, "Aliens")
    reason = catalogue.reason(alien, aliens, encoder)
    ours, theirs = (" ".join(word for word, _ in one.words) for one in (reason.ours, reason.theirs))
    assert ours in catalogue.movies["synopsis"][alien]
    assert theirs in catalogue.movies["synopsis"][aliens]
    one, other = encoder.encode([ours, theirs], normalize_embeddings=True)
    assert reason.similarity == pytest.approx(one @ other, abs=1e-4)


def test_the_words_that_are_marked_add_a_quarter_more_than_the_mean_word(catalogue, encoder):
    alien, aliens = film(catalogue, "Alien"), film(catalogue, "Aliens")
    reason = catalogue.reason(alien, aliens, encoder)
    for ours, theirs in ((reason.ours, reason.theirs), (reason.theirs, reason.ours)):
        text, other = (" ".join(word for word, _ in one.words) for one in (ours, theirs))
        vector = encoder.encode([other], normalize_embeddings=True)[0]
        parts = word_contributions(text, vector, encoder).iloc[:-1].to_numpy()  # the last is what no word has
        enough, close = parts >= 1.25 * parts.mean(), np.abs(parts - 1.25 * parts.mean()) < 1e-5
        marked = np.array([marks for _, marks in ours.words])
        long = np.array([sum(map(str.isalnum, word)) >= 4 for word, _ in ours.words])
        assert ((marked == (enough & long)) | close).all()
        assert 0 < marked.sum() < long.sum()


def test_shared_tags_are_those_of_both_films(catalogue):
    alien, aliens = film(catalogue, "Alien"), film(catalogue, "Aliens")
    tags = [set(catalogue.movies["tags"][one].split("|")) for one in (alien, aliens)]
    assert set(catalogue.shared(alien, aliens)) == tags[0] & tags[1] != set()


# ---- pages -----------------------------------------------------------------------------------------------------------


def test_everything_from_data_is_escaped(hostile):
    app = Demo(hostile)
    app._warm = True
    app.wanted = app.wanted.but(taste=Taste((1, 2), (4,)))
    app.refresh()
    searched(app, HOSTILE)
    reason = Reason(Sentence([(HOSTILE, True), ("<script>", False)]), Sentence([(HOSTILE, False)]), 0.5)
    made = [
        *(card.text.value for card in app._cards),
        app.heading.value,
        app.status.value,
        app.map.value,
        app.save.value,
        pages.reason(reason, HOSTILE, "<b>"),
        pages.note(HOSTILE, "error"),
    ]
    for page in made:
        for raw in ("<img", "<script", "</title><script", "<b>x", '" onload'):
            assert raw not in page, page


def test_control_characters_of_a_title_show_as_spaces_and_turn_no_text_round():
    title = "a\x1b[31m\u202eb\x00\r\nc\x9d"
    movies = pd.DataFrame({"title": [title, "plain"], "synopsis": "x"}, index=[1, 2])
    app = Demo(Catalogue(movies, np.eye(2)))
    app._warm = True
    app.ask_film(2)
    app._cards[0].like.click()
    shown = [
        app._cards[0].text.value,
        app._cards[0].like.tooltip,
        app.heading.value,
        app.map.value,
        *labels(app.chosen),
    ]
    shown += [title for _, title in app.suggest("a  [31m b   c")]
    assert "a [31m" in "".join(shown)
    assert not [one for one in shown if any(ord(sign) < 32 or sign in "\x7f\x9d\u202e" for sign in one)]


def test_notes_for_the_visitor_are_told_to_screen_readers(demo):
    searched(demo, "Avengrs")
    assert demo.status.value.startswith('<p class="rv-note" role="status">')


def test_the_file_of_a_taste_cannot_leave_its_link(hostile):
    link = pages.save_link(Taste((1, 4)), hostile.movies)
    assert link.count('"') == 6
    assert "onerror" not in link


def test_marked_neighbours_share_a_mark():
    words = Sentence([("cold", True), ("snow", True), ("falls", False)])
    assert pages.sentence(words) == "<mark>cold snow</mark> falls"


def test_labels_of_the_map_do_not_cover_each_other():
    labels = [(100.0, 50.0 + number, f"film {number}", "rv-found") for number in range(8)]
    heights = sorted(y for _, y, *_ in pages._spread(labels))
    assert min(np.diff(heights)) >= pages.LINE


# ---- widgets ---------------------------------------------------------------------------------------------------------


def test_it_opens_with_films_to_begin_with(demo):
    assert "Films to begin with" in demo.heading.value
    assert len(demo.cards.children) == 9


def test_typing_suggests_titles_despite_typos_and_asks_for_nothing(demo):
    before = demo.heading.value
    places, titles = zip(*demo.suggest("Avengrs"), strict=True)
    assert titles[:3] == ("The Avengers (2012)", "Avengers: Age of Ultron (2015)", "Avengers: Endgame (2019)")
    assert [demo.catalogue.movies["title"].iloc[place] for place in places[:1]] == ["The Avengers"]
    assert demo.suggest(" ") == demo.suggest("a") == []
    assert demo.heading.value == before


def test_what_the_search_box_tells_is_done(demo):
    demo.k.value = 1
    numbers, told = itertools.count(1), []
    demo.search.send = told.append

    def tell(kind, text, **more):
        demo.search.hear({"view": "one", "number": next(numbers), "kind": kind, "text": text, **more})

    tell("typed", "jaws")
    tell("film", "Jaws (1975)", place=told[0]["offered"][0]["place"])
    assert "Films like Jaws (1975)" in demo.heading.value
    tell("find", "Aliens")
    assert "Films like Aliens (1986)" in demo.heading.value
    tell("typed", "heat")
    assert "Films like Aliens (1986)" in demo.heading.value
    assert told[1]["offered"][0]["title"] == "Heat (1995)"
    tell("meaning", "Heat")
    assert "Films near “Heat”" in demo.heading.value


def test_a_typo_is_understood_and_said_with_other_titles_to_choose_from(demo):
    searched(demo, "Avengrs")
    assert "Films like The Avengers (2012)" in demo.heading.value
    assert "Did you mean" in demo.status.value
    assert "Avengers: Endgame (2019)" in labels(demo.others)
    demo.others.children[labels(demo.others).index("Avengers: Endgame (2019)")].click()
    assert "Films like Avengers: Endgame (2019)" in demo.heading.value
    assert not demo.others.children
    assert "Did you mean" not in demo.status.value


def test_a_title_as_it_stands_needs_no_question(demo):
    searched(demo, "Alien")
    assert "Did you mean" not in demo.status.value
    assert not demo.others.children


@pytest.mark.parametrize("text", ["a dream of spring", "a train to London", "a bride for seven brothers"])
def test_a_description_that_only_resembles_a_title_is_searched_by_meaning(demo, text):
    assert demo.catalogue.lookup.suggest(text, 1)[0].score > 0.62
    demo.k.value = 1
    searched(demo, text)
    assert demo.wanted.question == Question(text=text)


def test_what_is_no_title_is_searched_by_meaning_and_explained(demo_with_reasons):
    searched(demo_with_reasons, "a shark attacks bathers at an island resort")
    assert "Films near" in demo_with_reasons.heading.value
    assert "Jaws" in demo_with_reasons._cards[0].text.value
    assert "Your words" in demo_with_reasons._cards[0].why.value


def test_a_film_is_explained_by_sentences_with_marked_words(demo_with_reasons):
    searched(demo_with_reasons, "Alien")
    reasons = [card.why.value for card in demo_with_reasons.cards.children]
    assert len(reasons) == 2
    assert all("<b>Alien:</b>" in reason and "<mark>" in reason for reason in reasons)


def test_an_empty_search_says_what_to_type(demo):
    searched(demo, "  ")
    assert "Type a title" in demo.status.value


def test_liking_from_a_card_renews_the_list_at_once(demo):
    first = demo._cards[0].film
    demo._cards[0].like.click()
    assert demo.wanted.taste.likes == (first,)
    assert "For you, from 1 film" in demo.heading.value
    assert first not in [card.film for card in demo.cards.children]
    assert demo.for_me.description == "For me (1)"
    assert demo.chosen.children[0].description.startswith("♥")


def test_a_second_click_takes_a_like_back(demo):
    searched(demo, "Alien")
    demo._cards[0].like.click()
    assert demo._cards[0].like.description == "Liked ✓"
    demo._cards[0].like.click()
    assert demo._cards[0].like.description == "Like"
    assert not len(demo.wanted.taste)


def test_undo_clear_and_a_click_on_a_chosen_film(demo):
    demo._cards[0].like.click()
    demo._cards[1].dislike.click()
    demo.chosen.children[0].click()
    assert len(demo.wanted.taste) == 1
    demo.undo.click()
    assert len(demo.wanted.taste) == 2
    demo.clear.click()
    assert len(demo.wanted.taste) == 0
    demo.undo.click()
    assert len(demo.wanted.taste) == 2


def test_more_like_this_asks_about_the_card(demo):
    name = pages.title(demo.catalogue, demo._cards[2].film)
    demo._cards[2].more.click()
    assert f"Films like {pages.escape(name)}" in demo.heading.value


def test_steering_controls_change_the_list(demo):
    searched(demo, "Alien")
    demo.k.value = 4
    demo.controls["first_year"].value = 2000
    demo.controls["genres"].value = ("Horror",)
    demo.diversity.value = 0.5
    shown = demo.catalogue.movies.loc[[card.film for card in demo.cards.children]]
    assert len(shown) == 4
    assert (shown["year"] >= 2000).all()
    assert shown["genres"].str.contains("Horror").all()


def test_a_list_without_films_says_what_to_do(demo):
    demo.controls["first_year"].value = 2024
    demo.controls["genres"].value = ("Western",)
    assert not demo.cards.children
    assert "No film fits" in demo.empty.value
    demo.controls["genres"].value = ()
    assert demo.cards.children
    assert not demo.empty.value


def test_spaces_give_other_lists_and_say_what_they_are(demo):
    searched(demo, "Alien")
    lists = {}
    for space in ("text", "learned", "hybrid"):
        demo.space.value = space
        lists[space] = tuple(demo.found.index)
        assert pages.SPACES[space] in demo.space_line.value
    assert len(set(lists.values())) == 3


def test_a_loaded_taste_replaces_the_old_one_and_can_be_undone(demo):
    demo._cards[0].like.click()
    before = demo.wanted.taste
    demo.load_taste(dump_taste(Taste((3, 14)), demo.catalogue.movies).encode())
    assert demo.wanted.taste == Taste((3, 14))
    assert "Loaded 2 films" in demo.status.value
    demo.undo.click()
    assert demo.wanted.taste == before


def test_a_bad_file_changes_nothing_and_says_why(demo):
    demo._cards[0].like.click()
    before = demo.wanted
    demo.load_taste(b"<script>")
    assert "not JSON" in demo.status.value
    assert demo.wanted == before


def test_every_control_has_a_label(demo):
    import ipywidgets

    def controls(widget):
        for child in getattr(widget, "children", ()):
            yield from controls(child)
        if isinstance(widget, ipywidgets.DOMWidget) and hasattr(widget, "description"):
            yield widget

    named = [control for control in controls(demo) if not isinstance(control, ipywidgets.HTML)]
    assert len(named) > 30
    assert all(control.description for control in named)


def test_a_catalogue_without_years_genres_and_ratings_shows_no_empty_controls():
    movies = pd.DataFrame({"title": list("abcd"), "synopsis": ["x y z"] * 4}, index=pd.RangeIndex(1, 5))
    app = Demo(Catalogue(movies, np.eye(4)))
    assert set(app.controls) == {"k", "diversity"}
    assert app.space.options == (("Text vectors", "text"),)
    app._cards[0].like.click()
    assert len(app.cards.children) == 3
    assert "novelty" not in app.figures.value


def test_a_catalogue_of_one_film_works():
    movies = pd.DataFrame({"title": ["only"], "synopsis": ["x"]}, index=[1])
    app = Demo(Catalogue(movies, np.ones((1, 4))))
    app._cards[0].like.click()
    assert "No film fits" in app.empty.value


def test_an_error_is_shown_escaped_and_the_app_goes_on(demo, monkeypatch):
    def broken(*_):
        raise RuntimeError(HOSTILE)

    with monkeypatch.context() as patch:
        patch.setattr(demo.catalogue, "find", broken)
        searched(demo, "Alien")
        assert "That did not work" in demo.status.value
        assert "<img" not in demo.status.value
    searched(demo, "Alien")
    assert "Films like Alien" in demo.heading.value


def test_where_widgets_cannot_run_a_picture_stands_for_the_app(demo):
    bundle, _ = demo._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert "picture" in bundle["text/plain"]


# ---- beside the kernel -----------------------------------------------------------------------------------------------


def test_of_many_requests_only_the_first_and_the_newest_do_any_work():
    done, shown = [], []
    gate = threading.Event()

    def work(number):
        gate.wait()
        done.append(number)
        return number

    async def clicks():
        latest, ended = Latest(), asyncio.Event()
        for number in range(20):
            latest.ask(lambda number=number: work(number), lambda found: (shown.append(found), ended.set()), print)
        gate.set()
        await ended.wait()

    asyncio.run(clicks())
    assert done == [0, 19]
    assert shown == [19]


def test_the_kernel_goes_on_listening_while_something_works():
    heard = threading.Event()

    async def wait():
        ended = asyncio.Event()
        Latest().ask(heard.wait, lambda _: ended.set(), print)
        heard.set()  # would never be reached if the work were waited for
        await ended.wait()

    asyncio.run(wait())


def test_an_error_beside_the_kernel_reaches_the_visitor():
    shown = []

    async def wait():
        ended = asyncio.Event()
        Latest().ask(lambda: 1 / 0, print, lambda error: (shown.append(error), ended.set()))
        await ended.wait()

    asyncio.run(wait())
    assert isinstance(shown[0], ZeroDivisionError)


def test_a_click_makes_one_list_and_no_new_widgets(demo, monkeypatch):
    """What a click costs; how long that takes is measured by ``tools/measure.py``."""
    import ipywidgets

    lists = []
    find = demo.catalogue.find
    monkeypatch.setattr(demo.catalogue, "find", lambda *asked: lists.append(asked) or find(*asked))
    demo._cards[0].like.click()
    monkeypatch.setattr(ipywidgets.Widget, "open", lambda widget: pytest.fail(f"a new {type(widget).__name__}"))
    for click in (demo._cards[0].more, demo.for_me):
        click.click()
    assert len(lists) == 3


@pytest.mark.speed
@pytest.mark.parametrize("space", ["text", "hybrid"])
def test_a_click_renews_the_list_within_a_quarter_of_a_second(demo, space):
    demo.space.value = space
    assert np.quantile(clicks(demo, 60), 0.95) < 0.25


@pytest.mark.speed
def test_ten_thousand_films_answer_within_six_tenths_of_a_second():
    app = Demo(made_up_catalogue(10_000))
    app._warm = True
    assert np.quantile(clicks(app, 60), 0.95) < 0.6


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


def test_a_year_that_is_no_year_is_missing():
    movies = pd.DataFrame(
        {"title": ["a", "b"], "synopsis": ["x", "y"], "year": [np.inf, 1999.0]}, index=pd.Index([1, 2], name="movie_id")
    )
    app = Demo(Catalogue(movies, np.eye(2)))
    assert app.catalogue.years == (1999, 1999)
    assert "<h3>a</h3>" in app._cards[0].text.value
    assert '"year": null' in dump_taste(Taste((1,)), app.catalogue.movies)


def test_the_app_of_a_file_is_named_after_it_and_shows_its_years(tmp_path):
    path = tmp_path / "lamps.csv"
    path.write_text("t,x,y\nRed,A red lamp for reading.,inf\nBlue,A blue lamp for the garden.,1999\n", "utf-8")
    app = app_of({"csv": str(path), "title_column": "t", "text_column": "x", "genre_column": None, "year_column": "y"})
    assert app.catalogue.years == (1999, 1999)
    assert app.noun == "title"


def test_a_file_that_is_gone_when_a_page_is_opened_is_said_in_the_page(tmp_path, monkeypatch):
    source = {"csv": str(tmp_path / "<gone>.csv"), "title_column": "t", "text_column": "x"}
    monkeypatch.setenv(SERVED, json.dumps(source))
    assert served().value.startswith('<p class="rv-error" role="status">The app cannot be shown: ')
    assert "&lt;gone&gt;.csv" in served().value


def test_one_column_may_be_text_and_genres_or_title_and_year_at_once(tmp_path):
    path = tmp_path / "films.csv"
    path.write_text(
        "name,kinds\nBlade Runner 2049 (2017),Drama|Mystery\n2001: A Space Odyssey (1968),Drama\nNobody,\n", "utf-8"
    )
    with pytest.warns(UserWarning, match="1 of 3 rows left out"):
        catalogue = csv_catalogue(path, "name", "kinds", genre_column="kinds", year_column="name")
    assert catalogue.movies["year"].tolist() == [2017, 1968]
    assert catalogue.genres == ["Drama", "Mystery"]
