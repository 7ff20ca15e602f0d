"""The vector engine, in a file and over TCP. No child process outlives its test; time limits are those of pytest."""

import contextlib
import itertools
import json
import re
import socket
import subprocess
import sys
import time
from concurrent import futures

import numpy as np
import pandas as pd
import pytest
import tqdm
import yaml
from processes import a_free_port

from helpers.course import bootstrap
from helpers.data import load_movies, load_vectors
from helpers.scale import engine
from helpers.scale.engine import VectorEngine, filter_expression
from helpers.search.index import NeighborIndex

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

PATIENCE = 600  # seconds that a call may take where its time is not what is tested: as many as pytest gives a test
COLLECTIONS = itertools.count()  # on the server that the tests share, each has one of its own
MANUAL = bootstrap.ROOT / "tools" / "milvus"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setitem(VectorEngine.__init__.__kwdefaults__, "timeout", PATIENCE)


@pytest.fixture(scope="module")
def movies():
    return load_movies()[:300]


@pytest.fixture(scope="module")
def vectors(movies):
    return load_vectors(movies)


@pytest.fixture
def films():
    """Four films as a catalogue might have them, with their vectors."""
    table = pd.DataFrame(
        {
            "title": ["One", 'Two "or" so', "Three", "Four"],
            "year": [1989, 1990, np.nan, 2000],
            "genres": ["Drama|War", "Star Wars", None, "100% true|Drama"],
        },
        index=pd.Index([10, 20, 30, 40], name="movie_id"),
    )
    return np.array([[1, 0, 0], [0.9, 0.1, 0], [0.8, 0, 0.2], [0, 0, 1]], dtype=np.float32), table


@contextlib.contextmanager
def running(*command):
    """A child process that never outlives the test."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([sys.executable, *map(str, command)], cwd=bootstrap.ROOT, **pipes) as child:
        try:
            yield child
        finally:
            child.kill()
            child.wait()


@contextlib.contextmanager
def tcp_server(folder):
    """``milvus-lite server`` as a process of its own; gives it and its address."""
    port = a_free_port()
    options = ["--data-dir", folder, "--host", "127.0.0.1", "--port", port]
    with running("-m", "milvus_lite", "server", *options) as child:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert child.poll() is None, child.stdout.read()
                time.sleep(0.05)
        yield child, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with tcp_server(tmp_path_factory.mktemp("server")) as (_, address):
        yield address


@pytest.fixture(params=["file", "tcp"])
def uri(request, tmp_path):
    return tmp_path / "films.db" if request.param == "file" else request.getfixturevalue("server")


@pytest.fixture
def opened(uri):
    """Open engines on a collection that no other test uses; close them in the end."""
    name = f"films_{next(COLLECTIONS)}"
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(VectorEngine(uri, name, **{"timeout": PATIENCE, **options}))


# ---- in a file and over TCP --------------------------------------------------------------------------------------


@pytest.mark.speed
def test_on_few_films_one_product_is_faster(opened, movies, vectors):
    engine, index = opened(), NeighborIndex(vectors, movies.index)
    engine.build(vectors, movies, progress=False)
    seconds = {}
    for name, search in (("engine", engine.search), ("product", index.search)):
        search(vectors[0])
        begin = time.perf_counter()
        for query in vectors[:10]:
            search(query)
        seconds[name] = time.perf_counter() - begin
    assert seconds["engine"] > 2 * seconds["product"]


def test_it_finds_what_exact_search_finds(opened, movies, vectors):
    exact = NeighborIndex(vectors, movies.index).search(vectors, 10)
    found = opened()
    assert found.build(vectors, movies, progress=False) == len(movies)
    ids, similarities = found.search(vectors, 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, exact[0], strict=True)])
    assert recall == 1
    assert (ids == exact[0]).mean() > 0.999  # the order of neighbors whose cosines differ by less than rounding
    assert np.allclose(similarities, exact[1], atol=1e-5)
    assert ids.dtype == np.int64
    assert similarities.dtype == np.float32


@pytest.mark.parametrize(("years", "genres"), [((1990, 1999), None), (None, ["Drama", "War"]), ((None, 1980), "Crime")])
def test_filters_leave_the_films_that_pandas_leaves(opened, movies, vectors, years, genres):
    found = opened()
    found.build(vectors, movies, progress=False)
    first, last = years or (None, None)
    names = {genres} if isinstance(genres, str) else set(genres or [])
    left = movies["year"].between(first or 0, last or 9999)
    left &= movies["genres"].str.split("|").map(lambda its: not names or bool(names & set(its)))
    wanted = NeighborIndex(vectors, movies.index).search(vectors[:20], 10, where=left.to_numpy())
    assert found.search(vectors[:20], 10, years=years, genres=genres)[0].tolist() == wanted[0].tolist()


def test_films_without_year_or_genre_are_found_unless_a_filter_asks_for_them(opened, films):
    found = opened()
    found.build(*films, progress=False)
    assert found.search([1, 0, 0], 9)[0].tolist() == [10, 20, 30, 40]
    assert found.search([1, 0, 0], 9, years=(None, 1999))[0].tolist() == [10, 20]
    assert found.search([1, 0, 0], 9, genres="War")[0].tolist() == [10]
    assert found.search([1, 0, 0], 9, genres=["War", "Star Wars"], without=[10])[0].tolist() == [20]
    assert found.search([1, 0, 0], 9, years=(1800, 1801))[0].shape == (0,)
    assert found.search(np.eye(3), 9, years=(1800, 1801))[0].shape == (3, 0)


HOSTILE = [
    'Drama" or year > 0 or "',
    "Drama' or true",
    "Dram\\",
    "%",
    "Dr_ma",
    "|",
    "\n",
    "драма",
    "a=b",
    "🎬",
    "=000041",
]


def test_no_genre_breaks_out_of_its_filter_or_acts_as_a_wildcard(opened):
    names = [name for name in HOSTILE if name.strip(" |\n")]
    table = pd.DataFrame({"title": names, "genres": [f"{name}|Drama" for name in names]}, index=range(len(names)))
    found = opened()
    found.build(np.ones((len(names), 3)), table, progress=False)
    for place, name in enumerate(names):
        assert found.search([1, 1, 1], 99, genres=[name])[0].tolist() == [place], name
    assert found.search([1, 1, 1], 99, genres=["Drama|%"])[0].tolist() == []
    assert found.search([1, 1, 1], 99, genres=["Drama"])[0].tolist() == list(range(len(names)))
    assert found.get(range(len(names)))["genres"].tolist() == table["genres"].tolist()


def test_equal_neighbors_come_by_id_however_many_there_are(opened):
    ids = np.random.default_rng(1).permutation(150)
    table = pd.DataFrame({"title": "Copy"}, index=ids)
    found = opened()
    found.build(np.tile([[1.0, 2.0, 3.0]], (150, 1)), table, progress=False)
    assert found.search([1, 2, 3], 7)[0].tolist() == list(range(7))
    assert found.search([1, 2, 3], 7, without=range(5))[0].tolist() == list(range(5, 12))


def test_films_are_added_replaced_and_deleted_by_id(opened, films):
    vectors, table = films
    found = opened()
    assert found.count() == 0
    found.build(vectors[:2], table[:2], progress=False)
    found.upsert(vectors[1:], table[1:].assign(title=["Second", "Three", "Four"]))
    assert found.count() == 4
    found.delete([10, 999])
    assert found.count() == 3
    assert found.get([40, 10, 20])["title"].to_dict() == {40: "Four", 20: "Second"}
    assert np.isnan(found.get([30])["year"][30])
    found.upsert(vectors[3:], table[1:2])
    assert found.search([0, 0, 1], 1)[0].tolist() == [20]
    found.drop()
    assert found.count() == 0


def test_building_again_writes_only_what_has_changed(opened, films):
    vectors, table = films
    found = opened()
    assert found.build(vectors, table, progress=False) == 4
    assert found.build(vectors, table, progress=False) == 0
    assert opened().build(vectors * 2, table, progress=False) == 0
    assert found.build(vectors, table.assign(year=[1989, 1990, 1991, 2000]), progress=False) == 1
    assert found.build(vectors[[1, 0, 2, 3]], table, progress=False) == 3
    assert found.count() == 4


def test_an_interrupted_build_goes_on_where_it_stopped(opened, movies, vectors, monkeypatch):
    found, call = opened(), VectorEngine._call
    written = []

    def interrupted(self, method, *arguments, **options):
        if method == "upsert" and len(written) == 2:
            raise KeyboardInterrupt
        if method == "upsert":
            written.append(len(arguments[1]))
        return call(self, method, *arguments, **options)

    monkeypatch.setattr(VectorEngine, "_call", interrupted)
    monkeypatch.setattr(engine, "BATCH", 100)
    with pytest.raises(KeyboardInterrupt):
        found.build(vectors, movies, progress=False)
    monkeypatch.undo()
    found.close()
    again = opened()
    assert again.count() == 200
    assert again.build(vectors, movies, progress=False) == len(movies) - 200
    assert again.search(vectors[-1], 1)[0].tolist() == [movies.index[-1]]


def test_vectors_of_another_width_are_refused_in_one_line(opened, films):
    vectors, table = films
    opened().build(vectors, table, progress=False)
    found = opened()
    for write in (found.upsert, found.build):
        with pytest.raises(ValueError, match=r"holds vectors of 3 numbers, not 2\. Take another collection, or drop"):
            write(vectors[:, :2] + 1, table)
    with pytest.raises(ValueError, match=r"the query has \(2,\) numbers, the collection 3"):
        found.search([1, 2])


def test_a_collection_of_something_else_is_refused(opened, films):
    found = opened()
    found._client.create_collection(found.collection, dimension=3, timeout=PATIENCE)
    with pytest.raises(ValueError, match="has no field 'movie_id': it does not hold films"):
        found.build(*films, progress=False)


def test_what_is_not_there_or_closed_is_said_in_one_line(opened, films):
    found = opened()
    for use in (lambda: found.search([1, 0, 0]), lambda: found.upsert(*films), lambda: found.delete([1])):
        with pytest.raises(LookupError, match=r"has no collection 'films_\d+'. Make it: build"):
            use()
    found.close()
    found.close()
    with pytest.raises(ValueError, match="this engine is closed"):
        found.count()


BAR = tqdm.tqdm


def test_progress_goes_to_standard_error_and_nothing_to_standard_output(opened, films, capfd, monkeypatch):
    monkeypatch.setattr(tqdm, "tqdm", lambda *items, **options: BAR(*items, **{**options, "delay": 0}))
    found = opened()
    found.build(*films)
    found.search([1, 0, 0])
    out, err = capfd.readouterr()
    assert out == ""
    assert "4/4" in err
    found.build(*films, progress=False)
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def calls(monkeypatch):
    """What is called of the client: name and options, in order."""
    made, call = [], VectorEngine._call

    def recorded(self, method, *arguments, **options):
        made.append((method, options))
        return call(self, method, *arguments, **options)

    monkeypatch.setattr(VectorEngine, "_call", recorded)
    return made


def test_the_settings_of_a_cluster_are_passed_on_and_do_no_harm_where_there_is_none(opened, films, calls):
    found = opened(token="root:secret", shards=2, replicas=2, consistency="Bounded")
    found.build(*films, progress=False)
    assert found.search([1, 0, 0], 2)[0].tolist() == [10, 20]
    options = {name: value for _, each in calls for name, value in each.items()}
    assert (options["num_shards"], options["consistency_level"]) == (2, "Bounded")


def test_films_are_moved_from_the_log_after_a_build_and_after_many_upserts(opened, films, calls, monkeypatch):
    monkeypatch.setattr(engine, "LOOSE", 8)
    found = opened()

    def moved(write):
        calls.clear()
        write()
        return [name for name, _ in calls].count("flush")

    moved(lambda: found.build(films[0][:1], films[1][:1], progress=False))
    assert moved(lambda: found.build(*films, progress=False)) == 1
    assert moved(lambda: found.build(*films, progress=False)) == 0
    assert [moved(lambda: found.upsert(*films)) for _ in range(4)] == [0, 1, 0, 1]


def test_a_proxy_of_the_network_is_not_asked_for_this_machine(opened, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{a_free_port()}")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert opened(retries=0).count() == 0


# ---- input that means nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v, t: (v[:3], t), "3 vectors for 4 films"),
        (lambda v, t: (v * 0, t), "row 0 is all zeros"),
        (lambda v, t: (np.where(v == 1, np.nan, v), t), "row 0 .* NaN"),
        (lambda v, t: (v, t.drop(columns="title")), r"column 'title' is missing \(found: year, genres\)"),
        (lambda v, t: (v, t.set_axis([1, 2, 2, 4])), "movie_id 2 comes more than once"),
        (lambda v, t: (v, t.set_axis(list("abcd"))), "movie_id, whole numbers"),
        (lambda v, t: (v, t.assign(title="x" * 70_000)), "movie_id 10: title is longer than 65,535 bytes"),
    ],
)
def test_films_that_cannot_be_stored_are_refused(tmp_path, films, change, message):
    with VectorEngine(tmp_path / "films.db") as found, pytest.raises(ValueError, match=message):
        found.build(*change(*films), progress=False)


@pytest.mark.parametrize("filters", [{"genres": []}, {"genres": ["  "]}, {"genres": [7]}, {"without": ["1 or true"]}])
def test_a_filter_that_means_nothing_is_refused(filters):
    with pytest.raises(ValueError, match="search: "):
        filter_expression(**filters)


@pytest.mark.parametrize("years", [(1999, 1990), 1990, (1990,), (1990.5, 1999), ("1990", "1999"), (1, 2, 3)])
def test_years_that_are_no_years_are_refused(years):
    with pytest.raises(ValueError, match=re.escape(f"search: years is {years!r}")):
        filter_expression(years=years)


def test_a_filter_reads_like_a_sentence_and_holds_only_harmless_characters():
    assert filter_expression() == filter_expression(without=[]) == ""
    assert filter_expression(years=(1990, np.int64(1999)), genres="Drama") == (
        'year >= 1990 and year <= 1999 and (genres like "%|Drama|%")'
    )
    assert filter_expression(genres=["Drama", "Sci-Fi"], without=[3, 4]) == (
        '(genres like "%|Drama|%" or genres like "%|Sci-Fi|%") and movie_id not in [3, 4]'
    )
    for name in HOSTILE:
        if name.strip():
            assert re.fullmatch(r'\(genres like "%\|[A-Za-z0-9 =-]*\|%"\)', filter_expression(genres=name)), name


@pytest.mark.parametrize("k", [0, 2.5, 16_385])
def test_k_out_of_range_is_refused(tmp_path, films, k):
    with VectorEngine(tmp_path / "films.db") as found:
        found.build(*films, progress=False)
        with pytest.raises(ValueError, match=f"k is {k}"):
            found.search([1, 0, 0], k)


def test_an_address_or_a_name_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="neither a file .*db nor an address"):
        VectorEngine("localhost:19530")
    with pytest.raises(ValueError, match="'my films' is not made of letters"):
        VectorEngine(tmp_path / "films.db", "my films")
    (tmp_path / "other.db").write_text("SQLite format 3")
    with pytest.raises(ValueError, match=r"other\.db is a file of another kind"):
        VectorEngine(tmp_path / "other.db")


# ---- the file, and who holds it ----------------------------------------------------------------------------------


def test_the_default_file_is_in_the_courses_cache(course_folder):
    with VectorEngine() as found:
        assert found.count() == 0
        assert found.collection == "movies"
    assert (course_folder / "cache" / "course.db").is_dir()


def test_engines_of_one_process_share_the_file_until_the_last_is_closed(tmp_path, films):
    first, second = VectorEngine(tmp_path / "films.db"), VectorEngine(tmp_path / "films.db")
    first.build(*films, progress=False)
    first.close()
    assert second.count() == 4
    del second
    assert not engine._FILES


OPEN_TWICE = """
import sys
from helpers.scale.engine import VectorEngine
for line in sys.stdin:
    try:
        found = VectorEngine(sys.argv[1], "films", timeout=600)
        print(found.count(), found.search([1, 0, 0], 2)[0].tolist(), flush=True)
    except OSError as error:
        print(error, flush=True)
"""


def test_another_process_is_told_that_the_file_is_in_use_and_gets_it_once_it_is_closed(tmp_path, films):
    path = tmp_path / "films.db"
    with running("-W", "error", "-c", OPEN_TWICE, path) as child:
        with VectorEngine(path, "films") as found:
            found.build(*films, progress=False)
            child.stdin.write("try\n")
            child.stdin.flush()
            said = child.stdout.readline()
        assert said == f"{path} is open in another program or notebook. Close it there: engine.close()\n"
        out, _ = child.communicate("try\n")
        assert out == "4 [10, 20]\n"  # and nothing else, on standard error neither: no logs, no warnings
        assert child.returncode == 0


UPSERT = """
import sys
import numpy as np, pandas as pd
from helpers.scale.engine import VectorEngine
found = VectorEngine(sys.argv[1], "films", timeout=600)
first = pd.DataFrame({"title": ["first"]}, index=[0])
found.build([[1, 0.0]], first, progress=False)
for start in range(1, 100_000, 50):
    ids = np.arange(start, start + 50)
    films = pd.DataFrame({"title": [f"film {i}" for i in ids]}, index=ids)
    found.upsert(np.column_stack([ids, np.ones(50)]), films)
    print(ids[-1], flush=True)
"""


def assert_all_there(uri, last):
    with VectorEngine(uri, "films", timeout=PATIENCE) as found:
        ids = range(1, last + 1)
        assert found.count() >= last + 1
        assert found.get(ids)["title"].tolist() == [f"film {i}" for i in ids]
        assert found.search([last, 1], 1)[1][0] == pytest.approx(1)


def test_what_was_acknowledged_is_there_after_kill_9(tmp_path):
    with running("-c", UPSERT, tmp_path / "films.db") as child:
        acknowledged = [int(child.stdout.readline()) for _ in range(25)]
        child.kill()
        child.wait()
        rest = child.stdout.read().split("\n")[:-1]  # Python 3.14 also says that the killed child left a semaphore
        acknowledged += [int(line) for line in rest if line.isdecimal()]
    assert len(acknowledged) >= 25
    assert_all_there(tmp_path / "films.db", acknowledged[-1])


def test_what_a_server_acknowledged_is_there_after_kill_9(tmp_path):
    with tcp_server(tmp_path / "films.db") as (server, address), VectorEngine(address, "films", retries=0) as found:
        found.build([[1, 0.0]], pd.DataFrame({"title": ["first"]}, index=[0]), progress=False)
        for start in range(1, 301, 50):
            ids = np.arange(start, start + 50)
            table = pd.DataFrame({"title": [f"film {i}" for i in ids]}, index=ids)
            found.upsert(np.column_stack([ids, np.ones(50)]), table)
        server.kill()
        server.wait()
        with pytest.raises(ConnectionError, match=r"cannot be reached \(1 attempts\)"):
            found.count()
    assert_all_there(tmp_path / "films.db", 300)


# ---- servers that fail -------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(engine, "PAUSES", (0.01, 0.02))


def test_a_server_that_is_not_there_is_said_in_one_line(quick):
    address = f"http://127.0.0.1:{a_free_port()}"
    with pytest.raises(ConnectionError) as caught:
        VectorEngine(address.replace("//", "//root:secret@"), retries=2, timeout=PATIENCE)
    assert str(caught.value) == (
        f"{address} cannot be reached (3 attempts). Is the server running, and is the address right?"
    )


def test_a_server_that_listens_and_never_answers_runs_into_the_time_limit():
    told = pytest.raises(TimeoutError, match="connecting took longer than 0.5 s")
    with socket.create_server(("127.0.0.1", 0)) as mute, told:
        VectorEngine(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.5)


@pytest.fixture
def failing():
    """A server that answers with the statuses it is given, then as a Milvus without collections."""
    import grpc
    from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc

    class Server(milvus_pb2_grpc.MilvusServiceServicer):
        statuses, asked = [], 0

        def Connect(self, request, context):  # noqa: N802
            return milvus_pb2.ConnectResponse(status=common_pb2.Status())

        def GetVersion(self, request, context):  # noqa: N802
            self.asked += 1
            if self.statuses:
                context.abort(getattr(grpc.StatusCode, self.statuses.pop(0)), "for the test")
            return milvus_pb2.GetVersionResponse(status=common_pb2.Status(), version="v3")

    fake, pool = Server(), futures.ThreadPoolExecutor(2)
    fake.statuses = []
    server = grpc.server(pool)
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(fake, server)
    fake.uri = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield fake
    server.stop(0).wait()
    pool.shutdown()


def test_a_refused_token_is_not_tried_again(failing):
    failing.statuses = ["UNAUTHENTICATED"] * 9
    with pytest.raises(PermissionError, match="refuses the token. Set token='user:password'"):
        VectorEngine(failing.uri, timeout=PATIENCE)
    assert failing.asked == 1


def test_other_failures_are_told_with_what_the_server_says_and_not_tried_again(failing):
    failing.statuses = ["INVALID_ARGUMENT"] * 9
    with pytest.raises(OSError, match="get_server_version failed: for the test$"):
        VectorEngine(failing.uri, timeout=PATIENCE)
    assert failing.asked == 1


def test_a_lost_connection_is_tried_again_with_pauses_that_grow(monkeypatch):
    import grpc
    from pymilvus import MilvusException

    pauses, outcomes = [], [grpc.StatusCode.UNAVAILABLE] * 3
    monkeypatch.setattr(engine.time, "sleep", pauses.append)

    def call():
        if outcomes:
            raise MilvusException(outcomes.pop(), "lost")
        return "done"

    found = VectorEngine.__new__(VectorEngine)
    found.uri, found.retries, found.timeout = "http://somewhere", 5, 1
    assert found._patiently("testing", call) == "done"
    assert len(pauses) == 3
    assert all(0.5 * whole <= pause <= whole for pause, whole in zip(pauses, [0.25, 0.5, 1], strict=True))


def test_pauses_double_up_to_a_limit_and_differ_between_clients():
    assert all(4 <= engine.pause(attempt) <= 8 for attempt in (5, 6, 50, 1000))
    assert len({engine.pause(3) for _ in range(20)}) > 1


def test_a_server_that_was_started_again_is_found_again_and_loads_its_collection(tmp_path, films, quick):
    from milvus_lite.adapter.grpc.server import start_server_in_thread

    server, database, port = start_server_in_thread(str(tmp_path / "films.db"))
    with VectorEngine(f"http://127.0.0.1:{port}", timeout=PATIENCE, retries=100_000) as found:
        found.build(*films, progress=False)
        for _ in range(2):
            server.stop(0).wait()
            database.close()
            server, database, port = start_server_in_thread(str(tmp_path / "films.db"), port=port)
            assert found.search([1, 0, 0], 2)[0].tolist() == [10, 20]
    server.stop(0).wait()
    database.close()


# ---- packages, and the manual of the server ----------------------------------------------------------------------


def test_without_pymilvus_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    import tomllib

    project = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["engine"] == engine.PACKAGES
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(ImportError, match=re.escape('pip install "pymilvus>=3.0,<4" "milvus-lite>=3.2,<4"')):
        VectorEngine(tmp_path / "films.db")


def test_the_compose_file_pins_its_images_and_listens_on_this_machine_alone():
    services = yaml.safe_load((MANUAL / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert set(services) == {"etcd", "minio", "milvus"}
    for name, service in services.items():
        assert re.search(r":v?\w*[\d.]+[\w.-]*$", service["image"]), name
        assert "latest" not in service["image"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert service["healthcheck"]["test"]
        assert service["volumes"]
    assert [name for name, service in services.items() if "ports" in service] == ["milvus"]


def test_the_compose_file_holds_no_password():
    services = yaml.safe_load((MANUAL / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    secrets = {
        key: value
        for service in services.values()
        for key, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|KEY", key)
    }
    assert len(secrets) == 4
    assert all(re.fullmatch(r"\$\{\w+:\?.+\}", value) or value == "milvus" for value in secrets.values()), secrets
    assert json.dumps(services).count("minioadmin") == 0
