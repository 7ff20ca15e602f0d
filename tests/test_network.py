import socket
import subprocess
import sys

import pytest


def test_a_connection_to_elsewhere_is_refused_here_and_in_child_processes():
    with pytest.raises(ConnectionRefusedError, match="without a network"):
        socket.create_connection(("example.org", 443), timeout=2)
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "without a network" in done.stderr


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=2).close()
