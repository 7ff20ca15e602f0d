"""Refuse every connection that leaves this machine. On PYTHONPATH, so that notebook kernels inherit it."""

import socket

LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


def _refuse_remote(address):
    host = address[0] if isinstance(address, tuple) else None
    if host and not str(host).startswith(LOCAL):
        raise ConnectionRefusedError(f"the tests run without a network, and something asked for {host}")


def _guard(method):
    def guarded(self, address, *rest):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_remote(address)
        return method(self, address, *rest)

    return guarded


def _guarded_lookup(host, *rest, _lookup=socket.getaddrinfo, **options):
    if host:
        _refuse_remote((host.decode() if isinstance(host, bytes) else host, 0))
    return _lookup(host, *rest, **options)


socket.socket.connect = _guard(socket.socket.connect)
socket.socket.connect_ex = _guard(socket.socket.connect_ex)
socket.getaddrinfo = _guarded_lookup
