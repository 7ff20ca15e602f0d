"""``python3 -m helpers catalogue check FILE``: what a catalogue holds, what is odd about it, and how to go on."""

from __future__ import annotations

import shlex
import warnings
from typing import Any

import numpy as np
import pandas as pd

from helpers.data import Description
from helpers.data.catalogue import COLUMNS, SHORT, count_words

MOST = 2_000  # texts that the encoder's tokenizer looks at, evenly chosen
BARS = 40  # signs of the longest bar


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
    """The same for people."""
    read = [f"{name} {value!r}" for name, value in found["read"].items() if value]
    left_out = ", ".join(f"{count:,} {what}" for what, count in found["left_out"].items() if count)
    text = [
        f"{found['file']}: {found['rows']:,} rows" + (f" ({', '.join(read)})" if read else ""),
        *(
            f"  {name.removesuffix('_column'):7} {column!r}" + (" (a guess)" if name in found["guessed"] else "")
            for name, column in found["columns"].items()
            if column
        ),
        f"  other columns: {', '.join(found['other_columns']) or 'none'}",
        f"Usable rows: {found['usable']:,}" + (f"; left out: {left_out}" if left_out else ""),
        *(f"Note: {note}" for note in found["notes"]),
        *(f"Without {name}: {count:,} rows" for name, count in found["without"].items() if count),
        _counted("Titles that come again", found["again"]["title"]),
        _counted("Texts that come again", found["again"]["synopsis"]),
        _counted(f"Texts of under {SHORT} words", found["short"]),
        "",
        "Words in a text:",
    ]
    longest = max(found["words"].values())
    text += [f"  {name:>11}  {'#' * -(-BARS * n // longest)} {n:,}" for name, n in found["words"].items()]
    encoder = found["encoder"]
    text += [
        "",
        f"The encoder ({encoder['name']}) reads {encoder['limit']} tokens: {encoder['cut_off']:.1%} of the texts are "
        f"cut off; {encoder['unknown']:.1%} of their tokens are unknown to it.",
        encoder["advice"] and f"Note: {encoder['advice']}",
        "",
        "If this is right, save it as catalogue.toml beside the file, and name that instead of the file:",
        *(f"  {line}" for line in found["toml"].splitlines()),
        "",
        f"Go on with: {found['go_on']}",
    ]
    return [line for line in text if line is not None]


def _some(titles: pd.Series, rows: Any) -> dict:
    """Count rows, and name the first three."""
    return {"count": int(rows.sum()), "such_as": titles[rows].head(3).tolist()}


def _counted(what: str, found: dict) -> str | None:
    return f"{what}: {found['count']:,} (such as {', '.join(found['such_as'])})" if found["count"] else None


def _histogram(words: np.ndarray) -> dict[str, int]:
    """How many texts have how many words, in steps that double."""
    ends = [1, 5, 10, 20, 40, 80, 160, 320, 640, 1_280]
    counts = np.bincount(np.digitize(words, ends), minlength=len(ends) + 1)
    names = [f"{low} to {high - 1}" for low, high in zip([0, *ends], ends, strict=False)] + [f"{ends[-1]:,} or more"]
    used = np.flatnonzero(counts)
    return {names[place]: int(counts[place]) for place in range(used[0], used[-1] + 1)}


def _by_encoder(texts: pd.Series, description: Description) -> dict:
    """What the encoder makes of the texts, without encoding them; of the course's, only the tokenizer is loaded."""
    from helpers.encoding import load_encoder
    from helpers.encoding.languages import advice, uncut, unknown_sign
    from helpers.encoding.models import CHOICES, DEFAULT, canonical_name, default_tokenizer

    name = canonical_name(description.encoder)
    encoder = None if name == DEFAULT else load_encoder(name)
    limit = getattr(encoder, "max_seq_length", None) if encoder else CHOICES[DEFAULT].tokens
    tokenizer = uncut(getattr(encoder, "tokenizer", None) if encoder else default_tokenizer())
    sample = texts.iloc[:: max(1, len(texts) // MOST)].tolist()
    tokens = [np.array(text.ids) for text in tokenizer.encode_batch(sample)] if tokenizer else []
    return {
        "name": name,
        "limit": limit if limit and np.isfinite(limit) else "all",
        "cut_off": float(np.mean([len(text) > (limit or np.inf) for text in tokens])) if tokens else 0.0,
        "unknown": float(np.mean(np.concatenate(tokens) == unknown_sign(tokenizer))) if tokens else 0.0,
        "advice": advice(sample, tokenizer) if tokens else None,
    }
