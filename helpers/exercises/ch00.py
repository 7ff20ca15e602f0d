"""Exercises of notebook 00, Start here."""

from __future__ import annotations

import difflib

import numpy as np
import pandas as pd

from helpers.data import load_movies, load_vectors
from helpers.exercises.checker import Exercise, JudgedError, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, finish, predict
from helpers.exercises.texts import fields_missing, trouble_with
from helpers.search.neighbors import NeighborIndex, find_similar_movies
from helpers.titles import TitleLookup

CAST = ["Toy Story", "Alien", "The Matrix", "Amélie", "The Avengers"]  # the films that go with the learner


def films_before_1960() -> int:
    """Count the films of the catalog that came out before 1960."""
    movies = load_movies()
    return int((movies["year"] < 1960).sum())


def similarity(a, b):
    """Similarity of two vectors of length 1: multiply number by number, and add up."""
    total = 0.0
    for left, right in zip(a, b, strict=True):
        total += left * right
    return total


def nearest_pair() -> set[str]:
    """Name the two of the five films of the cast that are nearest to each other."""
    movies = load_movies()
    titles = movies["title"].tolist()
    rows = load_vectors(movies)[[titles.index(title) for title in CAST]]
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1)  # a film is not a pair with itself
    one, other = np.unravel_index(cosines.argmax(), cosines.shape)
    return {CAST[one], CAST[other]}


def _farthest_pair() -> set[str]:
    movies = load_movies()
    titles = movies["title"].tolist()
    rows = load_vectors(movies)[[titles.index(title) for title in CAST]]
    one, other = np.unravel_index((rows @ rows.T).argmin(), (len(CAST), len(CAST)))
    return {CAST[one], CAST[other]}


def names_of_the_cast(answer):
    """Spell titles as the cast spells them, in spite of capitals; name a near miss."""
    if not isinstance(answer, (set, list, tuple)) or not all(isinstance(title, str) for title in answer):
        return answer
    known = {title.casefold(): title for title in CAST}
    strange = [title for title in answer if title.strip().casefold() not in known]
    if any(difflib.get_close_matches(title.casefold(), known, cutoff=0.7) for title in strange):
        named = "', '".join(title[:60] for title in strange[:5])
        raise JudgedError(f"Not among the five titles, letter by letter: '{named}'. Copy titles from the table.")
    return {known.get(title.strip().casefold(), title) for title in answer}


def _films_called(field: str, text: object) -> pd.Series:
    """Find the films that a text means, as find_similar_movies reads it, typos allowed, or an id: their titles by id.

    Raises
    ------
    JudgedError
        If it is neither a text nor an id, or no title is near enough.
    """
    movies = load_movies()
    if isinstance(text, (int, np.integer)) and text in movies.index:
        return movies["title"].loc[[int(text)]]
    if not isinstance(text, str):
        raise JudgedError(f"'{field}' asks for a title, as a text in quotation marks.")
    text = text[:100]
    lookup = TitleLookup(movies["title"], movies["year"])
    match = lookup.closest(text)
    if match is None:
        nearest = "; ".join(other.title for other in lookup.suggest(text, 3)) or "none"
        raise JudgedError(f"'{text}' is not in the catalog. The nearest titles: {nearest}")
    return movies["title"].loc[pd.Index([match.id, *(tie.id for tie in lookup.ties(text))]).unique()]


def _ranks_of(films: pd.Series, neighbors: pd.Series) -> list[int]:
    """Find the ranks, from 1, of some films among the neighbors of others; 0 is the film itself."""
    movies = load_movies()
    index = NeighborIndex(load_vectors(movies), movies.index)
    found = []
    for place in movies.index.get_indexer(films.index):
        ids, _ = index.search(index.vectors[place], len(movies))
        found += np.flatnonzero(np.isin(ids, neighbors.index)).tolist()
    return found


def a_disappointing_neighbor() -> dict[str, str]:
    """Choose a film, a neighbor that is a poor match, and say what misled the machine."""
    found = find_similar_movies("Back to the Future", k=10)
    return {
        "film": "Back to the Future",
        "neighbor": found["title"].iloc[-1],
        "why": "Both synopses tell of an ordinary man and an amazing mind, but nobody travels in time, which I liked.",
    }


def judge_disappointment(answer) -> str | None:
    """Say what is wrong with an answer to the open exercise, as far as a machine can see."""
    missing = fields_missing(answer, ["film", "neighbor", "why"])
    if missing is not None:
        return missing
    film, neighbor = (_films_called(field, answer[field]) for field in ("film", "neighbor"))
    nearest = min(_ranks_of(film, neighbor), key=lambda rank: (rank == 0, rank))
    if nearest == 0:
        return "Film and neighbor are the same film. Choose one from its list."
    if nearest > 10:
        return (
            f"{neighbor.iloc[0]} is at rank {nearest} for {film.iloc[0]}, so the machine did not recommend it. Choose "
            "one of the first ten."
        )
    return trouble_with("why", answer["why"])


q1 = Exercise(
    "0.1",
    "How many films were made before 1960?",
    films_before_1960,
    mistakes=[
        Mistake(
            "up to and including 1960",
            "You also counted the films of 1960: before 1960 is < 1960, not <= 1960.",
            lambda: int((load_movies()["year"] <= 1960).sum()),
        ),
        Mistake(
            "the other way around",
            "Those are the films from 1960 on. Turn the comparison around.",
            lambda: int((load_movies()["year"] >= 1960).sum()),
        ),
        Mistake(
            "after 1960",
            "Those are the films from after 1960. Turn the comparison around.",
            lambda: int((load_movies()["year"] > 1960).sum()),
        ),
        Mistake(
            "cells",
            ".size counts all cells, the rows times the columns. len(...) counts the rows.",
            lambda: load_movies().query("year < 1960").size,
        ),
        Mistake(
            "a share",
            "That is the share of these films. Count them: .sum() instead of .mean().",
            lambda: float((load_movies()["year"] < 1960).mean()),
        ),
        Mistake("all films", "That is the number of all films.", lambda: len(load_movies())),
    ],
    hints=[
        'The years are in movies["year"].',
        'movies["year"] < 1960 gives True or False for every film; True counts as 1.',
        '(movies["year"] < 1960).sum()',
    ],
    praise="A comparison gives one truth value per film, and their sum is a count. You will need that often.",
)

q2 = Exercise(
    "0.2",
    "Similarity by hand",
    similarity,
    inputs=[([1.0, 0.0], [1.0, 0.0]), ([1.0, 0.0], [0.0, 1.0]), ([0.6, 0.8], [0.8, 0.6])],
    random_inputs=lambda rng: tuple(rng.normal(size=(2, 5)).tolist()),
    mistakes=[
        Mistake(
            "products not added up",
            "You have the products, one per pair of numbers. Add them up: the similarity is a single number.",
            lambda a, b: np.multiply(a, b),
        ),
        Mistake(
            "added instead of multiplied",
            "You added the numbers of the two vectors. Multiply them pair by pair first; then add up the products.",
            lambda a, b: sum(left + right for left, right in zip(a, b, strict=True)),
        ),
        Mistake(
            "the last product only",
            "Only the last product is left. Set total = 0 once, before the loop, and add to it inside.",
            lambda a, b: a[-1] * b[-1],
        ),
        Mistake(
            "divided by the lengths",
            "You divided by the lengths. These vectors have length 1 already: the measure is the sum of the products.",
            lambda a, b: float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))),
        ),
        Mistake(
            "the mean of the products",
            "You divided by how many there are, which makes a mean. The measure is the sum of the products.",
            lambda a, b: similarity(a, b) / len(a),
        ),
        Mistake(
            "the first product only",
            "Only the first product is there: the return is inside the loop. Move it to the left, after the loop.",
            lambda a, b: a[0] * b[0],
        ),
        Mistake(
            "@ between lists",
            "a and b are lists, and @ works between NumPy arrays. Use a loop over zip(a, b).",
            lambda a, b: a @ b,
        ),
        Mistake(
            "NumPy",
            "a and b are plain lists, so leave NumPy out. Use a loop over zip(a, b).",
            lambda a, b: eval("np.dot(a, b)", {"a": a, "b": b}),  # without the import
        ),
        Mistake(
            "the first product left out",
            "The first product is missing: positions start at 0.",
            lambda a, b: similarity(a[1:], b[1:]),
        ),
        Mistake(
            "every number by every other",
            "You multiplied each number of a by all numbers of b. Multiply it by its partner only: zip(a, b).",
            lambda a, b: sum(a) * sum(b),
        ),
        Mistake(
            "dot of a list",
            "a and b are lists, and .dot belongs to NumPy arrays. Use a loop over zip(a, b).",
            lambda a, b: a.dot(b),
        ),
        Mistake(
            "lists multiplied",
            "Python does not multiply a list by a list. Go through the pairs with zip(a, b).",
            lambda a, b: a * b,
        ),
        Mistake(
            "distance instead of similarity",
            "That is the distance, which is 0 for equal vectors. Similarity is 1 for equal vectors of length 1.",
            lambda a, b: float(np.linalg.norm(np.subtract(a, b))),
        ),
    ],
    hints=[
        "zip(a, b) pairs up the numbers of the two vectors.",
        "Start with total = 0, and add left * right for every pair.",
        "sum(left * right for left, right in zip(a, b))",
    ],
    praise="This is the whole measure. Between NumPy arrays it is a @ b.",
)

q3 = Exercise(
    "0.3",
    "Which two of the five films are nearest?",
    nearest_pair,
    form=names_of_the_cast,
    mistakes=[
        Mistake(
            "the farthest pair",
            "These two are the farthest apart. The larger the number, the nearer the films.",
            _farthest_pair,
        ),
        Mistake(
            "a film with itself",
            "On the diagonal, a film is compared with itself. Look for the largest number off the diagonal.",
            lambda: {CAST[0]},
        ),
    ],
    hints=[
        "Leave out the diagonal, and look for the darkest cell that remains.",
        "The table is the same above and below the diagonal: each pair appears twice.",
        'Write the two titles as a set: {"Toy Story", "Alien"}, with the right ones.',
    ],
    praise="Whenever vectors are new, read such a table first. It shows at once whether they make sense.",
)

q4 = Exercise(
    "0.4",
    "A neighbor that disappoints",
    a_disappointing_neighbor,
    judge=judge_disappointment,
    asks="Answer with a film, one of its ten nearest, and why it is a poor neighbor, in a sentence of 8 words or more.",
    rubric=[
        "Does your sentence name what the two synopses share: a place, a job, a word?",
        "Does it name what a person looks at and the machine did not: humor, pace, what it is really about?",
        "Would your reason hold for other films, too? Then you found a limit of the method, not an accident.",
    ],
    mistakes=[
        Mistake(
            "a film that was not recommended",
            "the machine did not recommend it",
            lambda: {
                "film": "Alien",
                "neighbor": "Amélie",
                "why": "They have nothing at all in common, as anybody can see.",
            },
        ),
        Mistake(
            "the film itself",
            "Film and neighbor are the same film",
            lambda: {"film": "Alien", "neighbor": "Alien", "why": "It is the same film, so it is no use to anybody."},
        ),
        Mistake(
            "no reason",
            "'why' asks for a sentence",
            lambda: {**a_disappointing_neighbor(), "why": "It is bad."},
        ),
    ],
    hints=[
        "Take a film that you know well, and look at its ten nearest.",
        'Read both synopses: movies.loc[movies["title"] == "Alien", "synopsis"].iloc[0].',
        "Which words, places, and jobs do the two share? What would you tell a friend about each film?",
    ],
    praise="You looked at a result with your own eyes. No score replaces that.",
)

EXERCISES = [q1, q2, q3, q4]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about the Python that the course assumes",
    [
        predict(
            "0.A",
            "Count with a comparison",
            """
            import pandas as pd
            films = pd.DataFrame({"year": [1959, 1960, 1994]})
            int((films["year"] < 1990).sum())
            """,
            wrong={
                3: "There are three rows, but the comparison is True for only some of them.",
                3919: "The sum is over True and False, not over the years: True counts as 1.",
            },
            hint="The comparison gives True, True, False.",
        ),
        choose(
            "0.B",
            "A row by its label",
            "What does movies.loc[5] give you?",
            right="the row whose index is 5",
            wrong={
                "the fifth row": "That is what .iloc does, and it counts from 0.",
                "column number 5": "With one argument, .loc looks at the rows.",
            },
            hint=".loc goes by label, .iloc by position.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        choose(
            "0.C",
            "What was compared",
            "find_similar_movies found the neighbors of The Avengers. What did it compare?",
            right="the synopses, each as a vector",
            wrong={
                "the titles": "The title was used once, to find the film that you asked for.",
                "genres and actors": "No genre and no actor was compared, though the nearest films share many.",
                "the ratings of viewers": "No rating was used in that search.",
            },
            hint="What did the language model read?",
        ),
        finish(
            "0.D",
            "The dot product",
            "Replace ___ so that the function adds up the products.",
            """
            def similarity(a, b):
                total = 0.0
                for left, right in zip(a, b):
                    ___
                return total
            """,
            right="total += left * right",
            wrong={
                "total = left * right": "That keeps the last product only. Add each one to the total.",
                "total += left + right": "You add the numbers themselves. Multiply each pair first.",
            },
            inputs=[([1.0, 2.0], [3.0, 4.0]), ([0.5, 0.0, 2.0], [2.0, 9.0, 1.0])],
            hint="One line: multiply left by right, and add the result to total.",
        ),
        find_bug(
            "0.E",
            "Made before",
            """
            def made_before(years, limit):
                count = 0
                for year in years:
                    if year <= limit:
                        count += 1
                return count
            """,
            line=4,
            fixed="        if year < limit:",
            shown="made_before([1959, 1960], 1960)",
            wrong={
                2: "A count starts at 0, as it does here.",
                5: "It adds 1 for each film, which is right. For which films does it get there?",
                6: "It returns the count after the loop, as it should.",
            },
            hint="Was a film of 1960 made before 1960?",
        ),
    ],
)
