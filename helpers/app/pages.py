"""Answers as HTML. Whatever comes from data passes `escape` here, and nowhere else is HTML made."""

from __future__ import annotations

import base64
import html
import importlib.resources

import pandas as pd

from helpers.app.catalogue import Catalogue, Reason, Sentence
from helpers.app.state import SPACES, Taste, dump_taste

WIDTH, HEIGHT, MARGIN = 640, 460, 24  # of the map, in its own units
WEAK = 0.3  # cosine of two sentences below which they explain little
LABELLED = 6  # recommended films that get a label on the map, beside all chosen ones
LINE, LETTER = 15, 7.5  # height of a label and width of its letters, in the map's units


CONTROLS = [
    *range(32),
    *range(127, 160),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
]  # they turn text round, or worse
AS_SPACES = dict.fromkeys(CONTROLS, " ")


def plain(text: str) -> str:
    """A text of the data without control characters."""
    return text.translate(AS_SPACES)


def escape(text: str) -> str:
    """A text of the data as HTML that shows it."""
    return html.escape(plain(text))


def style() -> str:
    """The app's style sheet."""
    return f"<style>{importlib.resources.files(__package__).joinpath('style.css').read_text(encoding='utf-8')}</style>"


def title(catalogue: Catalogue, film) -> str:
    """Title and year, not escaped: for texts of buttons, which take no HTML."""
    name = plain(catalogue.titles[film])
    year = catalogue.movies["year"].get(film) if "year" in catalogue.movies else None
    known = year is None or pd.isna(year) or name.endswith(f"({int(year)})")
    return name if known else f"{name} ({int(year)})"


def card(catalogue: Catalogue, film, found: pd.Series, bar: str, space: str) -> str:
    """A film: title, year, genres, a bar of its strength, and what it shares with the film that explains it."""
    genres = str(catalogue.movies["genres"].get(film, "") or "") if "genres" in catalogue.movies else ""
    shown = " · ".join(escape(genre) for genre in genres.split("|") if genre and genres != "nan")
    strength = float(found["strength"])
    parts = [
        f"<h3>{escape(title(catalogue, film))}</h3>",
        f'<p class="rv-genres">{shown or "&nbsp;"}</p>',
        f'<div class="rv-bar" role="img" aria-label="{bar} {strength:.2f}"><i style="width:{strength:.0%}"></i></div>',
        f'<p class="rv-strength">{bar} <b>{strength:.2f}</b></p>',
    ]
    if found["near"] is not None:
        shared = catalogue.shared(film, found["near"])
        known = "tags" in catalogue.movies or "genres" in catalogue.movies
        tags = " ".join(f'<span class="rv-tag">{escape(tag)}</span>' for tag in shared) or "no tag in common"
        near = f"<em>{escape(catalogue.titles[found['near']])}</em>"
        if space != "text":
            parts.append(f"<p>Liked by those who like {near}.</p>")
        if known:
            parts.append(f"<p>Shares with {near}: {tags}</p>")
    return "".join(parts)


def reason(found: Reason | None, ours: str, theirs: str) -> str:
    """The two nearest sentences, with the words that bring them together marked; a sign of life while there is none."""
    if found is None:
        return '<p class="rv-wait">Comparing sentences …</p>'
    lead = "The closest sentences" if found.similarity >= WEAK else "The texts hardly explain it; the closest sentences"
    return (
        f'<p class="rv-why">{lead} (cosine {found.similarity:.2f}):</p>'
        f'<p class="rv-why"><b>{escape(ours)}:</b> {sentence(found.ours)}</p>'
        f'<p class="rv-why"><b>{escape(theirs)}:</b> {sentence(found.theirs)}</p>'
    )


def sentence(words: Sentence) -> str:
    """A sentence with marked words; neighbours that are marked share a mark."""
    text = " ".join(f"<mark>{escape(word)}</mark>" if marked else escape(word) for word, marked in words.words)
    return text.replace("</mark> <mark>", " ")


def heading(text: str) -> str:
    """The heading of the list."""
    return f"<h2>{escape(text)}</h2>"


def note(text: str, kind: str = "note") -> str:
    """A line for the visitor; `kind` is note, wait or error. Screen readers hear of it."""
    return f'<p class="rv-{kind}" role="status">{escape(text)}</p>' if text else ""


def save_link(taste: Taste, movies: pd.DataFrame) -> str:
    """A link that saves the taste as a file, without a server."""
    if not len(taste):
        return '<span class="rv-note">Nothing to save yet.</span>'
    coded = base64.b64encode(dump_taste(taste, movies).encode("utf-8")).decode("ascii")
    return f'<a class="rv-save" download="taste.json" href="data:application/json;base64,{coded}">Save my taste</a>'


def space_line(space: str) -> str:
    """What a space is."""
    return note(SPACES[space])


def judgement(figures: dict[str, dict[str, float]]) -> str:
    """How lists score on diversity and novelty, as a table."""
    if not figures:
        return note("No list yet.")
    names = {"diversity": "diversity (0 to 1)", "novelty": "novelty (bits)"}
    columns = list(next(iter(figures.values())))
    head = "".join(f'<th scope="col">{names[column]}</th>' for column in columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{row[column]:.2f}</td>" for column in columns)
        for name, row in figures.items()
    )
    return f'<table class="rv-table"><tr><td></td>{head}</tr>{rows}</table>'


def background(catalogue: Catalogue) -> str:
    """All films of the map, as one path of dots."""
    dots = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in _on_paper(catalogue, range(len(catalogue.ids))))
    return f'<svg class="rv-map" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true"><path d="{dots}"/></svg>'


def marks(catalogue: Catalogue, chosen, recommended) -> str:
    """The layer above `background`: chosen films and recommended ones, with labels."""
    recommended = [film for film in recommended if film not in chosen]
    groups = [("rv-liked", "chosen", list(chosen)), ("rv-found", "recommended", recommended)]
    shapes, labels = [], []
    for kind, word, films in groups:
        places = _on_paper(catalogue, catalogue.places(films))
        for number, (film, (x, y)) in enumerate(zip(films, places, strict=True)):
            name = escape(title(catalogue, film))
            shapes.append(f'<circle class="{kind}" cx="{x:.0f}" cy="{y:.0f}" r="6"><title>{name}</title></circle>')
            if word == "chosen" or number < LABELLED:
                labels.append((x, y, catalogue.titles[film], kind))
    drawn = "".join(
        f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{side}">{escape(name)}</text>'
        for x, y, name, kind, side in _spread(labels)
    )
    spoken = f"Map of all: {len(groups[0][2])} chosen and {len(groups[1][2])} recommended are marked."
    return (
        f'<svg class="rv-map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{spoken}">'
        f"{''.join(shapes)}{drawn}</svg>"
    )


def _on_paper(catalogue: Catalogue, places) -> list[tuple[float, float]]:
    points = catalogue.points[list(places)]
    return [(MARGIN + x * (WIDTH - 2 * MARGIN), MARGIN + y * (HEIGHT - 2 * MARGIN)) for x, y in points]


def _spread(labels: list[tuple]) -> list[tuple]:
    """Labels to the right of their points, or to the left in the right half, moved down until none is on another."""
    placed: list[tuple] = []
    taken: list[tuple[float, float, float]] = []
    for x, y, name, kind in sorted(labels, key=lambda label: label[1]):
        name, right = _cut(name), x < WIDTH / 2
        x, y, width = x + (10 if right else -10), y + 4, LETTER * len(name)
        left = x if right else x - width
        while any(left < end and begin < left + width and abs(other - y) < LINE for begin, end, other in taken):
            y += 2
        taken.append((left, left + width, y))
        placed.append((x, min(y, HEIGHT - 4), name, kind, "start" if right else "end"))
    return placed


def _cut(name: str, most: int = 28) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"
