"""What answers in the app: films, their vectors in several spaces, lists of films, and reasons. No widget."""

from __future__ import annotations

import functools
import json
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers import evaluation
from helpers.app.reading import Reader, stop_words
from helpers.app.state import Film, Steering, Wanted, names_in
from helpers.data import LIKED, describe, load_movies, load_ratings, load_vectors
from helpers.encoding import encode, load_encoder
from helpers.recommenders import EASE, ContentProfile, ContentToCF, Hybrid, catalogue_vectors
from helpers.recommenders.base import Recommender, unit
from helpers.search.neighbors import POOL, closest_sentences, diversify, split_sentences, word_contributions

VERY_POPULAR = 0.1  # of the films, those with the most ratings
PREMISE = 0.4  # of a story's sentences come before its turn, or its first one alone
MARKED = 1.25  # a word is marked when it adds this many times as much as the mean word, and is no stop word
LIKE, DISLIKE = 5.0, 1.0  # stars that stand for a click
WARM, COLD = (0.5, 0.5, 0.0), (0.0, 0.75, 0.25)  # what `Hybrid` chooses on the course's ratings, as a test checks
SAMPLE = 1_000  # films whose pairs stand for those of all
SAYS = 0.3  # what it adds to a cosine that a film says all the words of a description
FAR = 0.36  # cosine below which no film is near a text of which no word is known; of 591 such made-up texts, 95%
NEAR = 0.45  # relevance below which no film is near a description; of 95 of films here, 4%, of 88 others, 82%
VARIED = 0.5  # diversity of the list that the app begins with
MAP = Path(__file__).with_name("map.json")  # of the course's films, made by tools/make_map.py


class Space(NamedTuple):
    """A way to be alike: unit rows for every film, and a fitted model for the taste."""

    vectors: np.ndarray
    model: Recommender


class Reason(NamedTuple):
    """Why a film is near: a sentence of each, as pairs of a word and whether it is marked, and their cosine."""

    ours: list[tuple[str, bool]]
    theirs: list[tuple[str, bool]]
    similarity: float


class Map(NamedTuple):
    """The films in the plane, (n, 2) in [0, 1], and what its regions are called: name, x, y."""

    points: np.ndarray
    names: list[tuple[str, float, float]]


class Catalogue:
    """Films to recommend from, in the text space at once, and in the others after `learn`.

    Parameters
    ----------
    movies : pandas.DataFrame
        As from `helpers.data.load_movies`; only ``title`` and ``synopsis`` are needed.
    vectors : numpy.ndarray
        (n_movies, dimensions) of the texts, a row for each film.
    ratings : pandas.DataFrame, optional
        As from `helpers.data.load_ratings`.
    encoder : sentence_transformers.SentenceTransformer, optional
        What made the vectors, and reads what is typed. None: the course's.
    """

    def __init__(
        self, movies: pd.DataFrame, vectors: np.ndarray, ratings: pd.DataFrame | None = None, encoder: Any = None
    ):
        self.movies, self.ratings, self.encoder = movies.sort_index(), ratings, encoder
        if "year" in movies:  # infinity is no year
            self.movies["year"] = self.movies["year"].where(np.isfinite(self.movies["year"]))
        rows = np.asarray(vectors, dtype=np.float32)
        if not movies.index.is_monotonic_increasing:
            rows = rows[np.argsort(movies.index.to_numpy(), kind="stable")]
        rows = unit(rows)
        self.ids = self.movies.index.to_numpy()
        self.titles = self.movies["title"].to_dict()
        self.reader = Reader(self.movies)
        self.spaces = {"text": Space(rows, ContentProfile(rows).fit(None, self.movies))}
        self._one_at_a_time = threading.Lock()
        self._kept: dict[str, np.ndarray] = {}  # vectors of sentences
        self._pairs: dict[str, np.ndarray] = {}  # cosines of all pairs in a space, ascending

    @functools.cached_property
    def genres(self) -> list[str]:
        """Every genre, sorted; empty when the catalogue has none."""
        return sorted(self._genre_counts)

    @functools.cached_property
    def years(self) -> tuple[int, int] | None:
        """First and last year, or None when the catalogue has no year at all."""
        years = self.movies["year"].dropna() if "year" in self.movies else pd.Series(dtype=float)
        return (int(years.min()), int(years.max())) if len(years) else None

    @functools.cached_property
    def popularity(self) -> np.ndarray | None:
        """Share of the viewers who rated each film, (n_movies,), or None without ratings."""
        if self.ratings is None:
            return None
        counts = self.ratings["movie_id"].value_counts().reindex(self.ids, fill_value=0).to_numpy()
        return np.maximum(counts, 0.5) / self.ratings["user_id"].nunique()  # half a rating for films without

    def nearer(self, cosine: float, space: str = "text") -> float:
        """Share of all pairs of films that are nearer than this cosine; of `SAMPLE` films where there are more."""
        if space not in self._pairs:
            rows = self.spaces[space].vectors
            rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE)).astype(int)]
            self._pairs[space] = np.sort((rows @ rows.T)[np.triu_indices(len(rows), 1)])
        pairs = self._pairs[space]
        return 1 - np.searchsorted(pairs, cosine, side="right") / max(len(pairs), 1)

    def cosine(self, film: Film, other: Film, space: str) -> float:
        """The cosine of two films in a space."""
        one, two = self.spaces[space].vectors[self.places([film, other])]
        return float(one @ two)

    def speaking(self, film: Film, near: Film, space: str) -> list[str]:
        """What brings two films together: of both, first the space in which fewer pairs are as near.

        Where a film has no fans, the story comes first.
        """
        halves = ("text", "learned") if space == "hybrid" else (space,)

        def far(half: str) -> tuple[bool, float]:
            unknown = half == "learned" and self.shared_fans(film, near) is None
            return unknown, self.nearer(self.cosine(film, near, half), half)

        return sorted(halves, key=far)

    def shared_fans(self, film: Film, near: Film) -> tuple[float, float] | None:
        """Share of the fans of `near` who like a film, too, and share of all viewers; None if one has no fans."""
        fans, viewers = self._fans
        one, other = (fans.get(each, set()) for each in (near, film))
        return (len(one & other) / len(one), len(other) / viewers) if one and other else None

    def likes_of(self, films: Iterable[Film]) -> int:
        """How many likes of viewers some films have, together."""
        return sum(len(self._fans[0].get(film, ())) for film in films)

    @functools.cached_property
    def _fans(self) -> tuple[dict[Film, set], int]:
        """Viewers who like each film, and how many viewers there are."""
        ratings = pd.DataFrame(self.ratings)
        likes = ratings[ratings["rating"] >= LIKED]
        return likes.groupby("movie_id")["user_id"].agg(set).to_dict(), ratings["user_id"].nunique()

    @functools.cached_property
    def map(self) -> Map:
        """The course's map where these are the course's films, else the two directions in which texts vary most."""
        kept = json.loads(MAP.read_text(encoding="utf-8"))
        if [str(film) for film in self.ids] == list(kept["points"]):
            return Map(np.array(list(kept["points"].values())), [tuple(name) for name in kept["names"]])
        rows = self.spaces["text"].vectors - self.spaces["text"].vectors.mean(axis=0)
        _, directions = np.linalg.eigh(rows.T @ rows)
        plane = rows @ directions[:, -2:]
        spread = np.ptp(plane, axis=0)
        return Map((plane - plane.min(axis=0)) / np.where(spread > 0, spread, 1), [])

    def learn(self) -> None:
        """Fit the models that learn from ratings (seconds), and add their spaces; once."""
        with self._one_at_a_time:
            if "hybrid" in self.spaces:
                return
            hybrid = Hybrid([EASE(), ContentToCF(), ContentProfile(catalogue_vectors)], WARM, COLD)
            learned = hybrid.fit(self.ratings, self.movies).models_[1]
            rows = unit(learned.film_vectors_).astype(np.float32)
            both = np.hstack([self.spaces["text"].vectors, rows]) / np.sqrt(2)
            self.spaces = {**self.spaces, "learned": Space(rows, learned), "hybrid": Space(both, hybrid)}

    def find(self, wanted: Wanted, description: np.ndarray | None = None) -> pd.DataFrame:
        """Make the list that is wanted; by story and audience, where no viewer likes what a list by audience goes by.

        Parameters
        ----------
        wanted : Wanted
            Question, taste, steering and space.
        description : numpy.ndarray, optional
            (dimensions,) the vector of the question's text, if it has one.

        Returns
        -------
        pandas.DataFrame
            Index ``movie_id``, best first, without the film of the question or the films of the taste; no film where a
            text has no word that is known, and none is near. ``strength``,
            the cosine with ``near`` or with the description, or the share of viewers who rated it, or NaN; ``near``,
            the film of the question or the liked film that is nearest (None if there is none).

        Raises
        ------
        KeyError
            When the space is not there: `learn` makes those that learn from ratings.
        """
        taste, question = wanted.taste, wanted.question
        unknown = wanted.space == "learned" and wanted.sources and not self.likes_of(wanted.sources)
        space = self.spaces["hybrid" if unknown else wanted.space]
        left_out = [*taste.likes, *taste.dislikes] if wanted.for_taste else [question.film]
        allowed = self.mask(wanted.steering) & self.reader.having(question) & ~self.movies.index.isin(left_out)
        relevance = np.where(allowed, self._relevance(wanted, space, description), -np.inf)
        if question.genres and wanted.for_taste:  # after those of which it is a main one
            relevance[~np.isin(self._main_genres, question.genres)] -= 1
        pool = np.lexsort((np.arange(len(relevance)), -relevance.round(6)))[: max(POOL, wanted.steering.k)]
        pool = pool[np.isfinite(relevance[pool])]
        diversity = max(wanted.steering.diversity, VARIED if wanted.begins else 0)
        chosen = pool[diversify(relevance[pool], space.vectors[pool], wanted.steering.k, diversity)]
        near = self._nearest_of(wanted, space, chosen)
        if near and near[0] is not None:
            strength = np.einsum("id,id->i", space.vectors[chosen], space.vectors[self.places(near)])
        elif description is not None:
            strength = self.spaces["text"].vectors[chosen] @ description
        elif self.popularity is not None and wanted.begins:
            strength = self.popularity[chosen]
        else:  # a model's score is on a scale of its own
            strength = np.full(len(chosen), np.nan)
        return pd.DataFrame({"strength": strength, "near": near}, pd.Index(self.ids[chosen], name="movie_id"))

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
            allowed &= np.array([not set(steering.genres).isdisjoint(film) for film in self.reader.genres])
        if steering.hide_popular and self.popularity is not None:
            allowed &= self.popularity < np.quantile(self.popularity, 1 - VERY_POPULAR)
        return allowed

    def places(self, films: Iterable[Film]) -> np.ndarray:
        """Rows of some films: (n,)."""
        return np.searchsorted(self.ids, np.asarray([*films], dtype=self.ids.dtype))

    def place(self, film: Film) -> int:
        """Row of a film."""
        return int(self.places([film])[0])

    def shared(self, film: Film, other: Film) -> list[str]:
        """Tags that two films have both, or genres where the catalogue has no tags."""
        column = "tags" if "tags" in self.movies else "genres"
        return sorted(set(self.names(column, film)) & set(self.names(column, other)))

    def names(self, column: str, film: Film) -> list[str]:
        """Genres, tags, cast or direction of a film, in their order; empty where the catalogue has none."""
        names = names_in(self.movies[column].get(film)) if column in self.movies else []
        return [*map(self.reader.spelled, names)] if column in ("director", "cast") else names

    def own_genre(self, film: Film) -> str | None:
        """The rarest of a film's genres, which says most of it."""
        genres = self.names("genres", film)
        return min(genres, key=lambda genre: (self._genre_counts[genre], genre)) if genres else None

    def premise(self, film: Film) -> str:
        """The story before its turn: the first `PREMISE` of its sentences, or the first one alone.

        No more than this is compared and shown by *Why?* in the app, so that a reason never spoils an ending.
        """
        sentences = split_sentences(self.movies["synopsis"][film])
        return " ".join(sentences[: max(1, int(PREMISE * len(sentences)))])

    def reason(self, text: str, film: Film, encoder: Any) -> Reason:
        """Find the two sentences that are nearest, of a text and of a film's premise, and mark what brings them near.

        The text is a description, or another film's premise. Vectors of sentences are made once, and kept.
        """

        def rows_of(sentences: list[str]) -> np.ndarray:
            new = [one for one in dict.fromkeys(sentences) if one not in self._kept]
            if new:
                rows = encoder.encode(new, normalize_embeddings=True, show_progress_bar=False)
                self._kept.update(zip(new, rows, strict=True))
            return np.stack([self._kept[one] for one in sentences])

        ours, theirs, similarity = closest_sentences(text, self.premise(film), rows_of=rows_of)
        marked, marks = (_marked(one, self._kept[other], encoder) for one, other in ((ours, theirs), (theirs, ours)))
        return Reason(marked, marks, similarity)

    def judge(self, films: Sequence[Film]) -> dict[str, dict[str, float]]:
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

    def _relevance(self, wanted: Wanted, space: Space, description: np.ndarray | None) -> np.ndarray:
        """How well each film answers, (n_movies,): a cosine, or for a taste 1 for the best film and 0 for the mean."""
        question = wanted.question
        if description is not None:
            cosines, text = self.spaces["text"].vectors @ description, question.text or ""
            nothing = self.reader.unknown(text)[1] and cosines.max() < FAR
            return np.full(len(cosines), -np.inf) if nothing else cosines + SAYS * self.says(text)
        if question.film is not None:
            return space.vectors @ space.vectors[self.place(question.film)]
        if question.people:
            return self._newest_first
        if not len(wanted.taste):
            return self._beginnings()
        stars = dict.fromkeys(wanted.taste.likes, LIKE) | dict.fromkeys(wanted.taste.dislikes, DISLIKE)
        history = pd.DataFrame(stars.items(), columns=["movie_id", "rating"])
        scores = space.model.fold_in(history, k=len(self.ids)).reindex(self.ids)
        scores -= scores.mean()
        return (scores / (scores.max() or 1)).fillna(-1.0).to_numpy()

    def is_near(self, text: str, found: pd.DataFrame) -> bool:
        """Whether the best film of a list is near a description, by its cosine and by the words that it says."""
        return bool(found["strength"].iloc[0] + SAYS * self.says(text)[self.place(found.index[0])] >= NEAR)

    def says(self, text: str) -> np.ndarray:
        """How much of a text the films say in their first sentences, tags and genres: (n_movies,), 1 for every word.

        A rare word counts more: by the logarithm of how many films there are for one that says it.
        """
        said, most = np.zeros(len(self.ids)), 0.0
        for places in self.reader.places_of(text).values():
            rarity = max(np.log(len(self.ids) / (len(places) + 0.5)), 0)
            said[places] += rarity
            most += rarity
        return said / (most or 1)

    @functools.cached_property
    def _newest_first(self) -> np.ndarray:
        return self.movies["year"].fillna(0).to_numpy() / 10_000 if "year" in self.movies else np.zeros(len(self.ids))

    def _beginnings(self) -> np.ndarray:
        """Where to begin without any taste: with what most viewers know; without ratings, with a few of many kinds."""
        if self.popularity is not None:
            return self.popularity
        rows = self.spaces["text"].vectors
        some = np.linspace(0, len(rows) - 1, min(len(rows), POOL)).astype(int)
        relevance = np.full(len(rows), -1.0)
        chosen = some[diversify(np.zeros(len(some)), rows[some], len(some), 1.0)]
        relevance[chosen] = np.linspace(1, 0, len(chosen))
        return relevance

    def _nearest_of(self, wanted: Wanted, space: Space, places: np.ndarray) -> list:
        """For each film of a list, the film that explains it."""
        question, likes = wanted.question, wanted.taste.likes
        if question.film is not None:
            return [question.film] * len(places)
        if question.text is not None or question.people or not likes:
            return [None] * len(places)
        nearest = (space.vectors[places] @ space.vectors[self.places(likes)].T).argmax(axis=1)
        return [likes[place] for place in nearest]

    @functools.cached_property
    def _main_genres(self) -> list[str]:
        """The first genre of each film, or an empty text."""
        cells = self.movies["genres"] if "genres" in self.movies else [""] * len(self.ids)
        return [(names_in(cell) or [""])[0] for cell in cells]

    @functools.cached_property
    def _genre_counts(self) -> Counter:
        return Counter(genre for film in self.reader.genres for genre in film)


def _marked(sentence: str, vector: np.ndarray, encoder: Any) -> list[tuple[str, bool]]:
    """The words of a sentence, and whether each adds clearly to its cosine with a vector."""
    parts = word_contributions(sentence, vector, encoder).iloc[:-1]
    bare = {word: "".join(filter(str.isalnum, word.casefold())) for word in map(str, parts.index)}
    enough = zip(map(str, parts.index), parts >= MARKED * parts.mean(), strict=True)
    return [(word, bool(much) and len(bare[word]) > 2 and bare[word] not in stop_words()) for word, much in enough]


def course_catalogue(encoder: str | None = None) -> Catalogue:
    """The films of the course, with their simulated ratings, as the course's encoder reads them or another one."""
    movies, loaded = load_movies(), load_encoder(encoder) if encoder else None
    vectors = encode(movies["synopsis"], loaded) if loaded else load_vectors(movies)
    return Catalogue(movies, vectors, load_ratings(), loaded)


def csv_catalogue(
    csv: str | Path, title_column: str | None = None, text_column: str | None = None, **columns: Any
) -> Catalogue:
    """Any catalogue from a file; see `helpers.data.describe`. Texts are encoded, or come from the cache."""
    described = describe(csv, title_column=title_column, text_column=text_column, **columns)
    encoder = load_encoder(described.encoder) if described.encoder else None
    movies = described.films()
    return Catalogue(movies, encode(movies["synopsis"], encoder), encoder=encoder)
