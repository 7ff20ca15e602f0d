import numpy as np
import pandas as pd
import pytest
from small_data import listings

from helpers import titles
from helpers.titles import (
    normalize_title,
)


@pytest.mark.parametrize(
    ("relation", "gap", "people", "text", "points"),
    [
        ("same", 0, np.nan, np.nan, 7 + 1),
        ("nearly the same", 1, np.nan, np.nan, 3 + 0),
        ("alike", np.nan, np.nan, np.nan, 2 - 5),
        ("same ending", 2, np.nan, np.nan, 2 - 99),
        ("longer in the middle", 0, 0.83, np.nan, -1 + 1 + 5),
        ("one continues", 0, 0.82, np.nan, -1 + 1 + 4),
        ("different", 0, 0.6, np.nan, -2 + 1 + 4),
        ("same series", 0, 0.59, np.nan, -14 + 1 + 3),
        ("different numbers", 0, 0.4, np.nan, -14 + 1 + 3),
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


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        ("Heat", "HEAT", "same"),
        ("Gone Girl", "Gone Gril", "alike"),
        ("Priscilla, Queen of the Desert", "Priscila, Queen of the Desert", "nearly the same"),
        ("The Matrix Reloaded", "The Matrix Revolutions", "same series"),
        ("Portrait of a Lady on Fire", "Portrait de la jeune fille en feu", "different"),
        ("Alien", "Alien: Covenant", "one continues"),
        ("Wayne's World", "Wayne's World 2", "different numbers"),
        ("Kill Bill: Vol. 1", "Kill Bill: Vol. 2", "different numbers"),
        ("Harbor Light: Vol. I", "Harbor Light: Vol. II", "different numbers"),
        ("Dune", "Dune: Part One", "nearly the same"),
        ("Alien: Resurrection", "Alien 4: Resurrection", "nearly the same"),
        ("Matilda", "Roald Dahl's Matilda", "same ending"),
        ("T2: Judgment Day", "Terminator 2: Judgment Day", "different"),
        ("Ill Wind (Anna Kolm Mysteries)", "A Cold Night (Anna Kolm Mysteries)", "same series"),
        ("Rivers of Salt (Harbor Trilogy)", "Bridges of Iron (Harbor Trilogy)", "same series"),
        ("War and Peace (Harbor Classics)", "Eugene Onegin (Harbor Classics)", "same series"),
        ("HP and the Order of the Phoenix", "Harry Potter and the Order of the Phoenix", "alike"),
        ("Ida Lund and the Sorcerer's Gate", "Ida Lund and the Philosopher's Gate", "alike"),
        ("Season 1 Episode 2", "Season 2 Episode 1", "different numbers"),
        ("Harbor Watch: The Complete First Season", "Harbor Watch: The Complete Third Season", "different numbers"),
        ("Harbor Watch: The Complete Second Season", "Harbor Watch: The Complete Season 2", "nearly the same"),
        ("Salt Road Tales: Deadly Ninth", "Salt Road Tales: Dead Plunkett", "same series"),
        ("Salt Road Tales in Return", "Salt Road Tales and Peter", "same series"),
        ("Amazing Spider Man", "Amazing Spiderman", "nearly the same"),
        ("Up", "Gravity", "different"),
    ],
)
def test_two_titles_stand_to_each_other_in_a_way_that_has_a_name(left, right, relation):
    forms = normalize_title(left), normalize_title(right)
    assert titles.relate_titles(*forms) == titles.relate_titles(*forms[::-1]) == relation


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


def test_one_letter_words_tell_nothing_about_a_text():
    rows = [("Amber", 2000, "x y z q harbor lamp storm"), ("Birch", 2000, "x y z q lawyer town trial")]
    assert titles.compare_listings(listings(rows))["text_similarity"].tolist() == [0.0]
