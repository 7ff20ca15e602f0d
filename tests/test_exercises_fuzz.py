"""Right answers in other types and wrong ones by mutation, for every exercise: none misjudged, none raised, none hung.

    python tests/test_exercises_fuzz.py [ROUNDS]

prints the totals of a longer run; the suite runs one round with a fixed seed.
"""

import collections
import re
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "tools")]

from test_exercises import EXERCISES
from test_exercises_kinds import QUESTIONS

from helpers.exercises.checker import prompt_of
from helpers.exercises.kinds import Question
from helpers.exercises.texts import words_of

JUDGED = [exercise for exercise in EXERCISES if exercise.judge is None] + QUESTIONS
OPEN = [exercise for exercise in EXERCISES if exercise.judge is not None and isinstance(exercise.answer(), dict)]
NONSENSE = [
    "",
    "x" * 15,
    "blah " * 30,
    "why " * 1_000_000,
    "asdf qwer zxcv " * 5,
    "one two three four five six seven eight nine ten",
    None,
    [],
    "?!" * 20,
    object(),
    b"text",
]


class Text(str):
    """A text of a class of its own."""


def torch_of(value):
    import torch

    return torch.tensor(np.asarray(value))


def forms_of(value):
    """The same value in other types that are right."""
    if isinstance(value, (bool, np.bool_)):
        return [np.bool_(value), np.array(value)]
    if isinstance(value, (int, float, np.number)):
        forms = [
            np.float64(value),
            np.array(value),
            Fraction(value),
            Decimal(float(value)),
            torch_of(value),
            complex(value),
        ]
        return forms + (
            [np.float32(value)] if not isinstance(value, (int, np.integer)) else [np.int64(value), float(value)]
        )
    if isinstance(value, str):
        return [np.str_(value), Text(value)]
    if isinstance(value, (set, frozenset)):
        members = sorted(value, key=str)
        return [frozenset(members), members, tuple(members[::-1]), pd.Index(members, dtype=object), members * 2]
    if isinstance(value, dict):
        return [collections.OrderedDict(value), pd.Series(value), {key: np.int64(part) for key, part in value.items()}]
    if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
        return [
            list(value),
            [part.tolist() for part in value],
            tuple(pd.DataFrame(part) if part.ndim > 1 else pd.Series(part) for part in value),
        ]
    if isinstance(value, list) and value and isinstance(value[0], (list, str)):
        return [tuple(value), [*map(np.array, value)] if isinstance(value[0], list) else np.array(value)]
    array = np.asarray(value)
    forms = [array.tolist(), array, array.astype(object), np.ma.array(array), torch_of(array), *_by_axes(array)]
    if array.dtype.kind == "f":
        forms += [array.astype(np.float32), _mapped(Fraction, array), _mapped(Decimal, array), array.astype(complex)]
    return forms


def _by_axes(array):
    if array.ndim != 1:
        return [pd.DataFrame(array), [*map(tuple, array)], [*array]]
    return [tuple(array.tolist()), pd.Series(array, index=[*map(str, range(len(array)))]), pd.Index(array), [*array]]


def _mapped(make, array):
    if array.ndim > 1:
        return [_mapped(make, row) for row in array]
    return [make(float(number)) if np.isfinite(number) else float("nan") for number in array]


def wrongs_of(value, rng):
    """Other values that are near the right one in one way or another; some may turn out to be equal."""
    if isinstance(value, (bool, np.bool_)):
        return [not value, None]
    if isinstance(value, (int, float, np.number)):
        near = value * 1.01 + 0.02 if not isinstance(value, (int, np.integer)) else value + 1
        return [
            near,
            value - 1,
            -value - 0.5,
            2 * value + 1,
            float("nan"),
            float("inf"),
            str(value),
            [value, value],
            None,
        ]
    if isinstance(value, str):
        return [value + "x", value[:-1] + "~", value[::-1] + "1", "", None, [value, value]]
    if isinstance(value, (set, frozenset)):
        members = sorted(value, key=str)
        return [set(members[1:]), {*members, "more"}, set(), {*members[1:], "other"}, None, "".join(map(str, members))]
    if isinstance(value, dict):
        key = list(value)[rng.integers(len(value))]
        return [{**value, key: value[key] + 1}, {k: v for k, v in value.items() if k != key}, {}, list(value.values())]
    if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
        place = rng.integers(len(value))
        changed = [[*value[:place], wrong, *value[place + 1 :]] for wrong in wrongs_of(value[place], rng)]
        return [*changed, value[::-1], value[:1], ()]
    if isinstance(value, list) and value and isinstance(value[0], list):
        return [value[:-1], [part[::-1] for part in value], [*value, []], sum(value, []), [], value[::-1]]
    return wrong_arrays(np.asarray(value), rng)


def wrong_arrays(array, rng):
    """Mutations of an array: one value, the order, the axis, the length, everything missing."""
    empty = array[:0]
    if not array.size or array.dtype.kind in "OU":
        return [[*array.tolist(), "x"], None, *([array[::-1], array[1:]] if array.size else [])]
    one = array.copy()
    place = tuple(rng.integers(size) for size in array.shape)
    one[place] = not one[place] if array.dtype.kind == "b" else one[place] + 1
    return [
        *(one, array[::-1], array[1:], np.concatenate([array, array[:1]]), empty, np.full(array.shape, np.nan)),
        *(
            np.roll(array, 1, axis=-1),
            array.T,
            array[..., None],
            np.sort(array, axis=0),
            np.sort(array, axis=0)[::-1],
            None,
        ),
        *(np.ma.array(array, mask=True), array + 1e-9j, [str(part) for part in array.ravel().tolist()]),
    ]


def is_another(wrong, right):
    """Whether a mutation changed anything, told without the checker: by the values, in order."""
    if isinstance(right, (set, frozenset, dict, str)) or wrong is None or type(wrong) is str:
        return not (type(wrong) is type(right) and wrong == right)
    if isinstance(wrong, np.ma.MaskedArray) or (isinstance(wrong, np.ndarray) and wrong.dtype.kind == "c"):
        return True
    flat, expected = _flat(wrong), _flat(right)
    if len(flat) != len(expected) or np.shape(_padded(wrong)) != np.shape(_padded(right)):
        return True
    return any(not _same(a, b) for a, b in zip(flat, expected, strict=True))


def _same(one, other):
    return str(one) == str(other) or (_is_number(one) and _is_number(other) and abs(one - other) < 1e-3)


def _padded(value):
    try:
        return np.asarray(value)
    except ValueError:
        return np.zeros(len(value))


def _flat(value):
    if isinstance(value, np.ndarray):
        return value.ravel().tolist()
    return [leaf for part in value for leaf in _flat(part)] if isinstance(value, (list, tuple)) else [value]


def _is_number(value):
    return isinstance(value, (int, float)) and np.isfinite(value)


def right_answers(exercise):
    """An answer for each way in which the reference's value, or what it returns, can be written."""
    if not exercise.wants_function:
        return forms_of(exercise.answer())
    count = min(len(forms_of(exercise.reference(*arguments))) for arguments in exercise._all_inputs())
    return [lambda *arguments, n=n: forms_of(exercise.reference(*arguments))[n] for n in range(count)]


def wrong_answers(exercise, seed):
    """An answer for each mutation that changes something for one of the inputs at least."""

    def mutated(value, n):
        made = wrongs_of(value, np.random.default_rng(seed))
        return made[n % len(made)]

    if not exercise.wants_function:
        right = exercise.answer()
        made = wrongs_of(right, np.random.default_rng(seed))
        typed = {str(right)} if isinstance(exercise, Question) else set()  # in a field, everything is a text
        changed = [wrong for wrong in made if is_another(wrong, right) and not only_ties_differ(exercise, wrong)]
        return [wrong for wrong in changed if not (isinstance(wrong, str) and wrong in typed)]
    returned = [exercise.reference(*arguments) for arguments in exercise._all_inputs()]
    count = max(len(wrongs_of(value, np.random.default_rng(seed))) for value in returned)
    changing = [n for n in range(count) if any(is_another(mutated(value, n), value) for value in returned)]
    return [lambda *arguments, n=n: mutated(exercise.reference(*arguments), n) for n in changing]


def only_ties_differ(exercise, wrong):
    """Whether a ranking differs by places of equal scores only."""
    if exercise.scores is None or wrong is None or np.shape(wrong) != np.shape(exercise._expected):
        return False
    scores = exercise._scores
    known = all(part in scores.index for part in np.ravel(wrong).tolist())
    return (
        known and (scores.loc[np.ravel(wrong).tolist()].to_numpy() == scores.loc[exercise._expected].to_numpy()).all()
    )


def fuzz(exercise, seed=0):
    """Judge all of them; give how many were tried, and what was misjudged."""
    right, wrong = right_answers(exercise), wrong_answers(exercise, seed)
    judged = [(exercise.examine(answer), "correct") for answer in right]
    judged += [(exercise.examine(answer), "wrong") for answer in wrong]
    blank = [feedback.state == "blank" and isinstance(exercise, Question) for feedback, _ in judged]  # None, or ""
    misjudged = [
        f"should be {state}: {feedback}"
        for (feedback, state), is_blank in zip(judged, blank, strict=True)
        if feedback.state != state and not is_blank
    ]
    misjudged += [str(feedback) for feedback, _ in judged if "could not be compared" in feedback.message]
    misjudged += [str(feedback) for feedback, _ in judged if "has not come back" in feedback.message]
    return len(right), len(wrong), misjudged


@pytest.mark.parametrize("exercise", JUDGED, ids=lambda exercise: exercise.number)
def test_no_right_answer_is_refused_and_no_wrong_one_accepted(exercise):
    right, wrong, misjudged = fuzz(exercise)
    assert right >= 2 and wrong >= 2
    assert not misjudged, "\n".join(misjudged)


LONG = [exercise for exercise in JUDGED if not isinstance(exercise, Question)]


@pytest.mark.parametrize("exercise", LONG, ids=lambda exercise: exercise.number)
def test_a_generator_is_refused_with_a_word(exercise):
    made = (lambda *arguments: (part for part in [1])) if exercise.wants_function else (part for part in [1])
    assert "only once" in exercise.examine(made).message


@pytest.mark.parametrize("exercise", OPEN, ids=lambda exercise: exercise.number)
def test_nonsense_in_any_field_of_an_open_exercise_is_refused(exercise):
    answer = exercise.answer()
    for field in answer:
        for nonsense in NONSENSE:
            feedback = exercise.examine({**answer, field: nonsense})
            assert feedback.state == "wrong" and "could not be compared" not in feedback.message, (field, feedback)


@pytest.mark.parametrize("exercise", OPEN, ids=lambda exercise: exercise.number)
def test_neither_question_nor_hint_is_an_answer_and_no_text_answers_two_fields(exercise):
    answer = exercise.answer()
    texts = {field: text for field, text in answer.items() if isinstance(text, str)}
    sentences = [text for text in re.split(r"(?<=[.:?])\s", prompt_of(exercise.number)) if len(words_of(text)) > 2]
    assert sentences
    sentences += [f"I say: {text}" for text in (*exercise.hints, *exercise.rubric) if len(words_of(text)) > 5]
    for field in texts:
        others = (f"{text.upper()} !" for other, text in texts.items() if other != field)
        for copied in (*sentences, *others):
            feedback = exercise.examine({**answer, field: copied})
            assert feedback.state == "wrong" and "could not be compared" not in feedback.message, (field, feedback)


@pytest.mark.parametrize("text", ["9,600", "9600", " about 9 600 viewers", "9.6k", "9_600"])
def test_numbers_are_read_as_people_write_them(text):
    from helpers.exercises.texts import numbers_in

    assert numbers_in(text) == [9600]
    assert numbers_in("0.62 [0.47, 0.76]") == [0.62, 0.47, 0.76]
    assert numbers_in(np.float32(0.5)) == [0.5] and numbers_in("none") == numbers_in(True) == []


def main(rounds):
    """Fuzz every exercise with so many seeds, and print the totals."""
    totals = collections.Counter()
    for exercise in JUDGED:
        for seed in range(rounds):
            right, wrong, misjudged = fuzz(exercise, seed)
            totals.update(right=right, wrong=wrong, misjudged=len(misjudged))
            print(exercise.number, seed, right, wrong, *misjudged, sep="\t", flush=True)
    print(dict(totals))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
