"""Answers as HTML, from the templates in ``parts``. Jinja escapes whatever comes from data; nothing else makes HTML."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from helpers.app.catalogue import Catalogue, Reason
from helpers.app.state import Film, Question, Steering, Taste, Wanted, counted, plural, year_of
from helpers.search.neighbors import split_sentences
from helpers.titles.forms import year_in_brackets

PARTS = Path(__file__).with_name("parts")
# Signs that turn text round, or worse.
CONTROLS = [*range(32), *range(127, 160), *range(0x2028, 0x202F), *range(0x2066, 0x206A)]
AS_SPACES = dict.fromkeys(CONTROLS, " ")
CHOSEN = 100  # films of each kind in the bar of the taste
NEIGHBORS = 6  # in the view of one film
# How near two stories are, by the share of all pairs of films that are nearer; and how near a story is to a
# description, by the cosine: few words are never as near to a story as another story.
NEAR_STORIES = ((0.0005, "Very close"), (0.001, "Close"), (0.005, "Related"), (1, "Loosely related"))
NEAR_WORDS = ((0.6, "Very close"), (0.45, "Close"), (0.3, "Related"), (-1, "Loosely related"))
VARIED_WORDS = ((0.95, "as varied as chance"), (0.8, "somewhat alike"), (-1, "much alike"))  # by diversity / chance's
VARIETY_WORDS = ((0.7, "much variety"), (0.4, "more variety"), (0, "a little variety"))  # by the slider
# Likes that viewers gave to the films that a list goes by, together. Below so many, the list by audience from three
# films holds fewer of what a viewer likes than the best known films do (tools/measure_audience.py).
FEW_LIKES = 100
MOODS = re.compile(
    r"\b(sad|feel[- ]?good|uplifting|heart[- ]?warming|tear[- ]?jerkers?|depressing|cozy|relaxing|gloomy|cheerful|"
    r"cheesy|gripping|thought[- ]provoking|mind[- ]bending)\b",
    re.IGNORECASE,
)
MANY_WORDS = 4  # a text of more is no title, so nothing need be said of titles
WEAK = 0.3  # cosine of two sentences below which they explain little
MADE_UP = "No real people: a program made up these viewers and their ratings, for the course."
SPACE_WORDS = {
    "text": ("By story", "Near means that the stories are alike."),
    "learned": ("By audience", "Near means that the same made-up viewers liked both."),
    "hybrid": ("Both", "Story and audience together; what nobody has rated goes by its story alone."),
}


def plain(text: str) -> str:
    """A text of the data without control characters."""
    return text.translate(AS_SPACES)


@functools.cache
def _templates() -> jinja2.Environment:
    """The templates. Everything is escaped, and everything that is no HTML yet loses its control characters."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PARTS),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_tidy,
    )
    made.globals["made_up_viewers"] = MADE_UP
    made.filters["plural"] = plural
    return made


def _tidy(value: Any) -> Any:
    """A value as a page shows it: figures short, texts without control characters."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return plain(value) if type(value) is str else value


def render(part: str, **values: Any) -> str:
    """Fill a template of ``parts``."""
    return _templates().get_template(part).render(**values)


def name_of(catalogue: Catalogue, film: Film) -> str:
    """Title and year, not escaped."""
    title, year = plain(catalogue.titles[film]), year_of(catalogue.movies, film)
    return title if year is None or year_in_brackets(title) else f"{title} ({year})"


def asks(catalogue: Catalogue, noun: str) -> str:
    """What may be typed to find something."""
    story = "a story" if noun == "film" else "a description"
    people = any(column in catalogue.movies for column in ("director", "cast"))
    return f"a title, a person, or {story}" if people else f"a title or {story}"


def heading(
    catalogue: Catalogue, wanted: Wanted, noun: str, found: pd.DataFrame, named: bool = True
) -> tuple[str, str]:
    """The heading of a list, and a line under it on how the question was understood.

    `found` is the list; `named` tells whether what was typed may be a title or a person, too.
    """
    question, many = wanted.question, plural(noun).capitalize()
    if question.film is not None:
        name, typed = name_of(catalogue, question.film), question.typed
        said = f"“{typed}” was understood as {name}." if typed.casefold() not in name.casefold() else ""
        return f"{many} like {name}", said
    if question.text is not None:
        return stories(catalogue, question, found, named)
    typed, facts, reader = question.typed, question.facts, catalogue.reader
    lacks = f"No {noun} here fits all of “{typed}”; this is {facts}." if reader.lacks(question) else ""
    if question.people:
        films, k = catalogue.ids[reader.having(question)], wanted.steering.k
        told = counted(len(films), noun) if len(films) <= k else f"{k} of {counted(len(films), noun)}"
        directed = [set(question.people) <= set(catalogue.names("director", film)) for film in films]
        did = "directed by" if all(directed) else "by or with" if np.mean(directed) > 0.5 else "with"
        lines = [lacks, f"{told}, the newest first." if catalogue.years else "", no_less(catalogue, typed)]
        return f"{many} {did} {facts}", " ".join(filter(None, lines))
    likes, dislikes = len(wanted.taste.likes), len(wanted.taste.dislikes)
    lead = f"For you, from {counted(dislikes, noun)} you don’t like" if dislikes else f"{many} to begin with"
    if likes:
        lead = f"For you, from {counted(likes, noun)} you like" + (f" and {dislikes} you don’t" if dislikes else "")
    if not facts:
        return lead, ""
    understood = "" if typed.casefold() in ("", facts.casefold()) else f"“{typed}” was understood as {facts}."
    lines = [lacks or understood, no_less(catalogue, typed)]
    return f"{facts}: {lead[0].lower()}{lead[1:]}", " ".join(filter(None, lines))


def little_known(catalogue: Catalogue, wanted: Wanted, noun: str) -> str:
    """Say when the viewers know too little of the films that a list by audience goes by; see `FEW_LIKES`."""
    if wanted.space == "text" or not wanted.sources:
        return ""
    likes = catalogue.likes_of(wanted.sources)
    these, them = (f"this {noun}", "it") if len(wanted.sources) == 1 else (f"these {plural(noun)}", "them")
    if not likes:
        return f"No viewer liked {these}, so the list goes by what the catalog says of {them}."
    few = f"Viewers gave {these} only {counted(likes, 'like')}: too few to tell what else fits."
    return few if likes < FEW_LIKES else ""


def no_less(catalogue: Catalogue, text: str) -> str:
    """Say that a genre that a text does not want is not left out."""
    genres = catalogue.reader.denied(text)
    return f"A search can’t leave out {' or '.join(genres)}; it finds what is named." if genres else ""


def stories(catalogue: Catalogue, question: Question, found: pd.DataFrame, named: bool) -> tuple[str, str]:
    """The heading of a list for a description, and what it cannot give; see `heading`."""
    text = question.text or ""
    strange, nothing = catalogue.reader.unknown(text)
    verb = "is" if len(strange) == 1 else "are"
    missing = f"“{'”, “'.join(strange[:3])}” {verb} in no title, name, or story here."
    missing = missing if strange else "There is no word in it to search for." if nothing else ""
    if found.empty and nothing:
        return f"Not in this catalog: “{text}”", missing
    people = catalogue.reader.people
    short = len(text.split()) <= MANY_WORDS and question.typed and not named
    lead = f"Stories about “{text}”"
    if found.empty or catalogue.is_near(text, found):
        lead += f"; no title {'or person ' if people else ''}here is called that" if short else ""
    elif short:
        lead = f"No title{', person,' if people else ''} or close story here: “{text}”"
    else:
        lead = f"No story is very close to “{text}”; these are the nearest"
    mood = MOODS.search(text)
    lines = [
        f"Stories are searched by what happens in them, not by a mood, such as “{mood[0]}”." if mood else "",
        f"{missing} By meaning alone, these come nearest." if nothing else missing,
        no_less(catalogue, text),
        "These stories come nearest by what happens in them, not by mood." if short else "",
    ]
    return lead, next(filter(None, lines), "")


def film_of(catalogue: Catalogue, film: Film) -> dict:
    """What a card shows of a film."""
    story, name, title = catalogue.movies["synopsis"][film], name_of(catalogue, film), catalogue.titles[film]
    row = catalogue.spaces["text"].vectors[catalogue.place(film)]
    parts = np.resize(row, 8) * np.sqrt(len(row))
    return {
        "place": catalogue.place(film),
        "title": title,
        "year": year_of(catalogue.movies, film) if name != plain(title) else None,
        "name": name,
        "genre": catalogue.own_genre(film),
        "shape": (0.5 + 0.5 * np.tanh(parts)).round(3).tolist(),
        "blurb": split_sentences(story)[0],
        **{column: catalogue.names(column, film) for column in ("genres", "director", "cast", "tags")},
    }


def chosen(catalogue: Catalogue, taste: Taste) -> list[dict]:
    """What the bar of the taste shows of its films: the last `CHOSEN`, the likes first."""
    films = [(film, liked) for some, liked in ((taste.likes, True), (taste.dislikes, False)) for film in some[-CHOSEN:]]
    name = functools.partial(name_of, catalogue)
    return [
        {"place": catalogue.place(film), "title": catalogue.titles[film], "name": name(film), "liked": liked}
        for film, liked in films
    ]


def in_words(table: tuple, figure: float) -> str:
    """A figure in words: of `NEAR_WORDS` or `VARIED_WORDS`, the first that it is not below."""
    return next(word for least, word in table if figure >= least)


def in_percent(share: float) -> str:
    """A share that is above 0, in percent."""
    return f"{share:.0%}" if share >= 0.005 else "under 1%"


def closeness(share: float) -> str:
    """The share of all pairs of stories that are nearer, in words."""
    return next(word for most, word in NEAR_STORIES if share <= most)


def cue(catalogue: Catalogue, film: Film, found: pd.Series, wanted: Wanted) -> dict:
    """Why a film is in a list, in a few words, and the figure behind them."""
    strength, near, place = float(found["strength"]), found["near"], catalogue.place(film)
    if np.isnan(strength):
        return {"cue": "", "figure": ""}
    if wanted.begins:
        return {"cue": f"Rated by {strength:.0%} of all viewers", "figure": ""}
    figure = f"cosine {strength:.2f}; 1 is the same"
    if near is None:
        text, reader = wanted.question.text or "", catalogue.reader
        said = [word for word, places in reader.places_of(text).items() if place in places]
        nothing = reader.unknown(text)[1]
        near_it = f"{in_words(NEAR_WORDS, strength)} to your words"
        words = f"Mentions “{'”, “'.join(said)}”; {near_it.lower()}" if said else near_it
        return {"cue": "" if nothing else words, "figure": figure}
    half = catalogue.speaking(film, near, wanted.space)[0]
    words, figure = nearness(catalogue, film, near, wanted, half)
    shared = ", ".join(catalogue.shared(film, near)[:3]) if half == "text" else ""
    return {"cue": words + (f". {shared_lead(catalogue)}: {shared}" if shared else ""), "figure": figure}


def shared_lead(catalogue: Catalogue) -> str:
    """What the things are called that films share, see `Catalogue.shared`."""
    return "Shared themes" if "tags" in catalogue.movies else "Shared genres"


def nearness(catalogue: Catalogue, film: Film, near: Film, wanted: Wanted, half: str) -> tuple[str, str]:
    """How near two films are by their stories ("text") or viewers ("learned"), in words, and the figure behind them."""
    cosine, title = catalogue.cosine(film, near, half), catalogue.titles[near]
    nearer = catalogue.nearer(cosine, half)
    if half == "text":
        words = closeness(nearer) + (" story" if wanted.question.film is not None else f" to {title}")
        if wanted.space == "hybrid" and wanted.question.film is None:
            words = f"Story {words[0].lower()}{words[1:]}"
    elif (shares := catalogue.shared_fans(film, near)) is None:
        words = "Too few ratings: placed by what is known of the film"
    elif shares[0] <= shares[1]:
        words = f"Its fans and {title}’s like the same other films"
    else:
        words = f"Liked by {in_percent(shares[0])} of {title}’s fans, {in_percent(shares[1])} of all viewers"
    pairs = {"text": "stories", "learned": "audiences"}[half]
    return words, f"cosine {cosine:.2f}; of 1,000 pairs of {pairs} here, {1000 * nearer:.1f} are nearer"


def why(catalogue: Catalogue, film: Film, found: pd.Series, wanted: Wanted) -> dict | None:
    """Why a film is in a list, for the view of the film: a heading and lines; None if nothing can be said.

    What made the list choose it comes first: of a list of both, the half that says more.
    """
    near, said = found["near"], cue(catalogue, film, found, wanted)["cue"]
    if near is not None:
        halves = catalogue.speaking(film, near, wanted.space)
        told = [f"{nearness(catalogue, film, near, wanted, half)[0]}." for half in halves]
        lead, lines = f": near {name_of(catalogue, near)}", told + in_common(catalogue, film, near)
    else:
        lead, lines = ": near your words" if wanted.question.text else "", [f"{said}."] if said else []
    if wanted.begins:
        lines.append("The list to start with has films that many people know, of many kinds.")
    if not said and not wanted.question.text:
        return None
    viewers = wanted.begins or wanted.space != "text" and near is not None
    return {"lead": f"Why it is here{lead}", "lines": lines, "simulated": viewers}


def cards(catalogue: Catalogue, found: pd.DataFrame, wanted: Wanted, noun: str) -> str:
    """The list, after the film that it was asked for."""
    asked, films = wanted.question.film, listed(catalogue, found, wanted)
    text = wanted.question.text
    empty = f"No {noun} fits. Allow more years or genres."
    if text is not None and catalogue.reader.unknown(text)[1]:
        empty = f"No {noun} here comes near that. Try other words, a title, or a person."
    return render("cards.html.j2", asked=asked is not None and film_of(catalogue, asked), films=films, empty=empty)


def listed(catalogue: Catalogue, found: pd.DataFrame, wanted: Wanted) -> list[dict]:
    """What cards show of the films of a list."""
    asked = [catalogue.reader.spelled(name) for name in wanted.question.people]  # first of those whom a card names

    def shown(film: Film, row: pd.Series) -> dict:
        card = film_of(catalogue, film)
        for column in ("director", "cast"):
            card[column].sort(key=lambda name: name not in asked)
        return card | cue(catalogue, film, row, wanted)

    return [shown(film, row) for film, row in found.iterrows()]


def chips(steering: Steering, years: tuple | None, noun: str) -> list[tuple[str, str, str]]:
    """The filters that are not as at the beginning: field, value and label."""
    on = [("genres", genre, genre) for genre in steering.genres]
    if years and steering.first_year is not None and steering.first_year > years[0]:
        on.append(("first_year", "", f"from {steering.first_year}"))
    if years and steering.last_year is not None and steering.last_year < years[1]:
        on.append(("last_year", "", f"to {steering.last_year}"))
    if steering.hide_popular:
        on.append(("hide_popular", "", "not what everybody knows"))
    if steering.diversity:
        on.append(("diversity", "", in_words(VARIETY_WORDS, steering.diversity)))
    return on + ([("k", "", counted(steering.k, noun))] if steering.k != Steering.k else [])


def detail(catalogue: Catalogue, film: Film, reason: dict | None, room: str = "", asked_why: bool = False) -> str:
    """All about one film; the end of its story only behind a click.

    `reason` is as from `why`, and comes first if somebody asked for it; `room` is as from `longest_pair`.
    """
    story, premise = catalogue.movies["synopsis"][film], catalogue.premise(film)
    shown = film_of(catalogue, film) | {"premise": premise, "rest": " ".join(story.split())[len(premise) :].strip()}
    near_it = catalogue.find(Wanted(Question(film=film), steering=Steering(k=NEIGHBORS))).index
    neighbors = [(catalogue.place(other), name_of(catalogue, other)) for other in near_it]
    return render("detail.html.j2", film=shown, why=reason, room=room, asked_why=asked_why, neighbors=neighbors)


def in_common(catalogue: Catalogue, film: Film, near: Film) -> list[str]:
    """What two films share: tags, and people."""
    one, other = (catalogue.names("director", each) + catalogue.names("cast", each) for each in (film, near))
    people = [name for name in dict.fromkeys(one) if name in other]
    shared = {shared_lead(catalogue): catalogue.shared(film, near), "In both films": people}
    return [f"{lead}: {', '.join(names).removesuffix('.')}." for lead, names in shared.items() if names]


def closest_pair(found: Reason, ours: str, theirs: str) -> str:
    """The two nearest sentences, as *Why?* shows them; their words are marked unless the two are hardly alike."""
    weak = found.similarity < WEAK
    lead = "No two sentences of the openings are alike. The nearest two:" if weak else "The closest sentences:"
    return render("reason.html.j2", reason=found, ours=ours, theirs=theirs, lead=lead, marked=not weak)


def longest_pair(text: str, premise: str, ours: str, theirs: str) -> str:
    """The most room that `closest_pair` of two texts can take: their longest sentences, under the longer lead."""
    longest = [[(max(split_sentences(one), key=len), False)] for one in (text, premise)]
    return closest_pair(Reason(longest[0], longest[1], 0), ours, theirs)


def judgement(figures: dict[str, dict[str, float]]) -> str:
    """How varied and how well known lists are, in words, with the figures in tooltips."""
    chance = figures["at random"]["diversity"] if figures else 0
    rows = [
        {
            "name": name,
            "varied": in_words(VARIED_WORDS, one["diversity"] / chance if chance > 0 else 1),
            "diversity": one["diversity"],
            "share": 2 ** -one["novelty"] if "novelty" in one else None,
        }
        for name, one in figures.items()
    ]
    return render("scores.html.j2", rows=rows, known=any(row["share"] is not None for row in rows))
