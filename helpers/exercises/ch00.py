"""Exercises of notebook 00, Start here."""

from __future__ import annotations

import numpy as np

from helpers.data import load_movies, load_vectors
from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.neighbors import NeighborIndex, find_similar_movies

CAST = ["Toy Story", "Alien", "The Matrix", "Amélie", "The Avengers"]  # the films that go with the learner


def films_before_1960() -> int:
    """Count the films of the catalogue that came out before 1960."""
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


def _furthest_pair() -> set[str]:
    movies = load_movies()
    titles = movies["title"].tolist()
    rows = load_vectors(movies)[[titles.index(title) for title in CAST]]
    one, other = np.unravel_index((rows @ rows.T).argmin(), (len(CAST), len(CAST)))
    return {CAST[one], CAST[other]}


def _rank_of(film: str, neighbour: str) -> int | None:
    """Place of one title among the neighbours of another, from 1; None where a title is not of the catalogue."""
    movies = load_movies()
    if not {film, neighbour} <= set(movies["title"]):
        return None
    index = NeighborIndex(load_vectors(movies), movies.index)
    place = movies["title"].tolist().index(film)
    ids, _ = index.search(index.vectors[place], len(movies))
    return movies.loc[ids, "title"].tolist().index(neighbour)


def a_disappointing_neighbour() -> dict[str, str]:
    """Choose a film, a neighbour that does not suit, and say what misled the machine."""
    found = find_similar_movies("Back to the Future", k=10)
    return {
        "film": "Back to the Future",
        "neighbour": found["title"].iloc[-1],
        "why": "The synopses share a family and a place, but nobody travels in time, which is what I liked.",
    }


def judge_disappointment(answer) -> str | None:
    """Say what a machine can see to be wrong with an answer to the open exercise."""
    if not isinstance(answer, dict) or not {"film", "neighbour", "why"} <= set(answer):
        return "Keep the form: a dictionary with film, neighbour and why."
    rank = _rank_of(answer["film"], answer["neighbour"])
    if rank is None:
        return "One of the two titles is not in the catalogue. Copy both from the tables, letter by letter."
    if rank == 0:
        return "Film and neighbour are the same film. Choose one from its list."
    if rank > 10:
        return f"That film is at place {rank} of the list. The machine did not propose it: choose one of the first ten."
    if len(str(answer["why"]).split()) < 8:
        return "Say why in a sentence of eight words or more: what do the two synopses share, and what do you miss?"
    return None


q1 = Exercise(
    "0.1",
    "How many films are older than 1960?",
    films_before_1960,
    mistakes=[
        Mistake(
            "up to and including 1960",
            "You counted the films of 1960 as well: before 1960 is < 1960, not <= 1960.",
            lambda: int((load_movies()["year"] <= 1960).sum()),
        ),
        Mistake(
            "the other way round",
            "These are the films from 1960 on. Turn the comparison round.",
            lambda: int((load_movies()["year"] >= 1960).sum()),
        ),
        Mistake("all films", "That is the number of all films.", lambda: len(load_movies())),
    ],
    hints=[
        'The years stand in movies["year"].',
        'movies["year"] < 1960 gives True or False for every film; True counts as 1.',
        '(movies["year"] < 1960).sum()',
    ],
    praise="A comparison gives one truth value a film, and their sum is a count. You will need that often.",
)

q2 = Exercise(
    "0.2",
    "Similarity by hand",
    similarity,
    inputs=[([1.0, 0.0], [1.0, 0.0]), ([1.0, 0.0], [0.0, 1.0]), ([0.6, 0.8], [0.8, 0.6])],
    random_inputs=lambda rng: tuple(rng.normal(size=(2, 5))),
    mistakes=[
        Mistake(
            "products not added up",
            "You have the products, number by number. Add them up: the similarity is one number.",
            lambda a, b: np.multiply(a, b),
        ),
        Mistake(
            "added instead of multiplied",
            "You added the numbers of the two vectors. Multiply number by number first; then add up the products.",
            lambda a, b: sum(left + right for left, right in zip(a, b, strict=True)),
        ),
        Mistake(
            "distance instead of similarity",
            "That is the distance: 0 for equal vectors. The similarity of a vector of length 1 with itself is 1.",
            lambda a, b: float(np.linalg.norm(np.subtract(a, b))),
        ),
    ],
    hints=[
        "zip(a, b) gives the numbers of both vectors in pairs.",
        "Start with total = 0, and add left * right for every pair.",
        "sum(left * right for left, right in zip(a, b))",
    ],
    praise="This is the whole measure. NumPy writes it a @ b.",
)

q3 = Exercise(
    "0.3",
    "Which two of the cast are nearest?",
    nearest_pair,
    mistakes=[
        Mistake(
            "the furthest pair",
            "These two are the furthest apart: larger numbers are nearer.",
            _furthest_pair,
        ),
        Mistake(
            "a film with itself",
            "The ones stand where a film meets itself. Look for the largest number beside the diagonal.",
            lambda: {CAST[0]},
        ),
    ],
    hints=[
        "Leave out the diagonal, and look for the darkest cell.",
        "The table is the same above and below the diagonal: each pair stands there twice.",
        'Write the two titles as a set: {"Toy Story", "Alien"}, with the right ones.',
    ],
    praise="Reading such a table is how you will judge every set of vectors from now on.",
)

q4 = Exercise(
    "0.4",
    "A neighbour that disappoints",
    a_disappointing_neighbour,
    judge=judge_disappointment,
    rubric=[
        "Do you name what the two synopses have in common: a place, a job, a word?",
        "Do you name what a person looks at and the machine did not: humour, pace, what the story is really about?",
        "Would your reason hold for other films as well? Then you found a limit of the method, not an accident.",
    ],
    mistakes=[
        Mistake(
            "a film that was not proposed",
            "The machine did not propose it",
            lambda: {
                "film": "Alien",
                "neighbour": "Amélie",
                "why": "They have nothing at all in common, as anybody can see.",
            },
        ),
        Mistake(
            "the film itself",
            "Film and neighbour are the same film",
            lambda: {"film": "Alien", "neighbour": "Alien", "why": "It is the same film, so it is no use to anybody."},
        ),
        Mistake(
            "no reason",
            "Say why in a sentence",
            lambda: {**a_disappointing_neighbour(), "why": "It is bad."},
        ),
    ],
    hints=[
        "Take a film that you know well, and read its ten nearest titles.",
        'Read both synopses: movies.loc[movies["title"] == "Alien", "synopsis"].iloc[0].',
        "Ask what words, places and jobs the two share, and what you would tell a friend about each.",
    ],
    praise="You looked at a result with your own eyes, which no score replaces.",
)

EXERCISES = [q1, q2, q3, q4]
progress = make_progress(EXERCISES)
