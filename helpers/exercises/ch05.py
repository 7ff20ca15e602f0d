"""Exercises of notebook 05, User vectors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.data import load_movies
from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, finish, predict
from helpers.exercises.typed import value_of
from helpers.titles.forms import without_accents
from helpers.titles.lookup import TitleLookup


def profile(vectors, stars, dislike):
    """Vector of a viewer: films above the viewer's mean count for it, films below count against it."""
    above = stars - stars.mean()
    weights = np.where(above > 0, above, dislike * above)
    total = weights @ vectors
    return total / np.linalg.norm(total)


def _weights(stars, dislike):
    above = stars - stars.mean()
    return np.where(above > 0, above, dislike * above)


def viewer_factors(liked, film_factors, confidence, regularization):
    """One step of ALS: the vector of a viewer, given their likes (0 or 1 per film) and the vectors of all films."""
    trust = 1 + confidence * liked
    left = (film_factors.T * trust) @ film_factors + regularization * np.eye(film_factors.shape[1])
    return np.linalg.solve(left, film_factors.T @ (trust * liked))


def _left(liked, films, confidence, regularization):
    """The left side of the system of ALS."""
    return (films.T * (1 + confidence * liked)) @ films + regularization * np.eye(films.shape[1])


def film_biases(ratings, damping):
    """How far each film is above the mean of all ratings (NaN: not rated), pulled toward 0 where there are few."""
    above = ratings - np.nanmean(ratings)
    count = (~np.isnan(ratings)).sum(axis=0)
    return np.nansum(above, axis=0) / (count + damping)


def ease(liked, regularization):
    """Weights from film to film, in closed form; no film recommends itself."""
    inverse = np.linalg.inv(liked.T @ liked + regularization * np.eye(liked.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def _inverse(liked, regularization):
    return np.linalg.inv(liked.T @ liked + regularization * np.eye(liked.shape[1]))


def _divided(matrix):
    """A matrix with each column divided by minus its diagonal number, and zeros on the diagonal."""
    return matrix / -np.diag(matrix) * (1 - np.eye(len(matrix)))


def _ease_with_itself(liked, regularization):
    inverse = _inverse(liked, regularization)
    return inverse / -np.diag(inverse)


def _ease_by_rows(liked, regularization):
    inverse = np.linalg.inv(liked.T @ liked + regularization * np.eye(liked.shape[1]))
    weights = inverse / -np.diag(inverse)[:, None]
    np.fill_diagonal(weights, 0)
    return weights


def _only_liked(liked, film_factors, confidence, regularization):
    rows = film_factors[liked > 0]
    left = (1 + confidence) * rows.T @ rows + regularization * np.eye(film_factors.shape[1])
    return np.linalg.solve(left, (1 + confidence) * rows.sum(axis=0))


def a_new_viewer() -> dict[str, float]:
    """Rate seven films as somebody who loves space and cannot stand romances."""
    return {
        "Alien": 5.0,
        "The Matrix": 5.0,
        "Blade Runner": 4.5,
        "Star Trek: First Contact": 4.0,
        "Titanic": 1.0,
        "Pretty Woman": 0.5,
        "Amélie": 2.0,
    }


def as_stars(answer) -> dict:
    """A dictionary from titles to numbers, whether the stars came as numbers, as texts or in a Series."""
    answer, titles = answer.to_dict() if isinstance(answer, pd.Series) else answer, _spellings()
    return {titles.get(_plain(title), title): float(value_of(star, several=False)) for title, star in answer.items()}


def _spellings() -> dict[str, str]:
    """The titles of the catalog, by what they are without regard to capitals and accents."""
    return {_plain(title): title for title in load_movies()["title"]}


def _plain(title) -> str:
    return without_accents(str(title)[:100]).strip().casefold()


def judge_viewer(answer) -> str | None:
    """Check that the ratings are of films of the course, some of them liked and some not."""
    if not isinstance(answer, (dict, pd.Series)):
        return "The answer is a dictionary from titles to stars."
    titles = _spellings()
    strange = [title for title in answer.keys() if _plain(title) not in titles]  # noqa: SIM118 - a Series gives values
    if strange:
        named, movies = str(strange[0])[:60], load_movies()
        near = [film.title for film in TitleLookup(movies["title"], movies["year"]).suggest(named, 3)]
        near_it = f" Near it: {'; '.join(near)}." if near else ""
        return f"'{named}' is not in the catalog, letter by letter.{near_it}"
    if len(answer) < 5:
        return f"You rated {len(answer)} film{'s' * (len(answer) != 1)}. Rate five or more."
    if any(isinstance(star, (bool, np.bool_)) for star in dict(answer).values()):
        return "Stars are numbers from 0.5 to 5."
    try:
        stars = pd.Series(as_stars(answer))
    except (TypeError, ValueError):
        return "Stars are numbers from 0.5 to 5."
    if len(stars) < len(answer):
        return "You rated a film twice."
    if not stars.between(0.5, 5).all():
        return "Stars go from 0.5 to 5."
    if stars.max() < 4 or stars.min() > 3:
        return (
            "Say what you like (4 or more) and what you do not (3 or less): otherwise there is nothing to tell apart."
        )
    return None


q1 = Exercise(
    "5.1",
    "A viewer as a vector",
    profile,
    inputs=[(np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), np.array([5.0, 1.0, 3.0]), 0.5)],
    random_inputs=lambda rng: (rng.normal(size=(6, 4)), rng.integers(1, 6, size=6) + rng.random(6) / 9, 0.25),
    mistakes=[
        Mistake(
            "plain mean",
            "That is the mean of all films, no matter the stars. Weight each film by how far it is above the mean.",
            lambda vectors, stars, dislike: _unit(vectors.mean(axis=0)),
        ),
        Mistake(
            "dislike at full weight",
            "Dislikes have their full weight. Multiply what is below the mean by `dislike`.",
            lambda vectors, stars, dislike: _unit((stars - stars.mean()) @ vectors),
        ),
        Mistake(
            "dislike on the likes",
            "You multiplied the likes by `dislike`. It belongs to what is below the mean.",
            lambda vectors, stars, dislike: _unit(
                np.where(stars > stars.mean(), dislike, 1) * (stars - stars.mean()) @ vectors
            ),
        ),
        Mistake(
            "middle of the scale",
            "You measured from 3 stars. Measure from the mean of this viewer.",
            lambda vectors, stars, dislike: _unit(np.where(stars > 3, stars - 3, dislike * (stars - 3)) @ vectors),
        ),
        Mistake(
            "divided by the weights",
            "You divided by the sum of the weights, as for a mean. Divide by the length: np.linalg.norm.",
            lambda vectors, stars, dislike: (lambda weights: weights @ vectors / np.abs(weights).sum())(
                _weights(stars, dislike)
            ),
        ),
        Mistake(
            "divided by the number of films",
            "You divided by the number of films. Divide by the length: np.linalg.norm.",
            lambda vectors, stars, dislike: _weights(stars, dislike) @ vectors / len(stars),
        ),
        Mistake(
            "not added up",
            "You weighted the rows; now add them up, into one vector: weights @ vectors.",
            lambda vectors, stars, dislike: _weights(stars, dislike)[:, None] * vectors,
        ),
        Mistake(
            "mean not subtracted",
            "You weighted by the stars themselves, so even a single star speaks for a film. Subtract the viewer's "
            "mean.",
            lambda vectors, stars, dislike: _unit(stars @ vectors),
        ),
        Mistake(
            "dislikes added",
            "Films below the mean must count against the profile: keep their weights negative.",
            lambda vectors, stars, dislike: _unit(
                np.where(stars > stars.mean(), 1, dislike) * np.abs(stars - stars.mean()) @ vectors
            ),
        ),
        Mistake(
            "dislikes left out",
            "You counted only what the viewer liked. The others count against it, times `dislike`.",
            lambda vectors, stars, dislike: _unit(np.maximum(stars - stars.mean(), 0) @ vectors),
        ),
        Mistake(
            "forgot to normalize",
            "The direction is right; scale it to length 1, so that its products with films are cosines.",
            lambda vectors, stars, dislike: (
                np.where(stars > stars.mean(), stars - stars.mean(), dislike * (stars - stars.mean())) @ vectors
            ),
        ),
    ],
    hints=[
        "above = stars - stars.mean() is positive for what the viewer liked.",
        "np.where(above > 0, above, dislike * above) gives the weights.",
        "weights @ vectors adds up the rows; divide by np.linalg.norm of it.",
    ],
    praise="Viewers and films are now in one space.",
)

q2 = Exercise(
    "5.2",
    "One step of ALS",
    viewer_factors,
    inputs=[(np.array([1.0, 0.0, 1.0]), np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]), 5.0, 0.1)],
    random_inputs=lambda rng: ((rng.random(12) < 0.3).astype(float), rng.normal(size=(12, 3)), 4.0, 0.5),
    mistakes=[
        Mistake(
            "all films on the right",
            "On the right, absences count as likes. Multiply by `liked`: film_factors.T @ (trust * liked).",
            lambda liked, films, confidence, regularization: np.linalg.solve(
                _left(liked, films, confidence, regularization), films.T @ (1 + confidence * liked)
            ),
        ),
        Mistake(
            "the scores",
            "Those are the scores of all films. Return the vector of the viewer.",
            lambda liked, films, confidence, regularization: (
                films @ viewer_factors(liked, films, confidence, regularization)
            ),
        ),
        Mistake(
            "regularization subtracted",
            "You subtracted the regularization. Add it to the diagonal.",
            lambda liked, films, confidence, regularization: np.linalg.solve(
                _left(liked, films, confidence, -regularization), films.T @ ((1 + confidence) * liked)
            ),
        ),
        Mistake(
            "the inverse alone",
            "That is the inverse of the left side. Multiply it by the right side, or use np.linalg.solve(left, right).",
            lambda liked, films, confidence, regularization: np.linalg.inv(
                _left(liked, films, confidence, regularization)
            ),
        ),
        Mistake(
            "the one forgotten on the right",
            "On the right, a like weighs 1 + confidence, as on the left. You forgot the 1.",
            lambda liked, films, confidence, regularization: np.linalg.solve(
                _left(liked, films, confidence, regularization), films.T @ (confidence * liked)
            ),
        ),
        Mistake(
            "confidence left out",
            "You trusted likes and absences equally. A like weighs 1 + confidence, on both sides of the equation.",
            lambda liked, films, confidence, regularization: np.linalg.solve(
                films.T @ films + regularization * np.eye(films.shape[1]), films.T @ liked
            ),
        ),
        Mistake(
            "no regularization",
            "The regularization is missing: add it, times the identity, to the left side.",
            lambda liked, films, confidence, regularization: np.linalg.lstsq(
                (films.T * (1 + confidence * liked)) @ films, films.T @ ((1 + confidence) * liked), rcond=None
            )[0],
        ),
        Mistake(
            "the one forgotten",
            "You weighted by confidence * liked, so films that were not liked count for nothing. They weigh 1, a "
            "like 1 + confidence.",
            lambda liked, films, confidence, regularization: np.linalg.solve(
                (films.T * confidence * liked) @ films + regularization * np.eye(films.shape[1]),
                films.T @ (confidence * liked),
            ),
        ),
        Mistake(
            "confidence on one side",
            "The left side is right. On the right side the likes are weighted, too: film_factors.T @ (trust * liked).",
            lambda liked, films, confidence, regularization: np.linalg.solve(
                (films.T * (1 + confidence * liked)) @ films + regularization * np.eye(films.shape[1]), films.T @ liked
            ),
        ),
        Mistake(
            "regularization everywhere",
            "You added the regularization to every number of the left side. Add it to the diagonal: times np.eye(...).",
            lambda liked, films, confidence, regularization: np.linalg.solve(
                (films.T * (1 + confidence * liked)) @ films + regularization, films.T @ ((1 + confidence) * liked)
            ),
        ),
        Mistake(
            "absences ignored",
            "You used only the liked films. The others say a little, too: they weigh 1.",
            _only_liked,
        ),
    ],
    hints=[
        "trust = 1 + confidence * liked is the weight of every film.",
        "Left side: (film_factors.T * trust) @ film_factors + regularization * np.eye(number of factors).",
        "np.linalg.solve(left, film_factors.T @ (trust * liked))",
    ],
    praise="Do this for all viewers, then with the roles swapped for all films, and repeat: that is ALS.",
)

q3 = Exercise(
    "5.3",
    "What a bias explains",
    film_biases,
    inputs=[
        (np.array([[4.0, 2.0, np.nan], [5.0, np.nan, 3.0], [4.0, 1.0, np.nan]]), 2.0),
        (np.array([[4.0, np.nan, 2.0], [5.0, np.nan, 3.0]]), 1.0),  # nobody rated the second film
    ],
    random_inputs=lambda rng: (np.where(rng.random((8, 5)) < 0.6, rng.integers(1, 6, size=(8, 5)), np.nan), 3.0),
    mistakes=[
        Mistake(
            "damped after the division",
            "You added the damping after the division. Add it to the count: put parentheses around count + damping.",
            lambda ratings, damping: (
                np.nansum(ratings - np.nanmean(ratings), axis=0) / (~np.isnan(ratings)).sum(axis=0) + damping
            ),
        ),
        Mistake(
            "mean divided again",
            "You took the mean of each film, and divided by the count once more. Add up; divide once, by count + "
            "damping.",
            lambda ratings, damping: (
                (np.nanmean(ratings, axis=0) - np.nanmean(ratings)) / ((~np.isnan(ratings)).sum(axis=0) + damping)
            ),
        ),
        Mistake(
            "nobody's mean",
            "Where nobody rated a film, your bias is NaN, the mean of nothing. The sum of nothing is 0: add up with "
            "np.nansum.",
            lambda ratings, damping: (
                np.nanmean(ratings - np.nanmean(ratings), axis=0)
                * (~np.isnan(ratings)).sum(axis=0)
                / ((~np.isnan(ratings)).sum(axis=0) + damping)
            ),
        ),
        Mistake(
            "viewers instead of films",
            "That is one number per viewer. A film is a column: add up along axis=0.",
            lambda ratings, damping: (
                np.nansum(ratings - np.nanmean(ratings), axis=1) / ((~np.isnan(ratings)).sum(axis=1) + damping)
            ),
        ),
        Mistake(
            "mean of each film",
            "You subtracted the mean of each film, which leaves nothing. Subtract the mean of all ratings: "
            "np.nanmean(ratings).",
            lambda ratings, damping: (
                np.nansum(ratings - np.nanmean(ratings, axis=0), axis=0) / ((~np.isnan(ratings)).sum(axis=0) + damping)
            ),
        ),
        Mistake(
            "mean of each viewer",
            "You subtracted the mean of each viewer. Here it is the mean of all ratings, a single number.",
            lambda ratings, damping: (
                np.nansum(ratings - np.nanmean(ratings, axis=1, keepdims=True), axis=0)
                / ((~np.isnan(ratings)).sum(axis=0) + damping)
            ),
        ),
        Mistake(
            "missing counted as zero",
            "You counted a missing rating as zero stars. Not rated is not hated: use nansum and nanmean.",
            lambda ratings, damping: (
                (np.nan_to_num(ratings) - np.nanmean(ratings)).sum(axis=0)
                / ((~np.isnan(ratings)).sum(axis=0) + damping)
            ),
        ),
        Mistake(
            "missing not left out",
            "One NaN makes every sum NaN. Use np.nanmean and np.nansum, which leave them out.",
            lambda ratings, damping: (ratings - ratings.mean()).sum(axis=0) / (len(ratings) + damping),
        ),
        Mistake(
            "damped stars minus the mean",
            "You damped the stars and then subtracted the mean, so films with few ratings seem bad. Subtract the mean "
            "before you add up.",
            lambda ratings, damping: (
                np.nansum(ratings, axis=0) / ((~np.isnan(ratings)).sum(axis=0) + damping) - np.nanmean(ratings)
            ),
        ),
        Mistake(
            "damped means",
            "Those are damped stars. A bias is how far a film is above the mean of all ratings: leave the mean out.",
            lambda ratings, damping: (
                (np.nansum(ratings, axis=0) + damping * np.nanmean(ratings))
                / ((~np.isnan(ratings)).sum(axis=0) + damping)
            ),
        ),
        Mistake(
            "damping left out",
            "A film with a single rating gets as large a bias as one with hundreds. Add the damping to the count.",
            lambda ratings, damping: np.nanmean(ratings, axis=0) - np.nanmean(ratings),
        ),
        Mistake(
            "divided by all viewers",
            "You divided by the number of viewers. Divide by how many rated the film, plus the damping.",
            lambda ratings, damping: np.nansum(ratings - np.nanmean(ratings), axis=0) / (len(ratings) + damping),
        ),
        Mistake(
            "mean not subtracted",
            "Those are damped means. A bias is how far a film is above the mean of all ratings: subtract it.",
            lambda ratings, damping: np.nansum(ratings, axis=0) / ((~np.isnan(ratings)).sum(axis=0) + damping),
        ),
    ],
    hints=[
        "np.nanmean(ratings) is the mean of all ratings.",
        "np.nansum(ratings - mean, axis=0) adds up over viewers; (~np.isnan(ratings)).sum(axis=0) counts them.",
        "np.nansum(ratings - np.nanmean(ratings), axis=0) / (count + damping)",
    ],
    praise="Most of what can be predicted about stars is in such numbers.",
)

q4 = Exercise(
    "5.4",
    "EASE in five lines",
    ease,
    inputs=[
        (np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]), 0.5),
        (np.array([[1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 1.0, 1.0]]), 0.1),  # a weight above 1
    ],
    random_inputs=lambda rng: ((rng.random((12, 5)) < 0.4).astype(float), 2.0),
    mistakes=[
        Mistake(
            "not divided",
            "You did not divide by the diagonal: B is minus P, each column divided by its diagonal number.",
            lambda liked, regularization: -_inverse(liked, regularization) * (1 - np.eye(liked.shape[1])),
        ),
        Mistake(
            "the inverse alone",
            "That is P. Divide each column by minus its diagonal number, and set the diagonal to 0.",
            lambda liked, regularization: _inverse(liked, regularization),
        ),
        Mistake(
            "not inverted",
            "You did not invert the matrix: P is np.linalg.inv(...).",
            lambda liked, regularization: _divided(liked.T @ liked + regularization * np.eye(liked.shape[1])),
        ),
        Mistake(
            "viewers instead of films",
            "You compared viewers: X X^T. Films are columns: liked.T @ liked.",
            lambda liked, regularization: ease(liked.T, regularization),
        ),
        Mistake(
            "regularization left out",
            "The regularization is missing: add it to the diagonal, times np.eye(...), before you invert.",
            lambda liked, regularization: _divided(np.linalg.inv(liked.T @ liked)),
        ),
        Mistake(
            "regularization everywhere",
            "You added the regularization to every number. Add it to the diagonal: times np.eye(...).",
            lambda liked, regularization: _divided(np.linalg.inv(liked.T @ liked + regularization)),
        ),
        Mistake(
            "scores",
            "Those are the scores of the viewers. Return the weights from film to film.",
            lambda liked, regularization: liked @ ease(liked, regularization),
        ),
        Mistake(
            "fill_diagonal returned",
            "Your function returned None. np.fill_diagonal works in place: call it on a line of its own, then return "
            "the weights.",
            lambda liked, regularization: None,
        ),
        Mistake(
            "a film recommends itself",
            "The diagonal is not 0: every film recommends itself best, and nothing is learned. Set it to 0.",
            _ease_with_itself,
        ),
        Mistake(
            "rows and columns exchanged",
            "You divided each row by its diagonal number. Divide each column by it.",
            _ease_by_rows,
        ),
        Mistake(
            "sign forgotten",
            "Divide by minus the diagonal: without the minus, films that go together push each other away.",
            lambda liked, regularization: -ease(liked, regularization),
        ),
    ],
    hints=[
        "Invert liked.T @ liked + regularization * np.eye(number of films).",
        "Divide each column of the inverse by minus its diagonal number: inverse / -np.diag(inverse).",
        "np.fill_diagonal(weights, 0), and return weights.",
    ],
    praise="Five lines that are hard to beat.",
)

q5 = Exercise(
    "5.5",
    "Somebody new",
    a_new_viewer,
    judge=judge_viewer,
    form=as_stars,
    asks="Answer with five films or more, with 0.5 to 5 stars each: some with 4 or more, some with 3 or less.",
    rubric=[
        "Which of the two lists would this person thank you for, and why?",
        "Flip one rating. Does the list follow, and by how much?",
        "What does the list by taste know that no synopsis says?",
    ],
    mistakes=[
        Mistake("too few", "Rate five or more", lambda: {"Alien": 5, "Titanic": 1}),
        Mistake("everything loved", "nothing to tell apart", lambda: dict.fromkeys(a_new_viewer(), 5.0)),
        Mistake("another scale", "0.5 to 5", lambda: {**a_new_viewer(), "Alien": 10}),
        Mistake("an unknown title", "not in the catalog", lambda: {**a_new_viewer(), "Aliennn": 5.0}),
    ],
    hints=[
        "Take somebody you know, and rate what they love and what they would walk out of.",
        'Spell titles as they are in movies["title"].',
        'answer = {"Alien": 5, "Titanic": 1, ...} with five films or more.',
    ],
    praise="Run the next cell: it recommends to your viewer at once.",
)


def _unit(vector):
    return vector / np.linalg.norm(vector)


EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        predict(
            "5.A",
            "Above and below one's mean",
            """
            stars = [5, 3, 1]
            mean = sum(stars) / len(stars)
            [star - mean for star in stars]
            """,
            wrong={
                (5, 3, 1): "Subtract the mean of the three from each.",
                (-2, 0, 2): "Right numbers, wrong signs: 5 stars are above the mean.",
            },
            hint="The mean is 3. Answer with a list of three numbers.",
        ),
        choose(
            "5.B",
            "The price of a graph",
            "HNSW is many times as fast as comparing with every vector. What do you give up?",
            right="it may miss some of the true neighbors",
            wrong={
                "it needs vectors of fewer dimensions": "It takes vectors of any dimension.",
                "it works for the cosine only": "It works for several measures. What does recall@k measure?",
            },
            hint="What is recall@k there for?",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        choose(
            "5.C",
            "No ratings at all",
            "Some films have no ratings at all. Which model ranks them no better than chance?",
            right="EASE",
            wrong={
                "a text profile": "It reads the new film's synopsis, so it knows something.",
                "ContentToCF": "It turns what the catalog says about the new film into a learned vector.",
            },
            hint="Which of them sees nothing but likes?",
        ),
        finish(
            "5.D",
            "A profile",
            "Replace ___ so that films above the viewer's mean count in favor of the profile, and films below the mean "
            "count against it.",
            """
            def profile(vectors, stars):
                weights = stars - stars.mean()
                total = ___
                return total / (total @ total) ** 0.5
            """,
            right="weights @ vectors",
            wrong={
                "stars @ vectors": "With plain stars, even a film that was hated counts for the profile.",
                "vectors.mean(axis=0)": "Every film counts the same, no matter what the stars were.",
            },
            inputs=[
                (np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), np.array([5.0, 1.0, 4.0])),
                (np.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8]]), np.array([2.0, 3.0])),
            ],
            hint="Each film's vector times its weight, added up: a product of an array and a matrix.",
        ),
        predict(
            "5.E",
            "A damped bias",
            """
            stars, mean, damping = [5, 5], 3.5, 4
            sum(star - mean for star in stars) / (len(stars) + damping)
            """,
            wrong={
                1.5: "That is without the damping: divide by 2 + 4.",
                0.75: "You divided by the damping alone. Add the number of ratings to it.",
                3.0: "That is the sum. Divide it.",
            },
            hint="The sum is 3, and it is divided by 2 + 4.",
        ),
    ],
)
