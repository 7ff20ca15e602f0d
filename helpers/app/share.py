"""A list to take away: as a table, or as a web page of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import markupsafe

from helpers.app import pages

STYLE = Path(__file__).with_name("style.css")


def file_of(app: Any, kind: str) -> dict[str, str]:
    """The list that an app shows, as a file: its name, type and text.

    Parameters
    ----------
    app : helpers.app.view.Demo
        The app.
    kind : {"csv", "html"}
        A table with a row for each film, or a page that needs nothing else and runs no program.
    """
    catalogue, wanted = app.catalogue, app.wanted.of_list
    heading, _ = pages.heading(catalogue, wanted, app.noun, app.found)
    if kind == "csv":
        columns = [name for name in ("title", "year", "director", "cast", "genres") if name in catalogue.movies]
        table = catalogue.movies.loc[app.found.index, columns].map(_as_text)
        return {"name": "list.csv", "type": "text/csv", "text": "\ufeff" + table.to_csv(lineterminator="\r\n")}
    if kind != "html":
        raise ValueError(f"a list becomes csv or html, not {kind!r}.")
    page = pages.render(
        "share.html.j2", heading=heading, name=app.name, films=pages.listed(catalogue, app.found, wanted),
        likes=[pages.name_of(catalogue, film) for film in wanted.taste.likes if wanted.for_taste],
        style=markupsafe.Markup(STYLE.read_text(encoding="utf-8")),
        simulated=app.shown["simulated"],
    )  # fmt: skip
    return {"name": "list.html", "type": "text/html", "text": page}


def _as_text(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell
