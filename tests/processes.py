"""Processes that tests start: wait for them without a clock, and see whether they are gone."""

import os
import socket
import time
from pathlib import Path


def a_free_port():
    """A port of this machine that nobody listens on: two runs of the tests at once never share one."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def wait_until(happens):
    """Ask again and again; the limit is the one that every test has."""
    while not happens():
        time.sleep(0.02)


def lives(number):
    """Tell whether a process is there and is no zombie."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{number}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
