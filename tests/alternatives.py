"""For every exercise, correct answers that are written in another way than the reference. They have to pass."""

import heapq
import math
import re
import statistics
from collections import Counter
from fractions import Fraction
from html import escape
from itertools import pairwise

import Levenshtein
import numpy as np
import pandas as pd
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, entropy
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler, normalize

from helpers.data import load_movies, load_ratings, load_raw_listings, toy_ratings
from helpers.exercises.ch04 import a_setting
from helpers.titles import compare_listings


def _similarity_by_numpy(a, b):
    return np.asarray(a) @ np.asarray(b)


def _similarity_by_recursion(a, b):
    return a[0] * b[0] + _similarity_by_recursion(a[1:], b[1:]) if a else 0


def _pearson_by_numpy(a, b):
    both = np.isfinite(a + b)
    return np.corrcoef(a[both], b[both])[0, 1]


def _ada_by_loop():
    toy, total, weights = toy_ratings(), 0.0, 0.0
    for name in ("Finn", "Dan"):
        weight = toy.T["Ada"].corr(toy.T[name])
        total += weight * (toy.loc[name, "Aliens"] - toy.loc[name].mean())
        weights += weight
    return round(toy.loc["Ada"].mean() + total / weights, 2)


def _popular_by_groupby():
    ratings = load_ratings()
    seen = set(ratings.query("user_id == 2")["movie_id"])
    liked = ratings[(ratings["rating"] >= 4) & ~ratings["movie_id"].isin(seen)]
    return liked.groupby("movie_id").size().nlargest(5)


def _genres_one_by_one(text):
    names = set()
    for part in re.findall(r"[^|,/]+", text.casefold()):
        names.add({"sci-fi": "science fiction"}.get(part.strip(), part.strip()))
    return names


def _distance_by_recursion(left, right):
    if not left or not right:
        return len(left) + len(right)
    return min(
        _distance_by_recursion(left[1:], right) + 1,
        _distance_by_recursion(left, right[1:]) + 1,
        _distance_by_recursion(left[1:], right[1:]) + (left[0] != right[0]),
    )


def _precision_and_recall_by_loop(found, true):
    hits = sum(pair in true for pair in found)
    return [hits / len(found), sum(pair in found for pair in true) / len(true)]


def _a_stricter_rule():
    candidates = compare_listings(load_raw_listings())
    people = (candidates["people_similarity"] > 0.5) & (candidates["text_similarity"] > 0.25)
    same = (candidates["title_score"] >= 88) | people | (candidates["text_similarity"] > 0.45)
    return (same & (candidates["year_gap"].fillna(0) <= 1)).to_numpy()


def _fullest_by_sorting(group):
    counted = group.assign(gaps=group.isna().sum(axis=1), number=group.index)
    return counted.sort_values(["gaps", "number"])["number"].iloc[0]


def _idf_by_scikit_learn(n_documents, n_with_word):
    counts = np.zeros((n_documents, 1))
    counts[:n_with_word] = 1
    return TfidfTransformer().fit(counts).idf_[0]


def _pool_by_weights(token_vectors, mask):
    return np.average(token_vectors, axis=0, weights=mask)


def _pieces_by_popping(tokens, size):
    made = []
    while tokens:
        made.append(tokens[:size])
        tokens = tokens[size:]
    return made


def _centred_by_scikit_learn(vectors):
    return normalize(StandardScaler(with_std=False).fit_transform(vectors))


def _neighbors_by_scikit_learn(vectors, ids, query_id, k):
    others = [place for place, identifier in enumerate(ids) if identifier != query_id]
    tree = NearestNeighbors(n_neighbors=k).fit(vectors[others])
    _, places = tree.kneighbors(vectors[[ids.index(query_id)]])
    return np.array(ids)[others][places[0]]


def _allowed_by_mask(similarity, allowed, k):
    order = np.argsort(-np.where(allowed, similarity, -np.inf), kind="stable")
    return order[: min(k, np.sum(allowed))]


def _next_by_loop(relevance, similarity, taken, diversity):
    open_ones = [film for film in range(len(relevance)) if film not in taken]
    return max(
        open_ones,
        key=lambda film: (
            (1 - diversity) * relevance[film] - diversity * max(similarity[film][other] for other in taken)
        ),
    )


def _profile_by_loop(vectors, stars, dislike):
    total = np.zeros(vectors.shape[1])
    for vector, star in zip(vectors, stars, strict=True):
        weight = star - np.mean(stars)
        total += (weight if weight > 0 else dislike * weight) * vector
    return total / np.sqrt((total**2).sum())


def _als_step_by_least_squares(liked, films, confidence, regularization):
    root = np.sqrt(1 + confidence * liked)
    design = np.vstack([films * root[:, None], np.sqrt(regularization) * np.eye(films.shape[1])])
    return np.linalg.lstsq(design, np.append(root * liked, np.zeros(films.shape[1])), rcond=None)[0]


def _biases_by_pandas(ratings, damping):
    table = pd.DataFrame(ratings)
    above = table - table.stack().mean()
    return above.sum() / (table.count() + damping)


def _ease_column_by_column(liked, regularization):
    films = liked.shape[1]
    weights = np.zeros((films, films))
    for film in range(films):
        others = np.arange(films) != film
        design = liked[:, others]
        ridge = design.T @ design + regularization * np.eye(films - 1)
        weights[others, film] = np.linalg.solve(ridge, design.T @ liked[:, film])
    return weights


def _average_precision_by_loop(hits, relevant):
    found, total = 0, 0.0
    for place, hit in enumerate(hits, start=1):
        if hit:
            found += 1
            total += found / place
    return total / min(relevant, len(hits))


def _ndcg_by_dot_products(hits, relevant):
    best = np.zeros(max(len(hits), relevant))
    best[:relevant] = 1
    worth = np.log(2) / np.log(np.arange(2, len(hits) + 2))
    return float(np.dot(hits, worth) / np.dot(best[: len(hits)], worth))


def _interval_by_loop(one, other, drawn):
    means = [np.mean([one[place] - other[place] for place in row]) for row in drawn]
    return tuple(np.percentile(means, [2.5, 97.5]))


def _interval_by_sorting(one, other, drawn):
    means = sorted(sum(one[place] - other[place] for place in row) / len(row) for row in drawn.tolist())
    return means[int(0.025 * len(means))], means[int(0.975 * len(means))]


def _draft_by_pointers(one, other, first):
    rankings, at, shown = [list(one), list(other)], [0, 0], []
    for begins in np.repeat(first, 2).tolist():
        team = begins if len(shown) % 2 == 0 else 1 - begins
        while rankings[team][at[team]] in shown:
            at[team] += 1
        shown.append(rankings[team][at[team]])
    return np.array(shown)


def _first_films_by_sorting(scores, seen, k):
    left = [place for place in range(len(scores)) if not seen[place]]
    return sorted(left, key=lambda place: -scores[place])[:k]


def _to_bytes_by_column(vectors):
    columns = [np.asarray(vectors)[:, place] for place in range(np.shape(vectors)[1])]
    steps = [max(abs(column.min()), abs(column.max())) / 127 for column in columns]
    codes = [np.rint(column / step) for column, step in zip(columns, steps, strict=True)]
    return np.column_stack(codes).astype("int8"), np.array(steps)


def _to_bytes_by_floor(vectors):
    steps = np.abs(vectors).max(axis=0) / 127
    return np.floor(vectors / steps + 0.5).astype(np.int8), steps


def _merge_by_sorting(answers, k):
    found = [pair for ids, similarities in answers for pair in zip(similarities, ids, strict=True)]
    return [identifier for _, identifier in sorted(found, reverse=True)[:k]]


def _report_by_loop(table, title, text):
    counts = {"rows": 0, "without title": 0, "without text": 0, "same title again": 0}
    seen = set()
    for row in table.to_dict("records"):
        name, about = (str(row[column] or "").strip() if row[column] == row[column] else "" for column in (title, text))
        counts["rows"] += 1
        counts["without title"] += not name
        counts["without text"] += not about
        counts["same title again"] += bool(name) and name.lower() in seen
        seen.add(name.lower())
    return counts


def _without(films, film):
    kept = list(films)
    kept.remove(film)
    return tuple(kept)


def _allowed_by_pandas(years, genres, first, last, wanted):
    table = pd.Series(list(genres)).str.get_dummies("|").reindex(columns=list(wanted), fill_value=0)
    return (pd.Series(years).between(first, last) & (table.any(axis=1) | (len(wanted) == 0))).to_numpy()


def _in_batch_by_scipy(viewers, films, shares):
    return -np.diag(log_softmax(viewers @ films.T - np.log(shares), axis=1)).mean()


def _transitions_by_pandas(sequences, films):
    pairs = pd.DataFrame([pair for sequence in sequences for pair in pairwise(sequence)], columns=["from", "to"])
    table = pd.crosstab(pairs["from"], pairs["to"], normalize="index")
    return table.reindex(index=range(films), columns=range(films)).fillna(0).to_numpy()


def _attention_row_by_row(queries, keys):
    rows = np.zeros((len(queries), len(queries)))
    for place, query in enumerate(queries):
        rows[place, : place + 1] = softmax(keys[: place + 1] @ query / len(query) ** 0.5)
    return rows


def _pearson_by_statistics(a, b):
    return statistics.correlation(
        *zip(*(pair for pair in zip(a, b, strict=True) if not np.isnan(pair).any()), strict=True)
    )


def _distance_by_rows(left, right):
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, start=1):
        new = [i]
        for j, other in enumerate(right, start=1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (one != other)))
        row = new
    return row[-1]


def _biases_by_loop(ratings, damping):
    known = [star for row in ratings.tolist() for star in row if star == star]
    mean = sum(known) / len(known)
    columns = [[star - mean for star in column if star == star] for column in ratings.T.tolist()]
    return [sum(column) / (len(column) + damping) for column in columns]


def _ease_by_loops(liked, regularization):
    inverse = np.linalg.inv(liked.T @ liked + regularization * np.eye(liked.shape[1]))
    return [
        [0.0 if i == j else -inverse[i, j] / inverse[j, j] for j in range(len(inverse))] for i in range(len(inverse))
    ]


def _to_bytes_by_loop(vectors):
    steps = [max(map(abs, column)) / 127 for column in vectors.T.tolist()]
    return [[round(number / step) for number, step in zip(row, steps, strict=True)] for row in vectors.tolist()], steps


def _toggle_by_list(likes, film):
    changed = list(likes)
    if film in changed:
        changed.remove(film)
    else:
        changed.append(film)
    return changed


def _passage_by_loop(parts):
    said = ""
    for part in parts:
        if isinstance(part, str) and part.strip():
            said += " " * bool(said) + part.strip().rstrip(".") + "."
    return said


def _loss_by_loop(viewers, films, shares):
    total = 0.0
    for place, viewer in enumerate(viewers):
        weights = [math.exp(viewer @ film) / share for film, share in zip(films, shares, strict=True)]
        total -= math.log(weights[place] / sum(weights))
    return total / len(viewers)


def _transitions_by_counter(sequences, films):
    moves = Counter(pair for sequence in sequences for pair in pairwise(sequence))
    begun = Counter(before for sequence in sequences for before in sequence[:-1])
    return [[moves[one, other] / max(begun[one], 1) for other in range(films)] for one in range(films)]


def _draft_by_recursion(one, other, first, shown=()):
    if not len(first):
        return list(shown)
    begins, follows = (one, other) if first[0] == 0 else (other, one)
    best = next(film for film in begins if film not in shown)
    answer = next(film for film in follows if film not in (*shown, best))
    return _draft_by_recursion(one, other, first[1:], (*shown, best, answer))


ALTERNATIVES = {
    "0.1": [lambda: len(load_movies().query("year < 1960")), lambda: np.int64((load_movies()["year"].lt(1960)).sum())],
    "0.2": [_similarity_by_numpy, _similarity_by_recursion, lambda a, b: sum(x * y for x, y in zip(a, b, strict=True))],
    "0.3": [lambda: ["The Matrix", "The Avengers"], lambda: ("the avengers", "THE MATRIX ")],
    "0.4": [
        lambda: {
            "film": "Alien",
            "neighbor": "Aliens",
            "why": "The second one is a war film; what I liked was the silence of the first.",
        },
        lambda: {
            "film": "Avengrs",
            "neighbor": "iron man",
            "why": "Both are about machines, and I wanted friends who quarrel and make up.",
        },
        lambda: {"film": "Alien", "neighbor": "Aliens", "why": "两部电影都有怪物，可是第二部更吵，没有那么可怕。"},
    ],
    "1.1": [_pearson_by_statistics, _pearson_by_numpy, lambda a, b: pd.Series(a).corr(pd.Series(b))],
    "1.2": [_ada_by_loop, lambda: 4.99],
    "1.3": [
        lambda rows: (rows.T / np.linalg.norm(rows, axis=1)).T,
        lambda rows: tuple(tuple(x / math.hypot(*row) for x in row) for row in rows),
        normalize,
        lambda rows: [np.asarray(row) / np.linalg.norm(row) for row in rows],
        lambda rows: [[float(x) / np.linalg.norm(row) for x in row] for row in rows],
        lambda rows: pd.DataFrame(normalize(rows)),
    ],
    "1.4": [
        _popular_by_groupby,
        lambda: _popular_by_groupby().index.to_numpy(),
        lambda: _popular_by_groupby().reset_index()["movie_id"],
        lambda: _popular_by_groupby().reset_index(),
        lambda: load_movies().loc[_popular_by_groupby().index, "title"],
        lambda: load_movies().loc[_popular_by_groupby().index],
        lambda: _popular_by_groupby().index.astype(float),
        lambda: _popular_by_groupby().to_dict(),
    ],
    "1.5": [
        lambda: {
            "catalog": "the recipes of a family",
            "approach": "Content-based",
            "because": "Every recipe has its list of ingredients, and nobody keeps ratings.",
            "fails when": "Two dishes of the same ingredients taste quite different, like bread and pancakes.",
        },
        lambda: {
            "catalog": "wines",
            "approach": "collaborative filtering",
            "because": "Two thousand members rate what they drink, every week of the year.",
            "fails when": "A new bottle arrives, which nobody has tasted and nobody can have rated.",
        },
        lambda: {
            "catalog": "菜谱",
            "approach": "vector-based",
            "because": "每个菜都有文字说明，可是没有人打分，所以用向量。",
            "fails when": "说明太短，或者都一样，就找不到真的相似的菜。",
        },
    ],
    "2.1": [
        lambda text: pd.Index(sorted(_genres_one_by_one(text))),
        _genres_one_by_one,
        lambda text: list(_genres_one_by_one(text)),
        lambda text: Counter(_genres_one_by_one(text)),
    ],
    "2.2": [_distance_by_rows, Levenshtein.distance, _distance_by_recursion],
    "2.3": [
        lambda found, true: pd.Series(
            {"precision": len(found & true) / len(found), "recall": len(found & true) / len(true)}
        ),
        lambda found, true: (
            statistics.mean(pair in true for pair in found),
            statistics.mean(pair in found for pair in true),
        ),
        _precision_and_recall_by_loop,
        lambda found, true: dict(zip(["precision", "recall"], _precision_and_recall_by_loop(found, true), strict=True)),
    ],
    "2.4": [_a_stricter_rule, lambda: _a_stricter_rule().tolist()],
    "2.5": [
        lambda group: min(group.index, key=lambda number: (group.loc[number].isna().sum(), number)),
        _fullest_by_sorting,
        lambda group: group.isna().sum(axis=1).sort_index().idxmin(),
    ],
    "3.1": [_idf_by_scikit_learn, lambda n, m: 1 - np.log((1 + m) / (1 + n))],
    "3.2": [_pool_by_weights],
    "3.3": [_pieces_by_popping, lambda tokens, size: dict(enumerate(_pieces_by_popping(tokens, size)))],
    "3.4": [_centred_by_scikit_learn],
    "3.5": [lambda film: film["synopsis"], lambda film: film["genres"]],
    "4.1": [
        lambda vectors, ids, query_id, k: (
            pd.Series(vectors @ vectors[ids.index(query_id)], index=ids).drop(query_id).nlargest(k).index
        ),
        _neighbors_by_scikit_learn,
    ],
    "4.2": [
        lambda found, true: np.isin(true, found).mean(),
        lambda found, true: sum(identifier in found for identifier in true) / len(true),
    ],
    "4.3": [
        lambda similarity, allowed, k: pd.Series(similarity)[allowed].nlargest(k).index,
        lambda similarity, allowed, k: heapq.nlargest(k, np.flatnonzero(allowed), key=similarity.__getitem__),
        _allowed_by_mask,
    ],
    "4.4": [
        lambda relevance, similarity, taken, diversity: (
            pd.Series((1 - diversity) * relevance - diversity * similarity[taken].max(axis=0)).drop(taken).idxmax()
        ),
        _next_by_loop,
        lambda *given: float(_next_by_loop(*given)),
    ],
    "4.5": [
        lambda: {"title": "Alien", "diversity": np.float32(0.4), "why": a_setting()["why"]},
        lambda: {"title": "Alien", "diversity": Fraction(2, 5), "why": a_setting()["why"]},
        lambda: {"title": "Toy Storry", "diversity": 0.6, "why": "Toys give way to things that are quite unlike toys."},
    ],
    "5.1": [_profile_by_loop],
    "5.2": [
        lambda liked, films, confidence, regularization: (
            np.linalg.inv(films.T @ np.diag(1 + confidence * liked) @ films + regularization * np.eye(films.shape[1]))
            @ films.T
            @ ((1 + confidence) * liked)
        ).tolist(),
        _als_step_by_least_squares,
    ],
    "5.3": [_biases_by_loop, _biases_by_pandas],
    "5.4": [_ease_by_loops, _ease_column_by_column],
    "6.1": [_average_precision_by_loop],
    "6.2": [_ndcg_by_dot_products],
    "6.3": [_interval_by_loop, _interval_by_sorting],
    "6.4": [lambda scores, seen, k: pd.Series(scores)[~seen].nlargest(k).index, _first_films_by_sorting],
    "6.5": [
        lambda: {
            "change": "A slider for diversity is set to a third for half of the viewers.",
            "metric": "share of viewers who rate a film from their list within a month",
            "must not fall": "mean stars of the films that were rated",
            "viewers per group": "10000",
            "ends": "after one month, decided beforehand",
        },
        lambda: {
            "change": "EASE instead of popularity",
            "metric": "hit rate@10",
            "must not fall": "return visits",
            "viewers per group": "9,600",
            "ends": "After 4 weeks",
        },
        lambda: {
            "change": "Half get lists by ALS",
            "metric": "likes",
            "must not fall": "revenue",
            "viewers per group": 9600,
            "ends": "when each group has 9600 viewers",
        },
        lambda: {
            "change": "lists by EASE instead of the most popular films",
            "metric": "films watched to the end",
            "must not fall": "return visits",
            "viewers per group": 9_600,
            "ends": "when each group has 9,600 viewers",
        },
        lambda: {
            "change": "lists by EASE instead of the most popular films",
            "metric": "films watched to the end",
            "must not fall": "return visits",
            "viewers per group": 9_600,
            "ends": "on 31 January",
        },
        lambda: {
            "change": "lists by EASE instead of the most popular films",
            "metric": "films watched to the end",
            "must not fall": "return visits",
            "viewers per group": 9_600,
            "ends": "four weeks from the first day, even if p < 0.05 earlier; we do not look every day",
        },
    ],
    "5.5": [
        lambda: pd.Series({"Titanic": 5, "Amélie": 4.5, "Pretty Woman": 4, "Alien": 1, "Jaws": 2}),
        lambda: {"Titanic": "5", "Amélie": "4.5", "Pretty Woman": "4.5", "Alien": "1", "Jaws": "1"},
        lambda: {"Titanic": 5, "Amélie": 4.5, "Pretty Woman": 4, "Alien": 1, "Jaws": 2},
        lambda: {"titanic": 5, " amélie": 4.5, "Pretty woman": 4, "alien ": 1, "JAWS": 2},
    ],
    "7.1": [
        lambda vectors, dimensions, bits: Fraction(vectors * dimensions * bits, 8 * 10**9),
        lambda vectors, dimensions, bits: np.float64(vectors) * dimensions * (bits // 8 or bits / 8) * 1e-9,
    ],
    "7.2": [
        _to_bytes_by_loop,
        lambda vectors: (
            np.round(vectors / (np.abs(vectors).max(axis=0, keepdims=True) / 127)),
            np.abs(vectors).max(axis=0, keepdims=True) / 127,
        ),
        _to_bytes_by_column,
        _to_bytes_by_floor,
        lambda vectors: [part.tolist() for part in _to_bytes_by_floor(vectors)],
        lambda vectors: dict(zip(["codes", "steps"], _to_bytes_by_floor(vectors), strict=True)),
    ],
    "7.3": [
        lambda answers, k: (
            pd.concat([pd.Series(similarities, index=ids) for ids, similarities in answers]).nlargest(k).index
        ),
        _merge_by_sorting,
    ],
    "7.4": [
        lambda shards, copies, failed: math.exp(shards * math.log1p(-(failed**copies))),
        lambda shards, copies, failed: np.prod(np.full(shards, 1 - failed**copies)),
    ],
    "7.5": [
        lambda: {
            "texts": "40,000 songs with their words",
            "changes": "a few hundred a week, by hand",
            "engine": "a matrix in memory, saved as .npy: it is read in a blink",
            "memory": "61 MB, on the machine that serves the page",
            "first to fail": "the licence of the words, long before any machine",
        },
        lambda: {
            "texts": 300000,
            "changes": "a few a day",
            "engine": "one Milvus server",
            "memory": "0.5 GB",
            "first to fail": "the disk, at night",
        },
        lambda: {
            "texts": "300,000",
            "changes": "a few a day",
            "engine": "one Milvus server",
            "memory": "460 MiB",
            "first to fail": "the disk, at night",
        },
    ],
    "8.1": [
        _toggle_by_list,
        lambda likes, film: tuple(dict.fromkeys([*likes, film])) if film not in likes else _without(likes, film),
    ],
    "8.2": [
        lambda years, genres, first, last, wanted: [
            first <= year <= last and (not wanted or any(genre in wanted for genre in film.split("|")))
            for year, film in zip(years, genres, strict=True)
        ],
        _allowed_by_pandas,
    ],
    "8.3": [
        lambda left, right: (set(left.split("|")) & set(right.split("|"))) - {""},
        lambda left, right: sorted(name for name in set(left.split("|")) if name and name in right.split("|")),
    ],
    "8.4": [
        lambda title, strength: f"<B>{escape(title)}</B>\n<I STYLE='WIDTH: {100 * strength:g}%'></I>",
        lambda title, strength: f'<b>{escape(title)}</b><i style="width:{round(100 * strength)}%"></i>',
        lambda title, strength: f"<b>{escape(title, quote=False)}</b><i style='width: {100 * strength:.1f}%;'></i>",
        lambda title, strength: (
            f"<b>{escape(title).replace('&quot;', '&#34;')}</b>\n<i style='width:{100 * strength}%'></i>".replace(
                "\n", ""
            )
        ),
    ],
    "8.5": [
        lambda: {
            "who": "my neighbor, who goes to the cinema every month",
            "task": "You loved Alien. Find something that frightens you in another way.",
            "watch for": "whether they notice that the list has changed",
            "done when": "they say a title that they would watch",
        },
        lambda: {
            "who": "I'll ask my brother, who has never seen it",
            "task": "Find something to watch tonight with two children.",
            "watch for": "sighs, questions, hesitation",
            "done when": "five minutes are over",
        },
    ],
    "9.1": [_report_by_loop],
    "9.2": [
        _passage_by_loop,
        lambda parts: " ".join(text.strip(" .") + "." for text in parts if text == text and (text or "").strip()),
    ],
    "9.3": [lambda hits, total: list(binomtest(hits, total).proportion_ci(method="wilson"))],
    "9.4": [
        lambda neighbors, n: pd.Series(np.ravel(neighbors)).value_counts().reindex(range(n), fill_value=0),
        lambda neighbors, n: [sum(row in list(near) for near in neighbors) for row in range(n)],
        lambda neighbors, n: [int((neighbors == row).sum()) for row in range(n)],
        lambda neighbors, n: {row: int((neighbors == row).sum()) for row in range(n)},
    ],
    "9.5": [
        lambda: {
            "catalog": "the recipes of my grandmother, 212 of them",
            "what is embedded": "the name and the list of ingredients",
            "judged by": "30 labels of my sister: 0.7, interval 0.52 to 0.83",
            "worst fault": "twelve cakes whose texts differ in one word",
            "next step": "embed the way of cooking as well, and label again",
        }
    ],
    "11.1": [
        lambda one, other: sorted(name for name, value in one.items() if other[name] != value and name != "model"),
        lambda one, other: {name for name, _ in set(one.items()) - set(other.items())} - {"model"},
    ],
    "11.2": [
        lambda train_times, test_begins: (
            1 - np.searchsorted(np.sort(train_times), test_begins, side="right") / len(train_times)
        ),
        lambda train_times, test_begins: (train_times[None] > test_begins[:, None]).mean(axis=1),
        lambda train_times, test_begins: [
            sum(int(time > begin) for time in train_times) / len(train_times) for begin in test_begins
        ],
    ],
    "11.3": [
        lambda differences, seeds, viewers: pd.Series(
            [differences[rows].mean(axis=0)[columns].mean() for rows, columns in zip(seeds, viewers, strict=True)]
        ).quantile([0.025, 0.975]),
        lambda differences, seeds, viewers: np.percentile(
            differences[seeds[:, :, None], viewers[:, None, :]].mean(axis=(1, 2)), [2.5, 97.5]
        ),
    ],
    "11.4": [
        lambda: {
            "claim": "Readers open more books when titles are part of the vectors.",
            "held constant": "Same encoder, same readers and weeks, same number of books in a list.",
            "settings": "Neither way has settings that were tuned by anybody.",
            "split": "Everything before the first of March, then a month.",
            "interval over": "readers",
            "refuted by": "fewer opened books per reader, or an interval that holds zero",
        },
        lambda: {
            "claim": "EASE beats ALS on NDCG@10 by 0.01.",
            "held constant": "- same data\n- same split\n- same k",
            "settings": "30 random draws each, on a validation split",
            "split": "the last fifth of every viewer",
            "interval over": "viewers, seeds of the model, hidden films",
            "refuted by": "an interval that contains 0",
        },
    ],
    "10.1": [
        lambda viewer, liked, other: -math.log(1 / (1 + math.exp(viewer @ other - viewer @ liked))),
        lambda viewer, liked, other: np.logaddexp(0, viewer @ (other - liked)),
    ],
    "10.2": [_loss_by_loop, _in_batch_by_scipy],
    "10.3": [_transitions_by_counter, _transitions_by_pandas],
    "10.4": [_attention_row_by_row],
    "10.5": [
        lambda: {
            "candidates": 20,
            "tokens of a list": "about "
            + str(round(20 * load_movies()["synopsis"].str.split().str.len().mean() / 0.75)),
            "adds": "It explains each film to the viewer in two sentences of its own.",
            "measured by": "Half of the viewers get it for a month, and we count who comes back.",
        }
    ],
    "12.1": [
        lambda found, propensity: np.average(found, weights=1 / propensity),
        lambda found, propensity: (
            sum(1 / p for hit, p in zip(found, propensity, strict=True) if hit) / sum(1 / p for p in propensity)
        ),
    ],
    "12.2": [
        lambda taste, shown: sum(t * math.log2(t / s) for t, s in zip(taste, shown, strict=True)),
        lambda taste, shown: entropy(taste, shown, base=2),
        lambda taste, shown: float(np.sum(taste * np.log(taste)) - np.sum(taste * np.log(shown))) / np.log(2),
    ],
    "12.3": [_draft_by_recursion, _draft_by_pointers],
    "12.4": [
        lambda: {
            "group": "children, who watch with their parents' account",
            "measure": "the share of films for children in the first ten",
            "compared with": "what the account has watched in the last month",
            "next step": "ask the parents, and offer a profile of their own",
        }
    ],
}
