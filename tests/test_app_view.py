"""The app's widget without a browser: what it does with messages, and what its pages hold."""

import asyncio
import csv
import html
import io
import json
import re
import threading
from collections import Counter

import anywidget
import numpy as np
import pandas as pd
import pytest
import torch
from measure import clicks, made_up_catalogue

from helpers.app import pages, state
from helpers.app.catalogue import Catalogue, Reason
from helpers.app.latest import Latest
from helpers.app.state import Question, Taste, Wanted, dump_state
from helpers.app.view import SERVED, Demo, app_maker, prepared, served
from helpers.data import load_movies, load_ratings, load_vectors
from helpers.encoding import load_encoder
from helpers.search.neighbors import split_sentences

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def catalogue():
    movies = load_movies()
    return Catalogue(movies, load_vectors(movies), load_ratings())


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture
def demo(catalogue, encoder):
    return heard(Demo(catalogue, reader=lambda: encoder))


@pytest.fixture
def plain(catalogue):
    """The app with a catalogue whose encoder is never needed."""
    return heard(Demo(catalogue, reader=lambda: None))


def heard(app):
    """Keep what an app sends to the browser."""
    app.told = []
    app.send = app.told.append
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
            "director": [HOSTILE] * 6,
            "cast": [f"{HOSTILE}|Somebody Else"] * 6,
            "tags": [HOSTILE] * 6,
            "synopsis": [f"{name} {HOSTILE}. A thief runs." for name in names],
        },
        index=pd.Index(range(1, 7), name="movie_id"),
    )
    return Catalogue(movies, np.random.default_rng(0).normal(size=(6, 8)))


def place(app, title):
    return app.catalogue.place(app.catalogue.reader.lookup.closest(title).id)


def do(app, kind, **more):
    app.hear({"kind": kind, **more})
    return app


def asked(app, text):
    return do(app, "read", text=text)


# ---- questions -------------------------------------------------------------------------------------------------------


def test_it_opens_with_films_to_begin_with_that_say_what_they_are(plain):
    assert "Films to begin with" in plain.head
    assert plain.cards.count("<article") == 12
    people = ("Quentin Tarantino", "with John Travolta, Samuel L. Jackson")
    for part in (*people, "The lives of two hit men", "Rated by 52% of all viewers"):
        assert part in plain.cards


def test_typing_is_answered_with_readings_and_asks_for_nothing(plain):
    before = plain.head
    do(plain, "typed", text="Avengrs", view="one", number=3)
    told = plain.told[0]
    assert (told["view"], told["number"]) == ("one", 3)
    assert told["offered"][0] == {"group": "Titles", "label": "The Avengers", "detail": "2012"}
    assert told["offered"][-1]["group"] == "Stories"
    assert plain.head == before


def test_enter_takes_the_reading_that_is_highlighted(plain):
    do(plain, "read", text="Avengrs", place=2)
    expected = plain.catalogue.reader.read("Avengrs")[2]
    assert plain.wanted.question == expected.question
    assert expected.label in plain.head


def test_a_typo_is_understood_and_said_with_other_readings_one_click_away(plain):
    asked(plain, "Avengrs")
    assert "Films like The Avengers (2012)" in plain.head
    assert "“Avengrs” was understood as The Avengers (2012)." in plain.under
    other = re.search(r'data-do="reading" data-text="Avengrs" data-place="(\d+)"[^>]*>Avengers: Endgame', plain.under)
    do(plain, "read", text="Avengrs", place=int(other[1]))
    assert "Films like Avengers: Endgame (2019)" in plain.head
    assert ">The Avengers " in plain.under
    assert ">Avengers: Endgame " not in plain.under


def test_a_title_as_it_stands_needs_no_word_about_it(plain):
    asked(plain, "Alien")
    assert "understood" not in plain.under


def test_people_are_answered_with_their_films(plain):
    asked(plain, "tom hanks")
    assert "Films with Tom Hanks" in plain.head
    assert plain.cards.count("Tom Hanks") >= 8
    count = len(plain.catalogue.reader.films_of(["Tom Hanks"]))
    assert f"12 of {count} films, the newest first." in plain.under
    assert f"<span>{count} films, the newest first." in do(plain, "steer", steering={"k": 30}).under
    assert "close" not in plain.cards.casefold().split("rv-cue")[0]


def test_each_card_names_the_person_who_was_asked_for(plain):
    asked(plain, "toni collette")
    assert plain.cards.count("with Toni Collette") == plain.cards.count("<article") > 2


def test_links_of_a_film_ask_for_what_they_name(demo):
    do(demo, "detail", film=place(demo, "Minority Report"))
    detail = next(told["html"] for told in demo.told if told["part"] == "detail")
    for kind, text in (("People", "Steven Spielberg"), ("People", "Tom Cruise"), ("Stories", "dystopia")):
        assert f'data-do="read" data-kind="{kind}" data-text="{text}"' in detail
    do(demo, "read", text="Tom Cruise", kind_of="People")
    assert demo.wanted.question == Question(people=("Tom Cruise",))
    do(demo, "read", text="robot", kind_of="Stories")  # a typed one might be a title
    assert demo.wanted.question == Question(text="robot")
    assert "No title" not in demo.under


@pytest.mark.parametrize("text", ["a dream of spring", "sharks", "world war ii", "a bride for seven brothers"])
def test_a_description_that_only_resembles_a_title_is_searched_by_its_story(demo, text):
    asked(demo, text)
    assert demo.wanted.question == Question(text=text)
    assert f"“{text}”" in demo.head


def test_what_is_not_in_the_catalogue_is_said(demo):
    asked(demo, "asdfghjkl")
    assert "Not in this catalog: “asdfghjkl”" in demo.head
    assert "“asdfghjkl” is in no title, name, or story here." in demo.under
    assert "“qwertz”" in asked(demo, "a qwertz in the snow").under
    assert "Stories about" in demo.head
    assert "“qwertz”, “asdfg” are in no title" in asked(demo, "a qwertz and the asdfg of it").under
    assert "<article" not in demo.cards
    assert "No film here comes near that. Try other words" in demo.cards
    assert "There is no word in it to search for." in asked(demo, "!!!").under
    assert "By meaning alone, these come nearest." in asked(demo, "pandemic").under
    assert "<article" in demo.cards
    asked(demo, "sharks")
    assert "Stories about “sharks”; no title or person here is called that<" in demo.head
    assert "These stories come nearest by what happens in them, not by mood." in demo.under
    for mood in ("sad", "Tear-jerker", "feelgood"):
        assert f"not by a mood, such as “{mood}”." in asked(demo, f"a {mood} about two brothers and their boat").under
    assert "mood" not in asked(demo, "two brothers find a saddle in their boat").under
    asked(demo, "not scary")
    assert "A search can’t leave out Horror; it finds what is named." in demo.under


def test_a_description_to_which_no_story_is_near_is_said_to_be_one_and_a_name_that_is_none_too(demo):
    asked(demo, "a vineyard inherited by a london banker in provence")
    assert ">No story is very close to “a vineyard inherited by a london banker in provence”; these" in demo.head
    assert ">Stories about “a shark" in asked(demo, "a shark attacks bathers at an island resort").head
    assert ">No title, person, or close story here: “kramer vs kramer”<" in asked(demo, "kramer vs kramer").head
    for text in ("ordinary people", "war and peace"):  # a genre, too
        assert f">Stories about “{text}”; no title or person here is called that<" in asked(demo, text).head
    assert "called that" not in asked(demo, "blade runner 2049").head + asked(demo, "one of five or six words").head


def test_words_for_a_genre_give_its_films_and_the_story_is_one_click_away(plain):
    asked(plain, "something funny")
    assert "Comedy: films to begin with" in plain.head
    assert "“something funny” was understood as Comedy." in plain.under
    assert 'data-place="1" data-key="reading-1"' in plain.under
    assert 'aria-label="Or see stories about “something funny”"' in plain.under
    assert plain.cards.count(">Rated by ") == plain.cards.count("<article") == 12
    do(plain, "like", film=7)
    asked(plain, "something funny")
    assert "Comedy: for you, from 1 film" in plain.head
    kept, before = plain.saved, [*plain.found.index]
    asked(plain, "Alien")
    assert "Comedy:" not in plain.head
    do(plain, "restore", text=kept, **{"from": "browser"})
    assert [*plain.found.index] == before
    assert "understood as" not in asked(plain, "comedy").under
    asked(plain, "a funny film that is not scary")
    assert "was understood as Comedy. A search can’t leave out Horror; it finds what is named." in plain.under


def test_genres_that_no_film_shares_are_said_to_and_each_is_one_click_away(plain):
    asked(plain, "musical western")
    assert "Musical: films to begin with" in plain.head
    assert "No film here fits all of “musical western”; this is Musical." in plain.under
    assert 'aria-label="Or see Western 23 films"' in plain.under
    do(plain, "read", text="musical western", place=1)
    assert "Western: films" in plain.head
    assert "this is Western." in plain.under


def test_what_is_typed_of_people_genres_and_years_is_one_question_that_undo_takes_back(plain, catalogue):
    asked(plain, "Alien")
    asked(plain, "tom hanks comedies from the 90s")
    films = catalogue.movies.loc[plain.found.index]
    assert "Films with Tom Hanks, Comedy, 1990s" in plain.head
    assert "7 films, the newest first." in plain.under
    assert 'aria-label="Or see stories about “tom hanks comedies from the 90s”"' in plain.under
    assert films["year"].between(1990, 1999).all() and films["year"].is_monotonic_decreasing
    assert films["genres"].str.contains("Comedy").all() and films["cast"].str.contains("Tom Hanks").all()
    again = do(heard(Demo(catalogue, reader=lambda: None)), "restore", text=plain.saved, **{"from": "browser"})
    assert (again.wanted, again.head, again.cards) == (plain.wanted, plain.head, plain.cards)
    assert "Films like Alien" in do(plain, "undo").head
    asked(plain, "80s comedy")
    assert "Comedy, 1980s: films to begin with" in plain.head
    assert "“80s comedy” was understood as Comedy, 1980s." in plain.under
    assert catalogue.movies["year"][plain.found.index].between(1980, 1989).all()
    assert "Films like Alien" in asked(plain, "Alien").head  # the years were of that question
    assert (
        min(catalogue.movies["year"][plain.found.index]) < 1980
        or max(catalogue.movies["year"][plain.found.index]) > 1989
    )
    asked(plain, "spielberg westerns")
    assert "No film here fits all of “spielberg westerns”; this is Steven Spielberg." in plain.under


def test_people_who_only_directed_are_said_to_have(plain):
    for name, did in {"Steven Spielberg": "directed by", "Woody Allen": "by or with", "Tom Hanks": "with"}.items():
        assert f"Films {did} {name}" in asked(plain, name).head


def test_what_made_an_audience_choose_a_film_comes_first_and_says_that_it_is_simulated(demo):
    demo.catalogue.learn()
    for space in ("learned", "hybrid"):
        do(asked(demo, "Titanic"), "space", value=space)
        assert re.search(r">Liked by \d+% of Titanic’s fans, \d+% of all viewers</span>", demo.cards)
        demo.told.clear()
        do(demo, "detail", film=place(demo, "Beverly Hills Cop III"))
        detail = demo.told[0]["html"].partition("Why it is here")[2]
        assert detail.index("a program made up these viewers") < detail.index("Liked by") < detail.index("rv-reason")
        assert ("Loosely related story." in detail) == (space == "hybrid")
    do(demo, "space", value="text")
    assert "fans" not in demo.cards
    do(asked(demo, "Toy Story"), "space", value="hybrid")
    assert "Very close story. Shared themes: friendship" in demo.cards
    do(do(demo, "like", film=place(demo, "The Lord of the Rings: The Fellowship of the Ring")), "taste")
    assert re.search(r">Story [a-z ]+ to The Lord of the Rings: The Fellowship", demo.cards)


def test_a_sentence_is_encoded_on_one_core_and_the_others_are_given_back(catalogue):
    cores, seen = torch.get_num_threads(), []
    torch.set_num_threads(2)
    demo = Demo(catalogue, reader=lambda: None)
    demo._with_encoder(lambda _: seen.append(torch.get_num_threads()))
    assert (seen, torch.get_num_threads()) == ([1], 2)
    torch.set_num_threads(cores)


def test_an_empty_search_says_what_to_type(plain):
    asked(plain, "  ")
    assert "Type a title, a person" in plain.note
    assert plain.wanted == Wanted()
    asked(asked(plain, "Avengrs"), " ")
    assert "understood" not in plain.under + plain.note  # that was said of another text


def test_a_question_that_comes_after_a_newer_one_is_dropped_and_a_like_never_is(plain):
    do(plain, "read", text="Aliens", view="one", number=5)
    do(plain, "read", text="Jaws", view="one", number=4)
    do(plain, "like", film=10, view="one", number=2)
    assert "Films like Aliens" in plain.head
    assert len(plain.wanted.taste) == 1
    do(plain, "read", text="Jaws", view="two", number=1)
    assert "Films like Jaws" in plain.head


def test_a_message_that_makes_no_sense_changes_nothing(plain):
    before = plain.wanted
    do(plain, "film", film=10**9)
    assert "That did not work" in plain.note
    do(plain, "space", value="else")
    assert plain.wanted == before


# ---- taste -----------------------------------------------------------------------------------------------------------


def test_a_like_keeps_the_list_and_says_what_shows_the_new_one(plain):
    for deed in ("like", "dislike"):
        before = plain.head, plain.cards, plain.under
        do(plain, deed, film=plain.catalogue.place(plain.found.index[2]))
        assert (plain.head, plain.cards, plain.under) == before
        assert "“For me” shows your new list." in plain.note
        assert 'data-key="mine" aria-pressed="false"' in plain.taste
        do(plain, "taste")
        assert "For you, from 1 film you like" in plain.head
        assert not set(plain.shown["likes"]) & set(map(plain.catalogue.place, plain.found.index))
        assert 'data-key="mine" aria-pressed="true"' in plain.taste
    assert "For me <b>1</b>" in plain.taste


@pytest.mark.parametrize("deed", [{"kind": "steer", "steering": {"k": 5}}, {"kind": "read", "text": "comedy"}])
def test_whatever_asks_for_a_list_has_it_made_from_all_likes(plain, deed):
    do(do(plain, "like", film=7), "like", film=3).hear(deed)
    assert "or you, from 2 films" in plain.head


def test_without_any_film_left_the_list_is_the_first_one_again(plain):
    do(do(do(plain, "like", film=7), "taste"), "forget", film=7)
    assert "Films to begin with" in plain.head
    assert "For me" not in plain.note


def test_a_film_that_is_not_for_me_is_called_so_and_not_counted_among_those_for_me(plain):
    do(do(do(do(plain, "like", film=7), "like", film=3), "dislike", film=10), "taste")
    assert "For me <b>2</b>" in plain.taste
    assert f"Not for me: {plain.catalogue.titles[plain.catalogue.ids[10]]}" in html.unescape(plain.taste)
    assert ">For you, from 2 films you like and 1 you don’t<" in plain.head
    do(do(do(plain, "forget", film=7), "forget", film=3), "taste")
    assert ">For you, from 1 film you don’t like<" in plain.head
    assert "For me</button>" in plain.taste


def test_of_very_many_films_the_bar_shows_the_last_and_counts_the_rest(plain):
    films = tuple(plain.catalogue.ids)
    do(plain, "restore", text=dump_state(Wanted(taste=Taste(films)), plain.catalogue.movies), **{"from": "file"})
    assert plain.taste.count("rv-chip") == pages.CHOSEN
    assert f'data-film="{len(films) - 1}"' in plain.taste
    assert f"and {len(films) - pages.CHOSEN} more" in plain.taste
    assert len(plain.shown["likes"]) == len(films)


def test_a_like_under_a_question_keeps_the_list_and_a_second_click_takes_it_back(plain):
    asked(plain, "Alien")
    before = plain.cards
    do(plain, "like", film=7)
    assert plain.cards == before
    do(plain, "like", film=7, on=False)
    assert not len(plain.wanted.taste)


def test_undo_follows_whatever_changed_the_taste(plain):
    do(do(plain, "like", film=3), "dislike", film=4)
    do(plain, "forget", film=3)
    do(plain, "clear")
    assert "Undo brings it back" in plain.note
    assert [len(do(plain, "undo").wanted.taste) for _ in range(4)] == [1, 2, 1, 0]
    do(plain, "like", film=3)
    text = dump_state(Wanted(taste=Taste((3, 14))), plain.catalogue.movies)
    do(plain, "restore", text=text, **{"from": "file"})
    assert plain.wanted.taste == Taste((3, 14))
    assert "Loaded 2 films" in plain.note
    assert len(do(plain, "undo").wanted.taste) == 1


DEEDS = {
    "liking": {"kind": "like", "film": 7},
    "the search for “Alien”": {"kind": "read", "text": "Alien"},
    "By audience": {"kind": "space", "value": "learned"},
    "the filters": {"kind": "steer", "steering": {"k": 5, "diversity": 0.5, "genres": ["Horror"]}},
    "more like Jaws (1975)": {"kind": "film", "film": 137},
    "For me": {"kind": "taste"},
    "Clear": {"kind": "clear"},
}


def test_undo_takes_back_the_last_thing_whatever_it_was_and_says_what(plain):
    def state_of():
        return plain.wanted, plain.head, plain.cards, plain.under, plain.shown

    DEEDS["more like Jaws (1975)"]["film"] = place(plain, "Jaws")
    seen = [state_of()]
    for name, deed in DEEDS.items():
        plain.hear(deed)
        assert f'aria-label="Undo: {name}' in plain.taste
        assert f">Undo<span>: {name}" in plain.taste
        seen.append(state_of())
    do(plain, "space", value="text")
    do(plain, "steer", steering=json.loads(plain.saved)["steering"])  # changes nothing, and is no step
    do(plain, "undo")
    for name, before in zip(reversed(DEEDS), reversed(seen[:-1]), strict=True):
        do(plain, "undo")
        assert plain.note.startswith(f"Taken back: {name}")
        assert state_of() == before
    assert re.search(r'data-key="undo" disabled', plain.taste)
    assert do(plain, "undo").wanted == Wanted()
    assert plain.note == "There is nothing more to take back."


def test_what_is_said_of_a_deed_outlives_what_is_learned_meanwhile(catalogue, monkeypatch):
    app = heard(Demo(catalogue, reader=lambda: None))
    learned = []
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "spaces", {"text": catalogue.spaces["text"]})
        patch.setattr(app._learning, "ask", lambda work, then, failed: learned.append(then))
        do(app, "space", value="learned")
        assert "Learning" in app.note
        do(app, "undo")
        learned[0](None)
        assert app.note == "Taken back: By audience."


def test_undo_goes_on_after_a_reload(plain, catalogue):
    for deed in DEEDS.values():
        plain.hear(deed)
    again = do(heard(Demo(catalogue, reader=lambda: None)), "restore", text=plain.saved, **{"from": "browser"})
    assert again.wanted == plain.wanted
    for _ in DEEDS:
        assert (do(again, "undo").wanted.of_list, again.note) == (do(plain, "undo").wanted.but(listed=None), plain.note)
    without = Catalogue(catalogue.movies, catalogue.spaces["text"].vectors)
    other = do(heard(Demo(without, reader=lambda: None)), "restore", text=plain.saved, **{"from": "browser"})
    assert [one.space for one in other.wanted.steps] == ["text"] * len(other.wanted.steps)


def test_going_back_takes_nothing_back_that_the_page_does_not_know_yet(plain):
    known = do(plain, "film", film=4).saved
    do(do(plain, "like", film=3), "film", film=5)
    done = plain.wanted.steps
    do(plain, "restore", text=known, **{"from": "history"})
    assert (plain.wanted.question.film, plain.wanted.taste) == (plain.catalogue.ids[4], done[0].taste)
    assert plain.wanted.steps[1:] == done[1:]


def test_what_a_page_shows_as_done_it_was_told_to_keep_in_the_same_message(plain, monkeypatch):
    sent = []
    monkeypatch.setattr(plain, "send_state", lambda key=None: sent.append({key} if isinstance(key, str) else set(key)))
    for deed in DEEDS.values():
        sent.clear()
        plain.hear(deed)
        assert sum("saved" in keys for keys in sent) == 1
        assert all("saved" in keys for keys in sent if "taste" in keys)


def test_a_bad_file_changes_nothing_and_says_why(plain):
    do(plain, "like", film=3)
    before = plain.wanted
    do(plain, "restore", text="<script>", **{"from": "file"})
    assert "not JSON" in plain.note
    assert plain.wanted == before


def test_what_the_browser_kept_opens_the_same_state(plain, catalogue):
    asked(plain, "Alien")
    do(plain, "like", film=7)
    do(plain, "steer", steering={"k": 5, "genres": ["Horror", "No Such Genre"]})
    again = do(heard(Demo(catalogue, reader=lambda: None)), "restore", text=plain.saved)
    assert again.wanted == plain.wanted
    assert again.cards == plain.cards
    assert again.wanted.steering.genres == ("Horror",)
    kept = json.loads(plain.saved)
    kept["question"] = {"genres": ["Comedy", "No Such Genre"]}
    assert do(again, "restore", text=json.dumps(kept)).wanted.question == Question(genres=("Comedy",))


def test_how_words_were_understood_is_still_said_after_a_reload(plain, catalogue):
    asked(plain, "Avengrs")
    again = do(heard(Demo(catalogue, reader=lambda: None)), "restore", text=plain.saved, **{"from": "browser"})
    assert again.under == plain.under
    assert "“Avengrs” was understood as The Avengers (2012)." in again.under
    assert "understood" not in do(again, "film", film=3).under


# ---- steering --------------------------------------------------------------------------------------------------------


def test_filters_change_the_list_and_stand_above_it(plain):
    asked(plain, "Alien")
    steering = {"k": 4, "first_year": 2000, "genres": ["Horror"], "diversity": 0.5, "hide_popular": True}
    do(plain, "steer", steering=steering)
    shown = plain.catalogue.movies.loc[plain.found.index]
    assert len(shown) == 4
    assert (shown["year"] >= 2000).all()
    assert shown["genres"].str.contains("Horror").all()
    for label in ("Horror", "from 2000", "not what everybody knows", "more variety", "4 films"):
        assert f"Remove the filter {label}" in plain.head
    do(plain, "steer", steering={"genres": ["Horror", "Musical"]})
    assert ">Your filters: <" in plain.head and "> or <" in plain.head


def test_filters_that_stay_for_another_question_are_said_to(plain):
    assert asked(plain, "Alien").note == ""
    assert do(plain, "steer", steering={"first_year": 2000}).note == ""
    for deed in ({"kind": "read", "text": "Jaws"}, {"kind": "film", "film": 7}, {"kind": "taste"}):
        plain.hear(deed)
        assert plain.note == "Your filters still apply."
    assert "filters" not in do(plain, "like", film=3).note


def test_a_list_without_films_says_what_to_do(plain):
    do(plain, "steer", steering={"first_year": 2024, "genres": ["Western"]})
    assert "No film fits. Allow more years or genres." in plain.cards
    do(plain, "steer", steering={})
    assert "No film fits" not in plain.cards


def test_other_ways_to_be_alike_are_learned_when_they_are_first_wanted_and_say_who_speaks(monkeypatch):
    movies = load_movies()
    app = heard(Demo(Catalogue(movies, load_vectors(movies), load_ratings()), reader=lambda: None))
    asked(app, "Alien")
    said = []
    monkeypatch.setattr(app.catalogue, "learn", lambda: said.append(app.note) or Catalogue.learn(app.catalogue))
    lists = {}
    for space in ("text", "learned", "hybrid"):
        do(app, "space", value=space)
        lists[space] = tuple(app.found.index)
        assert app.shown["simulated"] == (space != "text")
    assert said == ["Learning from the ratings, a few seconds …"]
    assert len(set(lists.values())) == 3
    assert not app.note


def test_an_audience_that_knows_too_little_of_the_films_says_so(plain):
    plain.catalogue.learn()
    counts = plain.catalogue.ratings.query("rating >= 4")["movie_id"].value_counts()
    names = [plain.catalogue.place(film) for film in (counts.index[-1], counts.index[-2], counts.index[0])]
    few = counts.iloc[-1] + counts.iloc[-2]
    assert few < pages.FEW_LIKES < counts.iloc[0]
    do(do(do(plain, "like", film=names[0]), "like", film=names[1]), "taste")
    assert "iewer" not in plain.under
    for space in ("learned", "hybrid"):
        assert f"Viewers gave these films only {few} likes: too few" in do(plain, "space", value=space).under
    assert "iewer" not in do(do(plain, "like", film=names[2]), "taste").under
    once = state.counted(counts.iloc[-1], "like")
    assert f"Viewers gave this film only {once}: too few" in do(plain, "film", film=names[0]).under
    cold = next(film for film in plain.catalogue.ids if film not in counts.index)
    assert "No viewer liked this film" in do(plain, "film", film=plain.catalogue.place(cold)).under
    assert 'data-do="space" data-value="text">See it by story</button>' in plain.under
    assert "iewer" not in do(plain, "space", value="text").under


def test_where_one_list_answers_there_is_nothing_to_compare(demo):
    assert not demo.shown["compares"]
    assert asked(demo, "Alien").shown["compares"]
    assert not asked(demo, "a cold ship in space").shown["compares"]
    assert not asked(demo, "Tom Hanks").shown["compares"]


@pytest.mark.parametrize("deed", [{"kind": "taste"}, {"kind": "read", "text": "Alien"}, {"kind": "like", "film": 7}])
def test_each_card_with_a_reason_offers_it(demo, deed):
    demo.hear(deed)
    first = demo.catalogue.place(demo.found.index[0])
    assert demo.cards.count("Why?</button>") == len(demo.found)
    name = html.escape(pages.name_of(demo.catalogue, demo.found.index[0]))
    assert f'data-do="why" data-film="{first}" data-key="why-{first}" aria-label="Why {name} is here"' in demo.cards
    do(demo, "detail", film=first)
    assert "Why it is here" in next(told["html"] for told in demo.told if told["part"] == "detail")
    assert "Why?" not in asked(demo, "Tom Hanks").cards


def test_a_film_that_says_the_words_of_a_short_theme_says_so(demo):
    asked(demo, "time loop")
    assert {demo.catalogue.titles[film] for film in demo.found.index[:5]} >= {"Groundhog Day", "Palm Springs"}
    assert "Mentions “time”, “loop”; loosely related to your words" in demo.cards


# ---- one film --------------------------------------------------------------------------------------------------------


def test_a_film_is_shown_without_its_end_and_explained(demo):
    asked(demo, "Alien")
    aliens = place(demo, "Aliens")
    do(demo, "detail", film=aliens)
    detail, reason = (next(told["html"] for told in demo.told if told["part"] == part) for part in ("detail", "reason"))
    before, _, after = detail.partition("The whole plot")
    sentences = demo.catalogue.movies["synopsis"].iloc[aliens].split(". ")
    assert sentences[-1][:30] not in before
    assert "Nearest stories" in after
    assert "Why it is here: near Alien (1979)" in detail
    assert "In both films: Sigourney Weaver." in detail
    about, why, end = (detail.index(text) for text in ("Lance Henriksen", "Why it is here", "Nearest stories"))
    assert about < why < end
    demo.told.clear()
    do(demo, "detail", film=aliens, why=True)  # what somebody asks for comes first
    detail = demo.told[0]["html"]
    assert detail.index("<h2") < detail.index("Why it is here") < detail.index("Lance Henriksen")
    assert sorted(detail) == sorted(before + "The whole plot" + after)
    assert re.search(r'aria-label="Not for me: Aliens \(1986\)"[^>]*>Not for me<', detail)
    asked(demo, "The Avengers")
    do(demo, "detail", film=place(demo, "Iron Man"))
    html_of_it = next(told["html"] for told in reversed(demo.told) if told["part"] == "detail")
    assert "In both films: Robert Downey Jr.<" in html_of_it  # one period
    assert "<b>Alien:</b>" in reason
    assert "<mark>" in reason


def test_the_longest_sentences_keep_room_for_those_that_come(demo):
    asked(demo, "Alien")
    do(demo, "detail", film=place(demo, "Aliens"))
    room, _, wait = demo.told[0]["html"].partition('class="rv-room">')[2].partition('class="rv-reason"')
    kept, reason = (len(re.findall("</?(p|blockquote)", part)) for part in (room, demo.told[1]["html"]))
    assert kept == reason
    for film in ("Alien", "Aliens"):
        sentences = split_sentences(demo.catalogue.premise(demo.catalogue.ids[place(demo, film)]))
        assert html.escape(max(sentences, key=len)) in room
    assert "Looking for the closest sentences" in wait


def test_viewers_are_said_to_be_made_up_once_wherever_they_speak(demo):
    demo.catalogue.learn()

    def said(*parts):
        return len(re.findall("made[ -]up|made up", "".join(parts)))

    begin, likes = ({"kind": "taste"}, {"kind": "like", "film": 7})
    for deeds, space, badge in [([begin], "text", 1), ([likes, begin], "text", 0), ([begin], "learned", 1)]:
        for deed in [*deeds, {"kind": "space", "value": space}]:
            demo.hear(deed)
        assert (demo.shown["simulated"], said(demo.head, demo.under, demo.cards)) == (bool(badge), 0)
        demo.told.clear()
        do(demo, "detail", film=demo.catalogue.place(demo.found.index[0]), why=True)
        assert said(demo.told[0]["html"]) == badge  # the badge lies under it
        do(demo, "export", value="html")
        assert said(demo.told[-1]["text"].partition("<body")[2]) == badge


def test_a_film_of_a_story_is_explained_by_the_words(demo):
    asked(demo, "a shark attacks bathers at an island resort")
    assert demo.found.index[0] == demo.catalogue.ids[place(demo, "Jaws")]
    do(demo, "detail", film=place(demo, "Jaws"))
    assert "<b>Your words:</b>" in demo.told[-1]["html"]


def test_a_film_that_is_in_no_list_is_not_explained(plain):
    do(plain, "detail", film=0)
    assert [told["part"] for told in plain.told] == ["detail"]
    assert "Why it is here" not in plain.told[0]["html"]


def test_covers_are_the_same_each_time_and_alike_for_no_two_films(plain):
    found = pd.DataFrame({"strength": 0.5, "near": None}, index=plain.catalogue.ids[:40])
    pictures = [pages.cards(plain.catalogue, found, Wanted(), "film").split("<svg")[1:] for _ in range(2)]
    covers = [[picture.partition("</svg>")[0] for picture in some] for some in pictures]
    assert covers[0] == covers[1]
    assert len(set(covers[0])) == 40


# ---- to take away ----------------------------------------------------------------------------------------------------


def test_a_list_is_taken_away_as_a_table(plain):
    asked(plain, "Alien")
    do(plain, "export", value="csv")
    rows = list(csv.reader(io.StringIO(plain.told[-1]["text"].removeprefix("\ufeff"))))
    assert rows[0] == ["movie_id", "title", "year", "director", "cast", "genres"]
    assert [int(row[0]) for row in rows[1:]] == plain.found.index.tolist()


def test_no_cell_of_the_table_is_a_formula():
    movies = pd.DataFrame({"title": ["=1+1", "@x"], "synopsis": ["x y"] * 2}, index=[1, 2])
    app = do(heard(Demo(Catalogue(movies, np.eye(2)))), "export", value="csv")
    assert [row.split(",")[1][0] for row in app.told[-1]["text"].splitlines()[1:]] == ["'", "'"]


def test_a_list_is_taken_away_as_a_page_that_runs_nothing_and_asks_nobody(hostile):
    app = heard(Demo(hostile))
    do(do(do(app, "like", film=0), "taste"), "export", value="html")
    page = app.told[-1]["text"]
    assert "Made from: &lt;img" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


# ---- pages -----------------------------------------------------------------------------------------------------------


def test_everything_from_data_is_escaped(hostile):
    app = heard(Demo(hostile))
    app.wanted = app.wanted.but(taste=Taste((1, 2), (4,)))
    app.refresh()
    made = [app.cards, app.taste]
    do(asked(app, HOSTILE), "detail", film=1)
    do(app, "restore", text=HOSTILE, **{"from": "file"})
    made += [app.shell, app.head, app.under, app.cards, app.told[0]["html"]]
    made.append(
        pages.closest_pair(Reason([(HOSTILE, True), ("<script>", False)], [(HOSTILE, False)], 0.5), HOSTILE, "<b>")
    )
    for page in made:
        for raw in ("<img", "<script", "</title><script", "<b>x", '" onload'):
            assert raw not in page, page


@pytest.mark.parametrize("alike", [True, False])
def test_words_of_two_sentences_are_marked_where_the_two_are_alike(alike):
    found = Reason([("shark", True)], [("sharks", True)], pages.WEAK if alike else pages.WEAK - 0.01)
    shown = pages.closest_pair(found, "Jaws:", "The Reef:")
    assert ("<mark>" in shown) is alike
    assert ("No two sentences of the openings are alike" in shown) is not alike


def test_control_characters_of_a_title_show_as_spaces_and_turn_no_text_round():
    title = "a\x1b[31m\u202eb\x00\r\nc\x9d"
    movies = pd.DataFrame({"title": [title, "plain"], "synopsis": "x"}, index=[1, 2])
    app = heard(Demo(Catalogue(movies, np.eye(2)), reader=lambda: None))
    do(do(app, "film", film=1), "like", film=0)
    do(do(do(app, "typed", text="a  [31m b   c"), "name", film=0), "detail", film=0)
    shown = [app.cards, app.head, app.taste, json.dumps(app.marks), json.dumps(app.told, ensure_ascii=False)]
    assert "a [31m" in "".join(shown)
    assert not [one for one in shown if any(sign in one for sign in "\x1b\x00\x9d\x7f\u202e")]
    assert not [one for one in shown[3:] if "\\u202e" in one or "\\u001b" in one]


def test_figures_stand_in_words_and_the_number_in_a_tooltip(plain):
    words = [pages.in_words(pages.NEAR_WORDS, cosine) for cosine in (0.9, 0.5, 0.35, 0.1)]
    assert words == ["Very close", "Close", "Related", "Loosely related"]
    words = [pages.closeness(share) for share in (0.0001, 0.0009, 0.004, 0.4)]
    assert words == ["Very close", "Close", "Related", "Loosely related"]
    asked(plain, "Alien")
    strength = plain.found["strength"].iloc[0]
    cue = re.search(r'<p class="rv-cue[ a-z-]*"><span title="[^"]*">(Very close story[^<]*)<', plain.cards)[1]
    figure = f"cosine {strength:.2f}; of 1,000 pairs of stories here, 0.3 are nearer"
    assert f'title="{cue}; {figure}"' in plain.cards  # the words, too: a narrow card cuts them off


def test_a_story_is_close_where_few_pairs_are_nearer_and_no_list_says_close_for_want_of_a_better_one(plain):
    rows = plain.catalogue.spaces["text"].vectors
    control = np.random.default_rng(0).integers(len(rows), size=(2_000, 2))
    cosines = np.einsum("pd,pd->p", *rows[control[control[:, 0] != control[:, 1]].T])
    words = Counter(pages.closeness(plain.catalogue.nearer(cosine)) for cosine in cosines)
    assert words["Loosely related"] > 0.98 * len(cosines)  # of pairs at random, one in 200 is more
    assert "Loosely related story" in asked(plain, "Blade Runner").cards
    for unrelated in ("Airplane!", "The Mummy Returns", "Hot Shots! Part Deux"):
        card = plain.cards.split(f'aria-label="{unrelated}')[1].partition("</article>")[0]
        assert "Loosely related story" in card
    assert "Close story" not in plain.cards + asked(plain, "Bridget Jones's Diary").cards
    assert "Very close story" in asked(plain, "Toy Story").cards


def test_a_list_is_judged_in_words_and_the_figures_are_in_tooltips(plain):
    asked(plain, "Alien")
    shown = re.sub("<[^>]*>", " ", plain.scores)
    assert re.search(r"This list\s+(somewhat|much) alike\s+\d+%", shown)
    assert shown.count("Made-up viewers who know a typical film") == 1
    assert re.search(r"At random\s+as varied as chance", shown)
    assert "bits" not in plain.scores
    assert f"all pairs: {plain.catalogue.judge([*plain.found.index])['this list']['diversity']:.2f}" in plain.scores


def test_every_button_is_named_for_what_it_acts_on(plain):
    asked(plain, "Alien")
    for name in ("Like Aliens (1986)", "Not for me: Aliens (1986)", "More like this: Aliens (1986)"):
        assert plain.cards.count(f'aria-label="{name}"') == 1
    do(plain, "like", film=place(plain, "Aliens"))
    assert 'aria-label="Remove Aliens (1986), which you like"' in plain.taste


# ---- other catalogues ------------------------------------------------------------------------------------------------


def test_a_catalogue_without_years_genres_people_and_ratings_shows_no_empty_controls():
    movies = pd.DataFrame({"title": list("abcd"), "synopsis": ["x y z"] * 4}, index=pd.RangeIndex(1, 5))
    app = heard(Demo(Catalogue(movies, np.eye(4)), noun="title"))
    for part in ("By audience", "From year", "Genres", "Leave out", "rv-credits", "rv-cue", "viewers"):
        assert part not in app.shell + app.cards
    do(do(app, "like", film=0), "taste")
    assert app.cards.count("<article") == 3
    assert "novelty" not in app.scores


def test_people_and_genres_are_counted_in_what_the_catalogue_holds():
    movies = pd.DataFrame(
        {"title": ["a", "b", "c"], "synopsis": "x", "genres": ["Soup", "Soup", "Cake"]}, index=[1, 2, 3]
    )
    app = heard(Demo(Catalogue(movies, np.eye(3)), noun="dish"))
    details = [do(app, "typed", text=text).told[-1]["offered"][0]["detail"] for text in ("soup", "cake")]
    assert details == ["2 dishes", "1 dish"]
    assert "Map of all dishes" in app.shell
    assert "Dishes to begin with" in do(app, "taste").head
    assert [state.plural(noun) for noun in ("film", "story", "toy", "box", "class")] == [
        "films",
        "stories",
        "toys",
        "boxes",
        "classes",
    ]


def test_a_catalogue_of_one_film_works():
    movies = pd.DataFrame({"title": ["only"], "synopsis": ["x"]}, index=[1])
    app = heard(Demo(Catalogue(movies, np.ones((1, 4)))))
    assert "No film fits" in do(do(app, "like", film=0), "taste").cards
    do(app, "detail", film=0)


def test_a_year_that_is_no_year_is_missing():
    movies = pd.DataFrame(
        {"title": ["a", "b"], "synopsis": ["x", "y"], "year": [np.inf, 1999.0]}, index=pd.Index([1, 2], name="movie_id")
    )
    app = Demo(Catalogue(movies, np.eye(2)))
    assert app.catalogue.years == (1999, 1999)
    assert ">a</button>" in app.cards
    assert '"year": null' in dump_state(Wanted(taste=Taste((1,))), app.catalogue.movies)


def test_a_title_that_ends_with_a_year_gets_no_other_one():
    movies = pd.DataFrame(
        {"title": ["الفيل الأزرق (2018)", "b"], "synopsis": "x", "year": [2019.0, 2020.0]}, index=[1, 2]
    )
    app = asked(heard(Demo(Catalogue(movies, np.eye(2)), reader=lambda: None)), "الفيل الأزرق")
    assert ">Films like الفيل الأزرق (2018)</h2>" in app.head
    assert pages.name_of(app.catalogue, 2) == "b (2020)"


def test_the_app_of_a_file_is_named_after_it_and_shows_its_years(tmp_path):
    path = tmp_path / "lamps.csv"
    path.write_text("t,x,y\nRed,A red lamp for reading.,inf\nBlue,A blue lamp for the garden.,1999\n", "utf-8")
    columns = {"title_column": "t", "text_column": "x", "genre_column": None, "year_column": "y"}
    app = app_maker({"csv": str(path), **columns})()
    assert app.catalogue.years == (1999, 1999)
    assert app.noun == "title"


def test_a_file_that_is_gone_when_a_page_is_opened_is_said_in_the_page(tmp_path, monkeypatch):
    source = {"csv": str(tmp_path / "<gone>.csv"), "title_column": "t", "text_column": "x"}
    monkeypatch.setenv(SERVED, json.dumps(source))
    prepared.cache_clear()
    assert served().value.startswith('<p class="rv-error" role="status">The app cannot be shown: ')
    assert "&lt;gone&gt;.csv" in served().value
    assert "load this page again" in served().value


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


def test_a_click_makes_one_list(plain, monkeypatch):
    """What a click costs; how long that takes is measured by ``tools/measure.py``."""
    lists = []
    find = plain.catalogue.find
    monkeypatch.setattr(plain.catalogue, "find", lambda *asked: lists.append(asked) or find(*asked))
    do(do(do(plain, "like", film=3), "film", film=4), "taste")
    assert len(lists) == 3


def test_an_error_is_shown_and_the_app_goes_on(plain, monkeypatch):
    def broken(*_):
        raise RuntimeError(HOSTILE)

    with monkeypatch.context() as patch:
        patch.setattr(plain.catalogue, "find", broken)
        assert "That did not work" in asked(plain, "Alien").note
    assert "Films like Alien" in asked(plain, "Alien").head


def test_where_widgets_cannot_run_a_picture_stands_for_the_app(plain):
    bundle, _ = plain._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert "picture" in bundle["text/plain"]
    assert isinstance(plain, anywidget.AnyWidget)


@pytest.mark.speed
@pytest.mark.parametrize("space", ["text", "hybrid"])
def test_a_click_renews_the_list_within_a_quarter_of_a_second(plain, space):
    do(plain, "space", value=space)
    assert np.quantile(clicks(plain, 60), 0.95) < 0.25


def test_the_film_that_is_asked_for_is_the_first_that_the_map_marks(plain):
    do(plain, "like", film=1)
    do(plain, "film", film=2)
    assert [film["place"] for film in plain.marks["chosen"]] == [2, 1]


def test_the_map_has_a_dot_for_the_last_of_many_films():
    app = Demo(made_up_catalogue(20_001), reader=lambda: None)
    app.hear({"kind": "like", "film": 20_000})
    (marked,) = app.marks["chosen"]
    assert 4 * marked["place"] < len(app.dots)


@pytest.mark.speed
def test_ten_thousand_films_answer_within_six_tenths_of_a_second():
    assert np.quantile(clicks(Demo(made_up_catalogue(10_000), reader=lambda: None), 60), 0.95) < 0.6
