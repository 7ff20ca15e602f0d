"""What answers in the demo: films, their vectors in several spaces, lists of films, and reasons. No widget."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers import evaluation
from helpers.app.state import Question, Steering, Wanted
from helpers.data import load_movies, load_ratings, load_vectors
from helpers.recommenders import EASE, ContentProfile, ContentToCF, Hybrid, catalogue_vectors
from helpers.recommenders.base import Recommender, unit
from helpers.search.neighbors import POOL, diversify, split_sentences, word_contributions
from helpers.titles import TitleLookup

VERY_POPULAR = 0.1  # of the films, those with the most ratings
MARKED = 1.25  # a word is marked when it adds this many times as much as the mean word,
LETTERS = 4  # and has as many letters: "the" explains nothing
LIKE, DISLIKE = 5.0, 1.0  # stars that stand for a click
WARM, COLD = (0.5, 0.5, 0.0), (0.0, 0.75, 0.25)  # what `Hybrid` chooses on the course's ratings, as a test checks


class Space(NamedTuple):
    """A way to be alike: unit rows for every film, and a fitted model for the taste."""

    vectors: np.ndarray
    model: Recommender


class Sentence(NamedTuple):
    """A sentence as pairs of a word and whether it is marked."""

    words: list[tuple[str, bool]]


class Reason(NamedTuple):
    """Why two films are near: a sentence of each, and the cosine of the two."""

    ours: Sentence
    theirs: Sentence
    similarity: float


class Catalogue:
    """Films to recommend from, in the text space at once, and in the others after `learn`.

    Parameters
    ----------
    movies : pandas.DataFrame
        As from `helpers.data.load_movies`; ``title`` and ``synopsis`` are needed, ``year``, ``genres`` and ``tags``
        are used where they stand.
    vectors : numpy.ndarray
        (n_movies, dimensions) of the texts, a row for each film.
    ratings : pandas.DataFrame, optional
        Ratings of these films, as from `helpers.data.load_ratings`.
    """

    def __init__(self, movies: pd.DataFrame, vectors: np.ndarray, ratings: pd.DataFrame | None = None):
        self.movies, self.ratings = movies.sort_index(), ratings
        if "year" in movies:  # infinity is no year
            self.movies["year"] = self.movies["year"].where(np.isfinite(self.movies["year"]))
        rows = np.asarray(vectors, dtype=np.float32)[np.argsort(movies.index.to_numpy(), kind="stable")]
        self.ids = self.movies.index.to_numpy()
        self.titles = self.movies["title"].to_dict()
        self.lookup = TitleLookup(self.movies["title"], self.movies.get("year"))
        self.spaces = {"text": Space(unit(rows), ContentProfile(rows).fit(None, self.movies))}
        self._sentences: dict[object, tuple[list[str], np.ndarray]] = {}

    @functools.cached_property
    def genres(self) -> list[str]:
        """Every genre, sorted; empty when the catalogue has none."""
        return sorted({genre for film in self._sets["genres"] for genre in film})

    @functools.cached_property
    def years(self) -> tuple[int, int] | None:
        """First and last year, or None when the catalogue has no year at all."""
        years = self.movies["year"].dropna() if "year" in self.movies else []
        return (int(min(years)), int(max(years))) if len(years) else None

    @functools.cached_property
    def popularity(self) -> np.ndarray | None:
        """Share of the viewers who rated each film, (n_movies,), or None without ratings."""
        if self.ratings is None:
            return None
        counts = self.ratings["movie_id"].value_counts().reindex(self.ids, fill_value=0).to_numpy()
        return np.maximum(counts, 0.5) / self.ratings["user_id"].nunique()  # half a rating for films without

    @functools.cached_property
    def points(self) -> np.ndarray:
        """The films in the plane, (n_movies, 2) in [0, 1]: the two directions in which the text vectors vary most."""
        rows = self.spaces["text"].vectors - self.spaces["text"].vectors.mean(axis=0)
        _, directions = np.linalg.eigh(rows.T @ rows)
        plane = rows @ directions[:, -2:]
        lowest, spread = plane.min(axis=0), np.ptp(plane, axis=0)
        return (plane - lowest) / np.where(spread > 0, spread, 1)

    def learn(self) -> None:
        """Fit the models that learn from ratings (seconds), and add their spaces; once."""
        if "hybrid" in self.spaces:
            return
        hybrid = Hybrid([EASE(), ContentToCF(), ContentProfile(catalogue_vectors)], WARM, COLD)
        hybrid.fit(self.ratings, self.movies)
        learned = hybrid.models_[1]
        rows = unit(learned.film_vectors_).astype(np.float32)
        both = np.hstack([self.spaces["text"].vectors, rows]) / np.sqrt(2)
        self.spaces = {**self.spaces, "learned": Space(rows, learned), "hybrid": Space(both, hybrid)}

    def find(self, wanted: Wanted, description: np.ndarray | None = None) -> pd.DataFrame:
        """Make the list that is wanted.

        Parameters
        ----------
        wanted : Wanted
            Question, taste, steering and space.
        description : numpy.ndarray, optional
            (dimensions,) the vector of the question's text, if it has one.

        Returns
        -------
        pandas.DataFrame
            Index ``movie_id``, best first: ``strength`` in [0, 1] for the bar, and ``near``, the film of the question
            or the liked film that is nearest (None if there is none). The film of the question is left out; from a
            list for the taste, the films of the taste are.

        Raises
        ------
        KeyError
            When the space is not there: `learn` makes those that learn from ratings.
        """
        space = self.spaces[wanted.space]
        allowed = self.mask(wanted.steering) & ~np.isin(self.ids, self._left_out(wanted))
        relevance = self._relevance(wanted, space, description)
        relevance = np.where(allowed, relevance, -np.inf)
        pool = np.lexsort((np.arange(len(relevance)), -relevance.round(6)))[: max(POOL, wanted.steering.k)]
        pool = pool[np.isfinite(relevance[pool])]
        chosen = pool[diversify(relevance[pool], space.vectors[pool], wanted.steering.k, wanted.steering.diversity)]
        index = pd.Index(self.ids[chosen], name="movie_id")
        near = self._nearest_of(wanted, space, chosen)
        return pd.DataFrame({"strength": relevance[chosen].clip(0, 1), "near": near}, index=index)

    def mask(self, steering: Steering) -> np.ndarray:
        """Tell which films the steering allows: (n_movies,) bool. A film without year or genres passes no filter."""
        allowed = np.ones(len(self.ids), dtype=bool)
        if self.years:
            years = self.movies["year"].to_numpy(float)
            first, last = steering.first_year, steering.last_year
            if first is not None and first > self.years[0]:
                allowed &= years >= first
            if last is not None and last < self.years[1]:
                allowed &= years <= last
        if steering.genres:
            allowed &= np.array([not film.isdisjoint(steering.genres) for film in self._sets["genres"]])
        if steering.hide_popular and self.popularity is not None:
            allowed &= self.popularity < np.quantile(self.popularity, 1 - VERY_POPULAR)
        return allowed

    def places(self, films) -> np.ndarray:
        """Rows of some films: (n,)."""
        return np.searchsorted(self.ids, np.asarray(films, dtype=self.ids.dtype))

    def shared(self, film, other) -> list[str]:
        """Tags that two films have both, or genres where the catalogue has no tags."""
        column = "tags" if "tags" in self.movies else "genres"
        sets = self._sets[column]
        return sorted(sets[self._place(film)] & sets[self._place(other)])

    def reason(self, film, other, encoder) -> Reason:
        """Find the two sentences, one of each film, that are nearest, and mark the words that bring them together."""
        (ours, our_rows), (theirs, their_rows) = (self._encoded(one, encoder) for one in (film, other))
        similarities = our_rows @ their_rows.T
        one, another = np.unravel_index(similarities.argmax(), similarities.shape)
        return Reason(
            _marked(ours[one], their_rows[another], encoder),
            _marked(theirs[another], our_rows[one], encoder),
            float(similarities[one, another]),
        )

    def reason_for_text(self, text: str, film, encoder) -> Reason:
        """The same for a description instead of a first film."""
        vector = encoder.encode([text], normalize_embeddings=True, show_progress_bar=False)[0]
        theirs, rows = self._encoded(film, encoder)
        another = int((rows @ vector).argmax())
        similarity = float(rows[another] @ vector)
        return Reason(_marked(text, rows[another], encoder), _marked(theirs[another], vector, encoder), similarity)

    def judge(self, films) -> dict[str, dict[str, float]]:
        """Judge lists by diversity (and novelty, if there are ratings): this one, the most popular, one at random.

        Diversity is 1 minus the mean cosine of the pairs of a list, in the text space; novelty is in bits. See
        `helpers.evaluation`.
        """
        k = len(films)
        lists = {"this list": self.places(films)}
        if self.popularity is not None:
            lists["most popular"] = np.argsort(-self.popularity, kind="stable")[:k]
        lists["at random"] = np.random.default_rng(0).permutation(len(self.ids))[:k]
        figures = {}
        for name, places in lists.items():
            figures[name] = {"diversity": float(evaluation.diversity(places[None], self.spaces["text"].vectors)[0])}
            if self.popularity is not None:
                figures[name]["novelty"] = float(evaluation.novelty(places[None], self.popularity)[0])
        return figures

    def _relevance(self, wanted: Wanted, space: Space, description) -> np.ndarray:
        """How well each film answers, (n_movies,): a cosine, or for a taste 1 for the best film and 0 for the mean."""
        question = wanted.question
        if question.text is not None:
            return self.spaces["text"].vectors @ np.asarray(description, dtype=np.float32)
        if question.film is not None:
            return space.vectors @ space.vectors[self._place(question.film)]
        if not len(wanted.taste):
            return self._beginnings()
        history = pd.DataFrame(
            {
                "movie_id": [*wanted.taste.likes, *wanted.taste.dislikes],
                "rating": [LIKE] * len(wanted.taste.likes) + [DISLIKE] * len(wanted.taste.dislikes),
            }
        )
        scores = space.model.fold_in(history, k=len(self.ids)).reindex(self.ids).to_numpy()
        known = scores[~np.isnan(scores)]
        spread = known.max() - known.mean() if len(known) else 0
        return np.nan_to_num((scores - (known.mean() if len(known) else 0)) / (spread or 1), nan=-1.0)

    def _beginnings(self) -> np.ndarray:
        """Where to begin without any taste: with what most viewers know; without ratings, in the catalogue's order."""
        if self.popularity is not None:
            return self.popularity / self.popularity.max()
        return np.linspace(1, 0, len(self.ids))

    def _left_out(self, wanted: Wanted) -> list:
        if wanted.question == Question():
            return [*wanted.taste.likes, *wanted.taste.dislikes]
        return [] if wanted.question.film is None else [wanted.question.film]

    def _nearest_of(self, wanted: Wanted, space: Space, places: np.ndarray) -> list:
        """For each film of a list, the film that explains it."""
        if wanted.question.film is not None:
            return [wanted.question.film] * len(places)
        likes = wanted.taste.likes
        if wanted.question.text is not None or not likes:
            return [None] * len(places)
        nearest = (space.vectors[places] @ space.vectors[self.places(likes)].T).argmax(axis=1)
        return [likes[place] for place in nearest]

    def _encoded(self, film, encoder) -> tuple[list[str], np.ndarray]:
        """Sentences of a film and their vectors, made once."""
        if film not in self._sentences:
            sentences = split_sentences(self.movies["synopsis"][film])
            rows = encoder.encode(sentences, normalize_embeddings=True, show_progress_bar=False)
            self._sentences[film] = sentences, rows
        return self._sentences[film]

    @functools.cached_property
    def _sets(self) -> dict[str, list[frozenset]]:
        """Genres and tags of every film."""
        sets = {}
        for column in ("genres", "tags"):
            cells = self.movies[column].fillna("") if column in self.movies else [""] * len(self.movies)
            sets[column] = [frozenset(name for name in cell.split("|") if name) for cell in cells]
        return sets

    def _place(self, film) -> int:
        return int(self.places([film])[0])


def _marked(sentence: str, vector: np.ndarray, encoder) -> Sentence:
    parts = word_contributions(sentence, vector, encoder).iloc[:-1]
    enough = MARKED * parts.mean()
    long = [sum(map(str.isalnum, word)) >= LETTERS for word in parts.index]
    return Sentence([(word, part >= enough and fits) for (word, part), fits in zip(parts.items(), long, strict=True)])


def course_catalogue() -> Catalogue:
    """The films of the course, with their simulated ratings."""
    movies = load_movies()
    return Catalogue(movies, load_vectors(movies), load_ratings())


def csv_catalogue(csv, title_column: str | None = None, text_column: str | None = None, **columns) -> Catalogue:
    """Any catalogue from a CSV file; see `helpers.data.load_movies`. Texts are encoded, or come from the cache."""
    from helpers.encoding import encode

    movies = load_movies(csv, title_column, text_column, **columns)
    return Catalogue(movies, encode(movies["synopsis"]))
