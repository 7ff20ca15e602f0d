"""What the commands print: nothing that a terminal takes for an order, in every encoding, into pipes that may close.

Uses the standard library alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from pathlib import Path
from typing import TextIO

# Control characters of C0 and C1, halves of surrogate pairs, separators of lines, and what turns the direction of
# writing around: titles from anywhere may hold them, and a terminal obeys.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    """Text in which every character that a terminal would obey is written as an escape, such as ESC as x1b."""
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], str(text))


def say(text: object, error: bool = False) -> None:
    """Print one line on standard output, or on standard error."""
    stream = sys.stderr if error else sys.stdout
    try:
        print(printable(text), file=stream)
    except BrokenPipeError:
        _discard(stream)


def say_json(document: object) -> None:
    """Print one JSON document on standard output, in ASCII; numbers that JSON does not know become null."""
    finite = json.loads(json.dumps(document), parse_constant=lambda _: None)
    say(json.dumps(finite).replace("\x7f", "\\u007f"))


def prepare() -> None:
    """Let what an encoding lacks be written as an escape: a console's or a pipe's may be ASCII or Windows-1252.

    A stream that is closed from the start, or that a program without a console lacks, leads nowhere.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def finish() -> OSError | None:
    """Write out what is still held back; give the error of output that cannot be written, such as a full disk's.

    A reader that has gone (``| head -1``) is no error.
    """
    trouble = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            _discard(stream)
            trouble = trouble if isinstance(error, BrokenPipeError) else error
    return trouble


def _discard(stream: TextIO) -> None:
    """Send what is still written to a closed pipe nowhere, so that the interpreter does not complain at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
