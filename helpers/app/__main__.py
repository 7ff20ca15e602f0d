"""``python3 -m helpers.app NOTEBOOK``: serve the app, as ``python3 -m helpers demo`` does."""

import signal


def main() -> None:
    """Serve until Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while modules load, Ctrl-C ends this without a traceback
    from helpers.app.server import SETTINGS, Server

    Server.launch_instance(config=SETTINGS)


if __name__ == "__main__":
    main()
