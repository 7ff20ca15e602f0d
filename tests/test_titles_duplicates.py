import random

import numpy as np
import pandas as pd
import pytest
from small_data import found, listings

from helpers import titles
from helpers.titles import (
    adjacent_duplicates,
    alike_titles,
    find_duplicates,
    merge_duplicates,
)


def test_the_tutorials_rule_drops_the_earlier_of_two_close_neighbors():
    dropped = adjacent_duplicates(listings([("Toy Story 2",), ("Jaws",), ("Toy Story",)]))
    assert dropped[["left", "right", "distance"]].to_numpy().tolist() == [[102, 100, 2]]


def test_alike_titles_pairs_remakes_of_any_year_but_no_sequels_and_no_listing_without_a_title():
    rows = listings([("Dune", 1984), ("Toy Story", 1995), (None, 1995), ("Toy Story 2", 1999), ("DUNE", 2021)])
    assert alike_titles(rows)[["left", "right"]].to_numpy().tolist() == [[100, 104]]


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


def test_a_text_that_names_one_of_its_two_titles_does_not_join_them_without_people_that_agree():
    rows = listings([("Duck Soup", 1933), ("I Know Where I'm Going!", 1933)])
    copied = rows.assign(synopsis="Duck Soup is a comedy in which Groucho Marx becomes the dictator of Freedonia.")
    assert found(find_duplicates(copied, needed=1)) == set()
    assert found(find_duplicates(copied.assign(director="Leo McCarey", cast="Groucho Marx|Harpo Marx"), needed=1)) == {
        (100, 101)
    }
    neither = copied.assign(synopsis="Groucho Marx becomes the dictator of Freedonia and declares war on his neighbor.")
    assert found(find_duplicates(neither)) == {(100, 101)}


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


def test_one_title_of_one_year_is_one_film_where_duplicates_are_rare_and_of_the_next_year_is_not():
    letters = "bcdfghjklmnpqrstvwxz"
    pairs = [("Lanterns", 2000), ("Lanterns", 2000), ("Otter", 1999), ("Otter", 2000)]
    rows = [(one * 4, 1990) for one in letters] + pairs
    assert found(find_duplicates(listings(rows))) == {(120, 121)}


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
        merge_duplicates(rows, pd.DataFrame({"left": [100, 7], "right": [101, 101]}))


def test_a_number_before_the_same_subtitle_is_no_sequel():
    rows = [("Alien: Resurrection", 1997), ("Alien 4: Resurrection", 1998), ("Scream", 1996), ("Scream 2", 1997)]
    assert found(find_duplicates(listings(rows).assign(director="One Director"))) == {(100, 101)}


def test_two_listings_with_one_id_are_refused():
    rows = listings([("One", 2000), ("Two", 2000)])
    rows.index = [5, 5]
    with pytest.raises(ValueError, match="must be unique"):
        find_duplicates(rows)


def test_no_listings_and_one_listing_have_no_pairs():
    rows = listings([("Heat", 1995), (" ", 1995), (None, 1995)])
    assert found(find_duplicates(rows)) == found(find_duplicates(rows.head(0))) == set()


def test_rows_without_title_are_passed_over_and_no_pairs_are_no_error():
    rows = listings([(None, 2000), ("A film", 2000), ("Something else", 2001)])
    pairs = find_duplicates(rows)
    measures = ["title_score", "year_gap", "text_similarity", "people_similarity", "relation", "points"]
    assert pairs.columns.tolist() == ["left", "right", *measures, "duplicate"]
    assert found(pairs) == set()


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


@pytest.mark.parametrize("find", [find_duplicates, adjacent_duplicates, alike_titles])
def test_listings_without_titles_are_passed_over_or_refused(find):
    listings = pd.DataFrame({"title": ["Red", None, pd.NA, "Rod", float("nan")]}, dtype=object)
    assert set(find(listings)[["left", "right"]].to_numpy().ravel()) <= {0, 3}
    with pytest.raises(ValueError, match=f"{find.__name__}: the listings have no column 'title'"):
        find(pd.DataFrame({"name": ["Red"]}))
