"""The checker comes back with a verdict, whatever it is given: it never raises, never hangs, and keeps its distance."""

import contextlib
import importlib
import itertools
import threading
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from helpers.exercises import ch00, ch01, ch02, ch03, ch07, checker, running, values
from helpers.exercises.checker import Exercise, Mistake


def total(numbers):
    """Sum of numbers."""
    return sum(numbers)


SUM = Exercise("9.1", "Sum", total, inputs=[([1, 2],), ([3.5],)], mistakes=[], hints=["sum"])
SEVEN = Exercise("9.2", "Seven", lambda: 7.216, mistakes=[], hints=["7"])
ROW = Exercise("9.3", "Row", lambda: np.array([1.0, 2.0]), mistakes=[], hints=["1"])


def wrong(exercise, answer):
    feedback = exercise.examine(answer)
    assert feedback.state == "wrong", feedback
    assert len(repr(feedback)) < 1000
    return feedback.message


@pytest.mark.parametrize(
    "error", [SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError, MemoryError, BaseException, StopIteration]
)
def test_whatever_a_function_raises_is_said_with_its_line(error):
    def fails(numbers):
        raise error("so it is")

    message = wrong(SUM, fails)
    assert error.__name__ in message and "so it is" in message and "raise error" in message


def test_a_function_that_calls_itself_without_end_is_told_so():
    def again(numbers):
        return again(numbers)

    assert "calls itself without end" in wrong(SUM, again)


def test_an_error_that_cannot_say_what_it_is_is_named():
    class Mute(Exception):
        def __str__(self):
            raise self

    def fails(numbers):
        raise Mute

    assert "Mute" in wrong(SUM, fails)


def test_a_loop_without_end_is_stopped_and_its_thread_ends(monkeypatch):
    monkeypatch.setattr(running, "PATIENCE", 0.2)
    loops = []

    def loop(numbers):
        loops.append(threading.current_thread())
        while True:
            with contextlib.suppress(Exception):
                numbers = numbers[:]

    assert "has not come back" in wrong(SUM, loop)
    assert len(loops) == 1  # what never comes back is not called again
    loops[0].join()


def test_a_loop_that_fills_the_memory_is_stopped_before_the_time_is_up(monkeypatch):
    monkeypatch.setattr(running, "MOST_BLOCKS", 1_000_000)
    monkeypatch.setattr(running, "PATIENCE", 600)

    def pieces(tokens, size):
        made = []
        while tokens:
            made.append(tokens[:size])
        return made

    assert "keeps filling the memory" in wrong(ch03.q3, pieces)


def test_a_power_with_billions_of_digits_is_told_from_floats():
    computed = []

    def grows(vectors, dimensions, bits):
        if isinstance(vectors, int):
            return computed.append(vectors)  # the power itself would take hours, and nothing could stop it
        return (1 - bits**dimensions) ** vectors

    assert "far too large" in wrong(ch07.q1, grows) and computed == [15_000]  # to the power of 0

    def only_whole(vectors, dimensions, bits):
        if not all(isinstance(number, int) for number in (vectors, dimensions, bits)):
            raise TypeError("whole numbers only")
        return vectors * dimensions * bits / 8 / 10**9

    assert ch07.q1.examine(only_whole).state == "correct"


def test_a_function_that_waits_is_left_behind(monkeypatch):
    monkeypatch.setattr(running, "PATIENCE", 0.2)
    release = threading.Event()
    assert "restart the kernel" in wrong(SUM, lambda numbers: release.wait())
    release.set()


def test_a_first_import_may_take_longer_than_an_answer(monkeypatch, tmp_path):
    (tmp_path / "slow_to_import.py").write_text("import builtins\nbuiltins.begun.set(), builtins.released.wait()")
    monkeypatch.syspath_prepend(tmp_path)
    events = [threading.Event(), threading.Event()]
    for name, event in zip(("begun", "released"), events, strict=True):
        monkeypatch.setattr("builtins." + name, event, raising=False)
    thread = threading.Thread(target=lambda: __import__("slow_to_import"))
    thread.start()
    events[0].wait()
    assert running._imports(thread)
    events[1].set()
    thread.join()
    (tmp_path / "asks.py").write_text("import builtins\nanswer = builtins.asked()")
    monkeypatch.setattr("builtins.asked", lambda: running._imports(thread), raising=False)
    assert not importlib.import_module("asks").answer  # who asks is importing; the thread has ended

    class Endless:
        polls = 0
        is_alive = staticmethod(lambda: True)

        def join(self, seconds):
            self.polls += 1

    polls = []
    for imports in (False, True):
        monkeypatch.setattr(running, "_imports", lambda thread, imports=imports: imports)
        running._join(endless := Endless(), 1.0)
        polls.append(endless.polls)
    assert polls[1] > running.IMPORTS * polls[0] / 2


def test_a_press_on_stop_is_the_users_and_goes_through(monkeypatch):
    monkeypatch.setattr(running, "_join", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setattr(running, "_stop", lambda *arguments: True)
    with pytest.raises(KeyboardInterrupt):
        SUM.examine(total)


@pytest.mark.parametrize(
    "exercise", [ch00.q3, ch01.q4, SEVEN, ROW], ids=lambda exercise: f"{exercise.number} {exercise.title}"
)
@pytest.mark.parametrize("endless", [itertools.count, lambda: itertools.repeat("a"), lambda: iter(int, 1)])
def test_an_iterable_without_end_is_refused_with_a_word(exercise, endless):
    assert "gives its values only once" in wrong(exercise, endless())


@pytest.mark.parametrize("exercise", [ch01.q3, ch02.q1, ch03.q3, ch07.q2], ids=lambda exercise: exercise.number)
def test_a_function_that_returns_an_iterable_without_end_is_refused(exercise):
    class Endless:
        def __iter__(self):
            return itertools.count()

    assert "gives its values only once" in wrong(exercise, lambda *arguments: itertools.count())
    assert "more than" in wrong(exercise, lambda *arguments: Endless())


@pytest.mark.parametrize("exercise", [SEVEN, ROW, SUM, ch00.q4, ch00.q3, ch01.q4], ids=lambda exercise: exercise.number)
def test_what_is_huge_is_not_described_in_full(exercise):
    for huge in (
        np.zeros((30_000, 30)),
        list(range(10**6)),
        "why " * 10**6,
        10**100_000,
        np.broadcast_to(0, (10**9, 9)),
    ):
        wrong(exercise, huge)
        wrong(exercise, lambda *arguments, huge=huge: huge)


class Liar:
    """Everything that is asked of it raises; its class is said to be another."""

    def __init__(self, **methods):
        self.__dict__.update(methods)

    def _raise(self, *arguments):
        raise SystemExit("no")

    __eq__ = __len__ = __bool__ = __iter__ = __array__ = __getattr__ = __repr__ = __str__ = __hash__ = _raise
    __float__ = __index__ = __getitem__ = __contains__ = __lt__ = __class__ = property(_raise)


class Short(list):
    """A list that lies about its length and its values."""

    def __len__(self):
        return 2

    def __iter__(self):
        return itertools.count()

    def __eq__(self, other):
        return True

    __hash__ = None


class Everything(float):
    """A number that says that it is every number."""

    def __eq__(self, other):
        return True

    def __float__(self):
        return 7.216

    __hash__ = None


@pytest.mark.parametrize(
    "make", [Liar, lambda: Short([5]), lambda: Everything(1), lambda: [Liar()], lambda: {1: Liar()}]
)
@pytest.mark.parametrize("exercise", [SEVEN, ROW, SUM, ch00.q4, ch00.q3, ch01.q4], ids=lambda exercise: exercise.number)
def test_an_object_that_raises_or_lies_is_wrong(exercise, make):
    wrong(exercise, make())
    wrong(exercise, lambda *arguments: make())


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    assert "without end" in wrong(ROW, endless)


@pytest.mark.parametrize(
    "answer",
    [
        np.ma.array([1.0, 2.0]),
        np.array([1, 2.0], dtype=object),
        np.array([1, Fraction(2)], dtype=object),
        [Decimal(1), 2],
        pd.Series([1.0, 2.0], dtype="Float64"),
        pd.Index([1, 2]),
        pd.Series([1, 2], dtype="category"),
        np.array([1, 2], dtype=complex),
        (np.float32(1), np.int8(2)),
        range(1, 3),
        {"a": 1, "b": 2}.values(),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_the_right_values_are_right_in_every_type(answer):
    assert ROW.examine(answer).state == "correct"
    assert isinstance(ROW.catch_up(answer), np.ndarray)


def test_a_tensor_is_an_array():
    import torch

    assert ROW.examine(torch.tensor([1.0, 2.0], requires_grad=True)).state == "correct"


def test_masked_values_and_imaginary_parts_are_not_taken_for_right():
    assert "masked" in wrong(ROW, np.ma.array([1.0, 2.0], mask=[True, False]))
    assert "masked" in wrong(ROW, np.ma.array([1.0, 2.0], mask=True))
    assert ".real" in wrong(SEVEN, 7.216 + 1e-12j)
    assert ".real" in wrong(ROW, np.array([1.0, 2.0 + 1e-12j]))


def test_masks_and_numbers_are_told_apart():
    mask = Exercise("9.4", "Mask", lambda: np.array([True, False]), mistakes=[], hints=["1"])
    assert "True and False" in wrong(mask, [1, 0])
    assert mask.examine(pd.Series([True, False], dtype="boolean")).state == "correct"


def test_prints_and_figures_stay_away(capsys):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    def noisy(numbers):
        print("flood " * 100_000)
        warnings.warn("careful", stacklevel=1)
        pyplot.figure()
        return sum(numbers)

    before = pyplot.get_fignums()
    for _ in range(2):
        assert SUM.examine(noisy).state == "correct"
    SUM.check(noisy)
    said = capsys.readouterr()
    assert len(said.out) < 2 * running.PRINTED and "left out" in said.out and not said.err
    assert pyplot.get_fignums() == before


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ([1, 2], lambda numbers: numbers.reverse()),
        ([1, float("nan")], lambda numbers: numbers.__setitem__(1, 2.0)),
        ([[1], [2]], lambda rows: rows[0].append(2)),
        ({1}, lambda numbers: numbers.add(2)),
        ({"a": 1}, lambda numbers: numbers.update(a=2)),
        ({"a": 1, "b": 2}, lambda numbers: numbers.update(a=numbers.pop("a"))),
        (np.array([1.0, np.nan]), lambda numbers: numbers.__setitem__(1, 0)),
        (np.array([1.0, 2.0]), lambda numbers: numbers.fill(0)),
        (pd.Series([1.0, 2.0]), lambda numbers: numbers.update(pd.Series([3.0]))),
        (pd.DataFrame({"a": [1]}), lambda table: table.insert(0, "b", 2)),
        ((np.array([1.0]), 2), lambda pair: pair[0].fill(0)),
    ],
)
def test_an_answer_that_changes_its_argument_is_told_so(argument, change):
    exercise = Exercise("9.4", "First", lambda given: 7, inputs=[(argument,)], mistakes=[], hints=["1"])
    judged = Exercise(
        *("9.5", "Open", lambda given: 7), inputs=[(argument,)], mistakes=[], hints=["1"],
        judge=lambda function: None if function(argument) == 7 else "no",
    )  # fmt: skip

    def changes(given):
        change(given)
        return 7

    for one in (exercise, judged):
        assert "changes its argument given" in wrong(one, changes)
        assert one.examine(lambda given: 7).state == "correct"


def test_slips_that_no_exercise_is_safe_from_get_a_sentence():
    table = Exercise(
        *("9.4", "Table", lambda rows: np.asarray(rows) / 4),
        inputs=[([[1.0, 2.0], [3.0, 4.0]],)],
        mistakes=[],
        hints=["1"],
    )
    for answer, said in [
        (lambda rows: np.asarray(rows) * 25, "100 times too large"),
        (lambda rows: -np.asarray(rows) / 4, "Only the sign"),
        (lambda rows: np.asarray(rows)[::-1] / 4, "order is reversed"),
        (lambda rows: np.asarray(rows).T / 4, "Rows and columns"),
        (lambda rows: (np.asarray(rows) / 4)[1:], "The first one is missing"),
        (lambda rows: (np.asarray(rows) / 4)[:-1], "The last one is missing"),
        (lambda rows: np.asarray(rows) / 4 + 1, "1 too large"),
        (lambda rows: np.asarray(rows) / 4 - 1, "1 too small"),
    ]:
        assert said in wrong(table, answer)
    assert "your function stopped" in wrong(table, lambda rows: rows / 0)


def test_rounding_is_told_from_other_errors():
    pair = Exercise("9.4", "Pair", lambda x: np.array([x / 3, 2.0]), inputs=[(2,), (5,)], mistakes=[], hints=["1"])
    assert "rounded too far" in wrong(pair, lambda x: np.array([round(x / 3, 2), 2.0]))
    assert "rounded" not in wrong(pair, lambda x: np.array([round(x / 3, 2), 2.1]))
    share = Exercise("9.5", "Share", lambda: 0.976, mistakes=[], hints=["1"])
    assert "rounded" not in wrong(share, 1) and "rounded" in wrong(share, 0.98)
    near = Exercise("9.5", "Near 0", lambda: 0.123, mistakes=[], hints=["1"])
    assert "rounded" not in wrong(near, -1.6e-16) and "rounded" in wrong(near, 0.12)


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (lambda numbers: np.ones((3, 2)) * np.ones(3), "keepdims"),
        (lambda numbers: np.ones(3) * np.ones((3, 2)), "keepdims"),
        (lambda numbers: np.ones(5) * np.ones(4), "differ in length"),
        (lambda numbers: k, "letter of the formula"),  # noqa: F821
        (lambda numbers: n_w, "letter of the formula"),  # noqa: F821
        (lambda numbers: ln(2), "math.log"),  # noqa: F821
        (lambda numbers: log2(2), "math.log2, or np.log2"),  # noqa: F821
        (lambda numbers: "Alien, " + 1979, "str(...)"),
        (lambda numbers: "Comedy|Drama".split("|", ",", "/"), "one separator"),
        (lambda numbers: ["Comedy", "Drama"].strip(), "a loop"),
        (lambda numbers: [0.5, 1].mean(), "np.array(...)"),
        (lambda numbers: "Alien"[5], "text[i - 1]"),
        (lambda numbers: [0.5, 1][2], "len(...) - 1"),
        (lambda numbers: {1} / {1, 2}, "len(...)"),
        (lambda numbers: [1] / 2, "How many a list holds is len(...)"),
        (lambda numbers: [0.5, 1] - [1, 1], "np.array(...)"),
        (lambda numbers: numbers[0.5], "for x in a"),
        (lambda numbers: {[1, 2]}, "set(a)"),
        (lambda numbers: sum({1} == {1, 2}), "a single True or False"),
        (lambda numbers: np.array([])[0], "empty"),
        (lambda numbers: min(2, np.array([1, 0])), "min or max"),
        (lambda numbers: not np.array([True, False]), "~ for not"),
        (lambda numbers: pd.Series([1, 2]) and 1, "& for and"),
        (lambda numbers: np.argsort(numbers, reverse=True), "[::-1]"),
    ],
)
def test_an_error_gets_the_cure_that_mends_it(answer, cure):
    line, _, said = wrong(SUM, answer).rpartition("`")
    assert line and cure in said


def test_shapes_that_no_column_mends_get_no_cure():
    assert wrong(SUM, lambda numbers: np.ones((3, 2)) * np.ones(4)).endswith("`.")


def test_a_call_with_much_data_shows_its_shape_and_the_verdict_follows_soon():
    mean = Exercise(
        "9.4", "Mean", np.mean, inputs=[(np.random.default_rng(0).random((40, 30)),)], mistakes=[], hints=["1"]
    )
    assert wrong(mean, lambda rows: 7).startswith("Called with an array of shape (40, 30), your function returned 7;")


def test_infinity_none_and_a_call_without_parentheses_get_a_word():
    assert "divided by 0" in wrong(SUM, lambda numbers: float("inf"))
    assert "print" in wrong(SEVEN, None)
    assert "parentheses" in repr(SEVEN.hint)


def test_a_number_of_numpy_is_called_a_number():
    assert "you gave a number" in wrong(
        Exercise("9.4", "Row", lambda x: np.array([x, x]), inputs=[(1.0,)], mistakes=[], hints=["1"]), np.float64
    )


def test_an_error_in_python_s_own_code_points_at_the_learners_line():
    import random

    def draws(numbers):
        return random.choice([])

    assert "`return random.choice([])`" in wrong(SUM, draws)


@pytest.mark.parametrize("answer", [lambda: 1, lambda a, b: 1, lambda *, a: 1])
def test_a_wrong_number_of_arguments_shows_no_line_of_the_checker(answer):
    message = wrong(SUM, answer)
    assert "called with 1 argument" in message and "function(" not in message and "deepcopy" not in message


def test_an_error_in_a_library_points_at_the_learners_line():
    def reshape(numbers):
        return np.array(numbers).reshape(7, 7)

    assert "`return np.array(numbers).reshape(7, 7)`" in wrong(SUM, reshape)
    message = wrong(SUM, int)  # no line of the learner's is to be shown
    assert "TypeError" in message and "`" not in message


def test_numbers_that_look_alike_are_shown_with_more_digits():
    near = Exercise("9.5", "Near", lambda x: 7.2160001, inputs=[(1,)], mistakes=[], hints=["1"], tolerance=1e-9)
    message = wrong(near, lambda x: 7.2161)
    assert "7.2161;" in message and "7.216 is right" in message and "It is not" not in message
    assert "7.21600" not in wrong(SEVEN, 8)
    assert "rounded" in wrong(SEVEN, 7.2)


@pytest.mark.parametrize(
    ("right", "given", "said"),
    [
        ("Hot. Soup.", "Hot.  Soup.", "'Hot.  Soup.'; 'Hot. Soup.' is right"),
        ("soup " * 30, "soup " * 15 + "tart " + "soup " * 14, "tart"),
        (list(range(500)), [*range(499), 0], "returned is not right. 1 of 500 values differs, first at place 499"),
    ],
)
def test_what_differs_is_shown_wherever_it_is(right, given, said):
    exercise = Exercise("9.5", "Far back", lambda n: right, inputs=[(1,)], mistakes=[], hints=["1"])
    message = wrong(exercise, lambda n: given)
    shown = message.partition("returned ")[2].removesuffix(" is right.").split("; ")
    assert said in message and len(set(shown)) == len(shown)


def test_a_dictionary_whose_keys_are_places_is_read_in_their_order():
    squares = Exercise("9.6", "Squares", lambda n: np.arange(n) ** 2, inputs=[(3,), (4,)], mistakes=[], hints=["1"])
    backward = lambda n: {place: place**2 for place in range(n - 1, -1, -1)}  # noqa: E731
    assert squares.examine(backward).state == "correct"
    assert squares.catch_up(backward)(4).tolist() == [0, 1, 4, 9]


def test_a_set_has_no_order():
    assert "no order" in wrong(ROW, {1.0, 2.0})
    assert "no order" in wrong(ch01.q4, set(ch01.popular_for_bruno()))


def test_what_is_accepted_comes_back_in_the_form_of_the_course(capsys):
    pairs = Exercise("9.6", "Pairs", lambda n: (np.arange(n), n / 2), inputs=[(2,), (3,)], mistakes=[], hints=["1"])
    mine = pairs.catch_up(lambda n: [list(range(n)), Fraction(n, 2)])
    assert "continues with your answer as a tuple" in capsys.readouterr().out
    array, half = mine(4)
    assert isinstance(mine(4), tuple) and array.tolist() == [0, 1, 2, 3] and half == 2.0 and isinstance(half, float)
    assert pairs.catch_up(pairs.reference) is pairs.reference
    place = Exercise("9.7", "Place", lambda n: n - 1, inputs=[(2,), (3,)], mistakes=[], hints=["1"])
    assert "abc"[place.catch_up(lambda n: n - 1.0)(3)] == "c"  # a float is no position


@pytest.mark.parametrize(
    "given",
    [
        pd.Series([1.0, 3.0], index=["Drama", "War"]),  # has no 0 and 1 for a loop to ask for
        np.array([3.0, 1.0])[::-1],  # torch takes no such steps
        np.array([1.0, 3.0], dtype=np.float32),  # torch multiplies it with no 64 bits
        np.frombuffer(np.array([1.0, 3.0]).tobytes()),  # as pandas gives it: not to be changed
    ],
    ids=["labeled", "backward", "32 bits", "read-only"],
)
def test_what_the_notebook_gives_an_accepted_function_is_of_the_types_that_the_check_gave_it(given):
    seen = []
    row = Exercise("9.6", "Row", lambda row: row.sum(), inputs=[(np.array([2.0, 5.0]),)], mistakes=[], hints=["1"])

    def mine(row):
        seen.append(row)
        return float(row[0] + row[1])

    assert row.catch_up(mine)(given) == 4.0
    (*_, array) = seen
    assert type(array) is np.ndarray and array.dtype == np.float64 and array.strides == (8,) and array.flags.writeable


def test_what_is_not_meant_for_a_function_reaches_it_as_it_is():
    numbers = Exercise("9.6", "Copy", lambda row: row, inputs=[(np.array([2, 5]),)], mistakes=[], hints=["1"])
    mine = numbers.catch_up(lambda row: row)
    assert mine(np.array([0.5, 1.5])).tolist() == [0.5, 1.5]  # not cut to whole numbers
    assert mine("text") == "text" and mine(None) is None


def test_an_argument_of_the_learners_own_reaches_a_function_as_it_is():
    row = Exercise("9.6", "Row", lambda row: row.sum(), inputs=[(np.array([2.0, 5.0]),)], mistakes=[], hints=["1"])
    seen = []

    def mine(row, places=(0, 1)):
        seen.append(places)
        return sum(float(row[place]) for place in places)

    assert row.catch_up(mine)(np.array([1.0, 3.0]), [1]) == 3.0
    assert seen[-1] == [1] and type(seen[-1]) is list


def test_an_accepted_function_may_call_itself_by_its_name_and_with_more_arguments():
    names = {}
    pieces = Exercise(
        "9.6", "Pieces", lambda text, n: [text[:n], text[n:]], inputs=[("abc", 2), ("abcd", 3)], mistakes=[], hints="1"
    )

    def recursive(text, n, found=()):
        return found if not text else names["recursive"](text[n:], n=n, found=(*found, text[:n]))

    names["recursive"] = recursive
    names["recursive"] = pieces.catch_up(recursive)
    assert names["recursive"]("abcde", 3) == ["abc", "de"]  # once more, after all calls of the first are over
    assert names["recursive"]("abcde", 3) == ["abc", "de"] and names["recursive"]("abcde", n=3) == ["abc", "de"]


def test_equal_arguments_are_other_objects():
    numbers, text = [1000, 1000, 0.5], "last fifth"
    same = Exercise(
        "9.6", "Same", lambda a, b: a == b, inputs=[(numbers, numbers), (text, text)], mistakes=[], hints="1"
    )
    assert same.examine(lambda a, b: a == b).state == "correct"
    for one in (0, 1, 2):
        assert "True is right" in wrong(same, lambda a, b, one=one: a[one] is b[one] or len(a) > 3)
    assert "True is right" in wrong(same, lambda a, b: a is b)


def test_a_function_that_keeps_something_between_calls_is_told_so():
    kept = []

    def adds(numbers):
        kept.extend(numbers)
        return sum(kept)

    message = wrong(SUM, adds)
    assert "from one call to the next" in message and "3 is right" in message
    assert "from one call" not in wrong(SUM, lambda numbers: sum(numbers) + 1)
    assert "from one call" not in wrong(SUM, lambda numbers: sum(numbers[:2]) if len(numbers) > 1 else 0)


def test_a_few_results_that_look_rounded_are_no_rounding():
    shares = [0.3636, 0.4872, 0.5588, 0.6471]
    third = Exercise("9.6", "Share", lambda n: shares[n], inputs=[(n,) for n in range(4)], mistakes=[], hints=["1"])
    assert "rounded" in wrong(third, lambda n: round(shares[n], 2))
    assert "rounded" in wrong(third, lambda n: [0.4, 0.49, 0.56, 0.1][n])
    message = wrong(third, lambda n: 0.4 if n == 0 else 0.123)
    assert "rounded" not in message and "0.123" in message


def test_a_loop_without_end_is_waited_for_once(monkeypatch, capsys):
    monkeypatch.setattr(running, "PATIENCE", 0.2)
    begun = []

    def endless(numbers):
        begun.append(numbers)
        while True:
            pass

    SUM.check(endless)
    assert SUM.catch_up(endless) is total and len(begun) == 1
    assert "the course's own answer" in capsys.readouterr().out
    assert SUM.catch_up(lambda numbers: sum(numbers))([1, 2]) == 3  # another one is judged


def test_a_solution_brings_its_imports_its_constants_and_its_helpers():
    for code in (ch00.q3.solution_code(), ch01.q4.solution_code(), ch02.q1.solution_code(), ch03.q1.solution_code()):
        exec(compile(code, "pasted", "exec"), {})
    assert "CAST = " in ch00.q3.solution_code() and "answer = nearest_pair()" in ch00.q3.solution_code()


def test_a_mistake_that_raises_is_compared_as_well():
    exercise = Exercise(
        "9.7", "Sum", total, inputs=[([1],)], hints=["1"], mistakes=[Mistake("stops", "It stops.", lambda n: 1 / 0)]
    )
    assert wrong(exercise, lambda n: len(n) / 0) == "It stops."
    assert "TypeError" in wrong(exercise, lambda n: n / 0)  # stops, too, but not as the mistake does
    assert checker.Feedback("1", "wrong", " a ").message == "a"
    assert values.brief(2.0) == "2"


def test_a_generator_and_a_missing_value_are_named_in_plain_words():
    message = wrong(SUM, lambda numbers: (number for number in numbers))
    assert "with list(...)" in message and "Unreadable" not in message
    assert "not filled in" in wrong(SUM, lambda numbers: float("nan"))
