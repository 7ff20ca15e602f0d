"""``python3 -m helpers catalogue check FILE``: what a catalogue holds, what is odd about it, and how to go on."""

from __future__ import annotations

import itertools
import shlex
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment

from helpers.course.console import printable
from helpers.data import Description
from helpers.data.catalogue import COLUMNS, SHORT, count_words

MOST = 2_000  # texts that the encoder's tokenizer looks at, evenly chosen


def examine(description: Description) -> dict:
    """Look through all rows of a catalogue, and through some of its texts with the encoder's tokenizer.

    Gives what ``--json`` prints: among others ``again``, titles and texts that come again, and ``words``, a histogram.
    """
    table = description.table
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        films = description.films()
    again = {name: films[name].map(lambda text: hash(text.casefold())).duplicated() for name in ("title", "synopsis")}
    words = count_words(films["synopsis"]).to_numpy()
    return {
        "file": table.name,
        "read": {name: getattr(table, name, None) for name in ("encoding", "delimiter")},
        "columns": {name: getattr(description, name) for name in COLUMNS},
        "guessed": list(description.guessed),
        "other_columns": [column for column in table.columns if column not in description.settings().values()],
        "rows": table.rows,
        "usable": len(films),
        "left_out": films.attrs["left_out"],
        "again": {name: _some(films["title"], rows) for name, rows in again.items()},
        "short": _some(films["title"], words < SHORT),
        "without": {
            name: int(films[name].isna().sum())
            for name, column in (("genres", description.genre_column), ("year", description.year_column))
            if column
        },
        "words": _histogram(words),
        "encoder": _by_encoder(films["synopsis"], description),
        "notes": [str(note.message) for note in told if "left out" not in str(note.message)],
        "toml": description.toml(),
        "go_on": f"python3 -m helpers recommend {shlex.quote(films['title'].iloc[0])} {description.options()}",
    }


def lines(found: dict) -> list[str]:
    """The same for people, by the template ``catalogue_check.txt``."""
    page = Environment(trim_blocks=True, lstrip_blocks=True, finalize=printable)
    page.filters.update(number="{:,}".format, percent="{:.1%}".format, repr=repr)
    template = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    return page.from_string(template).render(found, few=SHORT).split("\n")


def _some(titles: pd.Series, rows: Any) -> dict:
    """Count rows, and name the first three."""
    return {"count": int(rows.sum()), "such_as": titles[rows].head(3).tolist()}


def _histogram(words: np.ndarray) -> dict[str, int]:
    """How many texts have how many words, in steps that double."""
    ends = [0, 1, 5, 10, 20, 40, 80, 160, 320, 640, 1_280]
    names = [f"{low} to {high - 1}" for low, high in itertools.pairwise(ends)] + [f"{ends[-1]:,} or more"]
    counts = np.bincount(np.digitize(words, ends) - 1, minlength=len(ends))
    used = np.flatnonzero(counts)
    return {names[place]: int(counts[place]) for place in range(used[0], used[-1] + 1)}


def _by_encoder(texts: pd.Series, description: Description) -> dict:
    """What the encoder makes of the texts, without encoding them; of the course's, only the tokenizer is loaded."""
    from helpers.encoding import PairEncoder, load_encoder
    from helpers.encoding.languages import advice, uncut, unknown_sign
    from helpers.encoding.models import CHOICES, DEFAULT, canonical_name, default_tokenizer

    name = canonical_name(description.encoder)
    encoder = None if name == DEFAULT else load_encoder(name)
    model = encoder.model if isinstance(encoder, PairEncoder) else encoder
    limit = getattr(model, "max_seq_length", None) if model else CHOICES[DEFAULT].tokens
    tokenizer = uncut(getattr(model, "tokenizer", None) if model else default_tokenizer())
    sample = texts.iloc[:: max(1, len(texts) // MOST)].tolist()
    tokens = [np.array(text.ids) for text in tokenizer.encode_batch(sample)] if tokenizer else []
    return {
        "name": name,
        "limit": limit if limit and np.isfinite(limit) else "all",
        "cut_off": float(np.mean([len(text) > (limit or np.inf) for text in tokens])) if tokens else 0.0,
        "unknown": float(np.mean(np.concatenate(tokens) == unknown_sign(tokenizer))) if tokens else 0.0,
        "advice": advice(sample, tokenizer) if tokens and model is encoder else None,
    }
