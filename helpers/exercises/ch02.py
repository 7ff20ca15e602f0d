"""Exercises of notebook 02, Collect and dedupe."""

from __future__ import annotations

import functools
import operator
import re
import sys

import numpy as np
import pandas as pd

from helpers.data import load_duplicates, load_raw_listings
from helpers.exercises.checker import Exercise, Mistake, Right, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, finish, predict
from helpers.titles import compare_listings, pair_precision_recall

LEAST_PRECISION, LEAST_RECALL = 0.95, 0.55  # of a rule of one's own


def genre_words(text):
    """Split a supplier's genres into a set of names in one form."""
    names = re.split(r"[|,/]", text.lower())
    return {name.strip().replace("sci-fi", "science fiction") for name in names}


def distance(left, right):
    """Levenshtein distance of two texts, by the table of the distances of their beginnings."""
    table = np.zeros((len(left) + 1, len(right) + 1), dtype=int)
    table[:, 0] = range(len(left) + 1)
    table[0, :] = range(len(right) + 1)
    for i in range(1, len(left) + 1):
        for j in range(1, len(right) + 1):
            replaced = table[i - 1, j - 1] + (left[i - 1] != right[j - 1])
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, replaced)
    return int(table[-1, -1])


def _distance(left, right, border=True, replacing=1, always=False, free=False, rows=None, differ=operator.ne):
    """The table with one thing wrong with it, as the arguments say."""
    table = np.zeros((rows or len(left) + 1, len(right) + 1), dtype=int)
    if border:
        table[:, 0], table[0, :] = range(len(table)), range(len(right) + 1)
    for i in range(1, len(left) + 1):
        row, above = i % len(table), (i - 1) % len(table)
        for j in range(1, len(right) + 1):
            unlike = differ(left[i - 1], right[j - 1])
            side = unlike if free else 1
            replaced = table[above, j - 1] + replacing * (always or unlike)
            table[row, j] = min(table[above, j] + side, table[row, j - 1] + side, replaced)
    return int(table[-1, -1])


CALLS = 1000  # of Python functions for a distance of two short titles, beyond which no long ones are tried


def too_many_calls(function) -> str | None:
    """Count the calls that a distance makes: a recursion that forgets what it knows needs thousands."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        function("kitten", "sitting")
    finally:
        sys.setprofile(None)
    if calls <= CALLS:
        return None
    return (
        f"your function is right, but it calls itself {calls:,} times for 'kitten' and 'sitting': it computes the same "
        "beginnings again and again. The notebook continues with the course's own, which keeps them in a table."
    )


def _letters_off_by_one(left, right):
    """Compare the letters left[i] and right[j] for cell (i, j), with nothing after the last one."""
    return _distance(left[1:] + "\0", right[1:] + "\0") if left and right else max(len(left), len(right))


def precision_and_recall(found, true):
    """Precision and recall of a set of found pairs, given the set of true ones."""
    right = len(found & true)
    return right / len(found), right / len(true)


def fullest_listing(group):
    """Id of the listing with the fewest missing cells; ties go to the smallest id."""
    gaps = group.isna().sum(axis=1)
    return gaps[gaps == gaps.min()].index.min()


def _pairs(*numbers):
    return {(number, number + 100) for number in numbers}


def _some_pairs(rng):
    found, true = (_pairs(*rng.choice(30, size=size, replace=False).tolist()) for size in (8, 12))
    return found | _pairs(50), true | _pairs(50)


def _group(*rows, ids=None):
    columns = ["title", "year", "director", "cast", "synopsis"]
    return pd.DataFrame(rows, columns=columns, index=ids or range(7, 7 + len(rows)))


def _some_group(rng):
    cells = np.where(rng.random((4, 5)) < 0.4, *np.array([None, "x"]))
    return (_group(*cells, ids=(rng.permutation(40)[:4] + 1).tolist()),)


@functools.lru_cache(maxsize=1)
def _candidates() -> tuple[pd.DataFrame, pd.Series]:
    """All pairs of the raw listings near in years, and the truth about them; computed once."""
    return compare_listings(load_raw_listings()), load_duplicates()


def a_rule() -> pd.Series:
    """Decide by title or synopsis, and insist on the year where both suppliers give one."""
    candidates = _candidates()[0]
    alike = (candidates["title_score"] >= 90) | (candidates["text_similarity"] >= 0.25)
    near = (candidates["year_gap"] <= 1) | candidates["year_gap"].isna()
    return alike & near


def sees_titles_and_years_only(mask: np.ndarray, candidates: pd.DataFrame) -> bool:
    """Say whether a mask needs no clue but titles and known years, whatever numbers it compares them with."""
    clues = [candidates["title_score"], candidates["year_gap"]]
    decided = pd.Series(mask, candidates.index).groupby(clues).nunique() == 1  # leaves out pairs without a year
    return bool(decided.all()) and not mask[candidates["year_gap"].isna()].any()


def judge_rule(answer) -> str | None:
    """Measure a learner's mask over the candidate pairs."""
    candidates, truth = _candidates()
    if isinstance(answer, pd.Series) and answer.index.isin(candidates.index).all() and answer.index.is_unique:
        answer = answer.reindex(candidates.index)
    if np.shape(answer) != (len(candidates),) or np.asarray(answer).dtype != bool:
        return f"The answer is a mask: one True or False for each of the {len(candidates):,} rows of candidates."
    mask = np.asarray(answer)
    if any((mask == (candidates["points"] >= points).to_numpy()).all() for points in range(1, 12)):
        return "That is the course's own rule, read from the column points. Build one from the other columns."
    if (mask == (candidates["left"].map(truth) == candidates["right"].map(truth))).all():
        return "That is the truth, by which your rule is measured. Build one from the measures of each pair."
    precision, recall = pair_precision_recall(candidates[mask], truth)
    measured = f"Your rule: precision {precision:.3f}, recall {recall:.3f}."
    if precision < LEAST_PRECISION:
        return (
            f"{measured} Too many wrong merges: aim for precision {LEAST_PRECISION} first, with & between conditions."
        )
    if recall < LEAST_RECALL:
        return f"{measured} It misses too many: join another kind of evidence with |, to reach recall {LEAST_RECALL}."
    if sees_titles_and_years_only(mask, candidates):
        return (
            f"{measured} That is the rule shown above with another number. Bring in what it does not look at: people, "
            "synopses, or pairs where a year is missing."
        )
    return Right(measured)


q1 = Exercise(
    "2.1",
    "Genres in one form",
    genre_words,
    inputs=[
        ("Comedy|Drama",),
        ("Sci-Fi / Thriller",),
        ("Drama, Comedy",),
        ("Action",),
        ("Science Fiction|War",),
        ("War, Sci-Fi|Drama / Comedy",),
    ],
    mistakes=[
        Mistake(
            "the short name",
            "You chose the short name. Write science fiction for sci-fi, not the other way around.",
            lambda text: {
                name.strip().replace("science fiction", "sci-fi") for name in re.split(r"[|,/]", text.lower())
            },
        ),
        Mistake(
            "with a hyphen",
            "Write science fiction with a space, not with a hyphen.",
            lambda text: {name.replace(" ", "-") if name == "science fiction" else name for name in genre_words(text)},
        ),
        Mistake(
            "set of a text",
            "set() of a text holds its letters. Split the text first.",
            lambda text: set(text),
        ),
        Mistake(
            "one text",
            "You joined the names into one text. Return the set itself.",
            lambda text: ", ".join(sorted(genre_words(text))),
        ),
        Mistake(
            "the last separator only",
            "You split at the slash only. In a loop, each split of `text` begins anew: split what the one before gave.",
            lambda text: {name.strip() for name in text.lower().replace("sci-fi", "science fiction").split("/")},
        ),
        Mistake(
            "a pattern of alternatives",
            "In a pattern, | means or. In brackets, it is a separator like the others: [|,/].",
            lambda text: {name.strip() for name in re.split("|,/", text.lower())},
        ),
        Mistake(
            "spaces inside",
            "You removed the space inside 'science fiction', too. strip() takes only those at the ends.",
            lambda text: {name.replace(" ", "") for name in genre_words(text)},
        ),
        Mistake(
            "not split",
            "Nothing was split: split takes '|,/' for one long separator. First replace two of the three by the third.",
            lambda text: {text.lower().strip().replace("sci-fi", "science fiction")},
        ),
        Mistake(
            "slash forgotten",
            "You did not split at the slash: Sci-Fi / Thriller names two genres.",
            lambda text: {
                name.strip().replace("sci-fi", "science fiction") for name in re.split(r"[|,]", text.lower())
            },
        ),
        Mistake(
            "spaces kept",
            "Some names keep their spaces: ' thriller' and 'thriller' would become two columns. Strip them.",
            lambda text: {name.replace("sci-fi", "science fiction") for name in re.split(r"[|,/]", text.lower())},
        ),
        Mistake(
            "one separator only",
            "You split only at |. Suppliers also write a comma or a slash.",
            lambda text: {name.strip().replace("sci-fi", "science fiction") for name in text.lower().split("|")},
        ),
        Mistake(
            "split at spaces",
            "You split at spaces too, which tears 'science fiction' in two.",
            lambda text: set(re.split(r"[|,/\s]+", text.lower().replace("sci-fi", "science fiction"))),
        ),
        Mistake(
            "capitals kept",
            "Write the names in lower case, so that 'Drama' and 'drama' are one column.",
            lambda text: {name.strip().replace("Sci-Fi", "Science Fiction") for name in re.split(r"[|,/]", text)},
        ),
        Mistake(
            "two names for one genre",
            "'sci-fi' and 'science fiction' are one genre. Choose the long name. (If you replace it, do so in lower "
            "case: suppliers write Sci-Fi.)",
            lambda text: {name.strip() for name in re.split(r"[|,/]", text.lower())},
        ),
    ],
    hints=[
        "Lower case first; then split; then strip each part.",
        're.split(r"[|,/]", text) splits at any of the three separators.',
        '{name.strip().replace("sci-fi", "science fiction") for name in re.split(r"[|,/]", text.lower())}',
    ],
    praise="Four rules, and most of the surplus columns are gone.",
)

q2 = Exercise(
    "2.2",
    "The distance between two titles",
    distance,
    inputs=[
        ("seven", "se7en"),
        ("Alien", "Aliens"),
        ("", "Up"),
        ("kitten", "sitting"),
        ("ab", "ba"),
        ("Up", "UP"),
        ("Face Off ", "FaceOff"),
    ],
    slow=too_many_calls,
    random_inputs=lambda rng: tuple("".join(rng.choice(list("abc"), size=size)) for size in (6, 7)),
    mistakes=[
        Mistake(
            "a share",
            "You divided by the length. The distance is the number of edits, a whole number.",
            lambda left, right: distance(left, right) / max(len(left), len(right), 1),
        ),
        Mistake(
            "nothing to compare",
            "For an empty text you return 0. From nothing to Up takes two insertions.",
            lambda left, right: distance(left, right) if left and right else 0,
        ),
        Mistake(
            "border of zeros",
            "Your first row and column are zeros, as if letters were free. From nothing to 'abc' takes 3 edits.",
            lambda left, right: _distance(left, right, border=False),
        ),
        Mistake(
            "replacing costs two",
            "Your replacement costs 2, like a deletion and an insertion. Here it is one step.",
            lambda left, right: _distance(left, right, replacing=2),
        ),
        Mistake(
            "equal letters cost too",
            "The diagonal step costs 1 even where the letters are the same. It is free there.",
            lambda left, right: _distance(left, right, always=True),
        ),
        Mistake(
            "off by one in the table",
            "Row i of the table stands for the first i letters, so the last of them is left[i - 1], not left[i].",
            _letters_off_by_one,
        ),
        Mistake(
            "last row and column left out",
            "Your table ends one letter too early. It needs a row for every letter, and one for the empty beginning.",
            lambda left, right: distance(left[:-1], right[:-1]),
        ),
        Mistake(
            "not filled to the end",
            "The last cell of your table is not filled: range ends before its end. Take range(1, len(left) + 1), and "
            "the same for right.",
            lambda left, right: 0 if left and right else len(left) + len(right),
        ),
        Mistake(
            "equal and unequal exchanged",
            "The other way around: the diagonal step costs 1 where the letters differ, and 0 where they are the same.",
            lambda left, right: _distance(left, right, differ=operator.eq),
        ),
        Mistake(
            "no border",
            "The table needs one row and one column more than there are letters, for no letters at all: len(left) + 1, "
            "len(right) + 1.",
            lambda left, right: distance(left[1:], right[1:]) if left and right else np.zeros(0)[0],
        ),
        Mistake(
            "steps from the side free as well",
            "Deleting and inserting cost 1 even where the letters are the same. Only the diagonal step is free then.",
            lambda left, right: _distance(left, right, free=True),
        ),
        Mistake(
            "one row many times",
            "All rows of your table are the same list: [[0] * n] * m repeats it. Make each anew: [[0] * n for _ in "
            "range(m)].",
            lambda left, right: _distance(left, right, rows=1),
        ),
        Mistake(
            "capitals ignored",
            "You ignore capitals. Here, capital and small letters are different letters; clean titles beforehand.",
            lambda left, right: distance(left.lower(), right.lower()),
        ),
        Mistake(
            "difference of the lengths",
            "That is how much longer one of them is. Letters in between may differ, too.",
            lambda left, right: abs(len(left) - len(right)),
        ),
        Mistake(
            "letters compared place by place, to the end of the shorter",
            "zip stops where the shorter text ends, and one inserted letter shifts all that follow. Fill the table.",
            lambda left, right: sum(a != b for a, b in zip(left, right, strict=False)),
        ),
        Mistake(
            "letters compared place by place",
            "You compared place by place, so one inserted letter shifts all that follow. Fill the table.",
            lambda left, right: sum(a != b for a, b in zip(left, right, strict=False)) + abs(len(left) - len(right)),
        ),
    ],
    hints=[
        "Make the table with np.zeros((len(left) + 1, len(right) + 1), dtype=int); its border counts 0, 1, 2, ...",
        "Two loops, over i and j from 1. A cell is the smallest of above + 1, left + 1, diagonal + (letters differ).",
        "The letters of cell (i, j) are left[i - 1] and right[j - 1]; the answer is table[-1, -1].",
    ],
    praise="Ten lines from 1974, and they still correct what people type.",
)

q3 = Exercise(
    "2.3",
    "Precision and recall",
    precision_and_recall,
    inputs=[
        (_pairs(1, 2, 3, 4), _pairs(1, 2, 9)),
        (_pairs(1), _pairs(1, 2, 3, 4)),
        (_pairs(5, 6), _pairs(1, 2, 3)),
    ],
    random_inputs=_some_pairs,
    mistakes=[
        Mistake(
            "precision only",
            "That is precision alone. Return recall, too, as the second number.",
            lambda found, true: len(found & true) / len(found),
        ),
        Mistake(
            "precision twice",
            "You divided both by what was found. Recall divides by how many are true.",
            lambda found, true: (len(found & true) / len(found),) * 2,
        ),
        Mistake(
            "sizes compared",
            "You compared how many there are. Count the pairs that are in both: found & true.",
            lambda found, true: (len(true) / len(found), len(found) / len(true)),
        ),
        Mistake(
            "`and` instead of &",
            "`found and true` is simply true. The pairs that are in both sets are found & true.",
            lambda found, true: (len(true) / len(found), 1.0),
        ),
        Mistake(
            "the first pair only",
            "You looked at one pair only: the return is inside the loop. Move it to the left, after the loop.",
            lambda found, true: [(next(iter(found)) in true) / len(pairs) for pairs in (found, true)],
        ),
        Mistake(
            "the two exchanged",
            "Those are the right numbers in the wrong order: precision divides by what was found, recall by what is "
            "true.",
            lambda found, true: precision_and_recall(found, true)[::-1],
        ),
        Mistake(
            "divided by all",
            "You divided both by all pairs together. Precision is a share of the found ones, recall of the true ones.",
            lambda found, true: (len(found & true) / len(found | true),) * 2,
        ),
        Mistake(
            "wrong ones counted",
            "You counted the wrong pairs: that is one minus precision, and one minus recall.",
            lambda found, true: (len(found - true) / len(found), len(true - found) / len(true)),
        ),
        Mistake(
            "counts instead of shares",
            "Those are counts. Divide by how many were found, and by how many are true.",
            lambda found, true: (len(found & true), len(found & true)),
        ),
    ],
    hints=[
        "found & true is the set of pairs that are in both.",
        "Precision: how many of found are in true. Recall: how many of true are in found.",
        "right = len(found & true); return right / len(found), right / len(true)",
    ],
    praise="Two numbers, because one alone can always be made perfect.",
)

q4 = Exercise(
    "2.4",
    "A rule of your own",
    a_rule,
    judge=judge_rule,
    asks="Answer with a mask over candidates. It needs a precision of 0.95 or more, a recall of 0.55 or more, and "
    "a clue beyond 'titles alike, years near'.",
    rubric=[
        "Can you say in one sentence why each condition is there, and which films it is for?",
        "Did you look at some of the pairs that it gets wrong, or only at the two numbers?",
        "You tuned it on the same listings that you tested it on. Would you bet on these numbers for another supplier?",
    ],
    mistakes=[
        Mistake("everything is a duplicate", "Too many wrong merges", lambda: _candidates()[0]["title_score"] >= 0),
        Mistake(
            "title and year only",
            "It misses too many",
            lambda: (_candidates()[0]["title_score"] >= 90) & (_candidates()[0]["year_gap"] <= 1),
        ),
        Mistake(
            "the shown rule with another number",
            "with another number",
            lambda: (_candidates()[0]["title_score"] >= 80) & (_candidates()[0]["year_gap"] <= 1),
        ),
        Mistake("the course's rule", "That is the course's own rule", lambda: _candidates()[0]["points"] >= 4),
        Mistake("the pairs instead of a mask", "The answer is a mask", lambda: _candidates()[0].head(10)),
    ],
    hints=[
        'A condition is a mask: candidates["title_score"] >= 90. Join masks with & (and) and | (or), in parentheses.',
        "The rule shown above drops every pair in which a year is missing, and never looks at the synopses.",
        "Try text_similarity >= 0.25 as well as the titles, and (year_gap <= 1) | year_gap.isna() on top.",
    ],
    praise="Precision and recall are good enough to be useful.",
)

q5 = Exercise(
    "2.5",
    "Which listing stays?",
    fullest_listing,
    inputs=[
        (
            _group(
                ("Alien", 1979, None, None, None),
                ("ALIEN", 1979, "Scott", None, "In space"),
                ("Alien", None, None, None, "x"),
            ),
        ),
        (_group(("Up", 2009, None, "Asner", "x"), ("Up!", 2009, "Docter", None, "y"), ids=[12, 5]),),
        (_group(*np.where(np.eye(6, 5) == 1, *np.array([None, "x"]))),),  # each column decides
        (
            _group(("Up", None, None, None, "A house with balloons"), ("Up", 2009, "D", "A", None)),
        ),  # no text is worth more
    ],
    random_inputs=_some_group,
    mistakes=[
        Mistake(
            "most missing",
            "With the filled cells counted, idxmin gives the emptiest row. You want the fullest: idxmax.",
            lambda group: group.notna().sum(axis=1).idxmin(),
        ),
        Mistake(
            "the number of gaps",
            "That is how many cells are missing. Return the id of that row.",
            lambda group: group.isna().sum(axis=1).min(),
        ),
        Mistake(
            "a column",
            "You counted the gaps of each column. Count along the rows: axis=1.",
            lambda group: group.isna().sum().idxmin(),
        ),
        Mistake(
            "the smallest id",
            "That is the smallest id of all. First choose the rows with the fewest gaps.",
            lambda group: group.index.min(),
        ),
        Mistake(
            "the first one",
            "You keep the first one. Count the missing cells of each row.",
            lambda group: group.index[0],
        ),
        Mistake(
            "the emptiest one",
            "That one has the most gaps. You want the fewest.",
            lambda group: group.isna().sum(axis=1).sort_index().idxmax(),
        ),
        Mistake(
            "all the numbers of gaps",
            "That is how many cells each listing lacks. Return the id of the smallest of these numbers.",
            lambda group: group.isna().sum(axis=1),
        ),
        Mistake(
            "the listing itself",
            "That is the listing. Return its id, from the index.",
            lambda group: group.loc[group.isna().sum(axis=1).idxmin()],
        ),
        Mistake(
            "a place instead of an id",
            "You returned a place, counted from 0. Return the id from the index.",
            lambda group: int(np.argmin(group.isna().sum(axis=1).to_numpy())),
        ),
        Mistake(
            "equals by order of rows",
            "Of two equally complete listings, take the one with the smaller id, not the one that comes first. "
            "Otherwise the result depends on the order in which suppliers sent them.",
            lambda group: group.isna().sum(axis=1).idxmin(),
        ),
    ],
    hints=[
        "group.isna().sum(axis=1) counts the gaps of each listing.",
        "idxmin gives the id of the smallest count. Sort by id first, so that ties go to the smallest id.",
        "group.isna().sum(axis=1).sort_index().idxmin()",
    ],
    praise="The other listings can now fill its gaps.",
)

EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about the earlier notebooks",
    [
        choose(
            "2.A",
            "The baseline",
            "What does the popularity baseline know about the viewer it recommends to?",
            right="only which films they have rated, so as to leave those out",
            wrong={
                "their favorite genres": "It counts likes of all viewers; genres play no part.",
                "which viewers are like them": "That would be collaborative filtering.",
            },
            hint="Everybody gets the same list, apart from films they have seen.",
        ),
        predict(
            "2.B",
            "A mean with a gap",
            """
            import numpy as np
            stars = np.array([4, np.nan, 2])
            float(np.nanmean(stars))
            """,
            wrong={
                2.0: "You counted the missing rating as zero stars. Not rated is not hated.",
                6.0: "That is the sum. Divide by how many there are.",
            },
            hint="nanmean leaves a missing rating out of the sum, and out of the count.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        finish(
            "2.C",
            "One cell of the table",
            "Replace ___ to fill one cell of the Levenshtein table. letters_differ is 1 or 0.",
            """
            def cell(above, left, diagonal, letters_differ):
                return ___
            """,
            right="min(above + 1, left + 1, diagonal + letters_differ)",
            wrong={
                "min(above, left, diagonal) + 1": "The diagonal step is free where the two letters are the same.",
                "min(above + 1, left + 1)": "Deleting and inserting are there; replacing is missing.",
                "diagonal + letters_differ": "That only replaces. A deletion or an insertion may be cheaper.",
            },
            inputs=[(1, 1, 0, 0), (2, 0, 1, 1), (1, 1, 0, 1), (0, 3, 2, 0)],
            hint="The cheapest of three: delete, insert, or replace.",
        ),
        find_bug(
            "2.D",
            "Precision",
            """
            def precision(found, true):
                hits = 0
                for pair in found:
                    if pair in true:
                        hits += 1
                return hits / len(true)
            """,
            line=6,
            fixed="    return hits / len(found)",
            shown="precision({1, 2, 3, 4}, {1, 2})",
            wrong={
                3: "Precision does go through what was found.",
                4: "A hit is a found pair that is true, and that is what this line asks.",
                5: "Each hit counts once, as it should.",
            },
            hint="Precision is a share of what was found.",
        ),
        choose(
            "2.E",
            "Two mistakes",
            "A rule merges Alien with Aliens. It also misses that Gisaengchung is the Korean title of Parasite. Which "
            "is the worse mistake?",
            right="the wrong merge, because a film is gone",
            wrong={
                "the missed pair, because a film appears twice": "Ugly, but you can find and fix it tomorrow.",
                "both are equally bad": "After one of them a film is lost; after the other it is still there.",
            },
            hint="Which of the two can still be repaired later?",
        ),
    ],
)
