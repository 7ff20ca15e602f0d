"""Real data sets: read from files in their published form, fetched from a server on this machine."""

import contextlib
import http.server
import io
import threading
import zipfile

import pandas as pd
import pytest

from helpers import __main__ as command_line
from helpers import data, fetch
from helpers.data import load_movies, load_ratings
from helpers.home import cache_folder

MOVIES = 'movieId,title,genres\n10,Forrest Gump (1994),Comedy|Drama\n20,"Unknown, The (1999)",Drama\n'
LINKS = "movieId,imdbId,tmdbId\n10,0109830,13\n20,9999999,\n"
RATINGS = "userId,movieId,rating,timestamp\n1,10,4.0,964982703\n1,20,3.5,964982703\n2,10,0.5,964982704\n"
MPST = (
    "imdb_id,title,plot_synopsis,tags,split,synopsis_source\n"
    'tt0057603,I tre volti della paura,"Note: this has ""quotes"",\ncommas, and lines.\n","cult, horror",train,imdb\n'
    "tt0033045,The Shop Around the Corner,Two clerks write letters.,romantic,test,wikipedia\n"
)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Data sets of a few rows count as whole; the cache is empty; COURSE_DATA_DIR is not set."""
    monkeypatch.setattr(data, "MOVIELENS_RATINGS", 3)
    monkeypatch.setattr(data, "MOVIELENS_USERS", 2)
    monkeypatch.setattr(data, "MPST_ROWS", 2)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    return tmp_path


def write_movielens(folder, **changed):
    files = {"movies": MOVIES, "links": LINKS, "ratings": RATINGS} | changed
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


MOVIELENS_ZIP = zipped(
    {f"ml-latest-small/{n}.csv": t for n, t in (("movies", MOVIES), ("links", LINKS), ("ratings", RATINGS))}
)


@contextlib.contextmanager
def served(answers):
    """Serve {path: (status, body, announced length)} on this machine, and count the calls."""
    calls = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            calls.append(self.path)
            status, body, length = answers[self.path]
            self.send_response(status)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        server.server_close()


def sources(monkeypatch, name, *urls):
    monkeypatch.setitem(fetch.SOURCES, name, fetch.SOURCES[name]._replace(urls=urls))


def whole(body):
    return 200, body, len(body)


# ---- reading -----------------------------------------------------------------------------------------------------


def test_movielens_is_joined_to_the_films_of_the_course(small, monkeypatch):
    write_movielens(small / "ml-latest-small")
    monkeypatch.setenv("COURSE_DATA_DIR", str(small))
    ratings = load_ratings("movielens")
    assert ratings.to_dict("list") == {
        "user_id": [1, 2], "movie_id": [1, 1], "rating": [4.0, 0.5], "timestamp": [964982703, 964982704]
    }  # fmt: skip
    assert load_movies().loc[1, "title"] == "Forrest Gump"


def test_the_real_movielens_covers_the_films_of_the_course(movielens):
    ratings = load_ratings("movielens")
    films = load_movies()
    assert set(ratings["movie_id"]) <= set(films.index)
    assert ratings["user_id"].nunique() > 600
    assert ratings["rating"].isin([step / 2 for step in range(1, 11)]).all()
    titles = pd.read_csv(movielens / "movies.csv").set_index("movieId")["title"]
    links = pd.read_csv(movielens / "links.csv")
    links.index = "tt" + links["imdbId"].astype(str).str.zfill(7)
    known = films[films["imdb_id"].isin(links.index)]
    years = titles.loc[links.loc[known["imdb_id"], "movieId"]].str.extract(r"\((\d{4})\)\s*$")[0].astype(float)
    assert (abs(years.to_numpy() - known["year"].to_numpy()) <= 1).all()


def test_mpst_is_read_in_its_published_form(small, monkeypatch):
    (small / "mpst_full_data.csv").write_text(MPST, encoding="utf-8", newline="")
    monkeypatch.setenv("COURSE_DATA_DIR", str(small))
    movies = load_movies("mpst")
    assert movies.index.tolist() == [1, 2]
    assert movies["synopsis"].iloc[0] == 'Note: this has "quotes",\ncommas, and lines.'
    assert movies["tags"].tolist() == ["cult|horror", "romantic"]
    assert movies["split"].tolist() == ["train", "test"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ratings": RATINGS.rsplit("\n", 2)[0] + "\n"}, "2 ratings by 1 users, expected 3 by 2"),
        ({"ratings": RATINGS.replace("userId", "user")}, "the columns are user, movieId"),
        ({"ratings": ""}, "damaged or truncated"),
        ({"ratings": RATINGS.replace("4.0", "9.0")}, "a rating is none from 0.5 to 5"),
        ({"ratings": RATINGS.replace("964982704", "9649x2704")}, "damaged or truncated"),
        ({"ratings": RATINGS.replace("2,10", "2.5,10")}, "damaged or truncated"),
        ({"links": LINKS.replace("0109830", "")}, "damaged or truncated"),
        ({"links": LINKS.replace("20,9999999,\n", "")}, "movieId 20 is rated but not in links.csv"),
        ({"movies": None}, "movies.csv"),
    ],
)
def test_a_damaged_movielens_is_told_in_one_line(small, monkeypatch, changed, said):
    write_movielens(small / "ml-latest-small", **changed)
    monkeypatch.setenv("COURSE_DATA_DIR", str(small))
    with pytest.raises(ValueError, match=said) as caught:
        load_ratings("movielens")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MPST.rsplit("\n", 2)[0] + "\n", "1 films, expected 2"),
        (MPST[:120], "expected 2|damaged or truncated"),
        (MPST.replace("plot_synopsis", "plot"), "the columns are imdb_id, title, plot,"),
    ],
)
def test_a_damaged_mpst_is_told_in_one_line(small, monkeypatch, text, said):
    (small / "mpst_full_data.csv").write_text(text, encoding="utf-8", newline="")
    monkeypatch.setenv("COURSE_DATA_DIR", str(small))
    with pytest.raises(ValueError, match=said) as caught:
        load_movies("mpst")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("load", [lambda: load_ratings("movielens"), lambda: load_movies("mpst")])
def test_absent_data_name_the_command_that_fetches_them(small, load):
    with pytest.raises(FileNotFoundError, match="python3 -m helpers fetch"):
        load()


def test_an_unknown_name_is_told():
    with pytest.raises(ValueError, match="choose course or movielens"):
        load_ratings("netflix")


# ---- fetching ----------------------------------------------------------------------------------------------------


def test_the_first_address_is_https():
    for source in fetch.SOURCES.values():
        assert source.urls[0].startswith("https://")


def test_fetch_tries_the_next_address_and_its_files_load(small, monkeypatch, capsys):
    with served(
        {"/gone": (404, b"", 0), "/half": (200, MOVIELENS_ZIP[:90], len(MOVIELENS_ZIP)), "/good": whole(MOVIELENS_ZIP)}
    ) as (root, calls):
        sources(monkeypatch, "movielens", f"{root}/gone", f"{root}/half", f"{root}/good")
        monkeypatch.setattr(command_line.bootstrap, "ensure", lambda tests: None)
        assert command_line.main(["fetch", "movielens"]) == 0
        assert calls == ["/gone", "/half", "/good"]
        assert 'load_ratings("movielens")' in capsys.readouterr().out
        assert len(load_ratings("movielens")) == 2
        assert command_line.main(["fetch", "movielens"]) == 0
        assert len(calls) == 3  # what is whole is not fetched again
    assert [path.name for path in cache_folder().iterdir()] == ["ml-latest-small"]


def test_fetch_replaces_what_is_not_whole(small, monkeypatch):
    write_movielens(cache_folder() / "ml-latest-small", ratings=RATINGS[:60])
    with served({"/": whole(MOVIELENS_ZIP)}) as (root, _):
        sources(monkeypatch, "movielens", f"{root}/")
        fetch.fetch("movielens")
    assert len(load_ratings("movielens")) == 2


def test_fetch_mpst(small, monkeypatch):
    body = zipped({"mpst_full_data.csv": MPST, "partition.json": "{}"})
    with served({"/": whole(body)}) as (root, _):
        sources(monkeypatch, "mpst", f"{root}/")
        assert fetch.fetch("mpst") == cache_folder() / "mpst_full_data.csv"
    assert len(load_movies("mpst")) == 2


BROKEN = {
    "cut off": ((200, MOVIELENS_ZIP[:200], len(MOVIELENS_ZIP)), "broke off after 200 of"),
    "cut off, length unknown": ((200, MOVIELENS_ZIP[:200], None), "not a whole zip"),
    "a page instead": (whole(b"<html>please log in</html>"), "not a whole zip"),
    "forbidden": ((403, b"", 0), "403"),
    "escapes": (whole(zipped({"../ratings.csv": RATINGS})), "leaves its folder"),
    "absolute": (whole(zipped({"/etc/ratings.csv": RATINGS})), "leaves its folder"),
    "on a drive": (whole(zipped({"C:\\ratings.csv": RATINGS})), "leaves its folder"),
    "incomplete": (whole(zipped({"x/ratings.csv": RATINGS, "x/links.csv": LINKS})), "holds no movies.csv"),
    "truncated inside": (
        whole(zipped({"x/ratings.csv": RATINGS[:70], "x/links.csv": LINKS, "x/movies.csv": MOVIES})),
        "expected 3 by 2",
    ),
}


@pytest.mark.parametrize(("answer", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_download_leaves_nothing_behind(small, monkeypatch, answer, said):
    with served({"/": answer}) as (root, _):
        sources(monkeypatch, "movielens", f"{root}/")
        with pytest.raises(OSError, match=said) as caught:
            fetch.fetch("movielens")
    assert "By hand: download it from https://" in str(caught.value)
    assert list(cache_folder().iterdir()) == []
    assert not (small / "ratings.csv").exists()


def test_a_damaged_byte_in_the_archive_is_noticed(small, monkeypatch):
    body = bytearray(MOVIELENS_ZIP)
    body[70] ^= 0xFF
    with served({"/": whole(bytes(body))}) as (root, _):
        sources(monkeypatch, "movielens", f"{root}/")
        with pytest.raises(OSError, match="not a whole zip"):
            fetch.fetch("movielens")


def test_a_server_that_stalls_or_trickles_is_given_up(small, monkeypatch, tmp_path):
    release = threading.Event()

    class Stalling(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not release.wait(0.02):
                    if self.path == "/trickle":
                        self.wfile.write(b"x")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stalling)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}"
    try:
        monkeypatch.setattr(fetch, "TIMEOUT", 0.2)
        with pytest.raises(OSError, match="timed out"):
            fetch.download(f"{root}/stall", tmp_path / "download")
        monkeypatch.setattr(fetch, "TIME_LIMIT", 0.3)
        with pytest.raises(OSError, match="not done after"):
            fetch.download(f"{root}/trickle", tmp_path / "download")
        monkeypatch.setattr(fetch, "TIME_LIMIT", 60)
        monkeypatch.setattr(fetch, "MAX_BYTES", 5)
        with pytest.raises(OSError, match="more than 5 bytes"):
            fetch.download(f"{root}/trickle", tmp_path / "download")
    finally:
        release.set()
        server.shutdown()
        server.server_close()


def test_no_server_at_all_is_one_clear_line(small, monkeypatch, capsys):
    sources(monkeypatch, "mpst", "http://127.0.0.1:9/nothing")
    monkeypatch.setattr(command_line.bootstrap, "ensure", lambda tests: None)
    assert command_line.main(["fetch", "mpst"]) == 1
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "Could not fetch mpst" in said
