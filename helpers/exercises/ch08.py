"""Exercises of notebook 08, The demo."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import numpy as np

from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, predict
from helpers.exercises.texts import fields_missing, trouble_with

BUTTONS = ["like", "more like this", "for me", "find", "by audience", "filters", "surprise me", "undo", "share"]
FIELDS = ["who", "task", "watch for", "done when"]
WORDS = {"who": 1, "task": 5, "watch for": 3, "done when": 3}  # that a field needs


def toggle(likes, film):
    """The likes after a click on a film's button: the film is added at the end, or removed if it was there."""
    if film in likes:
        return tuple(other for other in likes if other != film)
    return (*likes, film)


def allowed(years, genres, first, last, chosen):
    """Which films the filter lets through: in these years, and of one of the chosen genres, if any is chosen."""
    in_time = (years >= first) & (years <= last)
    fits = [not chosen or bool(set(film.split("|")) & set(chosen)) for film in genres]
    return in_time & np.array(fits)


def _genre_mask(genres, wanted):
    return np.array([not wanted or bool(set(film.split("|")) & set(wanted)) for film in genres])


def same_people(left, right):
    """Sorted names that two casts share; names are joined by bars, and a cast may be empty."""
    return sorted((set(left.split("|")) & set(right.split("|"))) - {""})


def bar(title, strength):
    """A title and a bar as HTML, safe whatever the title is."""
    return f'<b>{html.escape(title)}</b><i style="width:{strength:.0%}"></i>'


def a_trial() -> dict:
    """Plan to watch somebody use the app."""
    return {
        "who": "a colleague who watches two films a week and has not seen the app",
        "task": "Find three films for an evening with somebody who hates violence.",
        "watch for": "where they stop and look around, and what they say aloud just then",
        "done when": "they name three films, or five minutes have passed",
    }


def judge_trial(answer) -> str | None:
    """Look at what can be judged of a plan by its words."""
    missing = fields_missing(answer, FIELDS)
    if missing is not None:
        return missing
    if not isinstance(answer["who"], str) or not re.search(r"[^\W\d]", answer["who"]):
        return "'who' asks for a person, as a text in quotation marks."
    trouble = next(filter(None, (trouble_with(field, answer[field], WORDS[field]) for field in FIELDS)), None)
    if trouble is not None:
        return trouble
    task = re.sub('["“”‘’`]', "'", answer["task"].casefold())
    pressed = r"\b(?:press|click|tap|hit|push|use)(?: on)?(?: the)?(?: button)? "
    named = [button for button in BUTTONS if f"'{button}'" in task or re.search(rf"{pressed}{button}\b", task)]
    named = named or re.findall(r"\b(?:search box|slider|button|check ?box)\b", task)
    if named:
        return f"The task names '{named[0]}' on the screen: then you test whether people can read. Name a goal instead."
    somebody = r"(['’]ll| will)? (ask|invite|watch|choose|take|have|know)\b"
    if re.search(rf"^(i|me|myself|nobody|no one)\b(?!{somebody})|\bmyself\W*$", answer["who"].strip().casefold()):
        return "You know where everything is. Find somebody who does not."
    return None


class _Card(HTMLParser):
    """What a browser makes of a card: tags, texts, and the width in a style."""

    def __init__(self):
        super().__init__()
        self.parts: list[tuple] = []

    def handle_starttag(self, tag, attrs):
        width = re.search(r"(?<![\w-])width\s*:\s*([\d.]+)\s*(\S*?)\s*(;|$)", (dict(attrs).get("style") or "").lower())
        size = (round(float(width[1]), 1), width[2]) if width else ()
        self.parts.append(("<", tag, *size))

    def handle_endtag(self, tag):
        self.parts.append((">", tag))

    def handle_data(self, data):
        if data.strip():  # blanks between tags are not seen
            self.parts.append(("text", data))


def as_a_browser_reads(card):
    """A card as the list of its tags and texts, one per line, so that spaces, quotes and 61.0% make no difference."""
    if not isinstance(card, str):
        return card
    parser = _Card()
    parser.feed(card[:10_000].strip())
    parser.close()
    return [" ".join(map(str, part)) for part in parser.parts]


def in_order(names):
    """A set of names as a sorted list."""
    return sorted(names, key=str) if isinstance(names, (set, frozenset)) else names


q1 = Exercise(
    "8.1",
    "A click on Like",
    toggle,
    inputs=[((), 3), ((3, 5), 7), ((3, 5, 8), 5), ((35, 8), 5)],
    random_inputs=lambda rng: (tuple((rng.permutation(9)[:5] + 995).tolist()), int(rng.integers(9)) + 995),
    mistakes=[
        Mistake(
            "never added",
            "The film never joins. If it is not among the likes yet, put it at the end.",
            lambda likes, film: tuple(other for other in likes if other != film),
        ),
        Mistake(
            "the last one dropped",
            "You took back the last film. Take back the film that was clicked.",
            lambda likes, film: likes[:-1] if film in likes else (*likes, film),
        ),
        Mistake(
            "moved to the end",
            "A second click moves the film to the end in your answer. It has to take the like back.",
            lambda likes, film: (*(other for other in likes if other != film), film),
        ),
        Mistake(
            "a tuple within a tuple",
            "You put the tuple itself into a new one. (*likes, film) spreads it out.",
            lambda likes, film: (likes, film),
        ),
        Mistake(
            "the two cases exchanged",
            "The two cases are swapped: you add what is there, and remove what is not.",
            lambda likes, film: (*likes, film) if film in likes else tuple(other for other in likes if other != film),
        ),
        Mistake(
            "appended",
            "A tuple cannot be changed, so it has no append. Make a new one: (*likes, film).",
            lambda likes, film: likes.append(film),
        ),
        Mistake(
            "always added",
            "A second click takes the like back. In your answer the film is there twice.",
            lambda likes, film: (*likes, film),
        ),
        Mistake(
            "added first",
            "The newest film belongs at the end: the list shows films in the order in which they were chosen.",
            lambda likes, film: tuple(other for other in likes if other != film) if film in likes else (film, *likes),
        ),
        Mistake(
            "sorted",
            "You sorted the films. Keep the order in which they were chosen.",
            lambda likes, film: tuple(sorted(set(likes) ^ {film})),
        ),
        Mistake(
            "never taken back",
            "A film that is liked stays liked in your answer. A second click takes the like back.",
            lambda likes, film: likes if film in likes else (*likes, film),
        ),
    ],
    hints=[
        "Two cases: the film is among the likes, or it is not.",
        "tuple(other for other in likes if other != film) is the likes without the film.",
        "(*likes, film) is the likes with the film at their end.",
    ],
    praise="Nothing was changed: a new tuple came out. That is why undo is so cheap.",
)

q2 = Exercise(
    "8.2",
    "One more filter",
    allowed,
    inputs=[
        (np.array([1979.0, 1986.0, np.nan]), ["Horror|Drama", "Action", "Horror"], 1970, 1990, ("Horror", "Action")),
        (np.array([1979.0, 1986.0]), ["Music", "Musical"], 1979, 1986, ("Music",)),
        (np.array([1979.0, 1986.0]), ["Music", "Drama"], 1980, 1990, ()),
    ],
    random_inputs=lambda rng: (
        rng.integers(1990, 2000, 8).astype(float),
        ["|".join(rng.permutation(["War", "Drama", "Comedy"])[: rng.integers(1, 3)]) for _ in range(8)],
        1992,
        1997,
        ("War",),
    ),
    mistakes=[
        Mistake(
            "either mask",
            "You joined the two masks with |, so one of them is enough. A film has to pass both: &.",
            lambda years, genres, first, last, wanted: (
                ((years >= first) & (years <= last)) | _genre_mask(genres, wanted)
            ),
        ),
        Mistake(
            "years only",
            "You looked at the years only. The genres count, too.",
            lambda years, genres, first, last, wanted: (years >= first) & (years <= last),
        ),
        Mistake(
            "genres only",
            "You looked at the genres only. The years count, too.",
            lambda years, genres, first, last, wanted: _genre_mask(genres, wanted),
        ),
        Mistake(
            "unknown years let through",
            "A film of an unknown year (NaN) comes through. Nobody knows whether it is in the range: leave it out.",
            lambda years, genres, first, last, wanted: (
                (np.isnan(years) | ((years >= first) & (years <= last))) & _genre_mask(genres, wanted)
            ),
        ),
        Mistake(
            "whole cells compared",
            "You compared the whole cell: Horror|Drama is not Horror. Split it at the bar.",
            lambda years, genres, first, last, wanted: (
                (years >= first) & (years <= last) & np.array([not wanted or film in wanted for film in genres])
            ),
        ),
        Mistake(
            "positions",
            "Those are positions. The mask has one True or False per film.",
            lambda years, genres, first, last, wanted: np.flatnonzero(allowed(years, genres, first, last, wanted)),
        ),
        Mistake(
            "the first genre only",
            "You looked at the first genre of each film only. Any of them may be the wanted one.",
            lambda years, genres, first, last, wanted: (
                (years >= first) & (years <= last) & _genre_mask([film.split("|")[0] for film in genres], wanted)
            ),
        ),
        Mistake(
            "last year left out",
            "A film from the last year of the range is allowed, too: <=.",
            lambda years, genres, first, last, wanted: (years >= first) & (years < last) & _genre_mask(genres, wanted),
        ),
        Mistake(
            "all genres needed",
            "You asked for all chosen genres at once. One of them is enough.",
            lambda years, genres, first, last, wanted: (
                (years >= first) & (years <= last) & np.array([set(wanted) <= set(film.split("|")) for film in genres])
            ),
        ),
        Mistake(
            "part of a word",
            "You looked for a genre anywhere in the cell: Music is found in Musical. Split at the bar.",
            lambda years, genres, first, last, wanted: (
                (years >= first)
                & (years <= last)
                & np.array([not wanted or any(genre in film for genre in wanted) for film in genres])
            ),
        ),
        Mistake(
            "nothing chosen, nothing found",
            "Nobody chose a genre, and nothing comes through. An empty choice means every genre.",
            lambda years, genres, first, last, wanted: (
                (years >= first)
                & (years <= last)
                & np.array([bool(set(wanted) & set(film.split("|"))) for film in genres])
            ),
        ),
        Mistake(
            "edges left out",
            "A film of the first or of the last year is allowed, too: >= and <=.",
            lambda years, genres, first, last, wanted: (
                (years > first)
                & (years < last)
                & np.array([not wanted or bool(set(wanted) & set(film.split("|"))) for film in genres])
            ),
        ),
    ],
    hints=[
        "Two masks, joined by &: one for the years, one for the genres.",
        "set(film.split('|')) & set(chosen) holds the chosen genres that a film has.",
        "`not chosen or ...` lets every film through when nothing is chosen.",
    ],
    praise="A mask before the ranking: the list keeps its length, as notebook 04 showed.",
)

q3 = Exercise(
    "8.3",
    "The same people",
    same_people,
    form=in_order,
    inputs=[
        ("Sigourney Weaver|Tom Skerritt", "Michael Biehn|Sigourney Weaver"),
        ("", ""),
        ("Tom Hanks", "Tom Hanks Jr."),
        ("Zoe Saldana|Bo Yi|Chris Evans|Ann Lee|Sam Neill", "Sam Neill|Ann Lee|Zoe Saldana|Bo Yi"),
    ],
    mistakes=[
        Mistake(
            "letters",
            "set() of a text holds its letters. Split the casts at the bar first.",
            lambda left, right: sorted(set(left) & set(right)),
        ),
        Mistake(
            "how many",
            "That is how many there are. Return the names.",
            lambda left, right: len(same_people(left, right)),
        ),
        Mistake(
            "one text",
            "You joined the names into one text. Return the list.",
            lambda left, right: "|".join(same_people(left, right)),
        ),
        Mistake(
            "split at spaces",
            "You split at spaces, which tears names apart. Split at the bar.",
            lambda left, right: sorted(set(left.split()) & set(right.split())),
        ),
        Mistake(
            "the others",
            "Those are the names that only one cast has: ^. Shared ones are &.",
            lambda left, right: sorted((set(left.split("|")) ^ set(right.split("|"))) - {""}),
        ),
        Mistake(
            "yes or no",
            "You say whether there are any. Return the names.",
            lambda left, right: bool(same_people(left, right)),
        ),
        Mistake(
            "an empty name",
            "Two empty casts share nobody. But ''.split('|') is [''], one empty name: take it out.",
            lambda left, right: sorted(set(left.split("|")) & set(right.split("|"))),
        ),
        Mistake(
            "part of a name",
            "Tom Hanks is not Tom Hanks Jr.: compare whole names, after splitting both casts.",
            lambda left, right: sorted(name for name in left.split("|") if name and name in right),
        ),
        Mistake(
            "in the order of the cast",
            "Sort the names, so that the same two films always give the same line.",
            lambda left, right: [name for name in left.split("|") if name and name in right.split("|")],
        ),
        Mistake(
            "either cast",
            "These are the names of either film. A reason is what both have.",
            lambda left, right: sorted((set(left.split("|")) | set(right.split("|"))) - {""}),
        ),
    ],
    hints=[
        "Split both casts, and make sets of them.",
        "& keeps what two sets share.",
        'sorted(shared - {""}) is what comes back.',
    ],
    praise="A reason that people can check themselves is worth more than a number.",
)

q4 = Exercise(
    "8.4",
    "A safe card",
    bar,
    compared_as=as_a_browser_reads,
    inputs=[("Alien", 0.61), ('<img src=x onerror="alert(1)">', 0.5), ("Tom &amp; Jerry", 1.0), ("Up", 0.29)],
    mistakes=[
        Mistake(
            "no bar",
            "The bar is missing: <i style=...></i> after the title.",
            lambda title, strength: f"<b>{html.escape(title)}</b>",
        ),
        Mistake(
            "share as percent",
            "You wrote 0.61% for 0.61. Multiply by 100, or let {strength:.0%} do it.",
            lambda title, strength: f'<b>{html.escape(title)}</b><i style="width:{strength}%"></i>',
        ),
        Mistake(
            "cut off, not rounded",
            "int cuts off what comes after the point, and 100 * 0.29 is 28.999999999999996. Use round, or "
            "{strength:.0%}.",
            lambda title, strength: f'<b>{html.escape(title)}</b><i style="width:{int(100 * strength)}%"></i>',
        ),
        Mistake(
            "the width of the example",
            "The bar always has the width of the example. Use `strength`.",
            lambda title, strength: f'<b>{html.escape(title)}</b><i style="width:61%"></i>',
        ),
        Mistake(
            "escaped twice",
            "You escaped twice: people will see &amp;lt; instead of a bracket. Once is enough.",
            lambda title, strength: f'<b>{html.escape(html.escape(title))}</b><i style="width:{strength:.0%}"></i>',
        ),
        Mistake(
            "brackets deleted",
            "You removed the brackets, so the title has changed. html.escape keeps it, and makes it harmless.",
            lambda title, strength: (
                f'<b>{title.replace("<", "").replace(">", "")}</b><i style="width:{strength:.0%}"></i>'
            ),
        ),
        Mistake(
            "not bold",
            "The title belongs in <b>...</b>.",
            lambda title, strength: f'{html.escape(title)}<i style="width:{strength:.0%}"></i>',
        ),
        Mistake(
            "pixels",
            "You gave the width in px. A bar of 61% fits everywhere: use %.",
            lambda title, strength: f'<b>{html.escape(title)}</b><i style="width:{100 * strength:.0f}px"></i>',
        ),
        Mistake(
            "a tag left open",
            "The title never ends: write </b> after it.",
            lambda title, strength: f'<b>{html.escape(title)}<b><i style="width:{strength:.0%}"></i>',
        ),
        Mistake(
            "not escaped",
            "The title goes into the page as it is, so HTML in a title is run. html.escape makes it text.",
            lambda title, strength: f'<b>{title}</b><i style="width:{strength:.0%}"></i>',
        ),
        Mistake(
            "everything escaped",
            "You escaped your own tags, too, so people see them as text. Escape the title, and nothing else.",
            lambda title, strength: html.escape(f'<b>{title}</b><i style="width:{strength:.0%}"></i>'),
        ),
        Mistake(
            "only the brackets",
            "Brackets are not everything: & and quotation marks mean something in HTML, too. html.escape handles all.",
            lambda title, strength: (
                f'<b>{title.replace("<", "&lt;").replace(">", "&gt;")}</b><i style="width:{strength:.0%}"></i>'
            ),
        ),
        Mistake(
            "no percent",
            "The width needs a unit: {strength:.0%} writes 0.61 as 61%.",
            lambda title, strength: f'<b>{html.escape(title)}</b><i style="width:{strength}"></i>',
        ),
    ],
    hints=[
        "html.escape(title) turns <, >, & and quotation marks into text.",
        "{strength:.0%} writes 0.61 as 61%.",
        "f'<b>{html.escape(title)}</b>...'",
    ],
    praise="One function makes the HTML, so only one place has to be right.",
)

q5 = Exercise(
    "8.5",
    "Watch somebody",
    a_trial,
    judge=judge_trial,
    asks="Answer with four things: who (not you); a task of 5 words or more that names a goal rather than a button; "
    "what to watch for, in 3 words or more; and when the task is done, in 3 words or more.",
    rubric=[
        "Would your task make sense to somebody who never saw the app?",
        "Can you stay silent for five minutes? Anything you explain, the app should have said.",
        "Which two observations would make you change the app?",
    ],
    mistakes=[
        Mistake("a field left out", "is a dictionary with", lambda: {"who": "a friend of mine from work"}),
        Mistake("too short", "'watch for' asks for 3 words", lambda: {**a_trial(), "watch for": "problems"}),
        Mistake(
            "the task names a button",
            "test whether people can read",
            lambda: {**a_trial(), "task": "Press 'Like' on three films, then press 'For me'."},
        ),
        Mistake("oneself", "You know where everything is", lambda: {**a_trial(), "who": "myself, tomorrow morning"}),
    ],
    hints=[
        "Choose somebody who has not seen the app, and a goal that people have in real life.",
        "A task says what to reach, never what to press.",
    ],
    praise="Five such sessions find most of what is wrong with a screen. Now do one.",
)


EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        predict(
            "8.A",
            "Relevance against likeness",
            """
            relevance, likeness, diversity = [0.9, 0.8], [0.9, 0.2], 0.5
            [round((1 - diversity) * r - diversity * s, 2) for r, s in zip(relevance, likeness)]
            """,
            wrong={
                (0.45, 0.7): "You subtracted the likeness, but left the relevance at its full weight.",
                (0.9, 0.5): "You added. Likeness to what is already in the list counts against a film.",
            },
            hint="For the first film: 0.5 * 0.9 - 0.5 * 0.9. Answer with a list of two numbers.",
        ),
        choose(
            "8.B",
            "The slowest shard",
            "One answer in a hundred is slow, and a query waits for a hundred of them. How many queries are slow?",
            right="about two in three",
            wrong={
                "one in a hundred": "That holds for a single shard. A query waits for all of them.",
                "all of them": "Nearly, but some queries are lucky: 0.99 multiplied a hundred times is not 0.",
            },
            hint="A query is fast only when all hundred answers are: 0.99 to the power of 100.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        find_bug(
            "8.C",
            "Undo",
            """
            old = [1]
            def like(likes, film):
                changed = likes
                changed.append(film)
                return changed
            new = like(old, 2)
            """,
            line=3,
            fixed="    changed = list(likes)",
            shown="old",
            wrong={
                4: "The film joins the list, as it should. But which list is it?",
                5: "The new list comes back, as it should. Is it a new one?",
                6: "The call is fine. What does the function do to the list that it is given?",
            },
            hint="After a click, the old value must still be there. Where is a second list made?",
        ),
        predict(
            "8.D",
            "A hostile title",
            """
            import html
            html.escape("<b>Up</b>")
            """,
            wrong={
                "<b>Up</b>": "Left like that, a browser would read it as bold text.",
                "Up": "Nothing is removed: each character with a meaning in HTML is written in another way.",
            },
            hint="The character < becomes &lt; and > becomes &gt;.",
        ),
        choose(
            "8.E",
            "Twenty clicks",
            "Somebody clicks twenty times in a second. What does Latest do?",
            right="it finishes the first request and then answers the newest",
            wrong={
                "it answers all twenty in order": "Then the last answer would come much too late.",
                "it answers all twenty at once": "Then an older answer might arrive last and stay.",
                "it waits until the clicking stops": "The first request starts at once.",
            },
            hint="Only two of the twenty do any work. Which?",
        ),
    ],
)
