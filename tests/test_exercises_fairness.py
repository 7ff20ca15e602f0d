"""What no check may accept, what each has to say about usual slips, and what it may not refuse."""

import html
import itertools
import math
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from test_exercises import EXERCISES

from helpers.data import load_duplicates, load_movies
from helpers.exercises import ch01, ch02, ch04, ch05, ch06, ch07, ch08, ch09, ch10, ch11
from helpers.exercises.texts import numbers_in, repeated, trouble_with
from helpers.exercises.typed import value_of
from helpers.exercises.values import PART_OF_PAIRS

BY_NUMBER = {exercise.number: exercise for exercise in EXERCISES}
TRUTH = load_duplicates()


def precisions(hits):
    return np.cumsum(hits) / np.arange(1, len(hits) + 1)


def worth(hits):
    return 1 / np.log2(np.arange(2, len(hits) + 2))


def gain(hits):
    return (hits * worth(hits)).sum()


def ideal(hits, n):
    return worth(hits)[:n].sum()


def means(one, other, drawn):
    return (one - other)[drawn].mean(axis=1)


def without_mean(vectors):
    return vectors - vectors.mean(axis=0)


CONSTANTS = {  # answers that hold what the notebook's own cells hold, and no other
    "4.2 four neighbors": lambda found, true: len(set(found) & set(true)) / 4,
    "4.2 ten neighbors": lambda found, true: len(set(found) & set(true)) / 10,
    "6.1 lists of ten": lambda hits, relevant: (precisions(hits) * hits).sum() / min(10, relevant),
    "6.2 lists of ten": lambda hits, relevant: (hits * worth(hits)).sum() / worth(np.zeros(10))[:relevant].sum(),
    "6.4 a low score": lambda scores, seen, k: np.argsort(-np.where(seen, -999, scores))[:k],
    "7.1 dimensions": lambda vectors, dimensions, bits: vectors * 384 * bits / 8 / 1e9,
    "7.3 three shards": lambda answers, k: (lambda a, b, c: BY_NUMBER["7.3"].reference([a, b, c], k))(*answers),
    "9.1 names of columns": lambda table, title, text: BY_NUMBER["9.1"].reference(table, "name", "about"),
    "9.1 no blank titles": lambda table, title, text: (
        BY_NUMBER["9.1"].reference(table, title, text) | {"without title": int(table[title].isna().sum())}
    ),
    "11.1 names of conditions": lambda one, other: {
        name for name in ("split", "inputs", "k", "tuned") if one.get(name) != other.get(name)
    },
}


def best_by_partition(scores, k):
    """Places of the k best, in no order."""
    return np.argpartition(-scores, k)[:k]


def merged_by_partition(answers, k):
    ids, similarities = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    return ids[best_by_partition(similarities, min(k, len(ids) - 1))]


def allowed_by_partition(similarity, allowed, k):
    places = np.flatnonzero(allowed)
    return places[best_by_partition(similarity[places], min(k, len(places) - 1))]


def neighbors_with_itself_at(score, ranked):
    def neighbors(vectors, ids, query_id, k):
        similarity = vectors @ vectors[ids.index(query_id)]
        similarity[ids.index(query_id)] = score
        return [ids[place] for place in ranked(similarity, k)]

    return neighbors


def names_in_both(key):
    return lambda left, right: sorted(set(left.split("|")) & set(right.split("|")) - {""}, key=key)


def fullest_in(columns):
    return lambda group: columns(group).isna().sum(axis=1).sort_index().idxmin()


def wilson_written_in_a_line(hits, n):
    p, z = hits / n, 1.96
    half = z * (p * (1 - p) / n + z**2 / 4 * n**2) ** 0.5
    return (p + z**2 / 2 * n - half) / (1 + z**2 / n), (p + z**2 / 2 * n + half) / (1 + z**2 / n)


def joined_without_a_comma(likes, film):
    return likes + film  # with or without parentheses


def over_the_diagonal(inverse):
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def stripped(left, right):
    return BY_NUMBER["2.2"].reference(left.strip(), right.strip())


def over_the_largest(liked, regularization):
    inverse = np.linalg.inv(liked.T @ liked + regularization * np.eye(liked.shape[1]))
    return -inverse / np.abs(inverse).max(axis=0) * (1 - np.eye(len(inverse)))


NEARLY = {  # what is right for most inputs
    "5.4 each column by its largest number": over_the_largest,
    "11.1 conditions that are not off": lambda one, other: {
        name for name in one if name != "model" and one[name] and one[name] != other[name]
    },
    "2.2 without spaces": lambda left, right: stripped(left.replace(" ", ""), right.replace(" ", "")),
    "2.2 spaces at the ends": stripped,
    "2.5 the longest text": lambda group: group.astype(str).sum(axis=1).str.len().sort_index().idxmax(),
    "6.2 ten at most": lambda hits, relevant: BY_NUMBER["6.2"].reference(hits, min(relevant, 10)),
    "2.5 a column left out": fullest_in(lambda group: group.drop(columns="year")),
    "2.5 the first four columns": fullest_in(lambda group: group.iloc[:, :4]),
    "3.3 equally long": lambda tokens, size: [*map(list, np.array_split(tokens, math.ceil(len(tokens) / size)))],
    "4.1 unsorted": neighbors_with_itself_at(-np.inf, best_by_partition),
    "4.1 itself at 0": neighbors_with_itself_at(0, lambda scores, k: np.argsort(-scores, kind="stable")[:k]),
    "4.3 unsorted": allowed_by_partition,
    "6.3 without signs": lambda one, other, drawn: np.quantile(abs(one - other)[drawn].mean(axis=1), [0.025, 0.975]),
    "6.4 unsorted": lambda scores, seen, k: best_by_partition(np.where(seen, -np.inf, scores), k),
    "6.4 unsorted, from the end": lambda scores, seen, k: np.argpartition(np.where(seen, -np.inf, scores), -k)[-k:][
        ::-1
    ],
    "7.3 unsorted": merged_by_partition,
    "8.3 by length": names_in_both(len),
    "8.3 by last name": names_in_both(lambda name: name.split()[-1]),
    "2.1 by the first separator": lambda text: (
        BY_NUMBER["2.1"].reference(text) if sum(sign in text for sign in "|,/") <= 1 else {text}
    ),
    "3.3 no token twice": lambda tokens, size: [
        [*dict.fromkeys(tokens[start : start + size])] for start in range(0, len(tokens), size)
    ],
    "4.3 none if none is allowed": lambda similarity, allowed, k: (
        BY_NUMBER["4.3"].reference(similarity, allowed, k) if any(allowed) else None
    ),
    "4.3 places looked up by value": lambda similarity, allowed, k: [
        similarity.tolist().index(one) for one in sorted(similarity[allowed], reverse=True)[:k]
    ],
    "4.4 places looked up by value": lambda relevance, similarity, taken, diversity: (
        (scores := (1 - diversity) * relevance - diversity * similarity[taken].max(axis=0))
        .tolist()
        .index(np.delete(scores, taken).max())
    ),
    "6.4 places looked up by value": lambda scores, seen, k: [
        scores.tolist().index(one) for one in sorted(scores[~seen], reverse=True)[:k]
    ],
    "6.2 ten places at most": lambda hits, relevant: BY_NUMBER["6.2"].reference(hits[:10], min(relevant, 10)),
    "8.4 a width that is none": lambda title, strength: (
        f'<b>{html.escape(title)}</b><i style="max-width:{strength:.0%}"></i>'
    ),
    "12.1 none if none is found": lambda found, propensity: (
        BY_NUMBER["12.1"].reference(found, propensity) if any(found) else None
    ),
    "4.1 the same object": lambda vectors, ids, query_id, k: [
        ids[place] for place in np.argsort(-(vectors @ vectors[ids.index(query_id)])) if ids[place] is not query_id
    ][:k],
    "5.3 films with ratings only": lambda ratings, damping: BY_NUMBER["5.3"].reference(
        ratings[:, ~np.isnan(ratings).all(axis=0)], damping
    ),
    "6.2 none without a hit": lambda hits, relevant: BY_NUMBER["6.2"].reference(hits, relevant) if any(hits) else None,
    "8.1 the same object": lambda likes, film: (
        tuple(other for other in likes if other is not film)
        if any(other is film for other in likes)
        else (*likes, film)
    ),
    "8.1 looked for in a text": lambda likes, film: (
        tuple(other for other in likes if other != film) if str(film) in str(likes) else (*likes, film)
    ),
    "9.1 no spaces at all": lambda table, title, text: BY_NUMBER["9.1"].reference(
        table.assign(**{title: table[title].str.replace(" ", "")}), title, text
    ),
    "9.2 up to a gap": lambda parts: BY_NUMBER["9.2"].reference(
        [*itertools.takewhile(lambda part: isinstance(part, str) and part.strip(), parts)]
    ),
    "9.2 periods inside": lambda parts: " ".join(
        f"{part.replace('.', '').strip()}." for part in parts if isinstance(part, str) and part.strip()
    ),
    "11.1 the same object": lambda one, other: {
        name for name in one if name != "model" and one[name] is not other[name]
    },
    "11.1 values looked for anywhere": lambda one, other: {
        name for name in one if name != "model" and one[name] not in other.values()
    },
    "11.1 in the order of the keys": lambda one, other: {
        name
        for name, mine, theirs in zip(one, one.values(), other.values(), strict=True)
        if name != "model" and mine != theirs
    },
}


@pytest.mark.parametrize("name", NEARLY)
def test_what_is_right_only_now_and_then_is_wrong(name):
    assert BY_NUMBER[name.split()[0]].examine(NEARLY[name]).state == "wrong"


@pytest.mark.parametrize("form", [dict, pd.Series])
def test_labels_that_are_right_are_named_where_values_count(form):
    def scored(likes, film):
        changed = BY_NUMBER["8.1"].reference(likes, film)
        return form(dict.fromkeys(changed, 0.5))

    message = BY_NUMBER["8.1"].examine(scored).message
    assert ("keys" if form is dict else "index") in message and "right" in message


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_of_the_notebook_is_no_part_of_an_answer(name):
    assert BY_NUMBER[name.split()[0]].examine(CONSTANTS[name]).state == "wrong"


def words(text, separator):
    return {name.strip().lower().replace("sci-fi", "science fiction") for name in text.split(separator)}


def table_without_border(left, right):
    table = np.zeros((len(left), len(right)))
    table[:, 0], table[0] = range(len(left)), range(len(right))
    for i in range(1, len(left)):
        for j in range(1, len(right)):
            replaced = table[i - 1, j - 1] + (left[i] != right[j])
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, replaced)
    return table[-1, -1]


def table_of_distances(last=1, one_row=False, free=False, equal=False):
    """A Levenshtein table that ends early, is one row many times over, or takes steps to be free that are not."""

    def distance(left, right):
        table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
        if one_row:
            table = [table[0]] * (len(left) + 1)
        for i in range(len(left) + 1):
            table[i][0] = i
        for j in range(len(right) + 1):
            table[0][j] = j
        for i in range(1, len(left) + last):
            for j in range(1, len(right) + last):
                unlike = int((left[i - 1] == right[j - 1]) is equal)
                side = unlike if free else 1
                table[i][j] = min(table[i - 1][j] + side, table[i][j - 1] + side, table[i - 1][j - 1] + unlike)
        return table[-1][-1]

    return distance


SLIPS = [  # a number, what a learner writes, and what the message has to hold
    ("0.2", lambda a, b: np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b), "divided by the lengths"),
    ("0.2", lambda a, b: [a, b, [1, 2, 3]], "The answer is one number; you gave a list."),
    ("11.1", lambda one, other: [BY_NUMBER["11.1"].reference(one, other)], "Of your 1 value, none are right"),
    ("7.2", lambda vectors: [BY_NUMBER["7.2"].reference(vectors)] * 2, "Part 1: "),
    ("0.2", lambda a, b: a @ b, "a and b are lists"),
    ("0.2", lambda a, b: [left * right for left, right in zip(a, b, strict=True)][-1], "before the loop"),
    ("1.1", lambda a, b: np.nanmean(a * b) - np.nanmean(a) * np.nanmean(b), ""),
    ("1.1", lambda a, b: np.corrcoef(a[~np.isnan(a)], b[~np.isnan(b)])[0][1], "one mask for both"),
    ("1.1", lambda a, b: a[~np.isnan(a) and ~np.isnan(b)], "write & for and"),
    ("1.3", lambda rows: rows / np.linalg.norm(rows, axis=1), "keepdims=True"),
    ("1.3", lambda rows: [row / np.linalg.norm(row) for row in rows] and rows, "names a new row"),
    ("4.1", lambda v, ids, q, k: np.argsort(-(v @ v[ids.index(q)]), kind="stable")[1 : k + 1], "ids[position]"),
    ("4.2", lambda found, true: len(found & true) / len(true), "set(a) & set(b)"),
    ("4.4", lambda r, s, taken, d: ((1 - d) * r - d * s[taken].max()).argmax(), "its own largest"),
    ("4.4", lambda r, s, taken, d: ((1 - d) * r - d * s).argmax(), "are a table"),
    ("9.4", eval("lambda neighbors, n: np.bincount(neighbors)", {}), "import numpy"),
    ("2.1", lambda text: set(text), "letters"),
    ("2.3", lambda found, true: (len(found & true) / len(found),) * 2, "Recall divides"),
    ("3.1", lambda n, m: np.ln((1 + n) / (1 + m)) + 1, "np.log"),
    ("3.1", eval("lambda n, m: math.log((1 + n) / (1 + m)) + 1", {}), "import math"),
    ("3.1", lambda n, m: math.log10((1 + n) / (1 + m)) + 1, "base 10"),
    ("3.1", lambda n, m: math.log(1 + n / 1 + m) + 1, "parentheses"),
    ("3.1", lambda n, m: math.log((1 + n) / (1 + m) + 1), "inside your logarithm"),
    ("3.2", lambda vectors, mask: vectors[mask].mean(axis=0), "positions"),
    ("3.2", lambda vectors, mask: vectors[mask == 1].mean(), "axis=0"),
    ("3.2", lambda vectors, mask: (vectors * mask).sum(axis=0) / mask.sum(), "rows[:, None]"),
    ("3.3", lambda tokens, size: tokens[:size], "return inside the loop"),
    ("3.3", lambda tokens, size: np.array_split(tokens, size), "pieces of `size` tokens"),
    (
        "3.3",
        lambda tokens, size: [tokens[i : i + size] for i in range(0, len(tokens) + 1, size)],
        "last piece is empty",
    ),
    ("3.5", lambda film: print(film["synopsis"]), "return at its end"),
    ("3.4", lambda vectors: without_mean(vectors) / np.linalg.norm(without_mean(vectors)), "Each row has its own"),
    ("3.4", lambda vectors: (vectors - vectors.mean()) / np.linalg.norm(vectors - vectors.mean()), "one length"),
    ("5.3", lambda r, d: np.nansum(r - np.nanmean(r), axis=1) / ((~np.isnan(r)).sum(axis=1) + d), "per viewer"),
    ("4.1", lambda v, ids, q, k: neighbors_with_itself_at(0, lambda s, k: np.argsort(-s)[:k])(v, ids, q, k), "gets 0"),
    ("4.3", lambda scores, allowed, k: np.argsort(-np.where(allowed, scores, 0))[:k], "get 0"),
    ("6.1", lambda hits, relevant: (precisions(hits) * hits).sum() / sum(hits), "number of hits"),
    ("6.1", lambda hits, relevant: (precisions(hits) * hits).sum() / len(hits), "length of the list"),
    ("6.1", lambda hits, relevant: precisions(hits)[hits].sum() / min(relevant, len(hits)), "positions"),
    ("6.1", lambda hits, relevant: (precisions(hits) * hits).sum() / len(relevant), "`relevant` is a number"),
    ("6.1", lambda hits, relevant: 100 * (precisions(hits) * hits).sum() / min(relevant, len(hits)), "percent"),
    ("6.2", lambda hits, n: (hits * worth(hits)).sum() / worth(np.zeros(n)).sum(), "only as long as hits"),
    ("6.2", lambda hits, n: sum(hit / np.log2(p + 1) for p, hit in enumerate(hits)) / ideal(hits, n), "start=1"),
    ("6.2", lambda hits, n: sum(1 / np.log2(p + 1) for p in range(len(hits)) if hits[p]) / ideal(hits, n), "from 0"),
    ("6.2", lambda hits, n: gain(hits) / sum(1 / np.log2(p + 1) for p in range(min(n, len(hits)))), "best list counts"),
    ("6.2", lambda hits, n: gain(hits) / sum(1 / math.log2(p + 1) for p in range(min(n, len(hits)))), "from 1"),
    (
        "6.2",
        lambda hits, n: gain(hits) / sum(1 / math.log2(p + 1) for p in range(1, min(n, len(hits)))),
        "one hit short",
    ),
    ("6.2", lambda hits, n: gain(hits) / worth(hits)[: n - 1].sum(), "[:relevant]"),
    ("6.3", lambda one, other, drawn: np.quantile(means(one, other, drawn), 0.025, 0.975), "in one list"),
    ("6.3", lambda one, other, drawn: np.quantile(means(one, other, drawn), [2.5, 97.5]), "np.quantile takes shares"),
    ("6.4", lambda scores, seen, k: BY_NUMBER["6.4"].reference(scores, seen, k - 1), "The last one is missing"),
    ("6.4", lambda scores, seen, k: BY_NUMBER["6.4"].reference(scores, seen, k)[1:], "The first one is missing"),
    ("6.4", lambda scores, seen, k: np.argsort(-np.where(~seen, -np.inf, scores))[:k], "mask is inverted"),
    ("6.4", lambda scores, seen, k: np.argsort(-np.where(seen, -np.inf, scores))[:10], "Keep k"),
    ("3.4", lambda vectors: vectors - vectors.mean(axis=1), "Subtract the mean film: axis=0"),
    ("3.4", lambda vectors: without_mean(vectors) / np.linalg.norm(without_mean(vectors), axis=1), "keepdims=True"),
    ("3.5", lambda film: load_movies()["title"] + ". " + load_movies()["genres"], 'film["title"]'),
    ("3.5", lambda film: film["title"] + film["year"], "str(...)"),
    ("3.5", lambda film: film["title"] + film["genre"], "A film has title, year, genres"),
    ("0.2", eval("lambda a, b: np.dot(a, b)", {}), "leave NumPy out"),
    ("6.3", lambda one, other, drawn: np.percentile(means(one, other, drawn), [0.025, 0.975]), "percent"),
    ("6.3", lambda one, other, drawn: np.quantile(one - other, [0.025, 0.975]), "without the samples"),
    ("6.4", lambda scores, seen, k: np.argsort(-np.where(seen, -1, scores))[:k], "-np.inf"),
    ("6.4", lambda scores, seen, k: np.argsort(np.where(seen, -np.inf, scores))[-k:], "the best comes last"),
    ("7.2", lambda vectors: BY_NUMBER["7.2"].reference(vectors)[0], "steps, too"),
    ("7.4", lambda shards, copies, failed: (1 - failed ^ copies) ** shards, "with **"),
    ("8.4", lambda title, strength: f"<b>{title}</b>", ""),
    (
        "9.1",
        lambda table, title, text: {**BY_NUMBER["9.1"].reference(table, title, text), "rows": 9},
        "9 for 'rows'; 5",
    ),
    (
        "9.1",
        lambda table, title, text: {"rows": len(table), "no_title": 0},
        "The key 'without title' is missing (found: 'rows', 'no_title')",
    ),
    ("9.1", lambda table, title, text: len(table), "The answer is a dictionary with 'rows', 'without title', "),
    ("11.1", lambda one, other: [{"inputs": 1}, {}], "none are right"),
    ("9.3", lambda hits, total: BY_NUMBER["9.3"].reference(hits, total) + (0,), "has 2 values; yours has 3"),
    ("9.3", wilson_written_in_a_line, "Parentheses are missing: write z**2 / (2 * n) and z**2 / (4 * n**2)."),
    ("9.4", lambda neighbors, n: Counter(np.ravel(neighbors).tolist()), "needs a 0"),
    ("9.4", lambda neighbors, n: pd.Series(np.ravel(neighbors)).value_counts(), ""),
    (
        "11.1",
        lambda one, other: len([name for name in one if name != "model" and one[name] != other[name]]),
        "how many",
    ),
    (
        "5.3",
        lambda r, d: np.nanmean(r - np.nanmean(r), axis=0) * (n := (~np.isnan(r)).sum(axis=0)) / (n + d),
        "nothing",
    ),
    ("5.4", lambda liked, regularization: over_the_diagonal(np.linalg.inv(liked.T @ liked)), "is missing"),
    ("6.2", lambda hits, n: gain(hits) / gain(np.sort(hits)[::-1]), "best order"),
    ("6.2", lambda hits, n: gain(hits) / gain(np.sort(hits)[::-1]) if any(hits) else 0.0, "best order"),
    ("7.2", lambda v: (np.round(v / (abs(v).max() / 127)), abs(v).max() / 127), "one step for the whole matrix"),
    (
        "7.2",
        lambda v: (np.round(v / (abs(v).max(1, keepdims=True) / 127)), abs(v).max(1, keepdims=True) / 127),
        "for each column",
    ),
    ("7.4", lambda shards, copies, failed: (1 - failed**shards) ** copies, "exchanged"),
    ("8.1", joined_without_a_comma, "A tuple of one has a comma"),
    ("8.2", lambda years, genres, first, last, chosen: years >= first & years <= last, "parentheses around each side"),
    ("8.4", lambda title, s: f'<b>{html.escape(title)}</b><i style="width:{int(s * 100)}%"></i>', "cuts off"),
    ("10.1", lambda viewer, liked, other: -np.log(1 / 1 + np.exp(viewer @ other - viewer @ liked)), "parentheses"),
    ("12.2", lambda taste, shown: (taste * np.log10(taste / shown)).sum(), "base 10"),
    ("12.2", lambda taste, shown: taste * np.log2(taste / shown), "Add them up"),
    ("0.1", load_movies()["year"] < 1960, "a Series of True and False. To count the True ones"),
    ("0.1", load_movies()[load_movies()["year"] < 1960], "a DataFrame. To count its rows"),
    ("0.1", load_movies()[load_movies()["year"] < 1960].size, "cells"),
    ("0.1", (load_movies()["year"] > 1960).sum(), "Turn the comparison around"),
    ("0.1", (load_movies()["year"] < 1960).mean(), "share"),
    ("0.2", lambda a, b: sum(left * right for left, right in zip(a, b, strict=True)) / len(a), "how many there are"),
    ("0.3", {"The Matrix": "The Avengers"}, "a comma instead of the colon"),
    ("0.3", {"The Matrix", "The Avengers", "Alien"}, "1 is too many"),
    ("2.1", lambda text: {text.lower().replace("sci-fi", "science fiction")}, "one long separator"),
    ("2.1", lambda text: {name.replace(" ", "") for name in BY_NUMBER["2.1"].reference(text)}, "inside"),
    ("2.1", lambda text: set(re.split(r"\s*[|,/]\s*", text.replace("sci-fi", "science fiction").lower())), "Sci-Fi"),
    ("2.1", lambda text: words(text, "/"), "anew"),
    ("2.1", lambda text: {part.strip().lower() for part in re.split("|,/", text)}, "In a pattern, | means or"),
    ("2.2", table_of_distances(equal=True), "The other way around"),
    ("2.2", table_without_border, "one row and one column more"),
    ("2.2", lambda left, right: sum(a != b for a, b in zip(left, right, strict=False)), "zip stops"),
    ("2.2", table_of_distances(last=0), "range(1, len(left) + 1)"),
    ("2.2", table_of_distances(one_row=True), "the same list"),
    ("2.2", table_of_distances(free=True), "Deleting and inserting cost 1 even where"),
    ("2.3", lambda found, true: (len(found and true) / len(found), len(found and true) / len(true)), "found & true"),
    ("2.3", lambda found, true: [(one := next(iter(found)) in true) / len(found), one / len(true)], "inside the loop"),
    ("2.4", ch02._candidates()[0].pipe(lambda pairs: pairs["left"].map(TRUTH) == pairs["right"].map(TRUTH)), "truth"),
    ("2.5", lambda group: group.loc[group.isna().sum(axis=1).idxmin()], "Return its id"),
    ("2.5", lambda group: group.isna().sum(axis=1), "how many cells each listing lacks"),
    ("3.1", lambda n, m: math.log(n / m), "adds 1"),
    ("3.1", lambda n, m: math.log(n / (1 + m)) + 1, "above the line"),
    ("3.1", lambda n, m: math.log((1 + n) / m) + 1, "below the line"),
    ("3.2", lambda vectors, mask: vectors.sum(axis=0) / mask.sum(), "still in the sum"),
    ("3.4", lambda vectors: without_mean(vectors) / (without_mean(vectors) ** 2).sum(axis=1)[:, None], "square root"),
    ("3.5", lambda film: film[["title", "genres"]], '" ".join(...)'),
    ("3.5", lambda film: [film["title"], film["genres"]], '" ".join(...)'),
    ("3.5", eval('lambda film: film["title", "genres"]'), "one column at a time"),
    ("6.1", lambda hits, n: (precisions(hits) * hits / np.arange(1, len(hits) + 1)).sum() / min(n, len(hits)), "twice"),
    ("6.1", lambda hits, relevant: (precisions(hits) * hits).sum() / min(10, relevant), "len(hits)"),
    ("6.2", lambda hits, n: gain(hits) / worth(np.zeros(10))[:n].sum(), "len(hits)"),
    ("6.3", lambda one, other, drawn: np.quantile(drawn.mean(axis=1), [0.025, 0.975]), "positions of viewers"),
    ("6.3", lambda one, other, drawn: ch06._around(one - other, 1.96 * (one - other).std()), "single viewers"),
    ("6.4", lambda scores, seen, k: np.argsort(scores * ~seen)[::-1][:k], "0 is a good one"),
    ("6.4", lambda scores, seen, k: np.argsort(np.where(seen, np.nan, scores))[::-1][:k], "NaN"),
    ("6.4", lambda scores, seen, k: [film for film in np.argsort(-scores) if film not in seen][:k], "seen[film]"),
    ("6.4", lambda scores, seen, k: np.argsort(np.where(seen, scores.min(), scores))[::-1][:k], "-np.inf"),
]


@pytest.mark.parametrize(("number", "answer", "said"), SLIPS, ids=[f"{slip[0]} {slip[2]}" for slip in SLIPS])
def test_a_usual_slip_gets_a_sentence_and_not_numbers_only(number, answer, said):
    feedback = BY_NUMBER[number].examine(answer)
    assert feedback.state == "wrong" and said in feedback.message
    assert "could not be compared" not in feedback.message


def test_every_title_that_is_not_one_of_the_five_is_named():
    message = BY_NUMBER["0.3"].examine({"Matrix", "Avengers"}).message
    assert "'Matrix'" in message and "'Avengers'" in message


def test_a_message_shows_no_wall_of_keys_and_values():
    for number, answer in [("9.1", lambda table, title, text: {}), ("11.1", lambda one, other: {"nothing"})]:
        message = BY_NUMBER[number].examine(answer).message
        assert "..." not in message and "{'rows'" not in message and "'everything'" not in message


PAIRED = {
    "1.4": lambda right: [*Counter({film: 9 - place for place, film in enumerate(right)}).most_common()],
    "2.1": lambda right: Counter(right).most_common(),
    "4.1": lambda right: [(0.5, film) for film in right],
    "6.4": lambda right: np.stack([right, right * 0.5], axis=1),
}


@pytest.mark.parametrize("number", PAIRED)
def test_pairs_get_the_code_that_keeps_the_right_part(number):
    exercise = BY_NUMBER[number]
    paired = lambda *arguments: PAIRED[number](exercise.reference(*arguments))  # noqa: E731
    message = exercise.examine(paired if exercise.wants_function else paired()).message
    assert "You gave pairs" in message and any(way in message for way in PART_OF_PAIRS.values())


@pytest.mark.parametrize("number", ["0.1", "1.2", "1.4", "4.1", "5.1"])
def test_numbers_in_quotation_marks_get_the_cure(number):
    def quoted(value):
        return [*map(str, value)] if np.iterable(value) else str(value)

    exercise = BY_NUMBER[number]
    answer = (lambda *arguments: quoted(exercise.reference(*arguments))) if exercise.wants_function else quoted(
        exercise.answer()
    )  # fmt: skip
    assert "Leave out the quotation marks" in exercise.examine(answer).message
    assert "quotation marks" not in BY_NUMBER["0.1"].examine("many").message


def test_the_right_values_in_another_shape_get_the_cure():
    column = BY_NUMBER["5.1"].examine(lambda *arguments: BY_NUMBER["5.1"].reference(*arguments)[:, None])
    assert ".reshape(2,)" in column.message
    table = BY_NUMBER["4.1"].examine(lambda *arguments: pd.DataFrame({"id": BY_NUMBER["4.1"].reference(*arguments)}))
    assert "take one of its columns" in table.message


def spoils_rows(vectors):
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def spoils_single_rows(vectors):
    return spoils_rows(np.asarray(vectors, dtype=np.float32))


def empties_tokens(tokens, size):
    made = []
    while tokens:
        made.append(tokens[:size])
        del tokens[:size]
    return made


def marks_seen(scores, seen, k):
    scores[seen] = -np.inf
    return np.argsort(-scores, kind="stable")[:k]


def scales_rows(rows):
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@pytest.mark.parametrize(
    ("number", "answer", "argument"),
    [
        ("1.3", scales_rows, "rows"),
        ("3.3", empties_tokens, "tokens"),
        ("3.4", spoils_rows, "vectors"),
        ("3.4", spoils_single_rows, "vectors"),
        ("6.4", marks_seen, "scores"),
    ],
)
def test_an_answer_in_place_is_not_handed_to_the_notebook(number, answer, argument):
    exercise = BY_NUMBER[number]
    assert f"changes its argument {argument}" in exercise.examine(answer).message
    assert exercise.catch_up(answer) is exercise.reference


@pytest.mark.parametrize(
    ("field", "value", "state"),
    [
        *(("ends", end, "correct") for end in ("when each group has 9600 viewers", "at 9600 viewers per group")),
        *(("ends", end, "correct") for end in ("on 31 January", "January 31st", "in a fortnight", "2026-12-31")),
        *(("ends", end, "correct") for end in ("After 4 weeks, even if nothing is significant", "end of March")),
        *(
            ("ends", end, "wrong")
            for end in ("1 week after I feel like it", "until it is significant", "at some point")
        ),
        *(("ends", end, "wrong") for end in ("when we see a difference", "we look every day", "as soon as it wins")),
        *(("ends", end, "correct") for end in ("after the fourth week", "after week 4", "after twenty days", "31.12.")),
        *(
            ("ends", end, "correct")
            for end in ("3 weeks from May 2, even if p < 0.05 before", "2 weeks, we do not peek daily")
        ),
        ("ends", "2 weeks, but not until it is significant", "wrong"),
        *(
            ("must not fall", guard, "wrong")
            for guard in (
                "something",
                "must not fall",
                "the",
                "nothing",
                "none at all",
                5,
                ch06.a_plan()["metric"] + "!",
            )
        ),
        *(("ends", end, "wrong") for end in ("when p < 0.05", "at 0.02 more", "in 2 weeks, or when p < 0.05")),
        *(("viewers per group", count, "correct") for count in (9600, "9,600", "9.600", "about 10k", 12_000)),
        ("viewers per group", "16 * 0.6 * 0.4 / 0.02**2 = 9600", "correct"),
        ("viewers per group", "16 * 0.6 * 0.4 / 0.02**2 = 960", "wrong"),
        ("viewers per group", "16 * 0.6 * 0.4 / 0.02**2", "wrong"),
        *(("ends", end, "correct") for end in ("at the end of the month", "end of next week")),
        *(("ends", end, "wrong") for end in ("at the end", "at the end of the test")),
        *(("viewers per group", count, "wrong") for count in (9000, 19_200, "50000", 9.6)),
        *(("metric", metric, "correct") for metric in ("likes", "revenue")),
        *(("metric", metric, "wrong") for metric in ("nothing", 5)),
        ("ends", 9600, "wrong"),
        *(("change", change, "wrong") for change in (0.02, "0.02", "more likes")),
    ],
)
def test_a_plan_of_a_test_is_judged_by_what_the_exercise_asks_for(field, value, state):
    assert ch06.q5.examine({**ch06.a_plan(), field: value}).state == state
    assert all(word in ch06.q5.asks for word in ("4 words", "2 words", "formula", "50% more", "a date"))


@pytest.mark.parametrize(
    ("field", "value", "state"),
    [
        *(("memory", memory, "correct") for memory in ("3GB", "1.5 GB", "460 megabytes")),
        *(("memory", memory, "wrong") for memory in ("3", "0 GB", "a few GB", -3)),
        *(("changes", changes, "correct") for changes in ("daily", "never", "nothing changes", 8000)),
        *(("first to fail", said, "wrong") for said in ("nothing at all", "never ever fail")),
        *(("texts", texts, "correct") for texts in (300_000, "300,000", "2M")),
        *(("texts", texts, "wrong") for texts in (0, -5, "many")),
    ],
)
def test_a_plan_of_machines_is_judged_by_what_the_exercise_asks_for(field, value, state):
    assert ch07.q5.examine({**ch07.a_plan(), field: value}).state == state


@pytest.mark.parametrize(
    ("rated", "state"),
    [
        *(({"Alien": star}, "correct") for star in ("4.5 stars", "4,5", "9/2", np.float32(4.5))),
        ({"Amelie": 2}, "correct"),
        ({"ALIEN": 5}, "wrong"),  # a second time
    ],
)
def test_stars_and_titles_are_read_as_people_write_them(rated, state):
    viewer = {title: stars for title, stars in ch05.a_new_viewer().items() if title != "Amélie"} | rated
    assert ch05.q5.examine(viewer).state == state
    assert state == "wrong" or set(ch05.q5.catch_up(viewer)) <= set(ch05.load_movies()["title"])


@pytest.mark.parametrize("star", [True, np.True_, "good", "4 or 5", None, float("nan")])
def test_stars_are_numbers(star):
    assert ch05.q5.examine({**ch05.a_new_viewer(), "Alien": star}).state == "wrong"


def test_a_calculation_in_quotation_marks_is_named_so():
    message = ch06.q5.examine({**ch06.a_plan(), "viewers per group": "16*0.6*0.4/0.02**2"}).message
    assert "quotation marks" in message and "too few" not in message


def test_the_viewers_of_both_groups_together_are_named_so():
    message = ch06.q5.examine({**ch06.a_plan(), "viewers per group": 19_200}).message
    assert "2 times what the formula asks for" in message and "both groups together" in message


QUANTILES = ["linear", "lower", "higher", "nearest", "hazen", "weibull", "median_unbiased", "inverted_cdf"]


@pytest.mark.parametrize("method", QUANTILES)
def test_every_usual_way_to_compute_a_quantile_is_right(method):
    def interval(one, other, drawn):
        return np.quantile(means(one, other, drawn), [0.025, 0.975], method=method)

    def of_seeds_and_viewers(differences, seeds, viewers):
        samples = [differences[rows][:, columns].mean() for rows, columns in zip(seeds, viewers, strict=True)]
        return np.quantile(samples, [0.025, 0.975], method=method)

    assert BY_NUMBER["6.3"].examine(interval).state == "correct"
    assert BY_NUMBER["11.3"].examine(of_seeds_and_viewers).state == "correct"


@pytest.mark.parametrize("text", ["zzzqqq", "Avengrs the fourteenth of all"])
def test_a_title_that_is_not_there_is_named(text):
    answer = {**BY_NUMBER["0.4"].answer(), "neighbor": text}
    assert f"'{text}' is not in the catalog" in BY_NUMBER["0.4"].examine(answer).message


CATALOG, SETTING = ch01.a_choice(), ch04.a_setting()
PROJECT, READER, COMPARISON, TRIAL = ch09.a_project(), ch10.a_reading_ranker(), ch11.a_comparison(), ch08.a_trial()


@pytest.mark.parametrize(
    ("number", "plan", "field", "value", "state"),
    [
        *(("9.5", PROJECT, "judged by", said, "correct") for said in ("30 labels: .6, from .43 to .75",)),
        *(
            ("9.5", PROJECT, "judged by", said, "correct")
            for said in ("62 percent [47, 76] of 40", "40 labels: 0.62 ± 0.15")
        ),
        *(
            ("9.5", PROJECT, "judged by", said, "wrong")
            for said in ("1 2 3", "40 labels, 0.62", "12 of 20 by me", "0.62 [0.47, 0.76]")
        ),
        *(("9.5", PROJECT, "what is embedded", said, "correct") for said in ("title", "本", "the blurb")),
        *(("9.5", PROJECT, "what is embedded", said, "wrong") for said in (3, "x", None)),
        ("9.5", PROJECT, "catalog", 4000, "wrong"),
        *(
            ("10.5", READER, "tokens of a list", said, "correct")
            for said in ("50 * 212 * 4 / 3 = 14,133", "14.133", "14k", 14_000)
        ),
        *(("10.5", READER, "tokens of a list", said, "wrong") for said in (10_600, "50 * 212 = 10,600", 282)),
        *(("10.5", READER, "candidates", said, "wrong") for said in (0, -50, "many")),
        *(
            ("11.4", COMPARISON, "interval over", said, "correct")
            for said in ("visitors", "days", "households and weeks", "songs", "seeds", "all students")
        ),
        *(
            ("11.4", COMPARISON, "interval over", said, "wrong")
            for said in ("nothing", "95%", "the mean", "everything")
        ),
        *(("8.5", TRIAL, "who", said, "correct") for said in ("I ask my sister Anna", "Ida from the office")),
        *(
            ("8.5", TRIAL, "who", said, "wrong")
            for said in ("I do it", "I watch myself", "nobody at all", "me", "who", "asdf", "12", 3, np.nan)
        ),
        *(("8.5", TRIAL, "who", said, "correct") for said in ("Tom", "my sister", "Grandma")),
        *(
            ("8.5", TRIAL, "task", said, "wrong")
            for said in ("type Alien into the search box and press enter", "move the slider all the way to the right")
        ),
        ("9.5", PROJECT, "catalog", "novels", "correct"),
        *(("8.5", TRIAL, "who", said, "correct") for said in ("I'll ask my sister", "I have a friend from school")),
        *(
            ("8.5", TRIAL, "task", said, "wrong")
            for said in ("Use Surprise me to find something new", "Please click on the button Undo twice")
        ),
        *(
            ("1.5", CATALOG, "approach", said, "correct")
            for said in ("CF", "item-item CF", "embeddings", "cosine of text embeddings", "genres, so content-based")
        ),
        *(("1.5", CATALOG, "approach", said, "wrong") for said in ("CF or embeddings", "cfo", "popularity", None)),
        *(("4.5", SETTING, "diversity", said, "correct") for said in ("0.4", "40%", "0,4", np.array([0.4]))),
        *(
            ("4.5", SETTING, "diversity", said, "wrong")
            for said in ("40", "high", "0.4 or 0.5", True, np.nan, [], None)
        ),
        ("8.5", TRIAL, "task", "Find a film that both of you like", "correct"),
    ],
)
def test_a_plan_is_judged_by_what_it_says_not_by_how_it_is_written(number, plan, field, value, state):
    assert BY_NUMBER[number].examine({**plan, field: value}).state == state


@pytest.mark.parametrize(
    ("text", "numbers"),
    [(".6 of 5", [0.6, 5]), ("62 percent", [0.62]), ("v1.5", []), ("10k", [10_000]), (".47-.76", [0.47, 0.76])],
)
def test_numbers_are_read_as_people_write_them(text, numbers):
    assert numbers_in(text) == pytest.approx(numbers)


def test_a_message_about_a_card_or_a_text_speaks_of_nothing_that_the_learner_does_not_see():
    card = BY_NUMBER["8.4"].examine(lambda title, strength: f"<strong>{title}</strong>").message
    text = BY_NUMBER["9.2"].examine(lambda parts: "nothing").message
    assert not any(word in card + text for word in ("values", "place 0", "shape"))
    assert "an array with one value" in BY_NUMBER["10.1"].examine(lambda viewer, liked, other: np.ones(1)).message


def test_a_correction_that_cancels_out_is_named_so():
    def by_row(viewers, films, shares):
        scores = viewers @ films.T - np.log(shares)[:, None]
        return np.mean(np.log(np.exp(scores).sum(axis=1)) - np.diag(scores))

    assert "cancels out" in BY_NUMBER["10.2"].examine(by_row).message


SPELLED = {
    **{"twenty-one": 21, "Twenty One": 21, "a half": 0.5, "two thirds": 2 / 3, "two-thirds": 2 / 3, "half": 0.5},
    **{"one and a half": 1.5, "1 1/2": 1.5, "1½": 1.5, "point five": 0.5, "minus a half": -0.5, "a dozen": 12},
    **{"zero point two five": 0.25, "three hundred and eighty-four": 384, "half a million": 500_000, "thirteen": 13},
    **{"one million two hundred thousand": 1_200_000, "seventy percent": 0.7, "one in four": 0.25},
}


@pytest.mark.parametrize("text", SPELLED)
def test_a_number_may_be_spelled_out(text):
    assert value_of(text, several=False) == pytest.approx(SPELLED[text])


def test_spelled_numbers_are_read_in_open_fields_where_no_digit_is():
    assert numbers_in("nine thousand six hundred per group") == [9600]
    assert numbers_in("one machine with 4 GB") == [4]
    assert value_of("zero and one half", several=True) == [0, 0.5]
    assert value_of("two or three", several=False) == "two or three"


@pytest.mark.parametrize(
    "text", ["nothing ever fails", "Nothing will fail.", "nothing could go wrong here", "none that I know of"]
)
def test_that_nothing_ever_fails_is_no_answer(text):
    assert trouble_with("fails when", text, 3)
    assert trouble_with("fails when", "no ratings for new films", 3) is None


def test_a_piece_of_a_hint_is_copied_and_a_few_of_its_words_are_not():
    hint = "The interval is over everything that was drawn at random"
    assert repeated({"over": "everything that was drawn at random"}, "", hint)
    assert repeated({"over": "viewers drawn at random"}, "", hint) is None
    plan = {"held constant": "same tuning for both of them", "refuted by": "a tie of the two means"}
    assert repeated(plan, "", hint) is None


@pytest.mark.parametrize(
    ("number", "field", "text"),
    [
        ("0.4", "why", "I have nothing to say about this and that is all"),
        ("7.5", "first to fail", "I am not sure"),
        ("8.5", "done when", "1 2 3 4"),
        ("9.5", "what is embedded", "ok"),
        ("11.4", "interval over", "both models"),
        ("12.4", "measure", "the answer is what you want"),
        ("0.4", "why", "no idea what to write here but the check wants words"),
        ("0.4", "why", "I do not really know what to write here but it needs eight words"),
        ("6.5", "ends", "when the result looks good after 2 weeks"),
        ("9.5", "next step", "no idea yet"),
        ("9.5", "worst fault", "no idea so far"),
        ("12.4", "group", "someone somewhere with something somehow"),
        ("10.5", "measured by", "I have no idea how to measure that, sorry"),
        ("10.5", "adds", "I do not know what it adds to the ratings"),
        ("12.4", "next step", "no next step is needed here"),
        ("12.4", "group", "everybody and nobody and all of them"),
        ("9.5", "worst fault", "no faults found"),
        ("6.5", "change", "something will be different for them"),
        ("8.5", "who", "anybody"),
        ("7.5", "engine", "1 2 3"),
        ("7.5", "first to fail", "dfg hjk wer"),
        ("8.5", "task", "1. 2. 3. 4. 5."),
        ("1.5", "approach", "not collaborative"),
        ("1.5", "because", "I would try it first because it is the best one"),
        ("6.5", "ends", "when the new list is ahead for three days"),
        ("6.5", "metric", "good things"),
        ("9.5", "judged by", "0.9 [0.1, 0.2] of 40"),
        ("11.4", "interval over", "idk"),
        ("11.4", "refuted by", "nothing could refute it ever"),
        ("11.4", "settings", "the settings are the settings of it"),
        ("12.4", "measure", "1 2 3 4 5 6"),
        ("12.4", "measure", "nothing at all is measured"),
        ("12.4", "compared with", "no comparison at all ever is"),
    ],
)
def test_words_that_fit_every_question_answer_none(number, field, text):
    exercise = BY_NUMBER[number]
    assert exercise.examine({**exercise.answer(), field: text}).state == "wrong"


@pytest.mark.parametrize(
    ("number", "field", "text"),
    [
        ("1.5", "approach", "vectors, not collaborative"),
        ("6.5", "ends", "when the sample size is reached in both groups"),
        ("7.5", "memory", "about half a gigabyte"),
        ("7.5", "changes", "never"),
        ("9.5", "judged by", "forty labels: 0.6, from 0.45 to 0.74"),
        ("9.5", "judged by", "62% (47% to 76%) of 40 labels"),
        ("9.5", "judged by", "62.5% (47–76%) of 40 labels"),
        ("9.5", "judged by", "40: 0.62 [0.47, 0.76]"),
        ("8.5", "done when", "they say they are done"),
        ("6.5", "viewers per group", "nine thousand six hundred"),
        ("6.5", "must not fall", "visits per week"),
        ("6.5", "ends", "as soon as 9,600 viewers per group are reached"),
        ("6.5", "ends", "4wks after launch"),
        ("9.5", "judged by", "0.6 +/- 0.2 with 20 labels"),
        ("1.5", "because", "We do not know who reads what, so all we have are the blurbs of the books"),
    ],
)
def test_a_short_answer_that_says_it_is_right(number, field, text):
    exercise = BY_NUMBER[number]
    assert exercise.examine({**exercise.answer(), field: text}).state == "correct"


IN_WORDS = [  # as people write, in many languages, with names, short forms and the words of the trade
    "Both synopses tell of an ordinary man and an amazing mind, but nobody travels in time.",
    "cos there r lots of new users w no ratings yet tbh",
    "NDCG@10 and MRR of KNN versus SVD, with CSV logs of clicks",
    "HNSW M=16 efC=200 efS=64, IVF nlist=1024, PQ m=48",
    "SBERT, BM25, TF-IDF, GloVe: same CSV, same HW, different vectors",
    "The embedder, reranker, and tokenizer are Dockerized for the Kubernetes cluster of our webshop",
    "because teh recomendr nevr sees the reveiws and ratigns of nwe customers",
    "My gym hymns fly by shyly, says Lynn of rhythm and myth",
    "Dit werkt niet als een klant nieuw is of als het product nieuw is of onbekend",
    "Das Rezept schmeckt nicht, weil zwei Zutaten in der Liste fehlen.",
    "Parce que chaque livre possède un résumé, alors que personne ne note.",
    "Las dos películas hablan de naves, pero una es para niños.",
    "Każdy przepis ma listę składników, a nikt nie daje ocen.",
    "Každý film má popis, ale nikdo nedává hvězdičky těm novým.",
    "Kiekvienas filmas turi aprašymą, bet niekas jam neduoda žvaigždučių.",
    "Jokaisella elokuvalla on kuvaus, mutta kukaan ei anna heti tähtiä.",
    "Mỗi bộ phim có một tóm tắt nhưng chưa ai chấm điểm.",
    "Wo xihuan zhe bu dianying yinwei hen feichang youqu",
    "यह फिल्म बहुत लंबी है और मुझे पसंद नहीं",
    "இந்தப் படம் மிக நீளமாக உள்ளது, ஆனால் எனக்கு மிகவும் பிடிக்கும்",
    "Ce re\u0301sume\u0301 est tre\u0300s court et personne ne l'a note\u0301",  # accents as signs of their own
]
NO_WORDS = [
    "abc def ghi jkl mno pqr stu vwx",
    "lkj hgf dsa poi uyt rew mnb vcx",
    "xkq wpl zrt mnb vcx qkj wzx pqx",
    "kjhg kjsdhf kjshdf iuwer hksdjf skdjh kjsdhf iwue",
    "ioqwue oiqwue oqiwue oiquwe oiuqwe qowieu oqwiue oqiuwe",
    "ertz dfgh cvbn zuio hjkl bnmü ertz dfgh",
    "xx yy zz aa bb cc dd ee ff",
    "xxyz zyxw vuts rqpo nmlk jihg fedc baz",
]
MADE_UP = [  # English around words that nobody has heard of
    "the blorfing tandle was frumious because the mimsy wabe outgrabed its slithy vorpal",
    "a flumper of the gribbly snorf with their wuggle and zibber from the plonk",
]


def test_a_sentence_in_any_language_is_one_and_fingers_on_a_keyboard_are_none():
    assert {text: trouble_with("why", text) for text in IN_WORDS} == dict.fromkeys(IN_WORDS)
    assert [text for text in NO_WORDS if trouble_with("why", text) is None] == []
    assert [text for text in MADE_UP if trouble_with("why", text) is None] == []
    assert trouble_with("engine", "abc def ghi", 3) and trouble_with("engine", "BBC, CNN, and NBC news", 3) is None


def test_what_a_function_prints_while_its_calls_are_counted_is_left_out(capsys):
    def distance(left, right):
        print("comparing", left)
        return BY_NUMBER["2.2"].reference(left, right)

    assert BY_NUMBER["2.2"].catch_up(distance)("up", "cup") == 1
    assert capsys.readouterr().out == "comparing up\n"


@pytest.mark.parametrize("least", [80, 80.3, 79.95])
def test_titles_and_years_with_other_numbers_are_no_rule_of_ones_own(least):
    pairs = ch02._candidates()[0]
    sooner = (pairs["title_score"] >= least) & (pairs["year_gap"] < 0.5)
    mask = sooner | ((pairs["title_score"] >= least + 2) & (pairs["year_gap"] <= 1))
    assert "with another number" in BY_NUMBER["2.4"].examine(mask).message


@pytest.mark.parametrize(
    ("texts", "memory", "state"),
    [
        *(("50,000 articles", memory, "wrong") for memory in ("77 TB", "500 GB", "77 kB", "0.4 MB")),
        *(("50,000 articles", memory, "correct") for memory in ("77 MB", "1 MB as bits", "77 MB on a laptop of 16 GB")),
        ("1.5 billion posts", "2.4 TB", "correct"),
        ("200 talks of 3,000 words", "0.3 MB", "correct"),
        ("200 talks", "less than 1 GB", "correct"),
        ("100 talks", "153,600 bytes", "correct"),
        ("2 lakh songs", "300 MB", "correct"),
        ("300,000,000 pages", "1 GB", "wrong"),
    ],
)
def test_memory_and_texts_of_a_plan_fit_together(texts, memory, state):
    feedback = BY_NUMBER["7.5"].examine({**BY_NUMBER["7.5"].answer(), "texts": texts, "memory": memory})
    assert feedback.state == state
    assert state == "correct" or "fit together" in feedback.message


def test_messages_name_the_cure_and_nothing_internal():
    assert "Near it: The Matrix" in BY_NUMBER["5.5"].examine({"Matrix, The": 5}).message
    questions = {question.number: question for question in ch07.closing.questions + ch02.closing.questions}
    assert "Line B is indented" in questions["7.D"].examine("BCEADF").message
    assert "not with a sentence" in questions["7.E"].examine("I don't know").message
    message = questions["2.C"].examine("min").message
    assert "you gave a function" in message and "builtin" not in message


def test_one_film_is_counted_as_one():
    assert BY_NUMBER["5.5"].examine({"Alien": 5}).message == "You rated 1 film. Rate five or more."
