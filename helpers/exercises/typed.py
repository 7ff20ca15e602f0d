"""What a learner means who types an answer into a field: a choice, numbers, the number of a line, code for a gap."""

from __future__ import annotations

import ast
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

from helpers.exercises.texts import COUNTED, SCALES, in_digits, words_of

GAP = "___"  # where code is missing
LONGEST = 1000  # characters of an answer
PART = 5  # characters, with a sign among them, by which a line of code is known
ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth".split()  # noqa: SIM905
SIGNS = str.maketrans("−–‐⁄’‘“”\u00a0", "---/''\"\" ")  # what word processors and phones write, as Python writes it
OPERATORS = {"minus": "-", "subtract": "-", "subtraction": "-", "plus": "+", "add": "+", "times": "*", "multiply": "*"}
DENIED = re.compile(r"n't\b|\b(no|not|none|nothing|nobody|never|without|cannot|except)\b", re.IGNORECASE)
VAGUE = re.compile(r"\b(or|more|less|fewer|than|least|most|between|above|below|over|under|all but)\b", re.IGNORECASE)
OTHERS = re.compile(rf"{DENIED.pattern}|{VAGUE.pattern}|\b(and|but|nor|both)\b")  # before the letter of another choice
AGREED = (  # after the letter of a choice
    r"\s+(?:because|since|of course|(?:is|seems) (?:right|correct|true|the (?:right )?(?:answer|one|choice)))\b"
)
EMPTY = {  # words that tell no choice from another
    *("a", "about", "an", "and", "are", "as", "at", "be", "because", "by", "can", "did", "do", "does", "each", "for"),
    *("from", "gives", "has", "have", "in", "is", "it", "it's", "its", "of", "on", "one", "only", "so", "some", "that"),
    *("the", "their", "them", "then", "there", "they", "this", "to", "was", "were", "what", "where", "which", "with"),
    *("i", "maybe", "probably", "say", "think", "would"),
    *("approximately", "around", "circa", "nearly", "out", "roughly"),
}
NUMBER = re.compile(
    r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)(?:\s*/\s*(\d+(?:\.\d+)?))?\s*(%|per ?cent|k\b|thousand|million|billion)?"
)
THOUSANDS = re.compile(r"\b[1-9]\d{0,2}([, '\u202f]\d{3})+\b")
BYTES = re.compile(r"\d\s*([kmgt]?)(?:i?b|\w*bytes?)\b")  # what is asked for is gigabytes
REASON = re.compile(r"[,;.]?\s+(?:because|since)\b")  # what comes before it is the answer
CLAUSES = re.compile(r"[,;:] (?:(?:or|and|because) )?")  # between them
REMARK = re.compile(r"(?<=\w)\s+(\(.{3,}\)|or so)$")  # what is added


def unquoted(text: str) -> str:
    """A text without a fence, or a pair of quotation marks or backticks around it."""
    text = re.sub(r"^```\w*\n|\n```$", "", text.translate(SIGNS).strip("\n"))
    around = re.fullmatch(r"\s*([`'\"])((?:(?!\1).)*)\1\s*", text)
    return around[2] if around else text


# -- choices -----------------------------------------------------------------------------------------------------


def choice_of(said: str, options: dict[str, str], question: str) -> str | None:
    """Find the letter of the option that is named, or quoted in part; None for none, or more than one.

    Where all that was said names none, what comes before its reason counts.
    """
    plain = REMARK.sub("", unicodedata.normalize("NFKC", unquoted(said)).strip().casefold())  # ｂ becomes b
    found = _choices(plain, options, question) or _choices(REASON.split(plain)[0], options, question)
    return found.pop() if len(found) == 1 else None


def _choices(said: str, options: dict[str, str], question: str) -> set[str | None]:
    """The options that are named by their letters, after a few words and before a sign, a reason, or nothing.

    Where none is, the one that is quoted.
    """
    letter = rf"(?<![\w'])([{''.join(options)}])"
    named = re.fullmatch(rf"(.{{0,60}}?){letter}(?:(?:\s*[^\w\s']|{AGREED})(.*)|\s*)", said, re.DOTALL)
    if named is None or OTHERS.search(named[1]) or re.search(rf"{letter}(?![\w'])", named[1]):
        return {quoted(said, options, question)} - {None}
    return {named[2]} | _choices(named[3] or "", options, question)


def quoted(said: str, options: dict[str, str], question: str) -> str | None:
    """Find the only option that begins so, or has it as a clause, or has the words that were said, in order.

    Words of the question do not count, and of a clause with "no" in it, that word has to be said.
    """
    begun = [letter for letter, option in options.items() if option.casefold().startswith(said)]
    begun = begun or [letter for letter, option in options.items() if said in CLAUSES.split(option.casefold())]
    if len(begun) == 1 and len(words_of(said)) > 2:
        return begun[0]
    asked = set(_stems(question))
    words = [word for word in _stems(said) if word not in asked]
    fitting = [letter for letter, option in options.items() if words and _in_order(words, _stems(option))]
    if len(fitting) != 1:
        return None
    touched = [clause for clause in re.split("[,;:]", options[fitting[0]]) if set(_stems(clause)) & set(words)]
    known = [word for clause in touched for word in _stems(clause) if word not in asked]
    enough = len(words) > 1 or (words[0] not in UNCLEAR and len(known) <= 2)
    denied = {word for clause in touched for word in DENIED.findall(clause.casefold())}
    return fitting[0] if enough and denied <= set(DENIED.findall(said)) else None


def _in_order(words: list[str], of: list[str]) -> bool:
    rest = iter(of)
    return all(word in rest for word in words)


def _stems(text: str) -> list[str]:
    """The words of a text without their endings, and without those that say nothing: synopsis and synopses are one.

    So are neighbor and neighbour.
    """
    plain = re.sub("our(?=s|ed|ing|ite|\\b)", "or", in_digits(text.translate(SIGNS).casefold()))
    words = [word for word in words_of(plain) if word not in EMPTY]
    return [re.sub(r"(?<=\w\w\w)(ing|ed|[ei])?s?$", "", word) for word in words]


UNCLEAR = {*"0123456789", "no", "not", "nothing", "nobody"}  # words that say too little alone


# -- numbers -----------------------------------------------------------------------------------------------------


def literal_of(answer: Any) -> Any:
    """A value as it is written in Python; any other text as it is."""
    if not isinstance(answer, str):
        return answer
    try:
        return ast.literal_eval(answer.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return re.sub(r"^it (gives|is) ", "", answer.strip(), flags=re.IGNORECASE)


def text_of(answer: Any) -> Any:
    """A text, however it is quoted."""
    return unquoted(literal_of(unquoted(answer))) if isinstance(answer, str) else answer


def value_of(answer: Any, several: bool) -> Any:
    """One number or a list of them, as people write them: 1/3, 18%, about 0,1 GB, two thirds, 0 and 0.3."""
    if not isinstance(answer, str) or len(answer) > LONGEST:
        return answer
    text = unicodedata.normalize("NFKC", re.sub("(?<=\\d)(?=[¼-¾⅐-⅞])", " ", answer))  # ¾ becomes 3/4
    text = REMARK.sub("", unquoted(text).strip().casefold())
    if '"' in text or "\n" in text:
        return answer  # code
    if not several:
        text = THOUSANDS.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    if not several or ";" in text:  # 1; 0,6
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    plain = literal_of(text)
    if not isinstance(plain, str):
        return plain
    try:
        numbers = _numbers_in(re.split("[=:]|->|→", text)[-1])
    except ZeroDivisionError:  # 1/0
        return answer
    if not numbers or DENIED.search(text) or VAGUE.search(text) or (not several and len(numbers) > 1):
        return answer
    return numbers if several else numbers[0]


def _numbers_in(text: str) -> list[float]:
    """The numbers of a text, spelled or not; a memory in gigabytes."""
    text = re.sub(r"[a-z_.]+\d*\(|_", lambda found: "(" * found[0].endswith("("), text)  # np.float64(3.0), 1_000
    text = re.sub(r"\b(minus|negative)\s+", "-", text)
    text = in_digits(text)
    text = re.sub(r"(?<=\d)\s+(out of|of|in)( the)?\s+(?=\d)", "/", text)
    scale = BYTES.search(text)
    factor = 1000.0 ** (" kmgt".index(scale[1] or " ") - 3) if scale else 1.0
    return [
        factor * SCALES[size.replace(" ", "")] * float(above) / float(below or 1)
        for above, below, size in NUMBER.findall(text)
    ]


# -- lines and gaps ----------------------------------------------------------------------------------------------


def line_of(answer: Any, lines: Sequence[str], line: int, fixed: str) -> Any:
    """The number of a line: "line 4", "the third line: ...", or code of that line only, as it is or as it should be.

    Raises
    ------
    ValueError
        If a text names no line, or more than one.
    """
    if not isinstance(answer, str):
        return answer
    said = re.sub(r"(?<=[a-z])(?<!but) one$", "", unquoted(answer).strip().casefold())  # the third one
    copied = _compact(re.sub(r"^\d+\s+", "", said))
    known = [*((_compact(text), place) for place, text in enumerate(lines, start=1)), (_compact(fixed), line)]
    whole = {place for code, place in known if copied == code}
    named = whole or {place for code, place in known if _is_code(copied) and copied in code}
    if len(named) == 1:
        return named.pop()
    words = {word: place for named in (COUNTED, ORDINALS) for place, word in enumerate(named)} | {"last": len(lines)}
    numeral = rf"\d+(?:\.\d+)?|\b(?:{'|'.join(words)})\b"
    for part in (re.split(r"[:,;]|\s(?:because|since)\b", said)[0], said):
        tokens = re.findall(rf"\bline\s+({numeral})\b", part) or re.findall(numeral, part)
        found = {words[token] if token in words else float(token) for token in tokens}
        if (
            len(found) == 1
            and min(found) == int(min(found))
            and not re.search(r"n't\b|\b(not|never|and|or|except|fine)\b|-\d", part)
        ):
            return int(found.pop())
    raise ValueError("Answer with the number of the line, such as 2.")


def _is_code(piece: str) -> bool:
    """Whether a compact piece of a line is long enough to be known by, and more than a word or a number."""
    return len(piece) >= PART and re.search(r"[a-z]\W*[-+*/<>=\[(.]", piece) is not None


def _compact(line: str) -> str:
    return re.sub(r"\s", "", line.translate(SIGNS).replace("'", '"').casefold())


def filled(code: str, answer: str) -> str:
    """Put what was typed into the gap of some code; the code around the gap may have been typed again."""
    answer = textwrap.dedent(unquoted(answer)).strip()
    answer = OPERATORS.get(re.sub("^(a|the) | sign$", "", answer.casefold()), answer)
    start, end = re.search(rf"^(.*){GAP}(.*)$", code, re.MULTILINE).groups()  # type: ignore[union-attr]
    before = [size for size in range(len(answer)) if start.endswith(answer[:size])][-1]
    if re.search(r"\w\s*[-+*/@]\s*$", answer[:before]):
        answer, before = answer[before:], 0  # typed again, up to the operator
    if re.search(r"[-+*/@]\s*$", start) and _parses(answer):
        answer = f"({answer})"  # it is one value, whatever stands beside it
    if not _parses(code.replace(GAP, answer)):
        after = [size for size in range(len(answer) - before) if end.startswith(answer[len(answer) - size :])][-1]
        answer = answer[before : len(answer) - after]
    indent = re.match(r"\s*", start)[0]  # type: ignore[index]
    return code.replace(GAP, answer.replace("\n", f"\n{indent}"))


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
