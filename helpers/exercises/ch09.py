"""Exercises of notebook 09, Your own data."""

from __future__ import annotations

import functools
import re
from collections import Counter

import numpy as np
import pandas as pd

from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, finish, predict
from helpers.exercises.texts import fields_missing, in_digits, numbers_in, trouble_with

Z = 1.96  # standard deviations that hold the middle 95 % of a normal distribution
FIELDS = ["catalog", "what is embedded", "judged by", "worst fault", "next step"]
WORDS = {"catalog": 1, "what is embedded": 1, "judged by": 3, "worst fault": 3, "next step": 3}  # that a field needs


def report(table, title, text):
    """Count what is wrong with a table before anything else is done: rows, missing cells, repeated titles."""
    titles, texts = (table[column].fillna("").str.strip() for column in (title, text))
    named = titles[titles != ""].str.casefold()
    return {
        "rows": len(table),
        "without title": int((titles == "").sum()),
        "without text": int((texts == "").sum()),
        "same title again": int(named.duplicated().sum()),
    }


def passage(parts):
    """One text to embed from several cells: each ends with one period, and missing cells leave no trace."""
    kept = [part.strip().rstrip(".") for part in parts if isinstance(part, str)]
    return " ".join(f"{part}." for part in kept if part)


def _kept(parts):
    """The cells that are not missing, without blanks and their periods."""
    return [part.strip().rstrip(".") for part in parts if isinstance(part, str) and part.strip()]


def wilson(hits, total):
    """Interval (Wilson, 1927) that contains the true share in 95 of 100 cases."""
    share, square = hits / total, Z**2
    middle = share + square / (2 * total)
    half = Z * np.sqrt(share * (1 - share) / total + square / (4 * total**2))
    return (middle - half) / (1 + square / total), (middle + half) / (1 + square / total)


def _wilson_with(hits, total, z=Z, square=None, root=np.sqrt, below=None):
    """The interval with one thing wrong with it, as the arguments say."""
    share, square = hits / total, z**2 if square is None else square
    half = z * root(share * (1 - share) / total + square / (below or 4 * total**2))
    middle = share + square / (2 * total)
    return (middle - half) / (1 + square / total), (middle + half) / (1 + square / total)


BELOW_THE_BAR = {"2": "z**2 / (2 * n)", "4": "z**2 / (4 * n**2)", "1": "(...) / (1 + z**2 / n)"}


def _without_parentheses(hits, total, left_out):
    """The interval with some fractions written as in z**2 / 2 * n: those with a 2, a 4 or a 1 below the bar."""
    share, square = hits / total, Z**2
    first = square / 2 * total if "2" in left_out else square / (2 * total)
    second = square / 4 * total**2 if "4" in left_out else square / (4 * total**2)
    half = Z * np.sqrt(share * (1 - share) / total + second)
    ends = share + first - half, share + first + half
    return tuple(end / 1 + square / total if "1" in left_out else end / (1 + square / total) for end in ends)


def occurrence(neighbors, n):
    """How often each of n rows is among the neighbors of others; `neighbors` is (n, k)."""
    return np.bincount(np.ravel(neighbors), minlength=n)


def a_project() -> dict:
    """Describe a recommender of one's own."""
    return {
        "catalog": "The 4,000 books of our town's library, from its own export",
        "what is embedded": "title and blurb; the blurb alone was worse for short ones",
        "judged by": "40 neighbors of 8 books, labeled by two librarians: precision 0.62 [0.47, 0.76]",
        "worst fault": "serials: 300 blurbs begin with the same sentence, and are near-copies",
        "next step": "cut the first sentence of serials, then label 40 again",
    }


def judge_project(answer) -> str | None:
    """Look at what can be judged of a project by its words."""
    missing = fields_missing(answer, FIELDS)
    if missing is not None:
        return missing
    figure = next((field for field in FIELDS if not isinstance(answer[field], str)), None)
    if figure is not None:
        return f"'{figure}' asks for words, as a text in quotation marks."
    trouble = next(filter(None, (trouble_with(field, answer[field], WORDS[field]) for field in FIELDS)), None)
    if trouble is not None:
        return trouble
    judged = in_digits(answer["judged by"].casefold()).replace("+/-", "±")
    judged = re.sub(r"(\d)(\s*(?:[-–]|to)\s*[\d.]+\s*(?:%|percent))", r"\1%\2", judged)  # 47–76%
    figures = numbers_in(judged)
    if not figures:
        return "'judged by' needs numbers: how many labels, what precision, which interval."
    shares = [figure for figure in figures if figure <= 1 or "percent" in judged or "%" in judged]
    if len(shares) < (1 if "±" in judged else 3):
        return "A precision from a few labels says little without its interval. Give it, as in 0.62 [0.47, 0.76]."
    if max(figures) <= 1:
        return "'judged by' needs the number of labels, too."
    if "±" not in judged and all(sorted(shares[n : n + 3])[1] != shares[n] for n in range(len(shares) - 2)):
        return "A precision lies within its interval. Give it first, then both ends, as in 0.62 [0.47, 0.76]."
    return None


def _table(titles, texts):
    return pd.DataFrame({"name": titles, "about": texts})


q1 = Exercise(
    "9.1",
    "Look before you leap",
    report,
    inputs=[
        (_table(["Soup", "soup ", None, "Tart", None], ["hot", None, " ", "sweet", "?"]), "name", "about"),
        (_table(["A", "A", "a", "B"], ["x", "y", "z", ""]), "name", "about"),
        (_table(["Hot Pot", "hotpot", "hot pot"], ["x", "y", "z"]), "name", "about"),
        (
            _table(["Pie", " ", "", "pie", "Pie", "Tea", "Jam"], [*"xyz", "", *"uvw"]).set_axis(
                ["dish", "steps"], axis=1
            ),
            "dish",
            "steps",
        ),
    ],
    mistakes=[
        Mistake(
            "all cells",
            "You counted the cells. len(table) is the number of rows.",
            lambda table, title, text: {**report(table, title, text), "rows": table.size},
        ),
        Mistake(
            "rows with a title",
            "You counted the rows that have a title. len(table) is the number of all rows.",
            lambda table, title, text: {**report(table, title, text), "rows": table[title].count()},
        ),
        Mistake(
            "blank titles are titles",
            "A title of spaces is as empty as a missing one: strip before you compare.",
            lambda table, title, text: {**report(table, title, text), "without title": int(table[title].isna().sum())},
        ),
        Mistake(
            "filled cells",
            "You counted the cells that have a text. Count those that have none.",
            lambda table, title, text: {
                **report(table, title, text),
                "without text": len(table) - report(table, title, text)["without text"],
            },
        ),
        Mistake(
            "different titles",
            "You counted how many different titles there are. Count the rows that repeat one.",
            lambda table, title, text: {
                **report(table, title, text),
                "same title again": table[title].str.strip().str.casefold().nunique(),
            },
        ),
        Mistake(
            "blanks count as text",
            "A cell that holds only spaces is as empty as a missing one: strip before you compare.",
            lambda table, title, text: {**report(table, title, text), "without text": int(table[text].isna().sum())},
        ),
        Mistake(
            "capitals make a difference",
            "Soup and soup are one title: ignore case and surrounding spaces when you compare titles.",
            lambda table, title, text: {
                **report(table, title, text),
                "same title again": int(table[title].dropna().duplicated().sum()),
            },
        ),
        Mistake(
            "the first one counted, too",
            "Count the rows that repeat an earlier title, not the earlier one itself: duplicated() without keep=False.",
            lambda table, title, text: {
                **report(table, title, text),
                "same title again": int(table[title].dropna().str.strip().str.casefold().duplicated(keep=False).sum()),
            },
        ),
        Mistake(
            "missing titles are alike",
            "Two missing titles are not the same title: leave them out before you look for repeated ones.",
            lambda table, title, text: {
                **report(table, title, text),
                "same title again": int(table[title].fillna("").str.strip().str.casefold().duplicated().sum()),
            },
        ),
    ],
    hints=[
        'table[text].fillna("").str.strip() == "" is True for missing and for blank cells.',
        "For repeated titles: take those that are not empty, .str.strip().str.casefold().duplicated().sum()",
        "Put the four numbers into a dictionary with the four names.",
    ],
    praise="Four numbers, and you know whether the file is what somebody said it was.",
)

q2 = Exercise(
    "9.2",
    "What to embed",
    passage,
    inputs=[
        (["Pho Bo", "Clear beef broth.", "Vietnamese"],),
        (["Pho Bo", None, float("nan"), "  "],),
        ([None, "Pho Bo", float("nan"), "Clear beef broth.", " ", "Vietnamese"],),
        (["Mt. Etna.", " Hot. "],),
        ([None, float("nan"), " "],),
    ],
    compared_as=lambda text: [text],  # capitals count
    mistakes=[
        Mistake(
            "last period missing",
            "The last period is missing: join puts it between the parts only.",
            lambda parts: ". ".join(_kept(parts)),
        ),
        Mistake(
            "not joined",
            "Those are the sentences. Join them into one text, with a space in between.",
            lambda parts: [f"{part}." for part in _kept(parts)],
        ),
        Mistake(
            "no space",
            "The sentences run together. Put a space in between: ' '.join(...).",
            lambda parts: "".join(f"{part}." for part in _kept(parts)),
        ),
        Mistake(
            "a space at the end",
            "A space is left at the end: join with it, or strip.",
            lambda parts: "".join(f"{part}. " for part in _kept(parts)),
        ),
        Mistake(
            "lines",
            "You put each part on a line of its own. One text, with a space in between.",
            lambda parts: "\n".join(f"{part}." for part in _kept(parts)),
        ),
        Mistake(
            "commas",
            "You joined the parts with commas. Each ends with a period of its own.",
            lambda parts: ", ".join(_kept(parts)) + "." * bool(_kept(parts)),
        ),
        Mistake(
            "small letters",
            "You changed the letters to lower case. Leave them as they are.",
            lambda parts: passage(parts).lower(),
        ),
        Mistake(
            "blanks kept",
            "Spaces around a cell are still there: strip first, then take off the period.",
            lambda parts: " ".join(part.rstrip(".") + "." for part in parts if isinstance(part, str) and part.strip()),
        ),
        Mistake(
            "nan embedded",
            "Missing cells became the words nan or None, which then make dishes alike. Leave them out.",
            lambda parts: " ".join(f"{str(part).strip().rstrip('.')}." for part in parts if str(part).strip()),
        ),
        Mistake(
            "two periods",
            "A cell that ends with a period got a second one. Take it off first: rstrip('.').",
            lambda parts: " ".join(f"{part.strip()}." for part in parts if isinstance(part, str) and part.strip()),
        ),
        Mistake(
            "a period for nothing",
            "When every cell is missing, you return a single period. Return an empty text.",
            lambda parts: (
                ". ".join(part.strip().rstrip(".") for part in parts if isinstance(part, str) and part.strip()) + "."
            ),
        ),
        Mistake(
            "no periods",
            "Without a period the title runs into the text, and the encoder reads one odd sentence.",
            lambda parts: " ".join(
                part.strip().rstrip(".") for part in parts if isinstance(part, str) and part.strip()
            ),
        ),
        Mistake(
            "empty sentences",
            "Blank cells left a period behind. Leave them out, like the missing ones.",
            lambda parts: " ".join(f"{part.strip().rstrip('.')}." for part in parts if isinstance(part, str)),
        ),
    ],
    hints=[
        "isinstance(part, str) is False for None and for NaN.",
        'part.strip().rstrip(".") is the cell without surrounding spaces and without its period.',
        'Join with " ".join(f"{part}." for part in kept if part).',
    ],
    praise="What you embed decides what near means. Compare two ways on your labels.",
)

q3 = Exercise(
    "9.3",
    "How certain is a share?",
    wilson,
    inputs=[(10, 20), (20, 20), (0, 5), (3, 4)],
    random_inputs=lambda rng: (int(rng.integers(1, 30)), 30),
    tolerance=1e-3,
    mistakes=[
        Mistake(
            "z of 2",
            "You took 2 for z. Here it is 1.96.",
            lambda hits, total: _wilson_with(hits, total, z=2.0),
        ),
        Mistake(
            "z of 1.645",
            "That z leaves 5% out on each side. For a 95% interval it is 1.96.",
            lambda hits, total: _wilson_with(hits, total, z=1.645),
        ),
        Mistake(
            "root missing",
            "The square root is missing.",
            lambda hits, total: _wilson_with(hits, total, root=lambda square: square),
        ),
        Mistake(
            "z not squared",
            "z is squared in three places: twice above, once below. One of yours is not.",
            lambda hits, total: _wilson_with(hits, total, square=Z),
        ),
        Mistake(
            "n not squared under the root",
            "Under the root, the second term has n squared below: z²/(4n²).",
            lambda hits, total: _wilson_with(hits, total, below=4 * total),
        ),
        Mistake(
            "4 squared, too",
            "Under the root, only n is squared below the bar: 4 * n**2, not (4 * n)**2.",
            lambda hits, total: _wilson_with(hits, total, below=(4 * total) ** 2),
        ),
        *(
            Mistake(
                f"no parentheses below the bar of {left_out}",
                f"Parentheses are missing: write {' and '.join(BELOW_THE_BAR[place] for place in left_out)}.",
                functools.partial(_without_parentheses, left_out=left_out),
            )
            for left_out in ("2", "4", "1", "24", "21", "41", "241")
        ),
        Mistake(
            "only the half divided",
            "You divided only the part after ±. Everything above the bar is divided by 1 + z²/n.",
            lambda hits, total: (
                lambda ends, middle: tuple(end + middle - middle / (1 + Z**2 / total) for end in ends)
            )(wilson(hits, total), hits / total + Z**2 / (2 * total)),
        ),
        Mistake(
            "the middle only",
            "That is one number. Return both ends: with minus, then with plus.",
            lambda hits, total: sum(wilson(hits, total)) / 2,
        ),
        Mistake(
            "the width",
            "That is the width of the interval. Return its two ends.",
            lambda hits, total: wilson(hits, total)[1] - wilson(hits, total)[0],
        ),
        Mistake(
            "counts",
            "Those are counts. Give shares: leave out the multiplication by n.",
            lambda hits, total: tuple(total * end for end in wilson(hits, total)),
        ),
        Mistake(
            "the plain interval",
            "That is the plain normal interval. For 20 of 20 it has no width at all, and near 0 it goes below 0.",
            lambda hits, total: (
                hits / total - Z * np.sqrt(hits / total * (1 - hits / total) / total),
                hits / total + Z * np.sqrt(hits / total * (1 - hits / total) / total),
            ),
        ),
        Mistake(
            "not divided",
            "Both ends have to be divided by 1 + z²/n; without that, they may fall outside 0 to 1.",
            lambda hits, total: tuple(end * (1 + Z**2 / total) for end in wilson(hits, total)),
        ),
        Mistake(
            "in percent",
            "Give shares between 0 and 1, not percent.",
            lambda hits, total: tuple(100 * end for end in wilson(hits, total)),
        ),
        Mistake(
            "upper end first",
            "Give the lower end first.",
            lambda hits, total: wilson(hits, total)[::-1],
        ),
    ],
    hints=[
        "p = hits / total, and z = 1.96.",
        "The middle is p + z²/(2n); the half width is z·sqrt(p(1 - p)/n + z²/(4n²)).",
        "Divide middle - half and middle + half by 1 + z²/n.",
    ],
    praise="A precision from 20 labels without its interval is wishful thinking.",
)

q4 = Exercise(
    "9.4",
    "Who is everybody's neighbor?",
    occurrence,
    inputs=[(np.array([[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]), 5)],
    random_inputs=lambda rng: (np.array([rng.permutation(6)[:3] for _ in range(10)]), 10),  # nobody twice
    mistakes=[
        Mistake(
            "the largest",
            "That is the largest of the counts. Return all of them, one per row.",
            lambda neighbors, n: np.bincount(np.ravel(neighbors), minlength=n).max(),
        ),
        Mistake(
            "sorted",
            "You sorted the counts. Position i belongs to row i: leave them in order.",
            lambda neighbors, n: np.sort(np.bincount(np.ravel(neighbors), minlength=n))[::-1],
        ),
        Mistake(
            "ranked rows",
            "Those are rows, the most frequent first. Return how often each occurs, in the order of the rows.",
            lambda neighbors, n: np.argsort(-np.bincount(np.ravel(neighbors), minlength=n), kind="stable"),
        ),
        Mistake(
            "length of each list",
            "You counted how many neighbors a row has, which is k for all. Count how often it is a neighbor of others.",
            lambda neighbors, n: [len(row) for row in neighbors],
        ),
        Mistake(
            "shares of n",
            "Give counts, not shares of n.",
            lambda neighbors, n: np.bincount(np.ravel(neighbors), minlength=n) / n,
        ),
        Mistake(
            "not raveled",
            "np.bincount takes one row of numbers: np.ravel(neighbors) first.",
            lambda neighbors, n: np.bincount(neighbors, minlength=n),
        ),
        Mistake(
            "most frequent first",
            "value_counts sorts by count, and leaves out rows that are nobody's neighbor. np.bincount(..., "
            "minlength=n) does neither.",
            lambda neighbors, n: pd.Series(np.ravel(neighbors)).value_counts().to_numpy(),
        ),
        Mistake(
            "pairs of Counter",
            "most_common gives pairs, the most frequent row first, and leaves out rows that are nobody's neighbor. "
            "np.bincount(..., minlength=n) gives a count per row, in order.",
            lambda neighbors, n: Counter(np.ravel(neighbors).tolist()).most_common(),
        ),
        Mistake(
            "sorted pairs of Counter",
            "Those are pairs of row and count, without the rows that are nobody's neighbor. np.bincount(..., "
            "minlength=n) gives a count per row.",
            lambda neighbors, n: sorted(Counter(np.ravel(neighbors).tolist()).items()),
        ),
        Mistake(
            "those without are missing",
            "A row that is nobody's neighbor needs a 0: np.bincount(..., minlength=n).",
            lambda neighbors, n: np.bincount(np.ravel(neighbors)),
        ),
        Mistake(
            "only the nearest",
            "You counted the first neighbor of each row. Count all k.",
            lambda neighbors, n: np.bincount(np.asarray(neighbors)[:, 0], minlength=n),
        ),
        Mistake(
            "as shares",
            "Give counts, not shares.",
            lambda neighbors, n: np.bincount(np.ravel(neighbors), minlength=n) / np.size(neighbors),
        ),
    ],
    hints=["np.ravel(neighbors) puts all lists in one row.", "np.bincount counts how often each number occurs."],
    praise="Their mean is k, always. What matters is how far the largest is from it.",
)

q5 = Exercise(
    "9.5",
    "Your own recommender",
    a_project,
    judge=judge_project,
    asks="Answer with five entries. 'judged by' needs the number of labels, the precision, and both ends of its "
    "interval; the worst fault and the next step need 3 words or more.",
    rubric=[
        "Could a colleague reproduce every number from what you wrote?",
        "Did somebody else label some neighbors, without knowing which method they came from?",
        "What would make you stop using it?",
    ],
    mistakes=[
        Mistake("a field left out", "is a dictionary with", lambda: {"catalog": "the books of our library"}),
        Mistake("too short", "'next step' asks for 3 words", lambda: {**a_project(), "next step": "more"}),
        Mistake("no figure", "needs numbers", lambda: {**a_project(), "judged by": "looking at some neighbors"}),
        Mistake(
            "no interval",
            "says little without its interval",
            lambda: {**a_project(), "judged by": "40 labels, precision 0.62"},
        ),
    ],
    hints=[
        "Run this notebook on your own file first, then fill in the five entries.",
        "form.precision() gives the precision and both ends of its interval.",
    ],
    praise="That is a recommender with a birth certificate. Now show it to somebody.",
)


EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        choose(
            "9.A",
            "More points",
            "In a file where few pairs are beyond doubt, the rule of notebook 02 asks for more points. Why?",
            right="there, a doubtful pair is more likely to be two different films",
            wrong={
                "rare duplicates have more points": "Points measure what two listings share, wherever they are.",
                "fewer pairs have to be compared": "The same pairs are compared; what counts as a duplicate changes.",
            },
            hint="If a file has hardly any duplicates, how many of its doubtful pairs are duplicates?",
        ),
        predict(
            "9.B",
            "The same title again",
            """
            import pandas as pd
            titles = pd.Series(["Pesto ", "pesto", "Gazpacho"])
            int(titles.str.strip().str.lower().duplicated().sum())
            """,
            wrong={
                2: "duplicated() does not count the first of the two.",
                0: "After strip() and lower(), two of the titles are the same.",
            },
            hint="duplicated() is True for a row that repeats an earlier one.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        finish(
            "9.C",
            "Hubs",
            "Replace ___ to count how often each row is a neighbor.",
            """
            def occurrence(neighbors, n):
                counts = [0] * n
                for row in neighbors:
                    for place in row:
                        ___
                return counts
            """,
            right="counts[place] += 1",
            wrong={
                "counts[place] = 1": "That says whether it is ever a neighbor, not how often.",
                "counts[row[0]] += 1": "That counts the first neighbor of each row, again and again.",
            },
            inputs=[([[1, 2], [0, 2], [1, 0]], 3), ([[1, 2], [2, 3], [1, 3], [2, 1]], 4)],
            hint="Add 1 to the count of the place.",
        ),
        choose(
            "9.D",
            "How many labels?",
            "20 labels give an interval 0.4 wide. How many do you need for one 0.2 wide?",
            right="about 80",
            wrong={
                "about 40": "The width falls with the square root of the number of labels.",
                "about 400": "That is more than you need: the width falls with the square root, not more slowly.",
            },
            hint="To halve the width, how many times as many labels does it take?",
        ),
        find_bug(
            "9.E",
            "One text from several cells",
            """
            def passage(parts):
                kept = [part.strip(". ") for part in parts]
                kept = [part for part in kept if part is not None]
                return ". ".join(kept) + "."
            """,
            line=3,
            fixed="    kept = [part for part in kept if part]",
            shown='repr(passage(["Pesto", ""]))',
            wrong={
                2: "Stripping periods and spaces is right: the function adds its own periods.",
                4: "One period between the parts and one at the end: that is right, if the parts are.",
            },
            hint="An empty cell should leave no trace. Which line is meant to drop it?",
        ),
    ],
)
