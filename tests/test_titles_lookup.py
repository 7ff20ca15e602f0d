import random

import pandas as pd
import pytest
import title_queries
from rapidfuzz import fuzz

from helpers.data import load_movies
from helpers.titles import TitleLookup, is_typo
from helpers.titles import lookup as lookup_module

CATALOGUE = pd.DataFrame(
    [
        ("The Matrix", 1999), ("Amélie", 2001), ("Dr. Strangelove or: How I Learned to Stop Worrying", 1964),
        ("King Kong", 1933), ("King Kong", 2005), ("The Lord of the Rings: The Two Towers", 2002), ("Star Wars", 1977),
        ("Rocky", 1976), ("Rocky II", 1979), ("2001: A Space Odyssey", 1968), ("Reservoir Dogs", 1992), ("Se7en", 1995),
    ],
    columns=["title", "year"],
    index=range(10, 22),
)  # fmt: skip


@pytest.fixture(scope="module")
def lookup():
    return TitleLookup(CATALOGUE["title"], CATALOGUE["year"])


@pytest.mark.parametrize(
    ("query", "identifier"),
    [
        ("the matrix", 10), ("Matrix, The", 10), ("MATRIX", 10), ("matirx", 10), ("amelie", 11), ("Amelie!!", 11),
        ("dr strangelove", 12), ("King Kong 1933", 13), ("king kong (2005)", 14), ("two towers lord of the rings", 15),
        ("lord of the rngs", 15), ("starwars", 16), ("rocky 2", 18), ("Rocky", 17), ("2001", 19),
        ("dogs reservoir", 20), ("seven", 21), ("reserv", 20),
    ],
)  # fmt: skip
def test_a_title_is_found_despite(lookup, query, identifier):
    assert lookup.closest(query).id == identifier


@pytest.mark.parametrize("query", ["zzzzqqq", "", "   ", "!!!", "qwertyuiop", "hello world"])
def test_nonsense_finds_nothing(lookup, query):
    assert lookup.closest(query) is None


@pytest.mark.parametrize(
    ("text", "title", "typo"),
    [
        ("dnue", "dune", True), ("her", "hero", True), ("hat", "hot", False), ("jazz", "jaws", False),
        ("jumnajy", "jumanji", True), ("godfahter", "godfather", True), ("star wras", "starwars", True),
        ("sharks", "shrek", False), ("", "up", False),
    ],
)  # fmt: skip
def test_three_edits_in_ten_letters_are_typos(text, title, typo):
    assert is_typo(text, title) is is_typo(title, text) is typo


@pytest.mark.parametrize("word", ["sharks", "robots", "twins", "first world war"])
def test_a_word_of_its_own_is_no_title_with_typos(word):
    movies = load_movies()
    lookup = TitleLookup(movies["title"], movies["year"])
    assert lookup.closest(word) is None
    assert lookup.ties(word) == []
    assert len(lookup.suggest(word, 3)) == 3


def test_a_match_says_how_sure_it_is(lookup):
    sure, unsure = lookup.closest("the matrix"), lookup.closest("the matirx")
    assert [sure] == lookup.ties("the matrix") == [(10, "The Matrix", 1.0)]
    assert 0.7 <= unsure.score < sure.score


def test_suggestions_come_best_first_and_equal_ones_in_the_order_of_the_catalogue(lookup):
    found = lookup.suggest("king kong", 4)
    assert [match.id for match in found[:2]] == [13, 14]
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)


SHORT_TITLES = [
    "The Deep", "Deep", "The Master", "Master", "Three", "3", "3%", "9", "Nine", "The Batman", "Batman", "Hero", "C#",
    "C++", "C", "रोम", "राम", "दाल", "दिल", "かき", "がき", "ว่าว", "ว่าว่", "한국", "كتاب", "😀", "😡",
    "???", "!!!", "...", "+", "#", "(500) Days", "1984", "2012", "Blade Runner 2049", "Blade Runner", "MASTER",
]  # fmt: skip


@pytest.mark.parametrize("title", SHORT_TITLES)
def test_a_title_that_stands_in_the_catalogue_is_found_as_it_stands(title):
    for order in (SHORT_TITLES, SHORT_TITLES[::-1]):
        lookup = TitleLookup(pd.Series(order))
        assert lookup.closest(title).title == title
        assert lookup.closest(f"  {title}\n").title == title
        assert [match.title for match in lookup.ties(title)] == [title]


def test_as_many_suggestions_come_as_are_asked_for_however_many_are_exact(lookup):
    for n in range(1, 6):
        assert [match.id for match in lookup.suggest("king kong", n)][:2] == [13, 14][:n]
        assert len(lookup.suggest("king kong", n)) == n


@pytest.mark.parametrize("title", ["Der Leuchtturm", "La Haine", "Een Vlieg", "El Secreto", "Un Freund", "Il Postino"])
def test_an_article_of_any_language_may_be_left_out_of_a_title_with_a_typo(title):
    lookup = TitleLookup(pd.Series([title]))
    word = title.split()[1]
    assert lookup.closest(word[:2] + word[3:]).title == title
    assert lookup.closest("Lamp") is None


def test_capitals_decide_between_films_before_articles_do():
    lookup = TitleLookup(pd.Series(["The Deep", "Deep", "DEEP"]))
    assert [lookup.closest(text).title for text in ("DEEP", "deep", "the deep", "THE DEEP", "A Deep")] == [
        "DEEP", "Deep", "The Deep", "The Deep", "The Deep",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "best", "ties"),
    [
        ("Dune", 1, [1, 2]), ("dune (2021)", 2, [2]), ("Dune 2021", 2, [2]), ("Dune (1984)", 1, [1]),
        ("Dune (1999)", 1, [1, 2]), ("Dnue", 1, [1, 2]), ("zzzzz", None, []), ("Blade Runner 2049", 3, [3]),
        ("Blade Runner (2017)", 3, [3]),
    ],
)  # fmt: skip
def test_two_films_of_one_title_are_told_apart_by_the_year_and_named_where_there_is_none(query, best, ties):
    rows = pd.DataFrame(
        [("Dune", 1984), ("Dune", 2021), ("Blade Runner 2049", 2017), ("Blade Runner", 1982)],
        columns=["title", "year"], index=[1, 2, 3, 4],
    )  # fmt: skip
    lookup = TitleLookup(rows["title"], rows["year"])
    found = lookup.closest(query)
    assert (found and found.id) == best
    assert [match.id for match in lookup.ties(query)] == ties
    in_titles = TitleLookup(rows["title"] + " (" + rows["year"].astype(str) + ")")
    assert [match.id for match in in_titles.ties("Dune (2021)")] == [2]


def random_titles(rng, count):
    """Titles of signs from many scripts, with symbols and spaces between them."""
    blocks = [(0x30, 0x7A), (0xC0, 0x17F), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x621, 0x655)]
    blocks += [(0x905, 0x94D), (0xE01, 0xE4E), (0x3041, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xAFFF), (0x1F600, 0x1F64F)]
    for _ in range(count):
        low, high = rng.choice(blocks)
        signs = [chr(rng.randrange(low, high + 1)) for _ in range(rng.randrange(1, 12))]
        yield "".join(
            rng.choice([sign, sign, sign, " " + sign, rng.choice("#+%!?'-(&.") + sign]) for sign in signs
        ).strip()


def test_every_title_finds_itself():
    rng = random.Random(11)
    for names in (load_movies()["title"], pd.Series(list(random_titles(rng, 1500)))):
        lookup = TitleLookup(names)
        assert [lookup.closest(name).title for name in names] == names.tolist()


def test_every_title_of_movielens_finds_itself(movielens):
    names = pd.read_csv(movielens / "movies.csv", index_col="movieId")["title"]
    lookup = TitleLookup(names)
    assert [lookup.closest(name).title for name in names] == names.tolist()


def test_an_exact_title_is_looked_up_without_a_comparison(monkeypatch):
    lookup = TitleLookup(CATALOGUE["title"], CATALOGUE["year"])
    monkeypatch.setattr(lookup_module.process, "cdist", None)
    assert [lookup.closest(title).title for title in CATALOGUE["title"]] == CATALOGUE["title"].tolist()


def test_a_look_up_compares_sixty_titles_in_full_however_large_the_catalogue(monkeypatch):
    compared = []
    cdist = lookup_module.process.cdist

    def counting(queries, choices, **options):
        compared.append(len(choices))
        return cdist(queries, choices, **options)

    rng = random.Random(2)
    names = pd.Series(["".join(rng.choices("abcdefgh ", k=12)) for _ in range(3000)] + ["The Quiet Harbor"])
    lookup = TitleLookup(names)
    monkeypatch.setattr(lookup_module.process, "cdist", counting)
    assert lookup.closest("quite harbor").title == "The Quiet Harbor"
    assert sum(compared) <= 5 * lookup_module.FULL_SCORE_FOR


def test_five_ways_to_compare_and_what_each_is_worth():
    lookup = TitleLookup(pd.Series(["The Sea Wall Builder", "Harbor Lights"]))
    score = {text: lookup.closest(text).score for text in ["builder sea wall", "seawall builder", "harbor", "lights"]}
    assert score == {"builder sea wall": 1.0, "seawall builder": 1.0, "harbor": 0.93, "lights": 0.92}
    numbered = TitleLookup(pd.Series(["Harbor Lights"])).suggest("Harbor Lights 2", 1)[0].score
    assert numbered == pytest.approx(0.9 * fuzz.ratio("harborlights2", "harborlights") / 100, abs=1e-3)


def test_an_empty_catalogue_finds_nothing():
    assert TitleLookup(pd.Series([], dtype=object)).closest("anything") is None


def test_even_nonsense_gets_suggestions_that_are_marked_as_weak(lookup):
    suggestions = lookup.suggest("zzzzqqq", 3)
    assert len(suggestions) == 3
    assert max(match.score for match in suggestions) < 0.5


def test_lookup_of_movielens_titles_is_accurate(movielens):
    names = pd.read_csv(movielens / "movies.csv", index_col="movieId")["title"]
    lookup, queries = TitleLookup(names), title_queries.make_queries(names)
    top1, top5 = title_queries.accuracy(lookup, queries)
    assert top1 >= 0.96
    assert top5 >= 0.99


@pytest.mark.speed
def test_lookup_of_movielens_titles_is_faster_than_the_scan(movielens):
    names = pd.read_csv(movielens / "movies.csv", index_col="movieId")["title"]
    lookup, queries = TitleLookup(names), title_queries.make_queries(names)
    assert title_queries.speed_ratio(lookup, names.tolist(), [query for query, _ in queries[:60]]) >= 3


def test_a_title_that_is_a_number_is_not_every_title_with_that_number():
    lookup = TitleLookup(pd.Series(["2", "Rocky II", "300"]))
    assert lookup.closest("rokcy 2").title == "Rocky II"
    assert lookup.closest("spartans 300") is None
    assert lookup.closest("2").title == "2"


def test_a_year_in_square_brackets_tells_films_apart_too():
    lookup = TitleLookup(pd.Series(["Dune", "Dune"]), pd.Series([1984, 2021]))
    assert [match.id for match in lookup.ties("dune [2021]")] == [1]


@pytest.mark.parametrize("years", [pd.array([1999, pd.NA], dtype="Int64"), ["1999.0", None], [1999.0, float("nan")]])
def test_years_of_any_type_tell_films_apart_and_may_be_missing(years):
    lookup = TitleLookup(pd.Series(["Red", "Red"], index=[7, 8]), pd.Series(years, index=[7, 8]))
    assert [match.id for match in lookup.ties("Red 1999")] == [7]
    assert [match.id for match in lookup.ties("Red")] == [7, 8]


def test_rows_without_a_title_are_passed_over_and_numbers_are_titles():
    titles = pd.Series(["Red", None, 300, float("nan"), pd.NA], dtype=object)
    lookup = TitleLookup(titles, pd.Series([1999, 2000, 2006, 2001, 2002]))
    assert lookup.closest("300 (2006)").id == 2
    assert lookup.titles == ["Red", "300"]


@pytest.mark.parametrize("text", [300, None, float("nan"), b"Red", ["Red"], pd.NA])
def test_what_is_no_text_is_refused_in_one_line(text):
    lookup = TitleLookup(pd.Series(["Red", "300"]))
    for look in (lookup.closest, lookup.suggest, lookup.ties):
        with pytest.raises(ValueError, match="TitleLookup: a title is a text in quotes, not "):
            look(text)


@pytest.mark.parametrize("n", [-1, 2.5, "two"])
def test_a_number_of_titles_that_is_none_is_refused(n):
    with pytest.raises(ValueError, match="n is a whole number from 0 on"):
        TitleLookup(pd.Series(["Red"])).suggest("Red", n)


def test_years_belong_to_titles():
    with pytest.raises(ValueError, match="2 titles and 1 years"):
        TitleLookup(pd.Series(["Red", "Blue"]), pd.Series([1999]))


@pytest.mark.parametrize("unseen", ["\u200b", "\xad", "\u2060", "\u202e", "\u200e", "\ufeff"])
def test_signs_that_nobody_sees_make_no_other_title(unseen):
    lookup = TitleLookup(pd.Series(["Redder", f"R{unseen}ed", "Blue"]))
    assert lookup.ties("Red")[0][::2] == (1, 1.0)
    assert lookup.ties(f"Bl{unseen}ue")[0][::2] == (2, 1.0)
