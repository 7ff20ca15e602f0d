"""Whether two descriptions of a figure, as `helpers.plots` stores them beside pictures, are of the same figure."""

import re

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")
LEAST = 0.01  # part of the largest number of a line by which its numbers may differ: no eye sees it


def same_figure(one: str, other: str) -> bool:
    """Compare words to the letter, and numbers as an eye would: processors differ in the last digits."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    for line, again in zip(one.splitlines(), other.splitlines(), strict=True):
        numbers, others = (NUMBER.findall(text) for text in (line, again))
        allowed = LEAST * max((abs(float(number)) for number in numbers), default=0)
        if any(abs(float(a) - float(b)) > max(allowed, last_digit(a)) for a, b in zip(numbers, others, strict=True)):
            return False
    return True


def last_digit(number: str) -> float:
    """What one in the last digit of a written number stands for, and a little: by so much may rounding differ."""
    mantissa, _, exponent = number.partition("e")
    return 1.01 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def let_noise_pass(compare, data: str):
    """Make nbval's comparison of outputs one that takes the same figure for the same output."""

    def compare_outputs(self, test, ref, skip_compare=None):
        for new, stored in zip(test, ref, strict=False):
            pair = [output.get("data", {}).get(data) for output in (new, stored)]
            for output, figure in zip((new, stored), pair, strict=True):
                if figure:  # what is compared of a picture; the HTML holds it once more, with its alternative text
                    output["data"].pop("text/html", None)
            if all(pair) and same_figure(*pair):
                new["data"][data] = pair[1]
        return compare(self, test, ref, skip_compare)

    return compare_outputs
