"""Processes that tests start: wait for them without a clock, and see whether they are gone."""

import os
import time
from pathlib import Path


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
