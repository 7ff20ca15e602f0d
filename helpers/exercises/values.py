"""Values as answers: brought into plain types, described in a line, compared, and put into another's form."""

from __future__ import annotations

import itertools
import os.path
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

TOLERANCE = 1e-6
SINGLE = 1e-4  # what numbers of 32 bits may be off, absolutely and relatively
MOST = 200_000  # values that a list may hold, such as a mask of notebook 02; more are not looked at
MOST_NUMBERS = 50 * MOST  # numbers that an array may hold
LONGEST = 60  # characters of a value that are shown
DEEPEST = 20  # lists within lists
ROUNDED = "rounded too far"
PART_OF_PAIRS = {"first": "[one for one, _ in pairs]", "second": "[other for _, other in pairs]"}


class Unreadable(ValueError):  # noqa: N818 - it is a sentence for the learner, not a failure of ours
    """An answer is nothing that can be compared; the message says why, and what to do."""


# -- plain types -------------------------------------------------------------------------------------------------


def settle(value: Any, depth: int = 0) -> Any:
    """Bring a value into plain types: numbers, texts, lists, tuples, sets, dicts, arrays, Series, DataFrames.

    What a learner's own class says of itself is not relied on afterwards. Missing values become NaN.

    Raises
    ------
    Unreadable
        For iterators (they give their values once), more than `MOST` values, imaginary parts, masked values.
    """
    kind = type(value)
    if depth > DEEPEST:
        raise Unreadable("Your answer holds lists within lists without end.")
    if value is None or value is ... or kind in (bool, int, float, str) or issubclass(kind, type):
        return value
    for known, reader in _READERS:
        if issubclass(kind, known):
            return reader(value, depth)
    if kind.__module__.split(".")[0] == "torch" and hasattr(value, "detach"):
        tensor = value.detach().cpu()
        return settle((tensor if str(tensor.dtype) != "torch.bfloat16" else tensor.float()).numpy(), depth)
    if hasattr(kind, "toarray"):  # sparse matrices
        _see_size(int(np.prod(value.shape)), MOST_NUMBERS)
        return settle(value.toarray(), depth)
    if hasattr(kind, "__array__"):
        return settle(np.asarray(value), depth)
    if hasattr(kind, "__next__"):
        raise Unreadable(
            f"{kind_of(value).capitalize()} gives its values only once. Make a list of them, with list(...), or a set."
        )
    if callable(value):
        return value
    if hasattr(kind, "__iter__"):
        return [settle(part, depth + 1) for part in _bounded(value)]
    return value


def _read_text(value: str, depth: int) -> str:
    return str.__str__(value)


def _read_number(value: Any, depth: int) -> float:
    return float(value)


def _read_complex(value: complex, depth: int) -> float:
    if value.imag != 0:
        raise Unreadable(
            f"Your answer has an imaginary part ({value.imag:.4g}). The numbers here are real: find out where it comes "
            "from, then take .real."
        )
    return value.real


def _read_scalar(value: np.generic, depth: int) -> Any:
    return value if value.dtype.kind in "biuf" else settle(value.item(), depth + 1)


def _read_array(value: np.ndarray, depth: int) -> Any:
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise Unreadable("Some values of your array are masked. Fill them, with .filled(...), or leave them out.")
        value = value.data
    value = np.asarray(value)
    _see_size(value.size, MOST_NUMBERS if value.dtype.kind in "biufc" else MOST)
    if value.dtype.kind == "c":
        imaginary = value.imag[value.imag != 0]
        if imaginary.size:
            _read_complex(complex(0, imaginary.flat[0]), depth)
        value = value.real
    if value.ndim == 0:
        return settle(value[()] if value.dtype.kind in "biuf" else value.item(), depth + 1)
    return value if value.dtype.kind in "biufU" else settle(value.tolist(), depth + 1)


def _read_series(value: pd.Series | pd.Index, depth: int) -> Any:
    _see_size(len(value), MOST_NUMBERS)
    index = value.index if isinstance(value, pd.Series) else None
    plain = value.to_numpy(dtype=float, na_value=np.nan) if _is_nullable(value) else value.to_numpy()
    if index is None:
        return settle(plain, depth + 1)
    values = settle(plain, depth + 1)
    return pd.Series(list(values) if isinstance(values, list) else values, index=index)


def _is_nullable(value: pd.Series | pd.Index) -> bool:
    """Whether numbers stand in one of the types of pandas that know a missing value of their own."""
    numeric = isinstance(value.dtype, pd.api.extensions.ExtensionDtype) and value.dtype.kind in "biuf"
    return numeric and not (value.dtype.kind == "b" and not value.isna().any())


def _read_frame(value: pd.DataFrame, depth: int) -> pd.DataFrame:
    _see_size(value.size, MOST_NUMBERS)
    return value


def _read_list(value: Any, depth: int) -> Any:
    base = next(known for known in (list, tuple, set, frozenset) if isinstance(value, known))
    _see_size(base.__len__(value))
    parts = [settle(part, depth + 1) for part in itertools.islice(base.__iter__(value), MOST + 1)]
    if base in (set, frozenset):
        return set(map(_hashable, parts))
    return base(parts)


def _read_dict(value: dict, depth: int) -> dict:
    _see_size(dict.__len__(value))
    return {
        _hashable(settle(key, depth + 1)): settle(part, depth + 1)
        for key, part in itertools.islice(dict.items(value), MOST)
    }


def _read_mapping(value: Mapping, depth: int) -> dict:
    return _read_dict({key: value[key] for key in _bounded(value)}, depth)


def _read_bytes(value: bytes, depth: int) -> Any:
    raise Unreadable("Your answer holds bytes; write it as a text, without the b in front.")


_READERS: list[tuple[Any, Callable]] = [
    (str, _read_text),
    ((bytes, bytearray, memoryview), _read_bytes),
    ((bool, np.bool_), lambda value, depth: bool(value)),
    (np.generic, _read_scalar),
    (int, lambda value, depth: int.__int__(value)),
    (float, lambda value, depth: float.__float__(value)),
    ((Fraction, Decimal), _read_number),
    (complex, _read_complex),
    ((type(pd.NA), type(pd.NaT)), lambda value, depth: float("nan")),
    (np.ndarray, _read_array),
    ((pd.Series, pd.Index), _read_series),
    (pd.DataFrame, _read_frame),
    ((list, tuple, set, frozenset), _read_list),
    (dict, _read_dict),
    (Mapping, _read_mapping),
]


def _bounded(value: Iterable) -> Iterator:
    for number, part in enumerate(iter(value)):
        _see_size(number)
        yield part


def _see_size(size: int, most: int = MOST) -> None:
    if size > most:
        raise Unreadable(f"Your answer holds more than {most:,} values.")


def _hashable(value: Any) -> Any:
    """A value that can stand in a set: arrays and lists as tuples."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(map(_hashable, value))
    if isinstance(value, (dict, pd.Series, pd.DataFrame)):
        return brief(value)  # no member of a set, and equal to none
    return frozenset(map(_hashable, value)) if isinstance(value, (set, frozenset)) else value


# -- in a line ---------------------------------------------------------------------------------------------------


class _Brief(reprlib.Repr):
    """The first values only, and floats with few digits."""

    def __init__(self, digits: int):
        super().__init__()
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 12
        self.maxstring, self.digits = LONGEST, digits

    def repr_float(self, value: float, level: int) -> str:
        return f"{value:.{self.digits}g}"

    def repr_int(self, value: int, level: int) -> str:
        return repr(value) if abs(value) < 10**18 else f"about 10^{int(np.log10(2) * value.bit_length())}"

    def repr_ndarray(self, value: np.ndarray, level: int) -> str:
        return self.repr1(_first_values(value), level)

    def repr_Series(self, value: pd.Series, level: int) -> str:  # noqa: N802 - reprlib looks for the type's name
        return self.repr1(_first_values(value.to_numpy()), level)

    def repr_DataFrame(self, value: pd.DataFrame, level: int) -> str:  # noqa: N802
        return f"a DataFrame with {_count(len(value), 'row')}"

    def repr1(self, value: Any, level: int) -> str:
        return super().repr1(value.item() if isinstance(value, np.generic) else value, level)


def _first_values(array: np.ndarray) -> Any:
    """The beginning of an array along each axis, as lists."""
    return array[tuple(slice(13) for _ in array.shape)].tolist()


def brief(value: Any, digits: int = 4) -> str:
    """A value in at most 60 characters."""
    if callable(value) or not _is_plain(value):
        return kind_of(value)
    text = _Brief(digits).repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def outline(value: Any) -> str:
    """A value in a line; of an array or a dictionary that is too long for it, how much it holds."""
    text = brief(value)
    if isinstance(value, np.ndarray) and text.endswith("..."):
        return f"an array of shape {value.shape}"
    return f"a dictionary of {_count(len(value))}" if isinstance(value, dict) and text.endswith("...") else text


def both_brief(one: Any, other: Any) -> tuple[str, str]:
    """Two values that differ, each in a line, with as many digits as it takes to see it; long texts near that place."""
    for digits in (4, 6, 8, 10, 12, 17):
        texts = brief(one, digits), brief(other, digits)
        if texts[0] != texts[1]:
            return texts
    if isinstance(one, str) and isinstance(other, str):
        start = max(0, len(os.path.commonprefix([one, other])) - LONGEST // 3)
        return brief(f"...{one[start:]}"), brief(f"...{other[start:]}")
    return brief(one), brief(other)


def _is_plain(value: Any) -> bool:
    plain = (bool, int, float, str, list, tuple, set, frozenset, dict, np.ndarray, np.generic, pd.Series, pd.DataFrame)
    return value is None or value is ... or isinstance(value, plain)


def kind_of(value: Any) -> str:
    """What to call a value: a text, an array, a DataFrame."""
    names: dict[str, Any] = {
        "a text": str,
        "a truth value": (bool, np.bool_),
        "a whole number": (int, np.integer),
        "a number": (float, np.floating),
        "an array": np.ndarray,
        "a dictionary": dict,
    }
    known = next((name for name, kinds in names.items() if isinstance(value, kinds)), None)
    if known is not None:
        return known
    name = "function" if callable(value) and not isinstance(value, type) else type(value).__name__
    return "None" if value is None else f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _count(number: int, noun: str = "value") -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


# -- compared ----------------------------------------------------------------------------------------------------


def difference(answer: Any, expected: Any, tolerance: float = TOLERANCE) -> str | None:
    """Say how an answer in plain types differs from what is expected, without giving it away; None if it does not.

    Lists, tuples, arrays and Series are the same when they hold the same values in the same order, and so are the
    values of a dictionary; where a set is expected, its keys count. A DataFrame may have more columns than expected.
    Text is compared without regard to case.
    """
    unlike = _difference(answer, expected, tolerance)
    return unlike and (_said_of_pairs(answer, expected, tolerance) or unlike)


def _difference(answer: Any, expected: Any, tolerance: float) -> str | None:
    if isinstance(expected, pd.DataFrame):
        return _frame_difference(answer, expected, tolerance)
    if isinstance(expected, dict):
        return _dict_difference(answer, expected, tolerance)
    if isinstance(expected, (set, frozenset)):
        unlike = _set_difference(set(answer) if isinstance(answer, dict) else answer, expected)
        if unlike and isinstance(answer, dict) and expected & set(map(_hashable, answer.values())):
            return "You gave a dictionary. For a set, put a comma instead of the colon."
        return unlike
    if isinstance(answer, (dict, pd.Series)) and np.iterable(expected) and not isinstance(expected, str):
        return _labeled_difference(answer, expected, tolerance)
    if isinstance(expected, (list, tuple)) and any(isinstance(part, (list, tuple, np.ndarray)) for part in expected):
        return _nested_difference(answer, expected, tolerance)
    if isinstance(expected, str):
        if not isinstance(answer, str):
            return f"The answer is a text; you gave {kind_of(answer)}."
        return None if answer.strip().casefold() == expected.strip().casefold() else f"It is not {brief(answer)}."
    if np.ndim(expected) == 0 and not isinstance(expected, (list, tuple)):
        return _number_difference(answer, expected, tolerance)
    return _array_difference(answer, np.asarray(expected), tolerance)


def _said_of_pairs(answer: Any, expected: Any, tolerance: float) -> str | None:
    """What to say of pairs, such as those of `Counter.most_common`, where one part of each is right; None elsewhere."""
    lists = (list, tuple, set, np.ndarray)
    as_long = isinstance(expected, lists) and isinstance(answer, lists) and len(answer) == len(expected)
    pairs = _members(answer) if as_long else None
    if not pairs or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        return None
    for part, name in zip(zip(*pairs, strict=True), PART_OF_PAIRS, strict=True):
        if _difference(part, expected, tolerance) is None:
            return f"You gave pairs, and the {name} of each is right: keep it alone, as in {PART_OF_PAIRS[name]}."
    return None


def _number_difference(answer: Any, expected: Any, tolerance: float) -> str | None:
    truth = _is_bool(expected)
    if not isinstance(answer, (bool, int, float, np.generic)):
        alone = isinstance(answer, (list, tuple, np.ndarray, pd.Series)) and len(answer) == 1
        one = f"{kind_of(answer)} with one value" if alone else None
        given = f"you gave {one or kind_of(answer)}" + (": take the value out of it" if one else _cure_of_rows(answer))
        return f"The answer is one {'truth value' if truth else 'number'}; {given}.{_cure_of_text(answer)}"
    if truth != _is_bool(answer):
        return f"The answer is {'True or False' if truth else 'a number'}; you gave {brief(answer)}."
    if not _differ(np.asarray(_float(answer)), np.asarray(float(expected)), _allowed(answer, expected, tolerance)):
        return None
    if not isinstance(expected, (int, np.integer)) and _is_rounded(_float(answer), float(expected), tolerance):
        return f"{brief(answer)} is {ROUNDED}: keep {_digits(tolerance)} digits after the point, or all of them."
    return f"It is not {both_brief(answer, expected)[0]}."


def _cure_of_rows(value: Any) -> str:
    """How to count what was given instead of a count; nothing where it does not look like that."""
    if isinstance(value, pd.DataFrame):
        return ". To count its rows, take len(...)"
    if isinstance(value, (np.ndarray, pd.Series)) and value.dtype == bool:
        return " of True and False. To count the True ones, take its .sum()"
    return ""


def _cure_of_text(value: Any) -> str:
    """What to say of a number in quotation marks; nothing of anything else."""
    try:
        float(value if isinstance(value, str) else "")
    except ValueError:
        return ""
    return " Leave out the quotation marks; int(...) and float(...) make numbers from texts."


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number beyond all floats
        return float("inf") if number > 0 else float("-inf")


def _allowed(answer: Any, expected: Any, tolerance: float) -> tuple[float, float]:
    """How far a number may be off, absolutely and relatively: more where it has 32 bits, nothing for counts."""
    if np.asarray(expected).dtype.kind in "biu":
        return tolerance, 0.0
    dtype = getattr(answer, "dtype", None)
    if dtype is not None and dtype.kind == "f" and dtype.itemsize <= 4:
        return max(tolerance, SINGLE), SINGLE
    return tolerance, TOLERANCE


def _differ(got: np.ndarray, wanted: np.ndarray, allowed: tuple[float, float]) -> np.ndarray:
    return ~np.isclose(got, wanted, atol=allowed[0], rtol=allowed[1], equal_nan=True)


def _digits(tolerance: float) -> int:
    """Digits after the point that a number needs to be within a tolerance."""
    return int(np.ceil(-np.log10(2 * tolerance)))


def _is_rounded(answer: float, expected: float, tolerance: float) -> bool:
    """Whether an answer is the right one with fewer digits; 1 for 0.98 is another answer."""
    if not np.isfinite([answer, expected]).all() or (abs(answer - round(answer)) < 1e-9 and abs(expected) <= 1):
        return False
    return any(abs(answer - round(expected, digits)) < 1e-9 for digits in range(_digits(tolerance)))


def _array_difference(answer: Any, expected: np.ndarray, tolerance: float) -> str | None:
    if isinstance(answer, set):
        return "A set has no order, and here the order counts: give a list."
    if not isinstance(answer, (list, tuple, np.ndarray, pd.Series, pd.DataFrame)):
        return f"The answer has {_count(len(expected))}; you gave {kind_of(answer)}."
    if isinstance(answer, pd.DataFrame) and expected.ndim == 1:
        return f"The answer has {_count(len(expected))}; you gave a DataFrame: take one of its columns, or its index."
    try:
        got = np.asarray(answer)
    except ValueError:
        return "The parts of your answer have different lengths."
    if got.shape != expected.shape and got.ndim == expected.ndim == 1:
        return f"The answer has {_count(len(expected))}; yours has {len(got)}."
    if got.shape != expected.shape:
        flat = got.size == expected.size and _array_difference(got.ravel(), expected.ravel(), tolerance) is None
        cure = f" The values are right: .reshape{expected.shape} brings them into this shape." if flat else ""
        return f"The answer has shape {expected.shape}; yours has {got.shape}.{cure}"
    if not expected.size:
        return None
    if expected.dtype.kind in "OUS":
        unlike = np.array([str(a) != str(b) for a, b in zip(got.ravel(), expected.ravel(), strict=True)])
    elif got.dtype.kind not in "biuf":
        values = got.ravel().tolist()
        odd = next((part for part in values if not isinstance(part, (int, float))), values[0])
        return f"The answer holds numbers; yours holds {brief(odd)}.{_cure_of_text(odd)}"
    elif (got.dtype.kind == "b") != (expected.dtype.kind == "b"):
        wanted = "True and False" if expected.dtype.kind == "b" else "numbers"
        return f"The answer holds {wanted}; yours holds {brief(got.ravel()[0])}."
    else:
        unlike = _differ(got.ravel(), expected.ravel(), _allowed(got, expected, tolerance))
    if not unlike.any():
        return None
    first = np.unravel_index(np.flatnonzero(unlike)[0], expected.shape)
    pairs = zip(got.ravel()[unlike].tolist(), expected.ravel()[unlike].tolist(), strict=True)
    if expected.dtype.kind == "f" and all(_is_rounded(one, right, tolerance) for one, right in pairs):
        return f"Your numbers are {ROUNDED}: keep {_digits(tolerance)} digits after the point, or all of them."
    place = " ".join(str(int(number)) for number in first)
    shown, _ = both_brief(got[first], expected[first])
    verb = "differs" if unlike.sum() == 1 else "differ"
    return f"{unlike.sum()} of {_count(expected.size)} {verb}, first at place {place} (counted from 0): {shown}."


def _frame_difference(answer: Any, expected: pd.DataFrame, tolerance: float) -> str | None:
    if not isinstance(answer, pd.DataFrame):
        return f"The answer is a DataFrame; you gave {kind_of(answer)}."
    absent = [column for column in expected if column not in answer]
    if absent:
        return f"The column '{absent[0]}' is missing (found: {', '.join(map(str, answer.columns[:20]))})."
    if len(answer) != len(expected):
        return f"The answer has {len(expected)} rows; yours has {len(answer)}."
    if not answer.index.equals(expected.index):
        same = set(answer.index) == set(expected.index)
        return "The rows are right, but their order is not." if same else "The index does not name the rows expected."
    for column in expected:
        unlike = _array_difference(settle(answer[column]), expected[column].to_numpy(), tolerance)
        if unlike is not None:
            return f"Column '{column}': {unlike}"
    return None


def _dict_difference(answer: Any, expected: dict, tolerance: float) -> str | None:
    if isinstance(answer, pd.Series):
        answer = answer.to_dict()
    if not isinstance(answer, dict):
        return f"The answer is a dictionary with {_listed(expected)}; you gave {kind_of(answer)}."
    for key, value in expected.items():
        if key not in answer:
            return f"The key {key!r} is missing (found: {_listed(answer)})."
        unlike = difference(answer[key], value, tolerance)
        if unlike is not None:
            return f"For {key!r}: {unlike}"
    return None


def _listed(keys: Iterable) -> str:
    return ", ".join(map(brief, itertools.islice(keys, 12))) or "none"


def _set_difference(answer: Any, expected: set | frozenset) -> str | None:
    members = _members(answer)
    if members is None:
        return f"The answer is a set or a list; you gave {kind_of(answer)}."
    found = set(map(_hashable, members))
    if found == expected:
        return None
    right, absent = len(found & expected), len(expected - found)
    odd = len(found) - right
    missing = f"{absent} {'is' if absent == 1 else 'are'} missing"
    missing = missing if absent else f"{odd} {'is' if odd == 1 else 'are'} too many"
    return f"Of your {_count(len(found))}, {right or 'none'} {'is' if right == 1 else 'are'} right; {missing}."


def _nested_difference(answer: Any, expected: Sequence, tolerance: float) -> str | None:
    if isinstance(answer, set):
        return "A set has no order, and here the order counts: give a list."
    parts = _members(answer)
    if parts is None or len(parts) != len(expected):
        given = f"you gave {kind_of(answer)}" if parts is None else f"yours has {len(parts)}"
        return f"The answer has {_count(len(expected), 'part')}; {given}."
    unlike = (difference(part, wanted, tolerance) for part, wanted in zip(parts, expected, strict=True))
    return next((f"Part {number}: {text}" for number, text in enumerate(unlike, start=1) if text is not None), None)


def _labeled_difference(answer: dict | pd.Series, expected: Iterable, tolerance: float) -> str | None:
    """Compare the values of a Series or a dictionary; name it where its labels are right instead."""
    unlike = difference(_values_of(answer), expected, tolerance)
    if unlike is None or difference([*answer.keys()], expected, tolerance) is not None:
        return unlike
    if isinstance(answer, dict):
        return "The keys of your dictionary are right: give a list of them, with list(...)."
    return "The index of your Series is right, and its values are not asked for: give its .index."


def _values_of(answer: Any) -> Any:
    """The values of a Series or a dictionary, without their labels; anything else as it is.

    Where the keys of a dictionary are places, as in a Counter of numbers from 0, they give the order.
    """
    if isinstance(answer, dict):
        places = range(len(answer))
        return [answer[key] for key in (places if answer.keys() == set(places) else answer)]
    return answer.to_numpy() if isinstance(answer, pd.Series) else answer


def ranking_of(
    answer: Any, expected: Sequence, scores: pd.Series, tolerance: float = TOLERANCE
) -> tuple[list | None, str | None]:
    """Find the ids in an answer in plain types; give them, and how they differ (None if they do not).

    The ids of a Series may be its values or its index, those of a dictionary its values or its keys, those of a
    DataFrame its index or one of its columns. Ids with equal scores may change places.
    """
    if isinstance(answer, set):
        return None, "A set has no order, and here the best comes first: give a list."
    readings = _readings(answer)
    if not readings:
        return None, f"The answer is a list of ids, best first; you gave {kind_of(answer)}."
    pairs = _said_of_pairs(answer, expected, tolerance)
    judged = [(ids, pairs or _ids_difference(ids, expected, scores, tolerance)) for ids in readings]
    right = [pair for pair in judged if pair[1] is None]
    known = [pair for pair in judged if all(_is_id(identifier, scores) for identifier in pair[0])]
    return [*right, *known, *judged][0]


def _readings(answer: Any) -> list[list]:
    lists = [_values_of(answer)]
    if isinstance(answer, (pd.Series, dict)):
        lists.append(settle([*answer.keys()]))
    if isinstance(answer, pd.DataFrame):
        lists = [settle(column) for column in (answer.index, *(answer[name] for name in answer.columns))]
    return [members for members in map(_members, lists) if members is not None]


def _is_id(identifier: Any, scores: pd.Series) -> bool:
    return isinstance(identifier, (int, float, str)) and identifier in scores.index


def _ids_difference(ids: list, expected: Sequence, scores: pd.Series, tolerance: float) -> str | None:
    if len(ids) != len(expected):
        return f"The answer has {len(expected)} ids; yours has {len(ids)}."
    strange = [identifier for identifier in ids if not _is_id(identifier, scores)]
    if strange:
        return f"{brief(strange[0])} is not one of the ids to choose from.{_cure_of_text(strange[0])}"
    if len(set(ids)) < len(ids):
        return "An id appears twice."
    wanted = scores.loc[list(expected)].to_numpy(dtype=float)
    got = scores.loc[ids].to_numpy(dtype=float)
    places = np.flatnonzero(np.abs(wanted - got) > tolerance)
    if not len(places):
        return None
    if set(ids) == set(expected):
        return f"The ids are right, but their order is not: look at place {places[0] + 1}."
    return f"The {_ordinal(places[0] + 1)} id is not the one that belongs there."


def _members(answer: Any) -> list | None:
    """The values of a list in plain types; None for what is no list."""
    if isinstance(answer, (np.ndarray, pd.Series)):
        return answer.tolist()
    if not isinstance(answer, (list, tuple, set)):
        return None
    return [item.item() if isinstance(item, np.generic) else item for item in answer]


def _is_bool(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def unchanged(before: Any, after: Any) -> bool:
    """Whether an argument is still what it was: types, values, missing ones, and the order of everything."""
    if type(before) is not type(after):
        return False
    if isinstance(before, (pd.Series, pd.DataFrame)):
        return before.equals(after)
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
    if isinstance(before, dict):
        return unchanged(list(before.items()), list(after.items()))
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(unchanged, before, after))
    return before == after or (before != before and after != after)


# -- in another's form -------------------------------------------------------------------------------------------


def same_form(raw: Any, expected: Any) -> bool:
    """Whether code that works with one value works with the other: same containers, same kinds of numbers."""
    if isinstance(expected, np.ndarray):
        return isinstance(raw, np.ndarray) and type(raw) is np.ndarray and raw.dtype.kind == expected.dtype.kind
    if isinstance(expected, (bool, int, np.bool_, np.integer)):  # a float is no position
        return isinstance(raw, (bool, int, np.bool_, np.integer))
    if isinstance(expected, (float, np.generic)):
        return isinstance(raw, (bool, int, float, np.generic))
    if isinstance(expected, (list, tuple)):
        alike = type(raw) is type(expected) and len(raw) == len(expected)
        return alike and all(map(same_form, raw, expected))
    if isinstance(expected, dict):
        return type(raw) is dict and all(same_form(raw.get(key), value) for key, value in expected.items())
    return isinstance(raw, type(expected))


def as_like(value: Any, expected: Any) -> Any:
    """Put a value in plain types that was accepted into the form of the expected one."""
    if isinstance(expected, np.ndarray):
        return np.asarray(_values_of(value)).astype(expected.dtype)
    if isinstance(expected, (bool, int, float)) and not isinstance(value, bool):
        return type(expected)(value)
    if isinstance(expected, (list, tuple)):
        members = _members(_values_of(value)) or []
        if isinstance(expected, tuple) and len(members) == len(expected):
            return tuple(map(as_like, members, expected))
        return type(expected)(as_like(part, expected[0]) if expected else part for part in members)
    if isinstance(expected, (set, frozenset)):
        return type(expected)(value if isinstance(value, dict) else _members(value) or [])
    if isinstance(expected, dict):
        value = value.to_dict() if isinstance(value, pd.Series) else value
        return {key: as_like(part, expected[key]) if key in expected else part for key, part in value.items()}
    return value


def as_argument(given: Any, model: Any) -> Any:
    """Put an argument of the notebook into the form of a check's: same containers, same numbers, free to be changed.

    So an answer that the check has accepted meets no Series where it was given arrays, and no 32 bits for 64.
    """
    if not isinstance(model, (np.ndarray, list, tuple)):
        return given.item() if isinstance(given, np.generic) else given
    try:
        plain = settle(given)
        if not isinstance(plain, (np.ndarray, pd.Series, list, tuple)):
            return given
        if not isinstance(model, np.ndarray):
            return as_like(plain, model)
        array = np.array(_values_of(plain), order="C")
        fits = not array.size or np.can_cast(array.dtype, model.dtype, "same_kind")
        return array.astype(model.dtype) if fits else array
    except (TypeError, ValueError):  # it has no such form: somebody tries something else
        return given


def name_of_form(value: Any) -> str:
    """What to call the form of a value: an array, a list, a number."""
    if isinstance(value, (int, float, np.generic)):
        return "a number"
    return "a text" if isinstance(value, str) else kind_of(value)
