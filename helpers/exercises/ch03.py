"""Exercises of notebook 03, Encode."""

from __future__ import annotations

import functools
import importlib.util
import math
import re
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.feature_extraction.text import TfidfVectorizer

from helpers.data import DATA_DIR, load_movies, load_vectors
from helpers.encoding import encode, split_long_text
from helpers.encoding.languages import diagnose
from helpers.exercises.checker import Exercise, JudgedError, Mistake, Right, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, finish, predict
from helpers.exercises.running import aloud
from helpers.files import read_arrays
from helpers.search import NeighborIndex, tag_overlap, tag_overlaps

EVERY = 10  # an open answer is tried on one film in so many
CHARACTERS = 20_000  # of a text, more than any encoder reads
COPIED = 0.2  # share of the tags in a text, beyond those in the film's other columns, that is no accident


def idf(n_documents, n_with_word):
    """Inverse document frequency, smoothed as in scikit-learn."""
    return math.log((1 + n_documents) / (1 + n_with_word)) + 1


def mean_pool(token_vectors, mask):
    """Mean of the vectors of the real tokens: those whose mask is 1."""
    real = np.asarray(mask, dtype=bool)
    return np.asarray(token_vectors)[real].mean(axis=0)


def pieces(tokens, size):
    """Cut a list of tokens into pieces of at most `size`, in order, with nothing lost."""
    return [tokens[start : start + size] for start in range(0, len(tokens), size)]


def centered(vectors):
    """Subtract the mean vector, and scale every row to length 1 again."""
    moved = vectors - vectors.mean(axis=0)
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def text_of(film):
    """The text to embed for a film: the title, the genres and the beginning of the synopsis."""
    return f"{film['title']}. {film['genres'].replace('|', ', ')}. {' '.join(film['synopsis'].split()[:80])}"


def _tokens(rng):
    vectors = rng.normal(size=(6, 4))
    return vectors, rng.permutation([1, 1, 1, 0, 0, int(rng.random() < 0.5)])


@functools.lru_cache(maxsize=1)
def _sample() -> tuple[pd.DataFrame, float]:
    """Some films, and how many tags two of them share by chance."""
    films = load_movies().iloc[::EVERY]
    tags = films["tags"].str.get_dummies("|").to_numpy(float)
    shared, counts = tags @ tags.T, tags.sum(axis=1)
    jaccard = shared / (counts[:, None] + counts - shared)
    return films, float(jaccard[~np.eye(len(films), dtype=bool)].mean())


def judge_text(answer) -> str | None:
    """Encode some films as the learner's function writes them, and count the tags that neighbors share."""
    if not callable(answer):
        return "The answer is a function from a film, a row of movies, to a text."
    films, chance = _sample()
    try:
        texts = [answer(film) for _, film in films.iterrows()]
    except JudgedError as reason:
        columns = f" A film has {', '.join(map(str, films))}." if "KeyError" in str(reason) else ""
        columns += ' Take one column at a time: film["title"] + " " + film["genres"].' * ("tuple" in str(reason))
        raise JudgedError(f"{reason}{columns}") from None
    if any(text is None for text in texts):
        return "Your function returned None. Is there a return at its end?"
    if all(isinstance(text, list) or (isinstance(text, pd.Series) and text.index.isin(films).all()) for text in texts):
        return 'Your function returned several values. Make one text of them: " ".join(...).'
    if any(isinstance(text, pd.Series) for text in texts):
        return 'Your function returned a whole column. It gets one film: film["title"], not movies["title"].'
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return "The function has to return a text, and never an empty one."
    if max(map(len, texts)) > CHARACTERS:
        return f"A text has more than {CHARACTERS:,} characters, which no encoder reads. Keep to what matters."
    if copies_tags(answer, texts, films):
        return "Your text contains the tags, and tags are the judge here: it would win by copying. Leave them out."
    aloud(f"Encoding the texts of {len(films)} films, which may take up to a minute ...")
    reached = tag_overlap(encode(texts), films)
    measured = (
        f"Among these {len(films)} films, neighbors share {reached:.2f} of their tags; by chance {chance:.2f}. (With "
        "all films to choose from, neighbors are nearer, so the notebook's figures are higher.)"
    )
    if reached > 1.3 * chance:
        return Right(measured)
    return f"{measured} That is hardly more than chance: say more about each film."


def copies_tags(answer, texts, films) -> bool:
    """Whether texts change with the tags, or hold more of them than the other columns do."""
    first = films.iloc[0].copy()
    first["tags"] = "tag one|another tag|a third"
    if answer(first) != texts[0]:
        return True
    others = films.drop(columns="tags").astype(str).agg(" ".join, axis=1)
    return bool(np.mean([_shares(texts, films), -_shares(others, films)]) > COPIED / 2)


def _shares(texts, films) -> float:
    """Mean share of the tags of a film that stand in its text."""
    pairs = zip(texts, films["tags"], strict=True)
    return float(np.mean([np.mean([tag in text.lower() for tag in tags.lower().split("|")]) for text, tags in pairs]))


# ---- experiments of the notebook, whose cells show their tables ------------------------------------------------


def interval(gain: np.ndarray) -> str:
    """Write the mean of gains and its 95% interval (normal approximation), such as ``+0.010 [+0.007, +0.013]``."""
    half = 1.96 * gain.std() / len(gain) ** 0.5
    return f"{gain.mean():+.3f} [{gain.mean() - half:+.3f}, {gain.mean() + half:+.3f}]"


def share(found: np.ndarray) -> str:
    """Write a share and its 95% interval (Wilson, 1927), such as ``0.33 [0.19, 0.52]``."""
    limits = binomtest(int(found.sum()), len(found)).proportion_ci(method="wilson")
    return f"{found.mean():.2f} [{limits.low:.2f}, {limits.high:.2f}]"


def seconds(work: Callable[[], object]) -> float:
    """Measure how long something takes, in seconds of a clock on the wall."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def time_formats(vectors: np.ndarray, ids: pd.Index) -> pd.DataFrame:
    """Write vectors to a file and read them back, in each format: a row per ending of the file's name.

    Returns
    -------
    pandas.DataFrame
        Size in MB, seconds to write and to read, and whether the numbers are the same. Parquet needs pyarrow.
    """
    table = pd.DataFrame(vectors, index=ids).rename(columns=str)
    ways: dict[str, tuple[Callable, Callable]] = {
        ".csv": (table.to_csv, lambda path: pd.read_csv(path, index_col=0).to_numpy(np.float32)),
        ".npy": (lambda path: np.save(path, vectors), np.load),
        ".npz": (lambda path: np.savez_compressed(path, vectors=vectors), lambda path: np.load(path)["vectors"]),
    }
    if importlib.util.find_spec("pyarrow"):
        ways[".parquet"] = (table.to_parquet, lambda path: pd.read_parquet(path).to_numpy())
    found: dict[str, list] = {}
    with tempfile.TemporaryDirectory() as folder:
        for ending, (write, read) in ways.items():
            path = Path(folder, f"vectors{ending}")
            times = [seconds(functools.partial(way, path)) for way in (write, read)]
            found[ending] = [path.stat().st_size / 1e6, *times, np.array_equal(read(path), vectors)]
    columns = ["size in MB", "seconds to write", "seconds to read", "same numbers"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


def times_named(vectors: np.ndarray) -> np.ndarray:
    """Count how often each row is among the five nearest of others: (n,)."""
    near, _ = NeighborIndex(vectors).search(vectors, 6)
    return np.bincount(near[near != np.arange(len(vectors))[:, None]], minlength=len(vectors))


def ask_for_endings(movies: pd.DataFrame, encoder) -> pd.DataFrame:
    """Search for films by their ends: in their own last two sentences, and told in different words.

    All films whose synopsis the encoder reads whole, and the films of ``endings.csv``, can be found.

    Parameters
    ----------
    movies : pandas.DataFrame
        The films of the course.
    encoder : sentence_transformers.SentenceTransformer
        By which the vectors that come with the course were made.

    Returns
    -------
    pandas.DataFrame
        A row per way of reading a long text; the share of films found first, and among the first ten, with their
        intervals, for both kinds of questions.
    """
    asked = pd.read_csv(DATA_DIR / "endings.csv", index_col="movie_id")["question"]
    tokens = movies["synopsis"].map(lambda text: len(encoder.tokenizer(text)["input_ids"]))
    films = movies[(tokens <= encoder.max_seq_length) | movies.index.isin(asked.index)]
    place = films.index.get_indexer(asked.index)
    texts = films["synopsis"].iloc[place]
    cut = [split_long_text(text, encoder) for text in texts]
    of_film = np.repeat(np.arange(len(cut)), [len(split) for split in cut])
    pieces = encode([piece for split in cut for piece in split], encoder)
    length = np.array([len(piece) for split in cut for piece in split])
    beginnings = load_vectors(films)
    words = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    counts = words.fit_transform(films["synopsis"])
    last = texts.map(lambda text: " ".join(re.split(r"(?<=[.!?]) ", text)[-2:]))
    found: dict[str, list] = {}
    for questions in (last, asked):
        query = encode(questions, encoder)
        best = [(query @ pieces[of_film == film].T).max(axis=1) for film in range(len(cut))]
        ours = {"beginning": query @ beginnings[place].T, "best piece": np.array(best).T}
        for name, weight in (("mean of pieces", np.ones(len(pieces))), ("mean weighted by length", length)):
            sums = np.array([weight[of_film == film] @ pieces[of_film == film] for film in range(len(cut))])
            ours[name] = query @ _unit(sums).T
        scores = {"TF-IDF of the whole text": (words.transform(questions) @ counts.T).toarray()}
        for name, own in ours.items():
            scores[name] = query @ beginnings.T
            scores[name][:, place] = own
        for name, score in scores.items():
            rank = (score > score[np.arange(len(place)), place][:, None]).sum(axis=1)
            found.setdefault(name, []).extend([share(rank < 1), share(rank < 10)])
    kinds = [f"{kind}, {what}" for kind in ("own words", "different words") for what in ("first", "first ten")]
    return pd.DataFrame(found, index=kinds).T


def compare_encoders(movies: pd.DataFrame, encoder) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge the vectors of two encoders by shared tags, and by 120 descriptions that have to find their film.

    Returns
    -------
    per_film, per_question : pandas.DataFrame
        A column per encoder: shared tags of each film and its nearest, also for centered vectors, and whether each
        description found its film first, and among the first ten.
    """
    asked = pd.read_csv(DATA_DIR / "descriptions.csv")
    right = movies.index.get_indexer(pd.Index(asked["movie_id"]))
    large = read_arrays(DATA_DIR / "vectors_mpnet.npz")["questions"].astype(np.float32)
    queries = {"all-MiniLM-L6-v2": encode(asked["description"], encoder), "all-mpnet-base-v2": large}
    per_film, per_question = {}, {}
    for name, query in queries.items():
        vectors = load_vectors(movies, name)
        score = query @ vectors.T
        rank = (score > score[np.arange(len(right)), right][:, None]).sum(axis=1)
        per_film[f"{name}, shared tags"], per_film[f"{name}, shared tags, centered"] = (
            tag_overlaps(rows, movies) for rows in (vectors, centered(vectors))
        )
        per_question[f"{name}, first"], per_question[f"{name}, in first ten"] = rank < 1, rank < 10
    return pd.DataFrame(per_film), pd.DataFrame(per_question).astype(float)


def topics_by_language(texts: pd.DataFrame, encoder) -> pd.DataFrame:
    """Count, language by language, how many of the three nearest of a text are of its topic.

    Parameters
    ----------
    texts : pandas.DataFrame
        Columns ``topic``, ``language``, ``text``, as in ``languages.csv``.
    encoder : sentence_transformers.SentenceTransformer
        Compared with ``"tfidf"``.

    Returns
    -------
    pandas.DataFrame
        A row per language, and one for all texts together.
    """
    found = {}
    for language, some in [*texts.groupby("language"), ("all six", texts)]:
        known, topics = diagnose(some["text"], encoder.tokenizer), some["topic"].to_numpy()
        found[language] = [known.unknown, known.foreign]
        for name in (encoder, "tfidf"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that the encoder is of another language is what is shown
                vectors = encode(some["text"], name)
            near, _ = NeighborIndex(vectors).search(vectors, 4)
            found[language].append((topics[near[:, 1:]] == topics[:, None]).mean())
    columns = ["unknown tokens", "foreign texts", "English encoder", "tfidf"]
    return pd.DataFrame(found, index=columns).T


q1 = Exercise(
    "3.1",
    "The weight of a rare word",
    idf,
    inputs=[(1000, 1), (1000, 1000), (10, 3)],
    random_inputs=lambda rng: (int(rng.integers(100, 5000)), int(rng.integers(1, 100))),
    mistakes=[
        Mistake(
            "base 2",
            "That is the logarithm to base 2. The formula has the natural one: math.log.",
            lambda n, with_word: math.log2((1 + n) / (1 + with_word)) + 1,
        ),
        Mistake(
            "logarithm of the upper part",
            "You took the logarithm of the numerator only. Close its parenthesis after the whole fraction.",
            lambda n, with_word: math.log(1 + n) / (1 + with_word) + 1,
        ),
        Mistake(
            "two logarithms divided",
            "You divided one logarithm by another. Take one logarithm, of the fraction.",
            lambda n, with_word: math.log(1 + n) / math.log(1 + with_word) + 1,
        ),
        Mistake(
            "the fraction upside down",
            "You divided the other way around, so common words get the most weight. Rare words should.",
            lambda n, with_word: math.log((1 + with_word) / (1 + n)) + 1,
        ),
        Mistake(
            "no logarithm",
            "Without the logarithm, a word in one film counts hundreds of times as much as a common word.",
            lambda n, with_word: (1 + n) / (1 + with_word) + 1,
        ),
        Mistake(
            "logarithm to base 10",
            "That is the logarithm to base 10. The natural one is math.log.",
            lambda n, with_word: math.log10((1 + n) / (1 + with_word)) + 1,
        ),
        Mistake(
            "the last one inside the logarithm",
            "The 1 at the end is inside your logarithm. Close the parenthesis before it.",
            lambda n, with_word: math.log((1 + n) / (1 + with_word) + 1),
        ),
        Mistake(
            "parentheses missing above",
            "Only the number of texts is divided, not the 1 before it. Put the numerator in parentheses.",
            lambda n, with_word: math.log(1 + n / (1 + with_word)) + 1,
        ),
        Mistake(
            "parentheses missing",
            "Python divides first and adds later. Put the numerator and the denominator in parentheses.",
            lambda n, with_word: math.log(1 + n / 1 + with_word) + 1,
        ),
        Mistake(
            "whole numbers only",
            "// cuts off what comes after the point. Divide with a single /.",
            lambda n, with_word: math.log((1 + n) // (1 + with_word)) + 1,
        ),
        Mistake(
            "not smoothed",
            "You left out the ones inside the fraction. They keep it from dividing by zero.",
            lambda n, with_word: math.log(n / with_word) + 1,
        ),
        Mistake(
            "not smoothed above",
            "The 1 above the line is missing: the numerator is 1 + n.",
            lambda n, with_word: math.log(n / (1 + with_word)) + 1,
        ),
        Mistake(
            "not smoothed below",
            "The 1 below the line is missing. It keeps a word that no text has from dividing by zero.",
            lambda n, with_word: math.log((1 + n) / with_word) + 1,
        ),
        Mistake(
            "not smoothed, and the last one forgotten",
            "The formula adds 1 to both numbers of the fraction, and 1 more at the end.",
            lambda n, with_word: math.log(n / with_word),
        ),
        Mistake(
            "the last one forgotten",
            "Add 1 at the end, so that a word in every film still counts a little.",
            lambda n, with_word: math.log((1 + n) / (1 + with_word)),
        ),
    ],
    hints=[
        "Write the fraction first, with parentheses around the numerator and around the denominator.",
        "The fraction has 1 + n_documents above and 1 + n_with_word below.",
        "math.log((1 + n_documents) / (1 + n_with_word)) + 1",
    ],
    praise="That is the weight that scikit-learn computes for every word of every film in the next cell.",
)

q2 = Exercise(
    "3.2",
    "Mean pooling",
    mean_pool,
    inputs=[
        (np.array([[1.0, 0.0], [3.0, 4.0], [9.0, 9.0]]), np.array([1, 1, 0])),
        (np.array([[9.0, 9.0], [1.0, 0.0], [3.0, 4.0]]), np.array([0, 1, 1])),
    ],
    random_inputs=_tokens,
    mistakes=[
        Mistake(
            "mask as positions",
            "As an index, the 0 and 1 of the mask are positions: you took rows 0 and 1 again and again. mask == 1 "
            "says which rows to keep.",
            lambda vectors, mask: vectors[mask].mean(axis=0),
        ),
        Mistake(
            "mask as positions, no mean",
            "As an index, 0 and 1 are positions. mask == 1 keeps the real rows; then take their mean.",
            lambda vectors, mask: vectors[mask],
        ),
        Mistake(
            "no mean",
            "Those are the real tokens. Take their mean, over the rows: axis=0.",
            lambda vectors, mask: vectors[np.asarray(mask) == 1],
        ),
        Mistake(
            "padding only",
            "That is the mean of the padding. Keep the rows whose mask is 1.",
            lambda vectors, mask: vectors[np.asarray(mask) == 0].mean(axis=0),
        ),
        Mistake(
            "largest instead of mean",
            "You took the largest number of each column (max pooling). Take the mean.",
            lambda vectors, mask: vectors[np.asarray(mask) == 1].max(axis=0),
        ),
        Mistake(
            "scaled",
            "You scaled the mean to length 1. That comes later; return the mean itself.",
            lambda vectors, mask: mean_pool(vectors, mask) / np.linalg.norm(mean_pool(vectors, mask)),
        ),
        Mistake(
            "the first rows",
            "You took as many rows as there are ones, from the top. The padding may come first: go by the mask.",
            lambda vectors, mask: vectors[: int(np.sum(mask))].mean(axis=0),
        ),
        Mistake(
            "one number for the whole text",
            "That is a single number for the whole text. Take the mean over the tokens only: axis=0.",
            lambda vectors, mask: float(vectors[np.asarray(mask, dtype=bool)].mean()),
        ),
        Mistake(
            "padding counted",
            "You took the mean over all rows. Rows whose mask is 0 are padding, put there to make all texts "
            "equally long.",
            lambda vectors, mask: vectors.mean(axis=0),
        ),
        Mistake(
            "padding in the sum",
            "You divided by the number of real tokens, but the padding is still in the sum.",
            lambda vectors, mask: vectors.sum(axis=0) / np.sum(mask),
        ),
        Mistake(
            "padding as zeros",
            "The sum leaves the padding out, but you still divide by all rows. Divide by the number of real tokens.",
            lambda vectors, mask: (vectors * np.asarray(mask)[:, None]).mean(axis=0),
        ),
        Mistake(
            "sum instead of mean",
            "That is the sum: long texts would get long vectors. Divide by the number of real tokens.",
            lambda vectors, mask: vectors[np.asarray(mask, dtype=bool)].sum(axis=0),
        ),
        Mistake(
            "mean of every token",
            "You took the mean along each token, one number per token. Take it over the tokens: axis=0.",
            lambda vectors, mask: vectors[np.asarray(mask, dtype=bool)].mean(axis=1),
        ),
        Mistake(
            "first token only",
            "That is the vector of the first token. Some encoders use it; this one takes the mean of all.",
            lambda vectors, mask: vectors[0],
        ),
    ],
    hints=[
        "token_vectors[mask == 1] keeps the rows of real tokens.",
        "mean(axis=0) is the mean over rows.",
        "token_vectors[np.asarray(mask) == 1].mean(axis=0)",
    ],
    praise="This step turns one vector per token into one vector per text.",
)

q3 = Exercise(
    "3.3",
    "Cut into pieces",
    pieces,
    inputs=[
        (list("abcdefgh"), 3),
        (list("abcdefg"), 3),
        (list("abcd"), 2),
        (list("ab"), 5),
        (list("abc"), 1),
        (list("banana"), 4),
    ],
    mistakes=[
        Mistake(
            "an empty piece at the end",
            "Your last piece is empty when the tokens come out even. Stop before it: range(0, len(tokens), size).",
            lambda tokens, size: [tokens[i * size : (i + 1) * size] for i in range(len(tokens) // size + 1)],
        ),
        Mistake(
            "a fixed end",
            "Your slices all end at `size`. A piece ends `size` after its own start.",
            lambda tokens, size: [tokens[i:size] for i in range(0, len(tokens), size)],
        ),
        Mistake(
            "pieces too short by one",
            "Your pieces are one token short, and a token is lost each time. A slice leaves out its second number.",
            lambda tokens, size: [tokens[i : i + size - 1] for i in range(0, len(tokens), size)],
        ),
        Mistake(
            "every size-th",
            "You dealt the tokens out like cards. A piece is a run of neighbors: tokens[start : start + size].",
            lambda tokens, size: [tokens[i::size] for i in range(size)],
        ),
        Mistake(
            "so many pieces instead of so long",
            "Those are `size` pieces, about equally long, as np.array_split makes them. Make pieces of `size` tokens.",
            lambda tokens, size: [piece.tolist() for piece in np.array_split(tokens, size)],
        ),
        Mistake(
            "nothing cut",
            "Nothing is cut: all tokens are in one piece.",
            lambda tokens, size: [tokens],
        ),
        Mistake(
            "the rest lost",
            "The last, shorter piece is lost: the ending of every text. Keep it.",
            lambda tokens, size: [tokens[i * size : (i + 1) * size] for i in range(len(tokens) // size)],
        ),
        Mistake(
            "the last piece lost",
            "The last piece is lost: the ending of every text. range(0, len(tokens), size) stops in time.",
            lambda tokens, size: [tokens[i : i + size] for i in range(0, len(tokens) - size, size)],
        ),
        Mistake(
            "one piece instead of a list of pieces",
            "That is the first piece itself, not a list of pieces. Is there a return inside the loop?",
            lambda tokens, size: tokens[:size],
        ),
        Mistake(
            "pieces too long by one",
            "Your pieces hold one token more than allowed. A slice ends before its second number.",
            lambda tokens, size: [tokens[i : i + size + 1] for i in range(0, len(tokens), size + 1)],
        ),
        Mistake(
            "one token too many, and the rest at the end",
            "Your pieces hold one token too many: close a piece as soon as it has `size` tokens, with >=, not >.",
            lambda tokens, size: ([tokens[i : i + size + 1] for i in range(0, len(tokens) + 1, size + 1)]),
        ),
        Mistake(
            "pieces joined to texts",
            "A piece is a list of tokens: leave the join out.",
            lambda tokens, size: [" ".join(piece) for piece in pieces(tokens, size)],
        ),
        Mistake(
            "only the first piece",
            "That is truncation: the first piece, and none of the rest.",
            lambda tokens, size: [tokens[:size]],
        ),
        Mistake(
            "one piece for every start",
            "Your pieces overlap: they start at every token. Let them start at every size-th.",
            lambda tokens, size: [tokens[i : i + size] for i in range(len(tokens))],
        ),
    ],
    hints=[
        "range(0, len(tokens), size) gives the places where pieces start.",
        "tokens[start : start + size] is a piece; the last one comes out shorter on its own.",
        "[tokens[start : start + size] for start in range(0, len(tokens), size)]",
    ],
    praise="Nothing is lost, and no piece is longer than what the encoder reads.",
)

q4 = Exercise(
    "3.4",
    "Center the vectors",
    centered,
    inputs=[
        (np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]),),
        (np.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8], [0.8, 0.0, 0.6]]),),  # a square fits wherever a row is a column
    ],
    random_inputs=lambda rng: (rng.normal(size=(5, 4)) + 1,),
    mistakes=[
        Mistake(
            "the mean itself",
            "That is the mean vector. Subtract it from every row.",
            lambda vectors: vectors.mean(axis=0),
        ),
        Mistake(
            "one mean, not scaled",
            "You subtracted a single number, and did not scale. The mean film has a number per column: axis=0.",
            lambda vectors: vectors - vectors.mean(),
        ),
        Mistake(
            "columns scaled",
            "You scaled the columns. A film is a row: axis=1, keepdims=True.",
            lambda vectors: (vectors - vectors.mean(axis=0)) / np.linalg.norm(vectors - vectors.mean(axis=0), axis=0),
        ),
        Mistake(
            "squares of the lengths",
            "You divided by the sum of the squares. The length is its square root.",
            lambda vectors: (
                (vectors - vectors.mean(axis=0)) / ((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1, keepdims=True)
            ),
        ),
        Mistake(
            "lengths before centering",
            "You divided by the lengths that the rows had before. Compute them after the mean is gone.",
            lambda vectors: (vectors - vectors.mean(axis=0)) / np.linalg.norm(vectors, axis=1, keepdims=True),
        ),
        Mistake(
            "normalized before centering",
            "You scaled first and then centered, so the rows no longer have length 1. Center first.",
            lambda vectors: _unit(vectors) - _unit(vectors).mean(axis=0),
        ),
        Mistake(
            "standardized",
            "You divided by the standard deviation of each column. Divide each row by its length.",
            lambda vectors: (vectors - vectors.mean(axis=0)) / vectors.std(axis=0),
        ),
        Mistake(
            "forgot to normalize",
            "Centered, but the rows no longer have length 1, so their products are not cosines. Scale them again.",
            lambda vectors: vectors - vectors.mean(axis=0),
        ),
        Mistake(
            "mean of every row",
            "You subtracted from each row its own mean. Subtract the mean film: the mean over rows, axis=0.",
            lambda vectors: _unit(vectors - vectors.mean(axis=1, keepdims=True)),
        ),
        Mistake(
            "mean of every row, not scaled",
            "You subtracted from each row its own mean, and did not scale. Subtract the mean over rows: axis=0.",
            lambda vectors: vectors - vectors.mean(axis=1, keepdims=True),
        ),
        Mistake(
            "mean of every row, as a row",
            "vectors.mean(axis=1) has one number per film. Subtract the mean film, with one per column: axis=0.",
            lambda vectors: _unit(vectors - vectors.mean(axis=1)),
        ),
        Mistake(
            "mean of every row, as a row, not scaled",
            "vectors.mean(axis=1) has one number per film, not one per column. Subtract the mean film: axis=0.",
            lambda vectors: vectors - vectors.mean(axis=1),
        ),
        Mistake(
            "len for the length",
            "len counts the rows. The length of each row is np.linalg.norm(..., axis=1, keepdims=True).",
            lambda vectors: (vectors - vectors.mean(axis=0)) / len(vectors),
        ),
        Mistake(
            "one mean for everything",
            "You subtracted a single number. The mean film is a vector, one number per column: axis=0.",
            lambda vectors: _unit(vectors - vectors.mean()),
        ),
        Mistake(
            "one length for all rows",
            "You divided all rows by one number, the length of the whole table. Each row has its own: axis=1.",
            lambda vectors: (vectors - vectors.mean(axis=0)) / np.linalg.norm(vectors - vectors.mean(axis=0)),
        ),
        Mistake(
            "no axis at all",
            "You used one mean and one length for the whole table. The mean goes over the rows (axis=0), and each row "
            "has a length of its own (axis=1).",
            lambda vectors: (vectors - vectors.mean()) / np.linalg.norm(vectors - vectors.mean()),
        ),
        Mistake(
            "normalized only",
            "These rows have length 1, but still share a direction. Subtract the mean row first.",
            lambda vectors: _unit(vectors),
        ),
    ],
    hints=[
        "vectors.mean(axis=0) is the mean film.",
        "Subtract it from all rows, then divide each row by its length.",
        "moved = vectors - vectors.mean(axis=0); moved / np.linalg.norm(moved, axis=1, keepdims=True)",
    ],
    praise="What all films have in common cannot tell them apart. Now it is gone.",
)

q5 = Exercise(
    "3.5",
    "What would you embed?",
    text_of,
    inputs=[(load_movies().iloc[0],)],
    judge=judge_text,
    asks="Answer with a function that takes a film and returns a text that is not empty, without using the tags.",
    rubric=[
        "Why is each part in your text? Try it without.",
        "Does the important part come before the encoder stops reading?",
        "Here, tags are the judge. What kind of similarity would they never see, and would your text show it?",
    ],
    mistakes=[
        Mistake("the tags leak", "it would win by copying", lambda film: f"{film['title']}: {film['tags']}"),
        Mistake(
            "most tags leak",
            "and tags are the judge here",
            lambda film: f"{film['title']}: {', '.join(film['tags'].split('|')[1:])}",
        ),
        Mistake(
            "the tags looked up",
            "Your text contains the tags",
            lambda film: load_movies().loc[film.name, "tags"].upper(),
        ),
        Mistake("the same for every film", "hardly more than chance", lambda film: "A film."),
        Mistake("a list instead of a text", "several values", lambda film: [film["title"]]),
    ],
    hints=[
        'A film is a row of movies: film["title"], film["genres"], film["synopsis"] and so on.',
        "Return one text, with the parts that you choose, in the order that you choose.",
        "return f\"{film['genres']}. {film['synopsis']}\"",
    ],
    praise="Neighbors by your texts clearly share more tags than chance.",
)


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about the earlier notebooks",
    [
        choose(
            "3.A",
            "Precision and recall",
            "A rule for duplicates has precision 1.0 and recall 0.5. What does it do?",
            right="all pairs it reports are duplicates, and it misses half of the duplicates",
            wrong={
                "half of the pairs it reports are wrong": "That would be a precision of 0.5.",
                "it finds all duplicates, and just as many wrong pairs": "That would be a recall of 1.0.",
            },
            hint="Precision is about what was reported, recall about what exists.",
        ),
        predict(
            "3.B",
            "The length of each row",
            """
            import numpy as np
            rows = np.array([[3.0, 4.0], [0.0, 2.0]])
            np.linalg.norm(rows, axis=1)
            """,
            wrong={
                (3.0, 4.47): "Those are the columns. With axis=1, each row gives one number.",
                (7.0, 2.0): "You added the numbers. The length is the square root of the sum of the squares.",
                (25.0, 4.0): "The square root is missing.",
            },
            hint="For the first row: the square root of 9 + 16. Answer with a list of two numbers.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        choose(
            "3.C",
            "A long synopsis",
            "A synopsis has 400 tokens, and the encoder reads 256. What happens to the rest?",
            right="it has no influence on the vector",
            wrong={
                "it counts with less weight": "It gets no weight at all: the encoder never sees it.",
                "the encoder raises an error": "If only it did. It stops reading without a word.",
                "it is encoded as a second vector": "That would be a search by pieces; encode does not do that.",
            },
            hint="Think of the endings that could not be found.",
        ),
        finish(
            "3.D",
            "Mean pooling",
            "Replace ___ so that a text gets the mean of its real tokens.",
            """
            def mean_pool(token_vectors, mask):
                real = token_vectors[mask == 1]
                return ___
            """,
            right="real.mean(axis=0)",
            wrong={
                "real.mean(axis=1)": "That is one number per token. You want one number per direction.",
                "real.mean()": "That is a single number for the whole text. You want one number per direction.",
                "token_vectors.mean(axis=0)": "The padding is in your mean. Use only the real tokens.",
            },
            inputs=[
                (np.array([[1.0, 2.0, 6.0], [3.0, 4.0, 0.0], [9.0, 9.0, 9.0], [5.0, 0.0, 0.0]]), np.array([1, 1, 0, 1]))
            ],
            hint="A row is a token: take the mean down the rows.",
        ),
        find_bug(
            "3.E",
            "A rare word",
            """
            import math
            def idf(n, n_with_word):
                texts = 1 + n
                with_word = 1 + n_with_word
                return math.log(with_word / texts) + 1
            """,
            line=5,
            fixed="    return math.log(texts / with_word) + 1",
            shown="round(idf(99, 0), 2)",
            wrong={
                2: "The counts arrive in the right order. What is done with them?",
                3: "All texts are counted, and one more, as in the formula.",
                4: "The texts with the word are counted, and one more, as in the formula.",
            },
            hint="A rare word should weigh more than a common one.",
        ),
    ],
)
