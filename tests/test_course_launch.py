import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from processes import lives, wait_until

from helpers.course import bootstrap, guard, interrupts

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
PROGRAM = """
import os, pathlib, signal, subprocess, sys, time
print("a program with a child of its own", flush=True)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
note = pathlib.Path(sys.argv[1])
note.with_suffix(".part").write_text(f"{os.getpid()} {child.pid}")
note.with_suffix(".part").rename(note)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    time.sleep(0.02)
"""
PARENT = """
import sys
from helpers.course import guard, launch
guard.PATIENCE = {patience}
sys.exit(launch.run_child(["program", *sys.argv[1:]], serves={serves}))
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Start a program by `run_child`, wait until it runs, give its starter, its number and its child's."""
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    started = []

    def start(*arguments, patience=guard.PATIENCE, serves=True):
        note = tmp_path / "note"
        command = [sys.executable, "-P", "-c", PARENT.format(patience=patience, serves=serves), str(note), *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=bootstrap.child_environment(), **pipes)
        started.append(process)
        wait_until(lambda: note.exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        return process, *map(int, note.read_text().split())

    yield start
    for process in started:
        with process:  # which closes its pipe
            process.kill()


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_program_and_its_children_end_with_whoever_started_it(program, name):
    process, number, child = program()
    process.send_signal(getattr(signal, name))
    said = process.communicate()[1]
    wait_until(lambda: not lives(number))
    wait_until(lambda: not lives(child))
    assert said.count("\n") == (1 if name == "SIGINT" else 0), said
    assert process.returncode == {"SIGINT": 0, "SIGTERM": 143, "SIGHUP": 129, "SIGKILL": -9}[name]


@posix
def test_the_starter_waits_for_the_end_of_what_it_started(program):
    process, number, _ = program()
    process.terminate()
    process.wait()
    assert not lives(number)


@posix
def test_a_server_that_nohup_started_outlives_its_terminal():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with guard.program(sys.executable, ["this"], stdout=subprocess.DEVNULL):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_program_that_does_not_end_politely_is_ended_by_force(program, name):
    process, number, child = program("stubborn", patience=0.1)
    process.send_signal(getattr(signal, name))
    process.communicate()
    wait_until(lambda: not lives(number))
    wait_until(lambda: not lives(child))


@posix
def test_ctrl_c_ends_a_server_whose_messages_nobody_reads(program):
    process, number, _ = program()
    process.stderr.close()
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    wait_until(lambda: not lives(number))


@posix
def test_ctrl_c_while_a_job_runs_is_an_interruption_not_its_end(program):
    process, number, _ = program(serves=False)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode not in (0, None)
    wait_until(lambda: not lives(number))


def test_a_program_ends_by_itself_with_its_own_status(tmp_path, monkeypatch):
    (tmp_path / "ends.py").write_text("import sys; print(sys.argv, sys.stdin.read()); sys.exit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with guard.program(sys.executable, ["ends", "a b", "-c"], stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.read()
        process.wait()
    assert process.returncode == 7
    assert re.search(r"'a b', '-c'\]", said)


@posix
@pytest.mark.parametrize(
    ("file", "moment"),
    [
        ("interrupts.py", "import signal"),
        ("commands.py", "import argparse"),
        ("commands.py", "from helpers.course import bootstrap"),
        ("commands.py", "options = top.parse_args"),
    ],
)
def test_ctrl_c_while_the_command_line_loads_is_one_line(file, moment, tmp_path):
    """The signal is sent by the command line itself, right before one of its own lines is run."""
    source = (bootstrap.ROOT / "helpers" / "course" / file).read_text(encoding="utf-8")
    indent, line = re.search(rf"(?m)^( *){re.escape(moment)}", source).group(1), moment
    kill = f"{indent}import os, signal; os.kill(os.getpid(), signal.SIGINT)\n{indent}{line}"
    shutil.copytree(bootstrap.ROOT / "helpers", tmp_path / "helpers")
    changed = source.replace(f"{indent}{line}", kill, 1)
    (tmp_path / "helpers" / "course" / file).write_text(changed, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "helpers", "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.stderr == interrupts.INTERRUPTED + "\n"
    assert done.returncode in (1, -signal.SIGINT)


@posix
def test_ctrl_c_in_a_callback_is_not_lost():
    code = """
import os, signal, sys, time
from helpers.course import interrupts
interrupts.one_line_for_interrupts()
class Fading:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)
Fading()
while True:
    time.sleep(0.02)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=bootstrap.ROOT)
    assert done.stderr == interrupts.INTERRUPTED + "\n"


@posix
@pytest.mark.parametrize("command", [["start"], ["demo"]])
@pytest.mark.parametrize("moment", ["starting", "serving"])
def test_ctrl_c_ends_a_server_in_one_line_and_leaves_nothing(command, moment, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [sys.executable, "-m", "helpers", *command, "--no-browser", "--port", str(port)]
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(
        arguments, cwd=bootstrap.ROOT, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
    )
    started = []
    wait_until(lambda: process.poll() is not None or started.extend(children(process.pid)) or started)
    if moment == "serving":
        wait_until(lambda: process.poll() is not None or listens(port))
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    log.close()
    after = Path(log.name).read_text(encoding="utf-8").splitlines()
    assert after[-1] == "stopped; no server is left running"
    assert "Traceback" not in "\n".join(after)
    assert not re.search("Interrupt|Shutting|Error", "\n".join(after))
    assert not listens(port)
    assert not any(map(lives, started))


def children(number):
    import psutil

    return [child.pid for child in psutil.Process(number).children() if "guard.py" in " ".join(child.cmdline())]


def listens(port):
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@posix
@pytest.mark.parametrize("name", ["SIGKILL", "SIGHUP"])
def test_a_command_that_is_gone_leaves_no_server(name, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [sys.executable, "-m", "helpers", "start", "--no-browser", "--port", str(port)]
    process = subprocess.Popen(arguments, cwd=bootstrap.ROOT, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    wait_until(lambda: process.poll() is not None or listens(port))
    started = children(process.pid)
    process.send_signal(getattr(signal, name))
    process.wait()
    wait_until(lambda: not any(map(lives, started)))
    assert not listens(port)
