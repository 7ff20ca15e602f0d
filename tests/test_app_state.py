"""What a visitor of the app wants: values that never change, and the file, link and memory that hold them."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.app.state import (
    KEPT,
    MOST_FILMS,
    Question,
    StateFileError,
    Steering,
    Taste,
    Wanted,
    dump_state,
    read_state,
    read_steering,
)
from helpers.data import load_movies


@pytest.fixture(scope="module")
def movies():
    return load_movies()


def document_of(movies, **parts):
    """What is kept, as a dictionary to change."""
    return json.loads(dump_state(Wanted(**parts), movies))


# ---- taste -----------------------------------------------------------------------------------------------------------


def test_liking_what_was_disliked_moves_it():
    assert Taste().dislike(5).like(5) == Taste(likes=(5,))


def test_forgetting_takes_a_film_out():
    assert Taste().like(1).like(2).dislike(3).forget(2) == Taste((1,), (3,))


def test_undo_goes_back_change_by_change_and_stops_at_the_first():
    wanted = (
        Wanted().then("liked", taste=Taste((1,))).then("asked", question=Question(film=3)).then("way", space="hybrid")
    )
    assert [one.done for one in wanted.steps] == ["way", "asked", "liked", ""]
    assert wanted.undo() == Wanted(Question(film=3), Taste((1,)))
    assert wanted.undo().undo().undo().undo().undo() == Wanted()


def test_what_changes_nothing_is_no_step_for_undo():
    wanted = Wanted().then("liked", taste=Taste((1,)))
    for changes in ({"taste": Taste((1,))}, {"listed": Taste((1,))}, {"question": Question(typed="Alien")}):
        assert wanted.then("nothing", **changes).before is wanted.before


def test_a_list_may_be_made_from_an_older_taste():
    wanted = Wanted().then("liked", taste=Taste((1,)), listed=Taste())
    assert wanted.of_list == Wanted()
    assert wanted.then("asked", listed=None).of_list == wanted.but(listed=None)


def test_steps_of_undo_are_kept_the_last_ones_and_only_while_they_can_be_read_again(movies):
    wanted = Wanted()
    for number in range(KEPT + 5):
        wanted = wanted.then(f"step {number}", taste=wanted.taste.like(movies.index[number]))
    again, _ = read_state(dump_state(wanted, movies), movies)
    assert [(one, one.done) for one in again.steps] == [(one, one.done) for one in wanted.steps[: KEPT + 1]]
    wanted = wanted.then("many", taste=Taste(tuple(movies.index))).then("hybrid", space="hybrid")
    for _ in range(KEPT):
        wanted = wanted.then("text", space="text").then("hybrid", space="hybrid")
    again, _ = read_state(dump_state(wanted, movies), movies)
    assert (again, again.before) == (wanted, None)


@pytest.mark.parametrize("before", [3, [3], [{}], [{"likes": 3, "dislikes": []}], [{"likes": [{"title": 7}]}]])
def test_what_was_before_and_makes_no_sense_is_left_out(movies, before):
    document = document_of(movies, taste=Taste((3,))) | {"before": before}
    wanted, _ = read_state(json.dumps(document), movies)
    assert (wanted, wanted.before) == (Wanted(taste=Taste((3,))), None)


def test_a_long_file_of_films_that_are_not_here_is_read_in_one_pass(movies):
    class Counted(dict):
        looked = 0

        def __getitem__(self, name):
            Counted.looked += name == "title"
            return movies[name]

        def __contains__(self, name):
            return name in movies

    document = document_of(movies, taste=Taste((3,)))
    document["dislikes"] = [{"title": f"No Such Film {number}", "year": None} for number in range(200)]
    assert len(read_state(json.dumps(document), Counted())[1]) == 200
    assert Counted.looked == 1


def test_a_taste_never_changes():
    taste = Taste().like(1)
    taste.like(2)
    assert taste.likes == (1,)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(taste=Taste((3, 14), (143,))),
        Wanted(Question(film=3), space="hybrid"),
        Wanted(Question(text="a ghost, “quoted”"), steering=Steering(5, 1980, None, ("Horror",), 0.5, True)),
        Wanted(Question(people=("Tom Hanks", "Meg Ryan"), genres=("Comedy",), years=(1990, 1999)), Taste((3,))),
    ],
)
def test_what_is_wanted_is_kept_and_read_back(movies, wanted):
    assert read_state(dump_state(wanted, movies), movies) == (wanted, [])


def test_a_film_of_another_id_is_known_by_title_and_year(movies):
    document = document_of(movies, question=Question(film=14), taste=Taste((3,)))
    document["likes"][0]["id"] = document["question"]["film"]["id"] = 999_999
    wanted, _ = read_state(json.dumps(document), movies)
    assert (wanted.taste, wanted.question) == (Taste((3,)), Question(film=14))


def test_films_that_the_catalogue_lacks_are_named_and_left_out(movies):
    document = document_of(movies, taste=Taste((3,)))
    document["dislikes"] = [{"id": 3, "title": "No Such Film", "year": 1999}]
    wanted, left_out = read_state(json.dumps(document), movies)
    assert (wanted.taste, left_out) == (Taste((3,)), ["No Such Film"])


def test_a_file_without_any_film_of_the_catalogue_is_refused(movies):
    document = document_of(movies, taste=Taste((3,)))
    document["likes"][0]["title"] = "No Such Film"
    with pytest.raises(StateFileError, match="none of its films is in this catalog"):
        read_state(json.dumps(document), movies)


def test_a_film_that_stands_in_both_lists_is_liked(movies):
    document = document_of(movies, taste=Taste((3,)))
    document["dislikes"] = document["likes"]
    assert read_state(json.dumps(document), movies)[0].taste == Taste((3,))


def test_a_file_of_the_first_edition_holds_a_taste_alone(movies):
    document = document_of(movies, taste=Taste((3,)))
    old = {key: document[key] for key in ("format", "version", "likes", "dislikes")}
    assert read_state(json.dumps(old), movies)[0] == Wanted(taste=Taste((3,)))


@pytest.mark.parametrize(
    "parts",
    [
        {"question": 3}, {"question": {"text": 7}}, {"question": {"film": "Alien"}}, {"question": {"people": "Tom"}},
        {"question": {"years": 1990}}, {"question": {"years": [1990]}}, {"question": {"years": [1990, "x"]}},
        {"question": {"years": [-1, 10**400]}},
        {"space": "else"}, {"space": []}, {"steering": []}, {"steering": {"k": "x", "genres": 4, "diversity": "?"}},
    ],
)  # fmt: skip
def test_what_makes_no_sense_beside_the_films_is_as_at_the_beginning(movies, parts):
    document = document_of(movies, taste=Taste((3,))) | parts
    assert read_state(json.dumps(document), movies)[0] == Wanted(taste=Taste((3,)))


def test_steering_stays_within_its_bounds():
    assert read_steering({"k": 10**9, "diversity": -4}) == Steering(k=MOST_FILMS, diversity=0)
    assert read_steering({"k": 0, "first_year": 1990.5, "genres": [1, "Drama"]}) == Steering(k=1, genres=("Drama",))


def test_a_year_that_is_missing_is_kept_as_none():
    movies = pd.DataFrame({"title": ["a"], "year": [np.nan]}, index=[1])
    assert document_of(movies, taste=Taste((1,)))["likes"] == [{"id": 1, "title": "a", "year": None}]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "not a saved taste"),
        (b'{"format": "other"}', "not a saved taste"),
        (b'{"format": "recommend-with-vectors/taste", "version": 2}', "version 2"),
        (b'{"format": "recommend-with-vectors/taste", "version": 1, "likes": 3}', "'likes' is not a list"),
        (b'{"format": "recommend-with-vectors/taste", "version": 1, "likes": [{"title": 7}]}', "'likes' is not a list"),
        (b" " * 1_000_001, "1,000,001 bytes"),
    ],
)
def test_a_file_that_is_no_taste_gets_one_clear_line(movies, content, says):
    with pytest.raises(StateFileError, match=says):
        read_state(content, movies)
