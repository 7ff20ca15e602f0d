"""The app's server by raw requests: who is answered, how many copies there are, where it listens, when kernels end."""

import asyncio
import contextlib
import datetime
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
import uuid

import psutil
import pytest
from browser import serve
from processes import a_free_port
from tornado.web import HTTPError

from helpers.app import server
from helpers.app.server import SETTINGS, Server, bound
from helpers.course import bootstrap

NOTEBOOK = bootstrap.ROOT / "helpers" / "app" / "recommender.ipynb"
FOREIGN = ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example:{port}", "10.0.0.7"]
OWN = ["127.0.0.1:{port}", "localhost:{port}", "localhost", "LocalHost:{port}", "[::1]:{port}"]
KERNEL, TOKEN = re.compile(r'"kernelId": "([\w-]+)"'), re.compile("_xsrf=([^;]+)")
SOCKET = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


def port_of(address):
    return int(re.search(r":(\d+)/", address)[1])


@contextlib.contextmanager
def answer(port, path="/", method="GET", **headers):
    """Give the answer to a raw request; headers by name, with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    named = {name.replace("_", "-"): value.format(port=port) for name, value in headers.items()}
    connection.request(method, path, headers=named)
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def status(*arguments, **headers):
    with answer(*arguments, **headers) as found:
        return found.status


@pytest.fixture(scope="module")
def running():
    """A server that allows one copy of the app, and its port."""
    with serve("demo", "--port", a_free_port(), "--max-kernels", 1) as (process, address):
        yield process, port_of(address)


@pytest.fixture(scope="module")
def opened(running):
    """The port, and the page of the only copy."""
    _, port = running
    with answer(port) as found:
        assert found.status == 200
        return port, found.read().decode()


@pytest.fixture(scope="module")
def kernel(opened):
    """The port, and the kernel of the only copy."""
    port, page = opened
    return port, KERNEL.search(page)[1]


# ---- who is answered -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/?a=b", "/voila/static/voila.js", "/api/kernels/a-b-c-d-e", "/voila/files/x.png"]
)
@pytest.mark.parametrize("host", FOREIGN)
def test_whoever_calls_this_machine_by_a_foreign_name_is_refused(running, host, path):
    _, port = running
    with answer(port, path, Host=host) as found:
        assert found.status == 403
        assert f"open http://127.0.0.1:{port}/" in found.read().decode()


@pytest.mark.parametrize("host", OWN)
def test_this_machines_own_names_are_answered(running, host):
    _, port = running
    assert status(port, "/voila/static/voila.js", Host=host) == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_a_kernel_opens_no_socket_under_a_foreign_name(kernel, host):
    port, name = kernel
    path = f"/api/kernels/{name}/channels"
    assert status(port, path, Host=host, Origin=f"http://{host}", **SOCKET) == 403


def test_a_kernel_opens_a_socket_for_its_own_page_and_for_no_other_site(kernel):
    port, name = kernel
    path = f"/api/kernels/{name}/channels"
    assert status(port, path, Host="127.0.0.1:{port}", Origin="http://127.0.0.1:{port}", **SOCKET) == 101
    assert status(port, path, Host="127.0.0.1:{port}", Origin="http://evil.example", **SOCKET) == 403


def test_another_template_which_might_ask_other_hosts_cannot_be_asked_for(running):
    settings = SETTINGS["VoilaConfiguration"]
    assert settings["allow_template_override"] == "NO"


def test_the_page_names_no_file_of_another_host(opened):
    _, page = opened
    assert re.findall(r"""(?:src|href|import|url)\W{0,3}["'(]+(?:https?:)?//[^"')]*""", page) == []


# ---- where it listens ------------------------------------------------------------------------------------------------


def test_it_binds_to_this_machine_alone():
    with bound(a_free_port()) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, not all of 127.0.0.0/8 is this machine")
def test_it_takes_no_connection_to_another_address(running):
    _, port = running
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port))


def test_two_at_once_say_where_each_of_them_listens():
    wanted = a_free_port()
    with serve("demo", "--port", wanted) as (one, first), serve("demo", "--port", wanted) as (other, second):
        assert first != second
        for process, address in ((one, first), (other, second)):
            port, said = port_of(address), "".join(process.said)
            assert (f"Port {wanted} is taken; using {port}." in said) == (port != wanted)
            assert status(port, "/voila/static/voila.js") == 200


def test_without_any_free_port_it_says_so_in_one_line(monkeypatch):
    monkeypatch.setattr(server, "PORTS", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SystemExit, match="no port from .* is free; name another one with --port"):
            bound(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.csv", None, "gone.csv"),
        ("empty.csv", "", "empty.csv"),
        ("columns.csv", "name,text\nRed lamp,A lamp.\n", "about"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line_before_anything_is_served(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    options = ["--csv", str(tmp_path / name), "--title-column", "name", "--text-column", "about", "--no-browser"]
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "demo", *options], cwd=bootstrap.ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr
    assert "http://" not in done.stderr


# ---- how many copies -------------------------------------------------------------------------------------------------


def test_one_copy_too_many_is_refused_in_words_until_a_tab_is_closed():
    with serve("demo", "--port", a_free_port(), "--max-kernels", 1) as (_, address):
        port = port_of(address)
        with answer(port) as found:
            kernel, token = KERNEL.search(found.read().decode())[1], TOKEN.search(found.getheader("Set-Cookie"))[1]
        with answer(port) as found:
            assert found.status == 503
            page = found.read().decode()
        assert "This machine already runs 1 copy of the app" in page
        assert "Close a tab of the app, and it opens here on its own." in page
        assert "setTimeout(() => location.reload()" in page
        assert "//" not in page
        path, own = f"/voila/api/shutdown/{kernel}?_xsrf={token}", "http://127.0.0.1:{port}"
        assert status(port, path, "POST", Origin=own) == 403  # without the cookie
        assert status(port, path, "POST", Cookie=f"_xsrf={token}", Origin="http://evil.example") == 404
        assert status(port, path, "POST", Cookie=f"_xsrf={token}", Origin=own) == 204
        assert status(port) == 200


def test_a_page_that_is_left_before_it_is_whole_gives_its_place_back(tmp_path):
    startup, left = tmp_path / "profile_default" / "startup", tmp_path / "left"
    startup.mkdir(parents=True)
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(left)!r}).exists(): time.sleep(0.02)"
    (startup / "kernel.py").write_text(wait, encoding="utf-8")  # so no page is whole before
    with serve("demo", "--port", a_free_port(), "--max-kernels", 1, IPYTHONDIR=str(tmp_path)) as (process, address):
        port = port_of(address)
        with answer(port) as found:
            assert found.read(100)
        left.touch()
        while status(port) == 503:
            time.sleep(0.1)
        assert [line for line in process.said if not line.startswith(("The demo: ", "503 "))] == []


def test_a_visit_and_a_tab_of_an_earlier_demo_print_nothing_but_what_was_refused(running, opened):
    process, port = running
    own = "http://127.0.0.1:{port}"
    assert status(port, f"/api/kernels/{uuid.uuid4()}/channels", Host="127.0.0.1:{port}", Origin=own, **SOCKET) == 404
    assert [line for line in process.said if not line.startswith(("The demo: ", "403 ", "503 "))] == []


@pytest.fixture
def kernels(tmp_path, request):
    """The kernels of a server that does not listen, as its settings make them; none waits unless that is asked for."""
    before = signal.getsignal(signal.SIGTERM)
    made = Server(config=SETTINGS, connection_dir=str(tmp_path))
    made.initialize([str(NOTEBOOK), "--max-kernels=2", f"--Copies.waits={getattr(request, 'param', False)}"])
    signal.signal(signal.SIGTERM, before)
    return made.init_settings()["kernel_manager"]


def test_of_requests_that_come_together_no_more_get_a_kernel_than_may(kernels):
    async def story():
        asked = [kernels.start_kernel(kernel_name="python3") for _ in range(5)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        await kernels.shutdown_all(now=True)
        return outcomes

    outcomes = asyncio.run(story())
    refused = [outcome for outcome in outcomes if isinstance(outcome, HTTPError)]
    assert [error.status_code for error in refused] == [503] * 3
    assert len(set(outcomes) - set(refused)) == 2


@pytest.mark.parametrize("kernels", [True], indirect=True)
def test_a_kernel_waits_for_the_next_page_while_there_is_room_and_is_not_culled(kernels):
    async def story():
        counts = []
        first = await kernels.start_kernel(kernel_name="python3")
        await kernels._preparing
        waits = kernels._ready
        counts.append(len(kernels))
        kernels.get_kernel(waits).last_activity -= datetime.timedelta(seconds=kernels.cull_idle_timeout + 1)
        await kernels.cull_kernel_if_idle(waits)
        second = await kernels.start_kernel(kernel_name="python3")
        await kernels.cull_kernel_if_idle(second)  # it counts as fresh once it is taken
        await kernels._preparing
        counts.append(len(kernels))
        await kernels.shutdown_all(now=True)
        return first != waits == second, counts

    assert asyncio.run(story()) == (True, [2, 2])


def test_a_page_that_is_loaded_again_has_the_place_of_the_kernel_that_it_leaves(kernels):
    async def story():
        first, _ = [await kernels.start_kernel(kernel_name="python3") for _ in range(2)]
        leaving = asyncio.create_task(kernels.shutdown_kernel(first))
        await asyncio.sleep(0)  # it is told to end, and has not ended yet
        again = await kernels.start_kernel(kernel_name="python3")
        await leaving
        at_last = kernels.list_kernel_ids()
        await kernels.shutdown_all(now=True)
        return again in at_last, first in at_last

    assert asyncio.run(story()) == (True, False)


def test_a_kernel_without_a_tab_ends_after_a_while_and_one_with_a_tab_never(kernels):
    """The clock of the kernels is put back, so that nobody waits."""
    assert 300 <= kernels.cull_idle_timeout <= 1800  # longer than the slowest page takes, shorter than a coffee

    async def story():
        shown, left = [await kernels.start_kernel(kernel_name="python3") for _ in range(2)]
        kernels.notify_connect(shown)
        assert kernels._culler_callback.is_running()
        await kernels.cull_kernels()
        at_first = set(kernels.list_kernel_ids())
        for kernel in (shown, left):
            kernels.get_kernel(kernel).last_activity -= datetime.timedelta(seconds=kernels.cull_idle_timeout + 1)
        await kernels.cull_kernels()
        at_last = set(kernels.list_kernel_ids())
        await kernels.shutdown_all(now=True)
        return at_first == {shown, left}, at_last == {shown}

    assert asyncio.run(story()) == (True, True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_page_is_being_made_ends_its_kernel_too_and_nothing_complains(number):
    command = [sys.executable, "-m", "helpers.app", str(NOTEBOOK), f"--port={a_free_port()}", "--no-browser"]
    with subprocess.Popen(command, cwd=bootstrap.ROOT, stderr=subprocess.PIPE, text=True) as process:
        port = port_of(process.stderr.readline())
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/")
        while not (kernels := psutil.Process(process.pid).children()):
            time.sleep(0.05)
        process.send_signal(number)
        said = process.stderr.read()
        connection.close()
    assert (process.returncode, said) == (0, "")
    psutil.wait_procs(kernels)


def test_somebodys_settings_of_voila_do_not_count(tmp_path, monkeypatch):
    (tmp_path / "voila.json").write_text(json.dumps({"VoilaConfiguration": {"template": "reveal"}}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    made = Server(config=SETTINGS)
    before = signal.getsignal(signal.SIGTERM)
    made.initialize([str(NOTEBOOK)])
    signal.signal(signal.SIGTERM, before)
    assert made.voila_configuration.template == "lab"
