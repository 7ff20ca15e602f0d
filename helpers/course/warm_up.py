"""Import once what the course imports, so that Python keeps the bytecode of just that. The set-up runs it.

Compiling all that was installed takes five times as long, and where bytecode is not written (a shared folder, an
environment variable) each process would compile again: 15 seconds instead of 5 for the encoder's libraries.
"""

import contextlib
import importlib

MODULES = [  # of learners; of the tests
    "anywidget", "ipykernel.kernelapp", "ipywidgets", "jupyterlab.labapp", "Levenshtein", "matplotlib.pyplot",
    "nbconvert", "pandas", "rapidfuzz.process", "scipy.sparse.linalg", "sentence_transformers", "sklearn.manifold",
    "sklearn.neighbors", "tqdm.auto", "voila.app", "voyager",
    "implicit", "nbval", "openvino", "playwright.sync_api", "pymilvus", "pytest", "pytest_timeout", "surprise",
    "xdist.workermanage",
]  # fmt: skip


def main() -> None:
    """Import everything, as far as it is there."""
    for name in MODULES:
        with contextlib.suppress(Exception):  # what is wrong will be told by whoever needs it
            importlib.import_module(name)


if __name__ == "__main__":
    main()
