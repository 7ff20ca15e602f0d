"""What somebody means by what they type: a title, people, genres, or a story. No widget, and no vector."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from helpers.app.state import Question, counted, names_in, year_of
from helpers.search.neighbors import split_sentences
from helpers.titles import TitleLookup, normalize_title
from helpers.titles.forms import numbers_in, without_article

OFFERED = 5  # titles in the list, at most
NAMES_OFFERED = 3
PAIRS_TRIED = 100  # of people with two last names
WORDS_OF_TWO = 8  # in the names of two people, at most
TEXTS_READ = 10_000  # texts from which the words are taken that a catalogue knows
FAMILY = re.compile(r"(.+?)(?:\s+(?:brothers|sisters)|s)", re.I)
SHORT = {"doctor": "dr", "mister": "mr", "saint": "st", "street": "st", "mount": "mt", "part": "pt"}
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SHORT |= {name: str(10 * number) for number, name in enumerate(TENS, 2)}
NICKNAMES = {
    "bill": "william", "bob": "robert", "bobby": "robert", "jim": "james", "kate": "cath", "liz": "elizabeth",
    "mike": "michael", "sly": "sylvester", "tony": "anthony",
}  # fmt: skip
# Whom a film is for is a genre, as are cowboy movies. Children and cowboys in a story are only a hint at it.
OF_FILMS = r"(?= (?:film|movie|flick|stor)\w*\b)"
FOR_CHILDREN = (
    r"\bfor (?:(?:the|my|our|your|small|little|young|whole) )*(?:kid|children|famil)\w*\b"
    rf"|\b(?:kid|children)(?:'?s)?{OF_FILMS}"
)
IN_OTHER_WORDS = {FOR_CHILDREN: "for children", rf"\bcowboys?{OF_FILMS}": "western", r"\brom ?com": "romance comedy"}
CHILDREN = ("for children", *(HINTS := ("children", "kid")))
# What else people call a genre, and words that say nothing beside one.
ALSO_CALLED = {
    "Animation": ("animated", "cartoon"), "Biography": ("biopic",), "Comedy": ("comedies", "funny", "hilarious"),
    "Children": CHILDREN, "Documentary": ("documentaries",), "Family": CHILDREN, "History": ("historical",),
    "Horror": ("scary", "frightening", "spooky", "creepy"), "Mystery": ("mysteries", "whodunit"),
    "Romance": ("romantic", "love story", "love stories"),
    "Science Fiction": ("sci fi", "scifi"), "Thriller": ("suspense", "suspenseful"),
}  # fmt: skip
IDLE = {
    "film", "movie", "flick", "title", "story", "stories", "stuff", "good", "great", "best", "top", "nice", "exciting",
    "really", "want", "watch", "like",
}  # fmt: skip
# Words that join genres, or ask for them. Others, as in "crime in the family" and "about war", make a story of them.
ASKING = {
    "a", "an", "the", "some", "any", "something", "anything", "more", "most", "very", "and", "or", "both", "but",
    "also", "for", "to", "that", "which", "is", "are", "be", "i", "i'd", "i'm", "me", "my", "we", "us", "our",
    "you", "would", "give", "show", "find", "see", "need", "please", "tonight", "what", "who", "there", "has", "have",
    "was", "were", "been", "did", "do", "does", "all", "other", "old", "new", "newest", "latest", "recent", "classic",
}  # fmt: skip
# Words that join people, genres and years, as in "a comedy of the 80s with Tom Hanks".
JOINING = ASKING | {
    "with", "by", "from", "in", "of", "starring", "directed", "direct", "made", "make", "between", "year", "years",
}  # fmt: skip
# One word after an article is no name: "in the cage", "the woods".
A_THING = re.compile(rf"^(?:(?:{'|'.join(sorted(JOINING | IDLE))}|films|movies) )*(?:an?|the) \S+$", re.I)
# Around a title: "more movies like Jaws", "the film Jaws", "Jaws movie".
AROUND = re.compile(
    rf"^(?:(?:{'|'.join(sorted(ASKING | IDLE))}|films|movies)\s+)*(?:like|similar to|films?|movies?|flicks?)\s+"
    r"|\s+(?:films?|movies?|flicks?)$", re.I
)  # fmt: skip
# Years: 1994, 1980 to 1985, the early 80s, before 1990. Two digits are of the 20th century from 30 on.
DECADES = [f"{name[:-1]}ies" for name in TENS]
FOUR = r"(?:1[89]|20)\d\d"
WHEN = re.compile(
    rf"\b(?:(before|until|up to|after|since) )?(?:the )?(?:(early|late) )?"
    rf"(?:({FOUR}) (?:and |to )?({FOUR})|((?:1[89]|20)?\d0)'?s|({'|'.join(DECADES)})|({FOUR}))(?= |$)"
)
# At the end, with an article, these are things that happen: a war, the musical family.
THINGS_THAT_HAPPEN = re.compile(r"\b(?:an?|the|old|new)\b.*\b(?:war|crime|family|history|sport)s?$")
NOT_THAT = re.compile(r"\b(?:not|no|without|nothing|never|less)(?: \w+){1,2}")
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


@dataclass(frozen=True)
class Reading:
    """One way to understand a text: the question that it asks, what it is called, and how it is grouped."""

    kind: str  # "Titles", "People", "Genres" or "Stories"
    question: Question
    label: str
    detail: str = ""


class Reader:
    """Understands what is typed, for one catalogue.

    Parameters
    ----------
    movies : pandas.DataFrame
        As from `helpers.data.load_movies`: ``title`` and ``synopsis``, and ``year``, ``director``, ``cast``,
        ``genres``, ``tags`` where they stand.
    """

    noun = "film"  # what one row of the catalogue is called

    def __init__(self, movies: pd.DataFrame):
        self.movies, self.lookup = movies, TitleLookup(movies["title"], movies.get("year"))
        self._last: tuple[str, list[Reading]] = ("", [])  # what was read last: each list asks for it again

    def read(self, text: str) -> list[Reading]:
        """Every reading of a text, the likeliest first; of an empty one, none.

        A title that stands in the catalogue is a title, a whole name is a person; people, genres and years, and nothing
        else, are the films that have them all. A title with typos has to be near enough, and what is typed must not be
        words that stories use: *sharks* is no typo of *Shakespeare in Love*. Everything else is a story, unless it is
        none once each word that nothing here has is spelled as the nearest name.
        """
        text, last = " ".join(text.split()), self._last
        if text != last[0]:
            last = self._last = text, self._readings(text) if text else []
        return last[1]

    def _readings(self, text: str) -> list[Reading]:
        found = self._meanings(text)
        if found[0].kind == "Stories" and (spelled := self._spelled(text)) != text:
            again = self._meanings(spelled)
            if again[0].kind != "Stories":
                story = Reading("Stories", Question(text=text), text)
                return [story if one.kind == "Stories" else one for one in again]
        return found

    def _meanings(self, text: str) -> list[Reading]:
        """Every reading of a text as it is spelled."""
        asked = text if _same(text) in self._credits or A_THING.search(text) else _trimmed(text)
        titles, sure = self._titles(text)
        if not titles and (bare := AROUND.sub("", text)) != text:
            titles, sure = self._titles(bare)
        people, named = self._people(asked)
        people = people if named or asked == text else []  # "a good cry" begins no name
        who, parts, only = self._parts_of(text)
        facts = [self._reading(one) for one in self._shared(who, parts)]
        story = [Reading("Stories", Question(text=text), text)]
        story = facts + story if only else story + facts
        if sure == 1 or (sure and (not only or (parts and parts[0].years))):  # years alone may be a title
            return titles + people + story
        a_name = named == 1 or (named and (not titles or (" " not in asked and not self._is_common(asked))))
        return people + story + titles if a_name else story + titles + people

    def prepare(self) -> None:
        """Count words and names, once, so that the first text that somebody types does not wait for it."""
        self.read("a funny film of the 90s, lost at seaaa")
        self.places_of("sea")

    def places_of(self, text: str) -> dict[str, list[int]]:
        """For each word of a text that says something, the films (rows) whose opening, tags or genres have it."""
        words = [word for word in WORD.findall(text.casefold()) if word not in stop_words() | IDLE]
        return {
            word: sorted(set().union(*(self._first_sentences.get(form, ()) for form in _forms(word)))) for word in words
        }

    def unknown(self, text: str) -> tuple[list[str], bool]:
        """Words of a text that stand in no title, name, tag or story, and whether that is all that the text says."""
        words = [word for word in WORD.findall(text.casefold()) if word not in stop_words()]
        strange = [word for word in words if not self._knows(word)]
        return strange, len(strange) == len(words)

    # ---- titles ------------------------------------------------------------------------------------------------------

    def _titles(self, text: str) -> tuple[list[Reading], float]:
        """Titles that may be meant, and how sure the first one is: 1 the title itself, 0 only how a title begins."""
        key = _key(text)
        ids, sure = self._films(text, key)
        name, _, number = key.rpartition(" ")
        sequel = self._sequel(name, int(number)) if sure < 1 and name and number.isdecimal() else []
        ids, sure = [*sequel, *ids], sure or len(sequel) / 2
        ids = list(dict.fromkeys([*ids, *self._begun(key)]))
        titles, year = self.movies["title"], functools.partial(year_of, self.movies)
        return [Reading("Titles", Question(film=one), titles[one], str(year(one) or "")) for one in ids[:OFFERED]], sure

    def _films(self, text: str, key: str) -> tuple[list, float]:
        """Films whose titles may be meant, and how sure the first one is."""
        found = self.lookup.suggest(text, 4 * OFFERED)
        exact = [match for match in found if match.score == 1]
        named = [match for match in found if match.score < 1 and self._is_meant(text, key, match.title)]
        named.sort(key=lambda match: _apart(text, match.title))
        initials = self._by_initials.get(text.casefold(), [])
        near = [match for match in found if match.score >= 0.6]
        rest = [one for one in near if any(part.startswith(key) for part in (_key(one.title), one.title.casefold()))]
        ids = list(dict.fromkeys([*(match.id for match in exact + named), *initials, *(match.id for match in rest)]))
        begun = len(key) > 4 and self.unknown(text)[1]  # coco is not yet Cocoon
        likely = bool(ids) and bool((named and len(key) > 2) or initials or begun)
        return ids, 1 if exact else likely / 2

    def _sequel(self, name: str, number: int) -> list:
        """The film of a series whose title has a number, or else the one whose place by year it is, if any."""
        films, sure = self._films(name, name)
        numbers = {film: numbers_in(_key(self.movies["title"][film])) for film in films if sure}
        by_year = sorted(numbers, key=lambda film: (year_of(self.movies, film) or 0, film))
        numbered = [film for film in numbers if str(number) in numbers[film]]
        return (numbered + [film for film in by_year[number - 1 : number] if not numbers[film]])[:1]

    def _begun(self, key: str) -> list:
        """Films whose whole title begins a text, as that of a sequel that the catalogue lacks."""
        words = key.split()
        starts = [" ".join(words[:cut]) for cut in range(len(words) - 1, 0, -1)]
        whole = (one for one in starts if one in self._by_key and (" " in one or self._names_a_title(one)))
        return self._by_key.get(next(whole, ""), [])

    @functools.cached_property
    def _by_key(self) -> dict[str, list]:
        found: dict[str, list] = {}
        for film, key in zip(self.lookup.ids, self.lookup.keys, strict=True):
            found.setdefault(_in_short(key), []).append(film)
        return found

    def _is_meant(self, text: str, key: str, title: str) -> bool:
        """Whether a text that is not this title is meant for it."""
        whole = _key(title)
        words, others = key.split(), whole.split()
        content, theirs = ([word for word in some if word not in stop_words()] for some in (words, others))
        denied = len(content) == 1 and NOT_THAT.search(key)  # "not scary" asks for anything but Scary Movie
        if content and not denied and set(content) <= set(others):
            together = f" {key} " in f" {whole} "
            if len(content) > 1 and (sorted(content) == sorted(theirs) or (together and _is_rare(key, self._told))):
                return True
            if len(content) > 2 or any(self._names_a_title(word) for word in content):
                return True
        typed = WORD.findall(text.casefold())
        pairs = [(words, others), (words, without_article(whole).split())]
        for part in _parts(title):
            pairs += [(typed, WORD.findall(part.casefold())), (words, _key(part).split())]
        rest = " ".join(words[1:])  # after initials, as in "lotr two towers"
        if rest and "".join(word[0] for word in others).startswith(words[0]) and not self._knows(words[0]):
            return self._is_meant(rest, rest, title)
        if len(words) > 1 and self._is_typo(words, others[: len(words)], turned=False):
            return True
        if len(content) > 1 and self._is_typo(words, others[-len(words) :], turned=False) and _is_rare(key, self._told):
            return True
        return any(self._is_typo(left, right) for left, right in pairs)

    def _is_typo(self, words: list[str], others: list[str], turned: bool = True) -> bool:
        """Whether words are others with typos: few for their length, and not all of them words of their own.

        `turned` tells whether they may stand in another order.
        """
        left, right = "".join(words), "".join(others)
        edits = OSA.distance(left, right)
        if turned:
            edits = min(edits, OSA.distance("".join(sorted(words)), "".join(sorted(others))))
        strange = [word for word in words if word not in others]
        singly = OSA.distance(_single(left), _single(right)) + (_single(left) == left)  # doubles left out cost one
        if not words or min(edits, singly) > _allowed(len(right)):
            return False
        few = edits <= max(1, len(right) // 8) and len(strange) < len(words)
        nearly = edits == 0 or few or len(strange) < len(words) / 2
        return nearly or not all(word.isdigit() or self._is_common(word) or self._capital[word] > 1 for word in strange)

    def _names_a_title(self, word: str) -> bool:
        """Whether a word is the name of a title rather than a word: no story uses it in small letters."""
        return len(word) > 3 and not self._is_common(word) and self._capital[word] <= 2 * self._in_titles[word]

    @functools.cached_property
    def _by_initials(self) -> dict[str, list]:
        """Titles by the initials of their first part, such as lotr."""
        found: dict[str, list] = {}
        for film, title in self.movies["title"].items():
            main = re.split(r":\s|\s-\s", title)[0]
            words = WORD.findall(main.casefold())
            for form in {"".join(word[0] for word in words), "".join(word[0] for word in words[1:])}:
                if len(form) > (2 if form.isalpha() else 1):
                    found.setdefault(form, []).append(film)
        return found

    # ---- people ------------------------------------------------------------------------------------------------------

    def _people(self, text: str) -> tuple[list[Reading], float]:
        """People who may be meant, and how much of a name the text is: 1 all of it, 0 only how a part of it begins."""
        if not self.people:
            return [], 0
        parts = [*filter(None, map(_trimmed, re.split(r",|&|\band\b|\bwith\b", text, flags=re.I)))]
        words = text.split()
        cuts = range(2, len(words) - 1) if len(words) <= WORDS_OF_TWO else ()
        halves = [[" ".join(words[:cut]), " ".join(words[cut:])] for cut in cuts]
        family = FAMILY.fullmatch(text)
        several: list[tuple] = [tuple(self._by_last_name.get(_bare(family[1]), []))] if family else []
        for them in [parts, *halves]:
            several += itertools.islice(itertools.product(*map(self._named, them)), PAIRS_TRIED)
        for some in several:
            if len({*some}) == len(some) > 1 and self.films_of(some):
                return [self._reading(Question(people=some))], 1
        exact = self._name(text)
        last = self._by_last_name.get(self._last_name(text), [])
        start = f" {text.casefold()}"
        begin = [name for name in self.people if start in f" {name.casefold()}"] if len(text) > 2 else []
        part = {*last, *(name for name in begin if f"{start} " in f" {name.casefold()} ")}
        rank = functools.partial(sorted, key=lambda name: (-len(self.people[name]), name))
        names = list(dict.fromkeys([*([exact] if exact else []), *rank(part), *rank(begin)]))
        said = max((self._capital[word] for word in _key(text).split()), default=0)  # in stories, as London is
        likely = bool(part) and said <= sum(len(self.people[name]) for name in part)
        found = [self._reading(Question(people=(name,))) for name in names[:NAMES_OFFERED]]
        return found, 1 if exact else likely / 2

    def _last_name(self, text: str) -> str:
        """The last name that a text is: in one word or more, and with typos if the text is nothing else."""
        bare = _bare(text)
        edits = max(len(bare) // 7, len(bare) > 5)
        if not edits or bare in self._by_last_name or self._knows(text.casefold()):
            return bare
        nearest = process.extractOne(bare, self._by_last_name.keys(), scorer=OSA.distance, score_cutoff=edits)
        return nearest[0] if nearest else bare

    def _named(self, text: str) -> list[str]:
        """Whom a text that is a whole name, or a last one and no word that stories use, may mean."""
        name = self._name(text)
        return [name] if name else [] if self._is_common(text) else self._by_last_name.get(_bare(text), [])

    def _name(self, text: str) -> str | None:
        """The name that a text is, with a typo in seven letters, or in five if nothing here has some word of it."""
        if _same(text) in self._credits:
            return self.spelled(text)
        first, _, last = text.casefold().partition(" ")
        family = self._by_last_name.get(_bare(last), []) if len(first) > 1 and first not in stop_words() else []
        called = [name for name in family if name.casefold().startswith(NICKNAMES.get(first, first))]
        if called:  # as in "leo dicaprio" and "bob de niro"
            return max(called, key=lambda name: len(self.people[name]))
        match = self._name_lookup.closest(text) if " " in text else None
        if match is None:
            return None
        left, right = _key(text), _key(match.title)
        return match.title if OSA.distance(left, right) <= len(right) // (5 if self.unknown(text)[0] else 7) else None

    def films_of(self, names: Iterable[str]) -> list:
        """The films (ids) that all these people share."""
        return sorted(set.intersection(*(set(self.people.get(self.spelled(name), ())) for name in names)))

    def spelled(self, name: str) -> str:
        """A person's name as most of the films spell it; P. J. Hogan and P.J. Hogan are one person."""
        known = self._credits.get(_same(name))
        return known[0].most_common(1)[0][0] if known else name

    @functools.cached_property
    def _credits(self) -> dict[str, tuple[Counter, dict]]:
        """Of everybody in cast and direction: the spellings of the name, and the films (ids)."""
        found: dict[str, tuple[Counter, dict]] = {}
        for column in ("director", "cast"):
            for film, cell in self.movies.get(column, pd.Series(dtype=object)).items():
                for name in names_in(cell):
                    spellings, films = found.setdefault(_same(name), (Counter(), {}))
                    spellings[name] += 1
                    films[film] = None
        return found

    @functools.cached_property
    def people(self) -> dict[str, list]:
        """Films (ids) by the name of everybody in cast and direction."""
        return {spellings.most_common(1)[0][0]: [*films] for spellings, films in self._credits.values()}

    @functools.cached_property
    def _name_lookup(self) -> TitleLookup:
        return TitleLookup(pd.Series(list(self.people)))

    @functools.cached_property
    def _by_last_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.people:
            words = name.split()
            for place in range(1, len(words)):
                found.setdefault(_bare("".join(words[place:])), []).append(name)
        return found

    # ---- genres ----------------------------------------------------------------------------------------------------

    def _parts_of(self, text: str) -> tuple[list[Question], list[Question], bool]:
        """Who may be meant beside genres and years, these one by one, and whether the text says nothing else."""
        said, years = self._dated(_said(text))
        names = self._called(NOT_THAT.sub("", said))
        said = NOT_THAT.sub(lambda found: "" if self._called(found[0]) else found[0], said)
        rest = self._genre_pattern.sub(lambda one: " | " if one[1] and not self._is_hint(one[1]) else one[0], said)
        parts = [*(Question(genres=(name,)) for name in names), *([Question(years=years)] if years else [])]
        left = [_trimmed(part) for part in rest.split("|")]
        if not any(left):
            only = bool(years) or all(word in ASKING | {"|"} or _forms(word) & IDLE for word in rest.split())
            only &= not THINGS_THAT_HAPPEN.search(said) and set(names).isdisjoint(self.denied(text))
            return [], parts, only
        people, named = self._people(" and ".join(filter(None, left))) if parts else ([], 0)
        if named == 1 or (named and not self._is_common(" ".join(left).strip())):
            return [one.question for one in people], parts, True
        return [], parts if names else [], False

    def _dated(self, said: str) -> tuple[str, tuple]:
        """Words with a bar in the place of years, and the first and the last of these."""
        found, known = WHEN.search(said), self._years[np.isfinite(self._years)]
        if not found or not len(known):
            return said, ()
        when, part, first, last, decade, name, year = found.groups()
        if decade or name:
            begin = int(decade) if decade else 1920 + 10 * DECADES.index(name)
            begin += 0 if begin >= 100 else 1900 if begin >= 30 else 2000
            span = (begin + 5 * (part == "late"), begin + 4 + 5 * (part != "early"))
        else:
            span = (int(first or year), int(last or year))
        lowest, highest = int(known.min()), int(known.max())
        spans = {"before": (lowest, span[0] - 1), "after": (span[1] + 1, highest), "since": (span[0], highest)}
        spans |= dict.fromkeys(("until", "up to"), (lowest, span[1]))
        return f"{said[: found.start()]} | {said[found.end() :]}", spans.get(when, span)

    def _shared(self, who: list[Question], parts: list[Question]) -> list[Question]:
        """The largest parts of what is asked that any film has all of."""
        found: list[tuple[int, Question]] = []
        for some in [[one, *parts] for one in who] or [parts] * bool(parts):
            has = np.array([self.having(part) for part in some])
            most = has.sum(axis=0)
            for those in sorted({*map(tuple, has.T[most == max(most.max(), 1)])}, reverse=True):
                asked = [part for part, there in zip(some, those, strict=True) if there]
                found.append((len(asked), _together(asked)))
        found.sort(key=lambda one: one[0], reverse=True)
        return [*dict.fromkeys(question for _, question in found)][:NAMES_OFFERED]

    def having(self, question: Question) -> np.ndarray:
        """Which films have all the people, genres and years of a question: (n_movies,) bool."""
        has = np.ones(len(self.movies), dtype=bool)
        if question.people:
            has &= self.movies.index.isin(self.films_of(question.people))
        for genre in question.genres:
            has &= np.isin(np.arange(len(has)), self._by_genre.get(genre, []))
        if question.years:
            has &= (self._years >= question.years[0]) & (self._years <= question.years[1])
        return has

    def lacks(self, question: Question) -> bool:
        """Whether a question leaves out people, genres or years that were typed, as no film has all of them."""
        who, parts, _ = self._parts_of(self._spelled(question.typed))
        return bool(who) + len(parts) > bool(question.people) + len(question.genres) + bool(question.years)

    def _reading(self, question: Question) -> Reading:
        count = counted(int(self.having(question).sum()), self.noun)
        return Reading("People" if question.people else "Genres", question, question.facts, count)

    def denied(self, text: str) -> tuple[str, ...]:
        """The genres that a text does not want, as *not scary* does not want Horror."""
        return self._called(" ".join(NOT_THAT.findall(_said(text))))

    def _called(self, said: str) -> tuple[str, ...]:
        """The genres that words name, in their order."""
        return tuple(dict.fromkeys(self._genre_words[word] for word in self._genre_pattern.findall(said) if word))

    def _is_hint(self, word: str) -> bool:
        """Whether a word hints at a genre without being its name."""
        return word in HINTS and self._genre_words[word].casefold() != word

    @functools.cached_property
    def _genre_pattern(self) -> re.Pattern:
        return re.compile(rf"\b({'|'.join(self._genre_words)})s?\b")

    @functools.cached_property
    def genres(self) -> list[set[str]]:
        """The genres of every film."""
        return [set(names_in(cell)) for cell in self.movies.get("genres", pd.Series("", self.movies.index))]

    @functools.cached_property
    def _by_genre(self) -> defaultdict[str, list[int]]:
        """Films (rows) by genre."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for place, genres in enumerate(self.genres):
            for genre in genres:
                found[genre].append(place)
        return found

    @functools.cached_property
    def _years(self) -> np.ndarray:
        return self.movies.get("year", pd.Series(np.nan, self.movies.index)).to_numpy(float)

    @functools.cached_property
    def _genre_words(self) -> dict[str, str]:
        """Genres by what they are called, the longest first."""
        called = {
            " ".join(WORD.findall(name.casefold())): genre
            for genre in sorted(set().union(*self.genres))
            for name in (genre, *ALSO_CALLED.get(genre.title(), ()))
        }
        return dict(sorted(called.items(), key=lambda item: -len(item[0])))

    # ---- words -------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def _texts(self) -> pd.Series:
        """The stories with their tags, of the first `TEXTS_READ`."""
        read = self.movies.iloc[:TEXTS_READ]
        return read["synopsis"] + " " + read["tags"].fillna("") if "tags" in read else read["synopsis"]

    @functools.cached_property
    def _first_sentences(self) -> defaultdict[str, set[int]]:
        """Films (rows) by the words of their first sentence, tags and genres."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        columns = [self.movies[name].fillna("") for name in ("tags", "genres") if name in self.movies]
        for place, (story, *names) in enumerate(zip(self.movies["synopsis"], *columns, strict=True)):
            for word in WORD.findall(" ".join([split_sentences(story)[0], *names]).casefold()):
                found[word].add(place)
        return found

    @functools.cached_property
    def _told(self) -> str:
        """All the stories, as one text in small letters."""
        return "\n".join(self._texts).casefold()

    @functools.cached_property
    def _uses(self) -> Counter:
        """In how many stories a word stands, as it is written there."""
        return Counter(word for text in self._texts for word in set(WORD.findall(text)))

    @functools.cached_property
    def _capital(self) -> Counter:
        """In how many stories a word stands with a capital letter."""
        return Counter(word.casefold() for word in self._uses.elements() if not word.islower())

    @functools.cached_property
    def _in_titles(self) -> Counter:
        """In how many titles a word stands."""
        return Counter(word for title in self.movies["title"] for word in set(WORD.findall(title.casefold())))

    @functools.cached_property
    def _names(self) -> set[str]:
        """Words of people's names."""
        return {word for name in self.people for word in WORD.findall(name.casefold())}

    def _spelled(self, text: str) -> str:
        """A text in which the nearest word of a title, a name or a genre stands for each that nothing here has."""

        def nearest(found: re.Match) -> str:
            word = found[0].casefold()
            if len(word) < 5 or not word.isalpha() or self._knows(word):
                return found[0]
            names = self._naming.get(word[0], [])
            best = process.extractOne(word, names, scorer=OSA.distance, score_cutoff=1 + (len(word) > 9))
            return best[0] if best else found[0]

        return WORD.sub(nearest, text)

    @functools.cached_property
    def _naming(self) -> dict[str, list[str]]:
        """Words of titles, last names and genres by their first letter, the most frequent first."""
        called = [*self.movies["title"], *(name.split(" ", 1)[-1] for name in self.people), *self._genre_words]
        words = Counter(word for name in called for word in WORD.findall(name.casefold()) if len(word) > 3)
        found: dict[str, list[str]] = {}
        for word, _ in words.most_common():
            found.setdefault(word[0], []).append(word)
        return found

    def _is_common(self, word: str) -> bool:
        """Whether a word is one that stories use, itself or without its ending."""
        return word in stop_words() or any(self._uses[form] > 1 for form in _forms(word) if form.islower())

    def _knows(self, word: str) -> bool:
        places = (self._uses, self._capital, self._in_titles, self._names)
        halves = [(word[:cut], word[cut:]) for cut in range(4, len(word) - 3)]  # as in heartwarming
        return any(form in place for form in _forms(word) for place in places) or any(
            self._is_common(left) and self._is_common(right) for left, right in halves
        )


@functools.lru_cache(maxsize=4)  # a text is compared with one title after the other
def _is_rare(words: str, told: str) -> bool:
    """Whether words stand together in one story at most, which may tell its title."""
    first = told.find(words)
    return first < 0 or told.find(words, first + 1) < 0


@functools.cache
def stop_words() -> frozenset[str]:
    """English words that say nothing by themselves, as scikit-learn lists them."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return ENGLISH_STOP_WORDS


def _together(parts: list[Question]) -> Question:
    """The question with all the people, genres and years of some."""
    people, genres, years = (
        tuple(one for part in parts for one in getattr(part, name)) for name in ("people", "genres", "years")
    )
    return Question(people=people, genres=genres, years=years)


def _trimmed(words: str) -> str:
    """Words without those around them that only join or ask."""
    kept = words.split()
    for end in (0, -1):
        while kept and ((word := kept[end].casefold()) in JOINING or _forms(word) & IDLE):
            kept.pop(end)
    return " ".join(kept)


def _said(text: str) -> str:
    """The words of a text, in small letters, and genres by one of their names."""
    words = " ".join(WORD.findall(text.casefold()))
    for said, name in IN_OTHER_WORDS.items():
        words = re.sub(said, name, words)
    return words


def _key(title: str) -> str:
    """A title in the form in which titles are compared, with abbreviations for what people write out."""
    return _in_short(normalize_title(title))


def _in_short(key: str) -> str:
    """A normalized title with the abbreviations."""
    return " ".join(SHORT.get(word, word) for word in key.split())


def _single(text: str) -> str:
    """A text with each letter once where it stands several times in a row."""
    return re.sub(r"(.)\1+", r"\1", text)


def _bare(name: str) -> str:
    """A name in small letters, in one word."""
    return "".join(name.casefold().split())


def _same(name: str) -> str:
    """A name without dots, blanks, hyphens, apostrophes, and the accents of Latin letters."""
    bare = re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", unicodedata.normalize("NFKD", name.casefold()))
    return re.sub(r"[\s.'’-]+", "", bare) or name


def _parts(title: str) -> set[str]:
    """A title, and what people may call it by: its parts at a colon, and the title without brackets."""
    return {title, re.sub(r"\s*\([^)]*\)\s*", " ", title), *re.split(r":\s+|\s+-\s+", title)}


def _apart(text: str, title: str) -> tuple[bool, int]:
    """How far a text is from a title, to put those first that it is but for spaces, or for a letter or two."""
    same = _bare(_key(text)) == _bare(_key(title))
    return not same, OSA.distance(text.casefold(), title.casefold(), score_cutoff=2)


def _allowed(letters: int) -> int:
    """Edits that still make a typo, of a title of so many letters."""
    return int(np.searchsorted([4, 7, 14], letters, side="right"))


def _forms(word: str) -> set[str]:
    """A word, and what it may be without its ending, or with a plural."""
    bare = {word[: -len(end)] for end in ("'s", "s", "es", "ed", "ing", "d") if word.endswith(end)}
    return {word, word + "s", *bare} - {""}
