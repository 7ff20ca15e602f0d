"""Real data sets, fetched from a server on this machine: whole, or not at all, and never without end."""

import contextlib
import hashlib
import http.server
import io
import random
import socket
import subprocess
import sys
import threading
import zipfile

import pytest
from small_data import LINKS, MOVIES, MPST, RATINGS, write_movielens

from helpers.course import bootstrap, fetch
from helpers.course import commands as command_line
from helpers.course.bootstrap import ROOT
from helpers.data import MOVIELENS_FILES, file_sha256, load_movies, load_ratings
from helpers.home import cache_folder, course_home


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


MOVIELENS_ZIP = zipped(
    {f"ml-latest-small_data_sets/{n}.csv": t for n, t in (("movies", MOVIES), ("links", LINKS), ("ratings", RATINGS))}
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
            if status == 302:
                self.send_header("Location", body.decode())
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


def sources(monkeypatch, name, *urls, **digests):
    """Let a data set be fetched from servers on this machine, which speak http; its files are small_data_sets ones."""
    source = fetch.SOURCES[name]
    files = {file: digests.get(file.partition(".")[0]) for file in source.files}
    monkeypatch.setitem(fetch.SOURCES, name, source._replace(urls=urls, files=files))
    monkeypatch.setattr(fetch, "SCHEMES", ("http",))


def whole(body):
    return 200, body, len(body)


def test_every_address_is_https():
    for source in fetch.SOURCES.values():
        assert all(url.startswith("https://") for url in source.urls)


def test_fetch_tries_the_next_address_and_its_files_load(small_data_sets, monkeypatch, capsys):
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


def test_fetch_replaces_what_is_not_whole(small_data_sets, monkeypatch):
    write_movielens(cache_folder() / "ml-latest-small", ratings=RATINGS[:60])
    with served({"/": whole(MOVIELENS_ZIP)}) as (root, _):
        sources(monkeypatch, "movielens", f"{root}/")
        fetch.fetch("movielens")
    assert len(load_ratings("movielens")) == 2


def test_fetch_mpst(small_data_sets, monkeypatch):
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
def test_a_broken_download_leaves_nothing_behind(small_data_sets, monkeypatch, answer, said):
    with served({"/": answer}) as (root, _):
        sources(monkeypatch, "movielens", f"{root}/")
        with pytest.raises(OSError, match=said) as caught:
            fetch.fetch("movielens")
    assert "By hand: download it from https://" in str(caught.value)
    assert list(cache_folder().iterdir()) == []
    assert not (small_data_sets / "ratings.csv").exists()


def test_a_damaged_byte_in_the_archive_is_noticed(small_data_sets, monkeypatch):
    body = bytearray(MOVIELENS_ZIP)
    body[70] ^= 0xFF
    with served({"/": whole(bytes(body))}) as (root, _):
        sources(monkeypatch, "movielens", f"{root}/")
        with pytest.raises(OSError, match="not a whole zip"):
            fetch.fetch("movielens")


def test_a_stalling_server_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "SCHEMES", ("http",))
    monkeypatch.setattr(fetch, "TIMEOUT", 0.2)
    with drip(b"HTTP/1.1 200 OK\r\n\r\n", b"") as root, pytest.raises(OSError, match="timed out"):
        fetch.download(root, tmp_path / "download")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["body", "100 Continue", "header", "size of a chunk", "small_data_sets chunks"],
)
def test_a_server_that_trickles_is_given_up(tmp_path, monkeypatch, first, then):
    monkeypatch.setattr(fetch, "SCHEMES", ("http",))
    monkeypatch.setattr(fetch, "TIME_LIMIT", 0.5)
    with drip(first, then) as root, pytest.raises(OSError, match="not done after 0.5 seconds"):
        fetch.download(root, tmp_path / "download")


def test_more_bytes_than_any_data_set_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "SCHEMES", ("http",))
    monkeypatch.setattr(fetch, "MAX_BYTES", 5)
    with drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x") as root, pytest.raises(OSError, match="more than 5 bytes"):
        fetch.download(root, tmp_path / "download")


@contextlib.contextmanager
def drip(first, then):
    """Answer every call with some bytes at once and the same few again and again, until the test is over."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def answer(connection):
        with contextlib.suppress(OSError), connection:
            connection.recv(1 << 16)
            connection.sendall(first)
            while not over.wait(0.02):
                connection.sendall(then)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=[server.accept()[0]], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        over.set()
        server.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.zip", "ftp://127.0.0.1/a.zip", "file:///etc/passwd"])
def test_nothing_but_https_is_asked(tmp_path, url):
    with pytest.raises(OSError, match="only https addresses are"):
        fetch.download(url, tmp_path / "download")
    assert not (tmp_path / "download").exists()


def test_a_redirect_leads_to_no_other_scheme(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "SCHEMES", ("http",))
    with served({"/": (302, b"ftp://127.0.0.1/a.zip", None)}) as (root, _), pytest.raises(OSError, match="only https"):
        fetch.download(f"{root}/", tmp_path / "download")


def test_a_redirect_within_the_scheme_is_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "SCHEMES", ("http",))
    with served({"/": (302, b"/there", None), "/there": whole(b"text")}) as (root, _):
        fetch.download(f"{root}/", tmp_path / "download")
    assert (tmp_path / "download").read_bytes() == b"text"


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2], ids=["lzma", "bzip2"])
def test_other_compressions_are_refused(tmp_path, method):
    (tmp_path / "a.zip").write_bytes(zipped({"a.csv": "x" * 1000}, method))
    with pytest.raises(ValueError, match=f"a.csv is compressed by method {method},"):
        fetch.unpack(tmp_path / "a.zip", ("a.csv",), tmp_path)
    assert not (tmp_path / "a.csv").exists()


def test_a_zip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_BYTES", 5_000)
    (tmp_path / "a.zip").write_bytes(zipped({"a.csv": "x" * 5_001}))
    with pytest.raises(ValueError, match="a.csv would be larger than 5,000 bytes"):
        fetch.unpack(tmp_path / "a.zip", ("a.csv",), tmp_path)


def test_a_zip_bomb_that_lies_about_its_size_writes_no_more_than_it_says(tmp_path):
    body = bytearray(zipped({"a.csv": "x" * 5_000_000}))
    size = (5_000_000).to_bytes(4, "little")
    assert body.count(size) == 2  # before the data, and in the directory at the end
    (tmp_path / "a.zip").write_bytes(bytes(body).replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(ValueError, match="not a whole zip archive"):
        fetch.unpack(tmp_path / "a.zip", ("a.csv",), tmp_path)
    assert (tmp_path / "a.csv").stat().st_size <= 10


def test_a_zip_archive_with_changed_or_lost_bytes_never_raises_anything_else(tmp_path):
    whole_zip, chance = zipped({"x/a.csv": "some text, " * 50, "b.txt": "b"}), random.Random(0)
    for _ in range(1_500):
        body = bytearray(whole_zip)
        for _ in range(chance.randint(1, 3)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        if chance.random() < 0.3:
            del body[chance.randrange(len(body)) :]
        (tmp_path / "a.zip").write_bytes(body)
        with contextlib.suppress(ValueError):
            fetch.unpack(tmp_path / "a.zip", ("a.csv",), tmp_path)
            assert (tmp_path / "a.csv").read_text() == "some text, " * 50


def test_files_that_are_not_the_published_ones_are_refused(small_data_sets, monkeypatch):
    right = hashlib.sha256(RATINGS.encode()).hexdigest()
    with served({"/": whole(MOVIELENS_ZIP)}) as (root, _):
        sources(monkeypatch, "movielens", f"{root}/", ratings=right, movies="0" * 64)
        with pytest.raises(OSError, match="movies.csv is not the published file"):
            fetch.fetch("movielens")
        assert not (cache_folder() / "ml-latest-small").exists()
        sources(monkeypatch, "movielens", f"{root}/", ratings=right)
        fetch.fetch("movielens")


def test_the_known_digests_are_those_of_the_published_files(movielens):
    assert set(fetch.SOURCES["movielens"].files) == set(MOVIELENS_FILES)
    for name, digest in fetch.SOURCES["movielens"].files.items():
        assert file_sha256(movielens / name) == digest


def test_what_a_killed_fetch_left_behind_is_removed_by_the_next(small_data_sets, monkeypatch):
    dies = "lambda url, path: (path.write_text('half'), os._exit(9))"
    code = f"import os; from helpers.course import fetch; fetch.download = {dies}; fetch.fetch('movielens')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert done.returncode == 9
    assert [path.read_text() for path in cache_folder().glob("*/download")] == ["half"]
    with served({"/": whole(MOVIELENS_ZIP)}) as (root, _):
        sources(monkeypatch, "movielens", f"{root}/")
        fetch.fetch("movielens")
    assert [path.name for path in cache_folder().iterdir()] == ["ml-latest-small"]


def test_two_fetches_at_once_wait_for_each_other(small_data_sets, monkeypatch, capsys):
    said = threading.Event()
    monkeypatch.setattr(bootstrap, "say", lambda line: said.set())
    course_home().mkdir(exist_ok=True)
    with served({"/": whole(MOVIELENS_ZIP)}) as (root, calls):
        sources(monkeypatch, "movielens", f"{root}/")
        second = threading.Thread(target=fetch.fetch, args=["movielens"])
        with bootstrap.alone(course_home() / "fetch.lock"):
            second.start()
            assert said.wait(300)
            assert calls == []
        second.join()
        assert calls == ["/"]


def test_no_server_at_all_is_one_clear_line(small_data_sets, monkeypatch, capsys):
    sources(monkeypatch, "mpst", "http://127.0.0.1:9/nothing")
    monkeypatch.setattr(command_line.bootstrap, "ensure", lambda tests: None)
    assert command_line.main(["fetch", "mpst"]) == 1
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "Could not fetch mpst" in said
