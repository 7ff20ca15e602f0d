import itertools
import random

import numpy as np
import pandas as pd
import pytest
import title_queries
from rapidfuzz import distance, fuzz

from helpers import titles
from helpers.data import load_movies, load_raw_listings
from helpers.titles import (
    TitleLookup,
    adjacent_duplicates,
    candidates,
    find_duplicates,
    merge_duplicates,
    normalize_title,
)
from helpers.titles import lookup as lookup_module


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Matrix, The", "The Matrix"),
        ("Misérables, Les", "miserables"),
        ("Mr. & Mrs. Smith", "mr and mrs smith"),
        ("WALL·E", "Wall-E"),
        ("Rocky IV", "rocky 4"),
        ("Alien (1979)", "Alien [DVD]"),
        ("Blade Runner - The Final Cut", "Blade Runner (Director's Cut)"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Ocean's Eleven", "Ocean’s Eleven"),
        ("E.T. the Extra-Terrestrial", "ET: The Extra Terrestrial"),
        ("  Jaws   ", "JAWS"),
        ("Se7en", "Seven"),
        ("Marvel's The Avengers", "Avengers, The"),
        ("Kill Bill: Vol. 2", "Kill Bill Volume Two"),
        ("Twelve Monkeys", "12 Monkeys"),
        ("M*A*S*H", "MASH"),
        ("Romeo + Juliet", "Romeo and Juliet"),
        ("The Naked Gun 33⅓", "Naked Gun 33 1/3"),
        ("Batman v Superman: Dawn of Justice", "Batman vs. Superman - Dawn of Justice"),
        ("Rocky V", "Rocky 5"),
        ("Star Trek V: The Final Frontier", "Star Trek 5 - The Final Frontier"),
        ("Star Wars: Episode V The Empire Strikes Back", "Star Wars Episode 5: The Empire Strikes Back"),
        ("Saw X", "Saw 10"),
        ("Harbor Watch: The Third Season", "Harbor Watch - The 3 Season"),
    ],
)
def test_spellings_of_one_title_get_one_form(left, right):
    assert normalize_title(left) == normalize_title(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Alien", "Aliens"),
        ("Toy Story", "Toy Story 2"),
        ("It", "It's"),
        ("The Final Cut", "Cut"),
        ("I, Robot", "Robot"),
        ("The The", "A"),
        ("C#", "C++"),
        ("3%", "3"),
        ("रोम", "राम"),  # Rome, Rama: the vowel is a sign of its own
        ("かき", "がき"),  # two strokes make another letter
        ("กาว", "กาวี"),
        ("мой", "мои"),
        ("모두", "무도"),
        ("كتاب", "كاتب"),
        ("I 😀 Rome", "I 😡 Rome"),
        ("Ford v Ferrari", "Ford 5 Ferrari"),
        ("The X-Men", "10 Men"),
        ("X2: X-Men United", "X2: 10 Men United"),
        ("V", "5"),
    ],
)
def test_different_titles_keep_different_forms(left, right):
    assert normalize_title(left) != normalize_title(right)


@pytest.mark.parametrize(
    ("number", "roman", "word"),
    [
        (1, "One", "One"), (2, "II", "Two"), (3, "III", "Three"), (4, "IV", "Four"), (5, "V", "Five"), (6, "VI", "Six"),
        (7, "VII", "Seven"), (8, "VIII", "Eight"), (9, "IX", "Nine"), (10, "X", "Ten"), (11, "XI", "Eleven"),
        (12, "XII", "Twelve"), (13, "XIII", "13"),
    ],
)  # fmt: skip
def test_numbers_are_figures_however_they_are_written(number, roman, word):
    for part in ("", "Part ", "Vol. ", "Episode ", "Chapter ", "Volume "):
        forms = {normalize_title(f"Saga {part}{written}") for written in (number, roman, word)}
        assert forms == {f"saga {number}"}, part


def test_no_title_vanishes():
    for title in ["The", "A", "!!!", "(1999)", "千と千尋の神隠し", "½"]:
        assert normalize_title(title)


def test_levenshtein_agrees_with_rapidfuzz_on_random_texts():
    rng = random.Random(1)
    for _ in range(200):
        left, right = ("".join(rng.choices("abcé ", k=rng.randrange(9))) for _ in range(2))
        assert titles.levenshtein_table(left, right)[-1, -1] == distance.Levenshtein.distance(left, right)


def test_the_levenshtein_table_holds_the_distances_of_all_beginnings():
    table = titles.levenshtein_table("heat", "hat")
    for i in range(5):
        for j in range(4):
            assert table[i, j] == distance.Levenshtein.distance("heat"[:i], "hat"[:j])


def listings(rows, columns=("title", "year", "synopsis")):
    return pd.DataFrame(
        [dict(zip(columns, row, strict=False)) for row in rows],
        index=range(100, 100 + len(rows)),
        columns=list(columns),
    )


def found(pairs):
    return {tuple(pair) for pair in pairs.loc[pairs["duplicate"], ["left", "right"]].to_numpy().tolist()}


def test_the_tutorials_rule_drops_the_earlier_of_two_close_neighbors():
    dropped = adjacent_duplicates(listings([("Toy Story 2",), ("Jaws",), ("Toy Story",)]))
    assert dropped[["left", "right", "distance"]].to_numpy().tolist() == [[102, 100, 2]]


def test_inverted_articles_are_found_far_apart_in_sort_order():
    rows = listings([("The Matrix", 1999), ("Memento", 2000), ("Matrix, The", 1999)])
    assert found(find_duplicates(rows)) == {(100, 102)}
    assert adjacent_duplicates(rows).empty


def test_sequels_and_remakes_stay():
    rows = [
        ("Toy Story", 1995),
        ("Toy Story 2", 1995),
        ("King Kong", 1933),
        ("King Kong", 2005),
        ("Alien", 1979),
        ("Aliens", 1986),
    ]
    assert found(find_duplicates(listings(rows))) == set()


def test_a_year_off_by_one_is_the_same_film_and_a_missing_year_needs_a_text_or_people_that_agree():
    plot = "A crew robs a bank in Los Angeles while a detective follows every step."
    rows = [("Heat", 1995, plot), ("Heat", 1996), ("Heat", np.nan), ("Heat", np.nan, plot), ("Heaat", np.nan)]
    assert found(find_duplicates(listings(rows))) == {(100, 101), (100, 103), (101, 103)}


def test_without_years_equal_titles_with_unlike_texts_are_two_films():
    rows = [("Noise", None, "A man smashes car alarms in New York."), ("Noise", None, "A constable cannot sleep.")]
    assert found(find_duplicates(listings(rows))) == set()


def test_equal_titles_by_other_people_are_two_films():
    columns = ("title", "year", "director", "cast")
    rows = [
        ("Aftermath", 2012, "P. Engert", "C. J. Thomason"),
        ("Aftermath", 2013, "T. Farone", "Anthony Michael Hall"),
    ]
    assert found(find_duplicates(listings(rows, columns))) == set()


def test_a_director_and_a_cast_that_stand_in_two_listings_do_not_contradict_each_other():
    rows = [("Heat", 1995, "Michael Mann", None), ("Heat", 1995, None, "Al Pacino")]
    pairs = find_duplicates(listings(rows, ("title", "year", "director", "cast")))
    assert found(pairs) == {(100, 101)}
    assert pairs["people_similarity"].isna().all()


def test_another_title_is_found_by_the_synopsis():
    plot = "Vincent Vega and Jules Winnfield recover a glowing briefcase for the gangster Marsellus Wallace."
    rows = [
        ("Pulp Fiction", 1994, plot),
        ("Tiempos violentos", 1994, plot),
        ("Heat", 1995, "A crew robs a bank in Los Angeles."),
    ]
    assert found(find_duplicates(listings(rows))) == {(100, 101)}


def test_a_translated_title_is_found_by_year_people_and_a_like_synopsis():
    columns = ("title", "year", "director", "cast", "synopsis")
    rows = [
        ("The Others", 2001, "Amenábar", "Kidman, Flanagan", "A mother guards two children in a dark mansion."),
        ("Los Otros", 2001, "Amenábar, A.", "Nicole Kidman", "In a mansion without light a mother hears ghosts."),
        ("Vanilla Sky", 2001, "Crowe", "Cruise, Cruz", "A publisher wears a mask after a crash."),
        ("The Hours", 2002, "Daldry", "Kidman, Streep", "Three women read one novel about a party."),
    ]
    assert found(find_duplicates(listings(rows, columns))) == {(100, 101)}


def test_another_number_in_another_year_is_a_sequel_though_the_people_are_the_same():
    columns = ("title", "year", "director", "cast")
    rows = [("Wayne's World", 1992, "Spheeris", "Myers, Carvey"), ("Wayne's World 2", 1993, "Surjik", "Myers, Carvey")]
    assert found(find_duplicates(listings(rows, columns))) == set()


def test_a_title_within_a_title_needs_a_text_that_agrees():
    crew = "Nick Fury calls Iron Man, Thor and the Hulk to fight Loki above New York."
    rows = [
        ("The Avengers", 2012, crew),
        ("Marvel's The Avengers", 2012, "Iron Man, Thor and the Hulk learn to be a team."),
        ("Up", 2009, "An old balloon seller lifts his house to a waterfall."),
        ("Up in the Air", 2009, "A consultant flies from city to city and fires people."),
    ]
    assert found(find_duplicates(listings(rows))) == {(100, 101)}


def test_duplicates_of_one_listing_are_duplicates_of_each_other():
    columns = ("title", "year", "director", "synopsis")
    plot = "A consultant flies from city to city and fires people."
    rows = [
        ("Up in the Air", 2009, "Jason Reitman", plot),
        ("Amor sin escalas", 2009, "Jason Reitman", plot),
        ("Up in the Air", 2009, "Jason Reitman", "George Clooney flies and packs his suitcase for work in a city."),
    ]
    assert found(find_duplicates(listings(rows, columns))) == {(100, 101), (100, 102), (101, 102)}


def test_a_chain_joins_no_listings_that_were_never_alike():
    whole = found(find_duplicates(listings([("Heat", 1995), ("Heat", 1996), ("Heat", 1997)])))
    assert len(whole) == 1  # the first and the last are two years apart
    words = [f"word{letter}" for letter in "abcdefghijklmnopqrst"]
    texts = [" ".join(words[start : start + 10]) for start in (0, 1, 9, 10)]  # the first and the last share nothing
    rows = [("One", 2000, texts[0]), ("Two", 2000, texts[1]), ("Three", 2000, texts[2]), ("Four", 2000, texts[3])]
    assert found(find_duplicates(listings(rows))) <= {(100, 101), (102, 103)}


def test_two_films_of_one_series_are_two_though_year_people_and_words_agree():
    columns = ("title", "year", "director", "cast", "synopsis")
    people = ("Ann Kolm", "Bea Lind, Carl Moor")
    rows = [
        ("Ember Girl", 2012, *people, "A girl leads a rebellion in a land of ash and wins a crown."),
        ("Ember Girl II: Second Flame", 2014, *people, "The girl is sent back to the land of ash; the crown is lost."),
        ("Harbor Lights: The Storm", 2010, *people, "Keeper Ines fights a storm at the harbor of Velo."),
        ("Harbor Lights: The Thaw", 2010, *people, "Keeper Ines finds a wreck at the harbor of Velo."),
        ("Pilot Wings, Season 1", 2011, *people, "Mara learns to fly a plane over the desert."),
        ("Pilot Wings, Season 2", 2011, *people, "Mara learns to fly a plane over the sea."),
    ]
    assert found(find_duplicates(listings(rows, columns))) == set()


def test_a_longer_title_and_a_few_common_words_are_no_duplicate():
    rows = [
        ("Harbor", 2010, "A sailor returns to the town where she was born and opens a small bar."),
        ("Harbor: The Long Night", 2010, "A sailor in another country fights a storm for three days."),
        ("The Harbor Lawyer", 2011, "A lawyer in a large town defends a man who says nothing."),
    ]
    assert found(find_duplicates(listings(rows))) == set()


@pytest.mark.parametrize(
    ("relation", "gap", "people", "text", "points"),
    [
        ("same", 0, np.nan, np.nan, 7 + 1),
        ("nearly the same", 1, np.nan, np.nan, 3 + 0),
        ("alike", np.nan, np.nan, np.nan, 2 - 5),
        ("same ending", 2, np.nan, np.nan, 2 - 99),
        ("one within the other", 0, 0.83, np.nan, -1 + 1 + 5),
        ("one goes on", 0, 0.82, np.nan, -1 + 1 + 4),
        ("different", 0, 0.6, np.nan, -2 + 1 + 4),
        ("of one series", 0, 0.59, np.nan, -14 + 1 + 3),
        ("another number", 0, 0.4, np.nan, -14 + 1 + 3),
        ("same", 0, 0.39, np.nan, 7 + 1 + 0),
        ("same", 0, 0.1, np.nan, 7 + 1 + 0),
        ("same", 0, 0.09, np.nan, 7 + 1 - 5),
        ("same", 0, 0.0, np.nan, 7 + 1 - 5),
        ("same", 0, np.nan, 0.8, 7 + 1 + 10),
        ("same", 0, np.nan, 0.79, 7 + 1 + 7),
        ("same", 0, np.nan, 0.6, 7 + 1 + 7),
        ("same", 0, np.nan, 0.59, 7 + 1 + 3),
        ("same", 0, np.nan, 0.3, 7 + 1 + 3),
        ("same", 0, np.nan, 0.29, 7 + 1 + 2),
        ("same", 0, np.nan, 0.1, 7 + 1 + 2),
        ("same", 0, np.nan, 0.09, 7 + 1 + 1),
        ("same", 0, np.nan, 0.035, 7 + 1 + 1),
        ("same", 0, np.nan, 0.034, 7 + 1 + 0),
        ("same", 0, np.nan, 0.02, 7 + 1 + 0),
        ("same", 0, np.nan, 0.019, 7 + 1 - 1),  # no common text
        ("same", 0, 0.39, 0.019, 7 + 1 - 1),
        ("same", 0, 0.4, 0.019, 7 + 1 + 3),  # but people who agree
    ],
)
def test_points_add_up(relation, gap, people, text, points):
    row = {"relation": relation, "year_gap": gap, "people_similarity": people, "text_similarity": text}
    assert titles.count_points(pd.DataFrame([row])).tolist() == [points]


@pytest.mark.parametrize(("copies", "alike"), [(30, True), (31, False)])
def test_a_title_that_more_than_thirty_listings_share_tells_nothing(copies, alike):
    rows = pd.DataFrame({"title": ["Untitled"] * copies, "year": 1900 + 2.0 * np.arange(copies)})
    rows.loc[1, "year"] = 1901  # beside the first; all others are two years apart
    assert (len(find_duplicates(rows)) > 0) == alike


def test_a_series_named_behind_its_titles_makes_no_film_of_them():
    columns = ("title", "year", "director")
    heads = ["War and Winter", "Ill Wind", "Endangered Guests", "The Salt Road", "A Wall of Glass", "Lanterns"]
    rows = [(f"{head} (Anna Kolm Mysteries)", 2000 + i % 2, "Bea Lind") for i, head in enumerate(heads)]
    assert found(find_duplicates(listings(rows, columns), needed=titles.NEEDED)) == set()
    rows += [("Lanterns: An Anna Kolm Mystery", 2001, "Bea Lind")]
    assert found(find_duplicates(listings(rows, columns), needed=titles.NEEDED)) == {(105, 106)}


def test_a_text_that_stands_under_many_titles_or_says_nothing_tells_nothing():
    names = ["Amber", "Birch", "Cedar", "Dogwood", "Elder", "Fern", "Gorse"]
    for text in ("No description is available.", "Sorry, our editors have not yet written a description of this film."):
        assert found(find_duplicates(listings([(name, 2000, text) for name in names]))) == set()


def test_doubtful_pairs_count_in_a_catalogue_with_many_certain_ones_only():
    columns = ("title", "year", "director", "synopsis")
    doubtful = [
        ("The Sea Wall", 2001, "Ann Kolm", "A keeper guards a wall against the sea in winter."),
        ("Die Mauer", 2001, "Ann Kolm", "In winter a lonely keeper watches waves."),
    ]
    letters = "bcdfghjklmnpqrstvwxz"
    others = [(one * 4, 2000, one * 5, " ".join(one + end for end in "xyz")) for one in letters]
    others += [(one * 2 + "a" * 4, 1980, one * 3, " ".join(one + end for end in "uvw")) for one in letters]
    clean, dirty = listings(doubtful + others, columns), listings(doubtful + others + others, columns)
    assert found(find_duplicates(clean)) == set()
    assert (100, 101) in found(find_duplicates(dirty))
    assert found(find_duplicates(clean, needed=titles.NEEDED)) == {(100, 101)}


@pytest.mark.parametrize(
    "columns",
    [
        {"title": "Untitled", "synopsis": "own"},
        {"title": "Untitled", "year": 2000, "synopsis": "own"},
        {"title": "Pilot", "year": 2000},
        {"title": "Pilot"},
        {"title": "Pilot", "year": 2000, "director": "Ann Kolm", "cast": "Bea Lind", "synopsis": "own"},
        {"title": "own", "year": 2000, "synopsis": "The same words of a supplier who knows no better."},
    ],
)
def test_what_a_thousand_listings_share_is_no_evidence_and_makes_no_million_pairs(columns):
    rng = random.Random(7)
    own = [" ".join("".join(rng.choices("bcdfglmnprst", k=6)) for _ in range(9)) for _ in range(1000)]
    rows = pd.DataFrame({name: own if value == "own" else [value] * 1000 for name, value in columns.items()})
    pairs = find_duplicates(rows)
    assert len(pairs) < 2000
    assert found(pairs) == set()


def test_a_thousand_copies_of_one_listing_are_one_film_and_no_million_pairs():
    rows = listings([("Heat", 1995, "A crew robs a bank in Los Angeles.")] * 1000 + [("Jaws", 1975, "A shark.")])
    pairs = find_duplicates(rows)
    assert len(pairs) == 999
    assert merge_duplicates(rows, pairs)["title"].tolist() == ["Heat", "Jaws"]


def test_looking_at_candidates_only_loses_no_pair_that_has_enough_points():
    raw = load_raw_listings().sample(600, random_state=0).sort_index()
    whole, pairs = titles.compare_listings(raw), find_duplicates(raw)
    enough, kept = whole[whole["points"] >= titles.NEEDED], pairs[pairs["points"] >= titles.NEEDED]
    assert set(zip(enough["left"], enough["right"], strict=True)) <= set(zip(kept["left"], kept["right"], strict=True))
    assert len(whole) > 50 * len(pairs)
    assert len(enough) > 30


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        ("Heat", "HEAT", "same"),
        ("Gone Girl", "Gone Gril", "alike"),
        ("Priscilla, Queen of the Desert", "Priscila, Queen of the Desert", "nearly the same"),
        ("The Matrix Reloaded", "The Matrix Revolutions", "of one series"),
        ("Portrait of a Lady on Fire", "Portrait de la jeune fille en feu", "different"),
        ("Alien", "Alien: Covenant", "one goes on"),
        ("Wayne's World", "Wayne's World 2", "another number"),
        ("Kill Bill: Vol. 1", "Kill Bill: Vol. 2", "another number"),
        ("Dune", "Dune: Part One", "nearly the same"),
        ("Alien: Resurrection", "Alien 4: Resurrection", "nearly the same"),
        ("Matilda", "Roald Dahl's Matilda", "same ending"),
        ("T2: Judgment Day", "Terminator 2: Judgment Day", "different"),
        ("Ill Wind (Anna Kolm Mysteries)", "A Cold Night (Anna Kolm Mysteries)", "of one series"),
        ("Rivers of Salt (Harbor Trilogy)", "Bridges of Iron (Harbor Trilogy)", "of one series"),
        ("War and Peace (Harbor Classics)", "Eugene Onegin (Harbor Classics)", "of one series"),
        ("HP and the Order of the Phoenix", "Harry Potter and the Order of the Phoenix", "alike"),
        ("Ida Lund and the Sorcerer's Gate", "Ida Lund and the Philosopher's Gate", "alike"),
        ("Season 1 Episode 2", "Season 2 Episode 1", "another number"),
        ("Harbor Watch: The Complete First Season", "Harbor Watch: The Complete Third Season", "another number"),
        ("Harbor Watch: The Complete Second Season", "Harbor Watch: The Complete Season 2", "nearly the same"),
        ("Salt Road Tales: Deadly Ninth", "Salt Road Tales: Dead Plunkett", "of one series"),
        ("Salt Road Tales in Return", "Salt Road Tales and Peter", "of one series"),
        ("Amazing Spider Man", "Amazing Spiderman", "nearly the same"),
        ("Up", "Gravity", "different"),
    ],
)
def test_two_titles_stand_to_each_other_in_a_way_that_has_a_name(left, right, relation):
    forms = normalize_title(left), normalize_title(right)
    assert titles.relate_titles(*forms) == titles.relate_titles(*forms[::-1]) == relation


def test_years_and_titles_of_any_type_are_read():
    rows = listings([(1984, "1984-05-01"), ("1984", 1984.0), ("Heat", "c. 1995"), ("Heat", "1995"), ("Heat", "inf")])
    assert found(find_duplicates(rows)) == {(100, 101), (102, 103)}


def test_the_year_in_a_title_counts_where_the_column_has_none():
    rows = [
        ("Gangs (2002)", None, "Two gangs fight."),
        ("Gangs", 2002, "Irish men fight."),
        ("Gangs (1950)", None, None),
    ]
    assert found(find_duplicates(listings(rows))) == {(100, 101)}


def test_no_listings_and_nothing_to_merge_are_no_error():
    rows = listings([("Lantern Bay", 2001, "A keeper waits."), ("Oxpeck", 2002, "A village drowns.")])
    pairs = find_duplicates(rows)
    for none in (pairs, pairs[pairs["duplicate"]], pd.DataFrame(), pairs.head(0)):
        pd.testing.assert_frame_equal(merge_duplicates(rows, none), rows)
    assert merge_duplicates(rows[["title"]], pd.DataFrame({"left": [100], "right": [101]})).index.tolist() == [100]
    with pytest.raises(ValueError, match="no id 7"):
        merge_duplicates(rows, pd.DataFrame({"left": [7], "right": [101]}))


def test_a_number_before_the_same_subtitle_is_no_sequel():
    rows = [("Alien: Resurrection", 1997), ("Alien 4: Resurrection", 1998), ("Scream", 1996), ("Scream 2", 1997)]
    assert found(find_duplicates(listings(rows).assign(director="One Director"))) == {(100, 101)}


def test_two_listings_with_one_id_are_refused():
    rows = listings([("One", 2000), ("Two", 2000)])
    rows.index = [5, 5]
    with pytest.raises(ValueError, match="must be unique"):
        find_duplicates(rows)


@pytest.mark.parametrize(
    ("left", "right", "low", "high"),
    [
        ("toy story", "toy story 2", 80, 89),
        ("kill bill vol 1", "kill bill vol 2", 0, 79),
        ("star wars", "star wars ep 4 new hope", 80, 89),
        ("heat", "heat", 100, 100),
        ("matrix reloaded", "matrix revolutions", 0, 79),
    ],
)
def test_title_scores_know_numbers_and_longer_titles(left, right, low, high):
    assert low <= titles.title_scores([left], [right])[0] <= high


def test_blocks_give_the_pairs_that_one_block_gives(monkeypatch):
    rng = random.Random(3)
    rows = listings([("".join(rng.choices("ab ", k=6)), 2000 + rng.randrange(3)) for _ in range(60)])
    whole = find_duplicates(rows)
    monkeypatch.setattr(candidates, "CELLS_AT_ONCE", 7 * 60)
    pd.testing.assert_frame_equal(find_duplicates(rows), whole)
    assert whole["duplicate"].any()


def test_close_titles_are_the_pairs_that_a_comparison_of_all_finds():
    rng = random.Random(4)
    made = ["".join(rng.choices("aabcde é", k=rng.randrange(1, 14))) for _ in range(150)]
    names = [normalize_title(name) or "x" for name in made]
    names += ["zz top", "top zz", "a", "a", "ab " * 30 + "c", "quixotic", "quixotry"]
    years = [rng.choice([2000.0, 2001.0, 2002.0, np.nan]) for _ in names]
    for least in (50, 70, 90):
        both = {
            (i, j)
            for i, j in itertools.combinations(range(len(names)), 2)
            if max(fuzz.ratio(names[i], names[j]), fuzz.token_sort_ratio(names[i], names[j])) >= least
        }
        near = {(i, j) for i, j in both if not abs(years[i] - years[j]) > 1}
        assert set(zip(*titles.close_titles(names, least), strict=True)) == both
        assert set(zip(*titles.close_titles(names, least, years), strict=True)) == near
        assert both > near


def test_no_listings_and_one_listing_have_no_pairs():
    rows = listings([("Heat", 1995), (" ", 1995), (None, 1995)])
    assert found(find_duplicates(rows)) == found(find_duplicates(rows.head(0))) == set()


def test_rows_without_title_are_passed_over_and_no_pairs_are_no_error():
    rows = listings([(None, 2000), ("A film", 2000), ("Something else", 2001)])
    pairs = find_duplicates(rows)
    measures = ["title_score", "year_gap", "text_similarity", "people_similarity", "relation", "points"]
    assert pairs.columns.tolist() == ["left", "right", *measures, "duplicate"]
    assert found(pairs) == set()


def test_letters_that_nobody_else_has_are_counted_as_well():
    """Rare letters share one column: the bound must not lose the pairs that have them."""
    names = [f"{chr(0x400 + i)}{chr(0x440 + i)} {chr(0x500 + i)}ab" for i in range(40)]
    names += [name + "x" for name in names]
    left, right = titles.close_titles(names, 80)
    assert {(i, i + 40) for i in range(40)} <= set(zip(left.tolist(), right.tolist(), strict=True))


def test_one_letter_words_tell_nothing_about_a_text():
    rows = [("Amber", 2000, "x y z q harbor lamp storm"), ("Birch", 2000, "x y z q lawyer town trial")]
    assert titles.compare_listings(listings(rows))["text_similarity"].tolist() == [0.0]


def test_precision_and_recall_count_pairs():
    truth = pd.Series({1: 7, 2: 7, 3: 7, 4: 8})
    claims = pd.DataFrame({"left": [1, 4], "right": [2, 1]})
    assert titles.true_pairs(truth) == {(1, 2), (1, 3), (2, 3)}
    assert titles.pair_precision_recall(claims, truth) == (1 / 2, 1 / 3)


def test_merging_keeps_the_fullest_listing_and_fills_its_gaps():
    rows = pd.DataFrame(
        {
            "title": ["Heat", "HEAT", "Jaws"],
            "year": [np.nan, 1995, 1975],
            "genres": ["Crime", np.nan, "Thriller"],
            "synopsis": ["A crew robs banks.", np.nan, "A shark."],
        },
        index=[5, 3, 9],
    )
    pairs = pd.DataFrame({"left": [5], "right": [3], "duplicate": [True]})
    merged = merge_duplicates(rows, pairs)
    assert merged.index.tolist() == [5, 9]
    assert merged.loc[5, ["title", "year", "genres"]].tolist() == ["Heat", 1995, "Crime"]


CATALOGUE = pd.DataFrame(
    [
        ("The Matrix", 1999), ("Amélie", 2001), ("Dr. Strangelove or: How I Learned to Stop Worrying", 1964),
        ("King Kong", 1933), ("King Kong", 2005), ("The Lord of the Rings: The Two Towers", 2002), ("Star Wars", 1977),
        ("Rocky", 1976), ("Rocky II", 1979), ("2001: A Space Odyssey", 1968), ("Reservoir Dogs", 1992), ("Se7en", 1995),
    ],
    columns=["title", "year"],
    index=range(10, 22),
)  # fmt: skip


@pytest.fixture(scope="module")
def lookup():
    return TitleLookup(CATALOGUE["title"], CATALOGUE["year"])


@pytest.mark.parametrize(
    ("query", "identifier"),
    [
        ("the matrix", 10), ("Matrix, The", 10), ("MATRIX", 10), ("matirx", 10), ("amelie", 11), ("Amelie!!", 11),
        ("dr strangelove", 12), ("King Kong 1933", 13), ("king kong (2005)", 14), ("two towers lord of the rings", 15),
        ("lord of the rngs", 15), ("starwars", 16), ("rocky 2", 18), ("Rocky", 17), ("2001", 19),
        ("dogs reservoir", 20), ("seven", 21), ("reserv", 20),
    ],
)  # fmt: skip
def test_a_title_is_found_despite(lookup, query, identifier):
    assert lookup.closest(query).id == identifier


@pytest.mark.parametrize("query", ["zzzzqqq", "", "   ", "!!!", "qwertyuiop", "hello world"])
def test_nonsense_finds_nothing(lookup, query):
    assert lookup.closest(query) is None


def test_a_match_says_how_sure_it_is(lookup):
    sure, unsure = lookup.closest("the matrix"), lookup.closest("the matirx")
    assert sure == (10, "The Matrix", 1.0)
    assert 0.7 <= unsure.score < sure.score


def test_suggestions_come_best_first_and_equal_ones_in_the_order_of_the_catalogue(lookup):
    found = lookup.suggest("king kong", 4)
    assert [match.id for match in found[:2]] == [13, 14]
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)


SHORT_TITLES = [
    "The Deep", "Deep", "The Master", "Master", "Three", "3", "3%", "9", "Nine", "The Batman", "Batman", "Hero", "C#",
    "C++", "C", "रोम", "राम", "दाल", "दिल", "かき", "がき", "ว่าว", "ว่าว่", "한국", "كتاب", "😀", "😡",
    "???", "!!!", "...", "+", "#", "(500) Days", "1984", "2012", "Blade Runner 2049", "Blade Runner", "MASTER",
]  # fmt: skip


@pytest.mark.parametrize("title", SHORT_TITLES)
def test_a_title_that_stands_in_the_catalogue_is_found_as_it_stands(title):
    for order in (SHORT_TITLES, SHORT_TITLES[::-1]):
        lookup = TitleLookup(pd.Series(order))
        assert lookup.closest(title).title == title
        assert lookup.closest(f"  {title}\n").title == title
        assert [match.title for match in lookup.ties(title)] == [title]


def test_capitals_decide_between_films_before_articles_do():
    lookup = TitleLookup(pd.Series(["The Deep", "Deep", "DEEP"]))
    assert [lookup.closest(text).title for text in ("DEEP", "deep", "the deep", "THE DEEP", "A Deep")] == [
        "DEEP", "Deep", "The Deep", "The Deep", "The Deep",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "best", "ties"),
    [
        ("Dune", 1, [1, 2]), ("dune (2021)", 2, [2]), ("Dune 2021", 2, [2]), ("Dune (1984)", 1, [1]),
        ("Dune (1999)", 1, [1, 2]), ("Dnue", 1, [1, 2]), ("zzzzz", None, []), ("Blade Runner 2049", 3, [3]),
        ("Blade Runner (2017)", 3, [3]),
    ],
)  # fmt: skip
def test_two_films_of_one_title_are_told_apart_by_the_year_and_named_where_there_is_none(query, best, ties):
    rows = pd.DataFrame(
        [("Dune", 1984), ("Dune", 2021), ("Blade Runner 2049", 2017), ("Blade Runner", 1982)],
        columns=["title", "year"], index=[1, 2, 3, 4],
    )  # fmt: skip
    lookup = TitleLookup(rows["title"], rows["year"])
    found = lookup.closest(query)
    assert (found and found.id) == best
    assert [match.id for match in lookup.ties(query)] == ties
    in_titles = TitleLookup(rows["title"] + " (" + rows["year"].astype(str) + ")")
    assert [match.id for match in in_titles.ties("Dune (2021)")] == [2]


def random_titles(rng, count):
    """Titles of signs from many scripts, with symbols and spaces between them."""
    blocks = [(0x30, 0x7A), (0xC0, 0x17F), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x621, 0x655)]
    blocks += [(0x905, 0x94D), (0xE01, 0xE4E), (0x3041, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xAFFF), (0x1F600, 0x1F64F)]
    for _ in range(count):
        low, high = rng.choice(blocks)
        signs = [chr(rng.randrange(low, high + 1)) for _ in range(rng.randrange(1, 12))]
        yield "".join(
            rng.choice([sign, sign, sign, " " + sign, rng.choice("#+%!?'-(&.") + sign]) for sign in signs
        ).strip()


def test_every_title_finds_itself():
    rng = random.Random(11)
    for names in (load_movies()["title"], pd.Series(list(random_titles(rng, 1500)))):
        lookup = TitleLookup(names)
        assert [lookup.closest(name).title for name in names] == names.tolist()


def test_every_title_of_movielens_finds_itself(movielens):
    names = pd.read_csv(movielens / "movies.csv", index_col="movieId")["title"]
    lookup = TitleLookup(names)
    assert [lookup.closest(name).title for name in names] == names.tolist()


def test_an_exact_title_is_looked_up_without_a_comparison(monkeypatch):
    lookup = TitleLookup(CATALOGUE["title"], CATALOGUE["year"])
    monkeypatch.setattr(lookup, "_first_look", None)
    assert [lookup.closest(title).title for title in CATALOGUE["title"]] == CATALOGUE["title"].tolist()


def test_a_look_up_compares_sixty_titles_in_full_however_large_the_catalogue(monkeypatch):
    compared = []
    cdist = lookup_module.process.cdist

    def counting(queries, choices, **options):
        compared.append(len(choices))
        return cdist(queries, choices, **options)

    rng = random.Random(2)
    names = pd.Series(["".join(rng.choices("abcdefgh ", k=12)) for _ in range(3000)] + ["The Quiet Harbor"])
    lookup = TitleLookup(names)
    monkeypatch.setattr(lookup_module.process, "cdist", counting)
    assert lookup.closest("quite harbor").title == "The Quiet Harbor"
    assert sum(compared) <= 5 * lookup_module.FULL_SCORE_FOR


def test_five_ways_to_compare_and_what_each_is_worth():
    lookup = TitleLookup(pd.Series(["The Sea Wall Builder", "Harbor Lights"]))
    score = {text: lookup.closest(text).score for text in ["builder sea wall", "seawall builder", "harbor", "lights"]}
    assert score == {"builder sea wall": 1.0, "seawall builder": 1.0, "harbor": 0.93, "lights": 0.92}
    numbered = TitleLookup(pd.Series(["Harbor Lights"])).suggest("Harbor Lights 2", 1)[0].score
    assert numbered == pytest.approx(0.9 * fuzz.ratio("harborlights2", "harborlights") / 100, abs=1e-3)


def test_an_empty_catalogue_finds_nothing():
    assert TitleLookup(pd.Series([], dtype=object)).closest("anything") is None


def test_even_nonsense_gets_suggestions_that_are_marked_as_weak(lookup):
    suggestions = lookup.suggest("zzzzqqq", 3)
    assert len(suggestions) == 3
    assert max(match.score for match in suggestions) < 0.5


def test_on_movielens_the_tutorials_rule_deletes_hundreds_and_ours_flags_a_handful(movielens):
    movies = pd.read_csv(movielens / "movies.csv", index_col="movieId")
    assert len(adjacent_duplicates(movies)) == 269
    plain = movies.assign(title=movies["title"].str.replace(r"\s*\(\d{4}\)\s*$", "", regex=True))
    plain["year"] = pd.to_numeric(movies["title"].str.extract(r"\((\d{4})\)\s*$")[0])
    assert len(adjacent_duplicates(plain)) == 688
    flagged = found(find_duplicates(plain))
    assert len(flagged) <= 15
    once = {"Confessions of a Dangerous Mind", "Eros", "Saturn 3"}
    assert once <= {plain["title"][left] for left, _ in flagged}


def test_lookup_of_movielens_titles_is_accurate(movielens):
    names = pd.read_csv(movielens / "movies.csv", index_col="movieId")["title"]
    lookup, queries = TitleLookup(names), title_queries.make_queries(names)
    top1, top5 = title_queries.accuracy(lookup, queries)
    assert top1 >= 0.96
    assert top5 >= 0.99


@pytest.mark.speed
def test_lookup_of_movielens_titles_is_faster_than_the_scan(movielens):
    names = pd.read_csv(movielens / "movies.csv", index_col="movieId")["title"]
    lookup, queries = TitleLookup(names), title_queries.make_queries(names)
    assert title_queries.speed_ratio(lookup, names.tolist(), [query for query, _ in queries[:60]]) >= 3
