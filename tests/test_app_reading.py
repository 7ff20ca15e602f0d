"""What the app takes a text for: a title, people, or a story."""

import random
from pathlib import Path

import pandas as pd
import pytest
from title_queries import plain, typo

from helpers.app.reading import Reader
from helpers.app.state import Question
from helpers.data import load_movies

PHRASES = pd.read_csv(Path(__file__).with_name("readings.csv"), keep_default_na=False)


@pytest.fixture(scope="module")
def reader():
    return Reader(load_movies())


def test_phrases_are_read_as_a_person_would(reader):
    first = [reader.read(text)[0] for text in PHRASES["text"]]
    right = [
        found.kind == kind and found.label.startswith(label)
        for found, kind, label in zip(first, PHRASES["kind"], PHRASES["label"], strict=True)
    ]
    assert len(right) == 80
    assert sum(right) >= 77, PHRASES["text"][[not one for one in right]].tolist()


def test_of_two_hundred_titles_with_typos_at_most_ten_are_missed(reader):
    rng = random.Random(4)
    films = rng.sample(reader.movies.index.tolist(), 200)
    titles = reader.movies["title"]
    first = [reader.read(typo(plain(titles[film]), rng))[0] for film in films]
    right = [found.label == titles[film] for found, film in zip(first, films, strict=True)]
    assert sum(right) >= 190


def test_letters_typed_twice_other_words_and_spaces_do_not_hide_a_title(reader):
    read = {
        "CODDDA": "CODA", "WWlllow": "Willow", "Payabk": "Payback", "Beauty an the Beat": "Beauty and the Beast",
        "The Bagman": "The Batman", "IIron Mam": "Iron Man", "alien 3": "Alien³",
        "hobbit": "The Hobbit: An Unexpected Journey",
    }  # fmt: skip
    assert {typed: reader.read(typed)[0].label for typed in read} == read


def test_places_and_words_that_only_begin_a_name_are_stories_and_the_name_is_offered(reader):
    for text in ("london", "rome", "hong kong", "feel good movie", "sad movies", "spielb"):
        assert reader.read(text)[0].kind == "Stories", text
    assert Question(people=("Steven Spielberg",)) in [one.question for one in reader.read("spielb")]


def test_what_stands_in_the_catalogue_is_read_as_it_stands(reader):
    for title in reader.movies["title"].iloc[::25]:
        found = reader.read(title)[0]
        assert (found.kind, found.label) == ("Titles", title)


def test_every_reading_is_offered(reader):
    assert [one.kind for one in reader.read("tom hanks")] == ["People", "Stories"]
    kinds = [one.kind for one in reader.read("heat")]
    assert kinds[0] == "Titles"
    assert kinds[-1] == "Stories"
    assert [one.kind for one in reader.read("christmas")][:2] == ["Stories", "Titles"]


def test_people_are_known_by_their_last_names_with_typos_and_together(reader):
    for typed in ("spielberg", "directed by Steven Spielberg", "movies made by spielberg"):
        assert reader.read(typed)[0].question == Question(people=("Steven Spielberg",)), typed
    assert reader.read("Meryl Strep")[0].question == Question(people=("Meryl Streep",))
    assert reader.read("films with tom hanks and meg ryan")[0].question == Question(people=("Tom Hanks", "Meg Ryan"))


def test_a_person_who_is_spelled_in_two_ways_is_one(reader):
    for typed in ("PJ Hogan", "P. J. Hogan", "p.j. hogan"):
        (one,) = [reading for reading in reader.read(typed) if reading.kind == "People"]
        assert set(reader.movies["title"][reader.films_of(one.question.people)]) == {
            "Muriel's Wedding",
            "My Best Friend's Wedding",
        }
    assert reader.spelled("Héctor Elizondo") == "Hector Elizondo"
    assert len(reader.films_of(["Hector Elizondo"])) == len(reader.films_of(["Héctor Elizondo"])) == 4
    assert reader.films_of(["Nobody Here"]) == []


def test_people_are_known_by_a_last_name_with_typos_as_a_family_and_without_an_and(reader):
    assert reader.read("schwarzenneger")[0].question == Question(people=("Arnold Schwarzenegger",))
    assert reader.read("di caprio")[0].question == Question(people=("Leonardo DiCaprio",))
    assert reader.read("the Coen brothers")[0].question == Question(people=("Joel Coen", "Ethan Coen"))
    assert reader.read("brad pitt george clooney")[0].question == Question(people=("Brad Pitt", "George Clooney"))


def test_words_that_stand_together_in_a_title_alone_name_it_and_those_of_a_story_do_not(reader):
    assert reader.read("private ryan")[0].label == "Saving Private Ryan"
    assert reader.read("doctor strangelove")[0].label.startswith("Dr. Strangelove")
    assert reader.read("T2")[0].label == "Terminator 2: Judgment Day"
    assert reader.read("high school")[0].kind == reader.read("the wild west")[0].kind == "Stories"


def test_a_word_of_two_known_words_is_known(reader):
    assert reader.unknown("heartwarming") == ([], False)
    assert reader.unknown("12345678") == (["12345678"], True)


def test_words_for_genres_alone_are_those_genres_and_beside_other_words_they_are_offered(reader):
    whole = {
        "something funny": ("Comedy",), "funny movies": ("Comedy",), "movie for kids": ("Family",),
        "sci-fi": ("Science Fiction",), "romantic comedy": ("Romance", "Comedy"), "I want a good western": ("Western",),
        "something scary": ("Horror",), "scary movies": ("Horror",), "a mystery": ("Mystery",),
    }  # fmt: skip
    for text, genres in whole.items():
        assert [one.question for one in reader.read(text)[:2]] == [Question(genres=genres), Question(text=text)], text
    for text, genres in {"scary but not gory": ("Horror",), "zombie comedy": ("Comedy",)}.items():
        assert [one.question for one in reader.read(text)] == [Question(text=text), Question(genres=genres)], text
    assert reader.read("scary movie")[0].label == "Scary Movie"  # a title is a title
    for text in ("a good cry", "nothing funny", "not scary"):
        assert {one.kind for one in reader.read(text)} == {"Stories"}, text


def test_words_for_genres_in_a_story_are_a_story_and_the_genre_is_offered(reader):
    stories = {
        "children": "Family", "a film about children": "Family", "films with kids": "Family", "at war": "War",
        "crime in the family": "Crime and Family", "the history of war": "War and History", "before the war": "War",
        "a musical family": "Musical and Family", "about music and war": "War", "a family without children": "Family",
        "horror at sea": "Horror", "a western town": "Western",
    }  # fmt: skip
    for text, genre in stories.items():
        found = reader.read(text)
        assert found[0].question == Question(text=text), text
        assert set(genre.split(" and ")) in [set(one.question.genres) for one in found], text


def test_whom_a_film_is_for_and_words_that_only_ask_for_it_are_no_story(reader):
    asked = {
        "films for small children": ("Family",), "for the whole family": ("Family",), "children's movies": ("Family",),
        "adventure stories for my kids": ("Adventure", "Family"), "I'd like a drama tonight": ("Drama",),
        "show me some war stories please": ("War",), "romance but not comedy": ("Romance",),
    }  # fmt: skip
    assert {text: reader.read(text)[0].question.genres for text in asked} == asked
    movies = pd.DataFrame({"title": ["a", "b"], "synopsis": "x", "genres": "Children|War"}, index=[1, 2])
    for text in ("children", "for kids", "something for the children"):
        assert Reader(movies).read(text)[0].question == Question(genres=("Children",))


def test_of_genres_that_no_film_shares_each_is_offered_and_of_more_those_that_some_share(reader):
    offered = {
        "musical western": [("Musical",), ("Western",)],
        "sport and war": [("Sport",), ("War",)],
        "a western documentary for kids": [("Western",), ("Documentary",), ("Family",)],
        "war musical comedy western": [("War", "Comedy"), ("War", "Western"), ("Musical", "Comedy")],
    }
    for text, genres in offered.items():
        found = reader.read(text)
        assert [one.question.genres for one in found[:-1]] == genres
        assert found[-1].question == Question(text=text)
        assert all(int(one.detail.split()[0]) for one in found[:-1])
    found = reader.read("a musical duel in a western town")
    assert [one.kind for one in found] == ["Stories", "Genres", "Genres"]


def test_a_genre_that_is_not_wanted_is_known(reader):
    said = {"not scary": ("Horror",), "a western without romance": ("Romance",), "horror": (), "a man with no name": ()}
    assert {text: reader.denied(text) for text in said} == said


def test_genres_are_those_of_the_catalogue_and_every_film_that_has_them_all_is_counted(reader):
    (found,) = [one for one in reader.read("romantic comedy") if one.kind == "Genres"]
    both = reader.movies["genres"].str.split("|").map(lambda names: {"Romance", "Comedy"} <= set(names))
    assert found.detail == f"{both.sum()} films"
    movies = pd.DataFrame({"title": ["a", "b"], "synopsis": "x", "genres": ["Thai", "***"]}, index=[1, 2])
    assert [one.kind for one in Reader(movies).read("thai")] == ["Genres", "Stories"]
    assert [one.kind for one in Reader(movies).read("funny")] == ["Stories"]
    assert Reader(movies.assign(genres="HORROR")).read("something scary")[0].question == Question(genres=("HORROR",))


def test_two_people_who_share_no_film_are_no_pair(reader):
    assert reader.read("Meryl Streep and Jackie Chan")[0].kind == "Stories"


def test_initials_name_a_series(reader):
    found = reader.read("LOTR")
    assert [one.kind for one in found[:3]] == ["Titles"] * 3
    assert all("Lord of the Rings" in one.label for one in found[:3])


def test_words_that_nothing_here_has_are_named(reader):
    assert reader.unknown("asdfghjkl in the snow") == (["asdfghjkl"], False)
    assert reader.unknown("asdfghjkl of the") == (["asdfghjkl"], True)
    assert reader.unknown("dinosaurs, islands and Spielberg") == ([], False)


def test_what_the_first_reading_needs_is_prepared():
    reader = Reader(load_movies())
    reader.prepare()
    made = set(vars(reader))
    for text in ("Avengrs", "tom hanks", "a shark attack"):
        reader.read(text)
        reader.places_of(text)
    assert set(vars(reader)) == made


def test_an_empty_text_has_no_reading(reader):
    assert reader.read("alien")
    assert reader.read("  ") == []
    assert reader.read("alien") == reader.read(" alien ") != []


def test_a_catalogue_without_people_and_tags_reads_titles_and_stories():
    movies = pd.DataFrame({"title": ["Red lamp", "Blue chair"], "synopsis": ["To read at night."] * 2}, index=[1, 2])
    reader = Reader(movies)
    assert [one.question.film for one in reader.read("rad lamp")][:1] == [1]
    assert reader.read("something to read")[0].kind == "Stories"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Blade Runner 2049", "Blade Runner"),
        ("The Matrix Resurrections", "The Matrix"),
        ("Napoleon Dynamite 7: the Return", "Napoleon Dynamite"),
    ],
)
def test_a_sequel_that_the_catalog_lacks_is_a_story_and_its_beginning_is_offered(reader, text, title):
    assert [(one.kind, one.label) for one in reader.read(text)] == [("Stories", text), ("Titles", title)]
    assert [one.kind for one in reader.read("heat wave")] == ["Stories"]  # no film is meant


def test_a_word_that_nothing_here_has_is_read_as_the_nearest_of_a_title_a_name_or_a_genre(reader):
    read = {
        "shawshenk": "The Shawshank Redemption", "meril strep": "Meryl Streep", "zendeya": "Zendaya",
        "spielburg war movies": "Steven Spielberg, War", "horrer": "Horror", "scizzorhands": "Edward Scissorhands",
        "fifty first dates": "50 First Dates",
    }  # fmt: skip
    for text, label in read.items():
        assert reader.read(text)[0].label.startswith(label), text
        assert reader.read(text)[-1].question.text in (text, None)
    assert [one.question for one in reader.read("quilting grandmothers")] == [Question(text="quilting grandmothers")]


def test_people_genres_and_years_are_understood_together_and_the_story_is_offered(reader):
    hanks, spielberg = ("Tom Hanks",), ("Steven Spielberg",)
    asked = {
        "80s comedy": Question(genres=("Comedy",), years=(1980, 1989)),
        "horror from the '90s": Question(genres=("Horror",), years=(1990, 1999)),
        "the best films of 1994": Question(years=(1994, 1994)),
        "tom hanks in a comedy": Question(people=hanks, genres=("Comedy",)),
        "spielberg war movies": Question(people=spielberg, genres=("War",)),
        "a romcom with hanks and ryan": Question(people=("Tom Hanks", "Meg Ryan"), genres=("Romance", "Comedy")),
        "Tom Hanks, Comedy, 1990s": Question(people=hanks, genres=("Comedy",), years=(1990, 1999)),
        "pacino and de niro": Question(people=("Al Pacino", "Robert De Niro")),
    }
    for text, question in asked.items():
        found = reader.read(text)
        assert (found[0].question, found[-1].question) == (question, Question(text=text)), text
        assert found[0].detail == f"{reader.having(question).sum()} films"
    for text in ("stone western", "young romance", "christmas family", "a housewife in the 1950s", "in the war"):
        assert reader.read(text)[0].kind == "Stories", text
    for text in ("2001", "1917", "2012 dune"):
        assert reader.read(text)[0].question.years == (), text


def test_of_people_genres_and_years_that_no_film_has_all_the_largest_parts_are_offered(reader):
    offered = [Question(people=("Steven Spielberg",)), Question(genres=("Western",))]
    found = reader.read("spielberg westerns")
    assert [one.question for one in found] == [*offered, Question(text="spielberg westerns")]
    assert [one.question for one in reader.read("westerns of the 2040s")][0] == offered[1]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("early eighties", (1980, 1984)),
        ("the late 1980s", (1985, 1989)),
        ("20s", (2020, 2029)),
        ("1920's", (1920, 1929)),
        ("between 1980 and 1985", (1980, 1985)),
        ("films before the 60s", (1950, 1959)),
        ("up to 1960", (1950, 1960)),
        ("since 2000", (2000, 2024)),
        ("after 2000", (2001, 2024)),
        ("30 days", ()),
        ("1950", (1950, 1950)),
    ],
)
def test_years_are_read_as_they_are_said(text, years):
    movies = pd.DataFrame({"title": ["a", "b"], "synopsis": "x", "year": [1950.0, 2024.0]}, index=[1, 2])
    found = Reader(movies)._dated(text)[1]
    assert found == years
    assert Reader(movies.drop(columns="year")).read(text)[0].kind == "Stories"


def test_a_number_names_the_film_of_a_series_that_has_it_or_else_its_place_by_year(reader):
    read = {
        "star trek 2": "Star Trek II: The Wrath of Khan", "die hard 3": "Die Hard: With a Vengeance",
        "matrix two": "The Matrix Reloaded", "pirates of the carribean 2": "Pirates of the Caribbean: Dead Man's Chest",
        "bourne 3": "The Bourne Ultimatum",
    }  # fmt: skip
    assert {text: reader.read(text)[0].label for text in read} == read
    for text in ("rocky 3", "matrix 4"):  # neither is here: only the series is offered
        assert reader.read(text)[0].label in ("Rocky", "The Matrix"), text


def test_initials_and_ends_of_titles_name_them_with_typos_too(reader):
    read = {
        "lotr two towers": "The Lord of the Rings: The Two Towers",
        "hp goblet of fire": "Harry Potter and the Goblet of Fire",
        "kingdom of the cristal skull": "Indiana Jones and the Kingdom of the Crystal Skull",
        "romeo and juliet": "William Shakespeare's Romeo + Juliet",
    }
    assert {text: reader.read(text)[0].label for text in read} == read
    for text in ("wild west", "new york", "coco"):
        assert reader.read(text)[0].kind == "Stories", text


def test_words_around_a_title_or_a_name_only_ask_for_it(reader):
    read = {
        "more movies like amelie": "Amélie", "the film alien": "Alien",
        "what movies did kubrick direct": "Stanley Kubrick",
        "what has emma thompson been in": "Emma Thompson", "films by ridley scott": "Ridley Scott",
        "tim burton movie with johnny depp": "Tim Burton and Johnny Depp", "old westerns before 1970": "Western, ",
        "what comedies are there from 1988": "Comedy, 1988", "cowboy movies": "Western", "love stories": "Romance",
    }  # fmt: skip
    for text, label in read.items():
        assert reader.read(text)[0].label.startswith(label), text
    for text in ("movies with cars", "movies about ghosts", "cowboys", "in the cage", "the woods"):
        assert reader.read(text)[0].kind == "Stories", text


def test_people_are_known_by_short_first_names(reader):
    read = {
        "leo dicaprio": "Leonardo DiCaprio",
        "bob de niro": "Robert De Niro",
        "matt mcconaughey": "Matthew McConaughey",
    }
    assert {text: reader.read(text)[0].label for text in read} == read
    assert reader.read("colin hanks")[0].kind == "Stories"


def test_an_article_of_any_language_may_be_left_out():
    titles = ["Der Leuchtturm", "La Haine", "Een Vlieg"]
    movies = pd.DataFrame({"title": titles, "synopsis": "x"}, index=[1, 2, 3])
    assert [Reader(movies).read(text)[0].label for text in ("Leuchturm", "hane", "vleig")] == titles
