"""Draw every figure of the course in one style. Each function returns a Figure whose title says what it shows.

A figure shows itself as the last value of a cell, with its alternative text on the image and beside it, and stores
what it draws as text that no front end shows: nbval, which cannot compare pictures, compares that.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Collection
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.category import StrCategoryLocator
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.rcsetup import cycler
from matplotlib.ticker import FixedLocator, MaxNLocator
from PIL import Image

# Color-blind-safe: Okabe and Ito (2008), https://jfly.uni-koeln.de/color/; in this order they differ in gray, too.
COLORS = ["#0072B2", "#E69F00", "#000000", "#56B4E9", "#D55E00", "#009E73"]
MARKERS = ["o", "s", "^", "D", "v", "P"]
GRAY = "#8a8a8a"
STYLE = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "axes.prop_cycle": cycler(color=COLORS, marker=MARKERS),
    "figure.facecolor": "white",
}
MOST_TICKS = 10  # on an axis whose ticks stand at the points themselves
DATA = "text/x-figure-data"  # media type of what is stored beside a picture
FEW = 40  # numbers that are written down one by one; of more, how they are spread
HALO = [withStroke(linewidth=3, foreground="white")]  # behind a name that is printed over points
WIDE = "simple,tail_width=0.4,head_width=1.1,head_length=1"  # an arrow that shows below a thin one
NOISE = 1e-6  # of the largest number: what is smaller differs from one processor to the next


class CourseFigure(Figure):
    """A matplotlib Figure with an alternative text."""

    alt = ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        shown, metadata = picture(self._as_png(), self.alt)
        return {**shown, DATA: figure_data(self)}, metadata

    def _as_png(self) -> bytes:
        """The figure with 128 colors, which the eye does not miss, and a third of the bytes."""
        drawn, small = io.BytesIO(), io.BytesIO()
        self.savefig(drawn, format="png", dpi=96)
        Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        return small.getvalue()


def picture(png: bytes, alt: str) -> tuple[dict, dict]:
    """Outputs of a picture and their metadata, as `_repr_mimebundle_` gives them.

    The alternative text is in each: JupyterLab and its HTML export know such a text in HTML alone.
    """
    coded = base64.b64encode(png).decode("ascii")
    element = f'<img alt="{html.escape(alt)}" style="max-width:100%" src="data:image/png;base64,{coded}">'
    return {"text/html": element, "image/png": png, "text/plain": alt}, {"image/png": {"alt": alt}}


def figure_data(figure: Figure) -> str:
    """Write down what a figure shows: titles, labels, and the numbers behind lines, points, bars and shades.

    Numbers have three digits, so that rounding on another processor changes none of them. The figure has been drawn.
    """
    found = [f"title: {figure.get_suptitle()}"]
    for axes in figure.axes:
        for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
            found.append(f"{name}: {axis.get_label_text()} ({axis.get_scale()})")
            if isinstance(axis.get_major_locator(), FixedLocator | StrCategoryLocator):
                names = [tick.get_text() for tick in axis.get_ticklabels()]
                found += [f"  at {place:g}: {text}" for place, text in zip(axis.get_ticklocs(), names, strict=True)]
        for line in axes.lines:
            found.append(f"line {_name(line)}: {_numbers(line.get_xdata())} -> {_numbers(line.get_ydata())}")
        bars = [patch for patch in axes.patches if isinstance(patch, mpl.patches.Rectangle)]
        if bars:
            x, y, wide, high = (
                _numbers([getattr(bar, f"get_{part}")() for bar in bars]) for part in ("x", "y", "width", "height")
            )
            found.append(f"bars: from {x} / {y}, {wide} / {high} large, {_colors(bars)}")
        for drawn in axes.collections:
            segments = drawn.get_segments() if hasattr(drawn, "get_segments") else [drawn.get_offsets()]
            points = np.concatenate([np.asarray(part) for part in segments])
            found.append(f"points {_name(drawn)}: {_numbers(points[:, 0])} -> {_numbers(points[:, 1])}")
        found += [f"shades: {_numbers(image.get_array())}" for image in axes.images]
        found += [
            f"text at {_numbers(getattr(text, 'xy', text.get_position()))}: {text.get_text()}" for text in axes.texts
        ]
    return "\n".join(found)


def _name(artist: Any) -> str:
    label = str(artist.get_label())
    return "" if label.startswith("_") else label  # matplotlib's own names, such as _child0


def _numbers(values: Any) -> str:
    """Numbers as text: all of a few, else how many there are, and the least, the quartiles and the largest."""
    values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel()
    known = values[np.isfinite(values)]
    values = np.where(np.abs(values) < NOISE * np.abs(known).max(initial=0), 0.0, values)
    if len(values) <= FEW:
        return " ".join(f"{value:.3g}" for value in values)
    spread = np.quantile(known, [0, 0.25, 0.5, 0.75, 1])
    return f"{len(values)} from " + " ".join(f"{value:.2g}" for value in spread)


def _colors(bars: list) -> str:
    """Colors of bars, one after the other, equal neighbors once."""
    colors = [mpl.colors.to_hex(bar.get_facecolor()) for bar in bars]
    return " ".join(color for place, color in enumerate(colors) if place == 0 or color != colors[place - 1])


def _figure(title: str, alt: str, width: float = 7.5, height: float = 4.0, **settings: Any) -> tuple[CourseFigure, Any]:
    """Make a figure with one pair of axes, with these settings, and a title that starts at its left edge."""
    with mpl.rc_context(STYLE):
        figure = CourseFigure(figsize=(width, height), layout="constrained")
        figure.alt = alt
        axis = figure.subplots(subplot_kw=settings)
        figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    return figure, axis


def _short(name: str, most: int = 36) -> str:
    """Cut a long name, so that labels leave room for what they label."""
    return name if len(name) <= most else name[: most - 3].rstrip() + "..."


def bars(values: pd.Series, title: str, xlabel: str, alt: str) -> CourseFigure:
    """Horizontal bars with their values, largest on top as given."""
    figure, axis = _figure(title, alt, height=0.9 + 0.34 * len(values), xlabel=xlabel)
    shown = values[::-1]
    drawn = axis.barh([_short(str(name)) for name in shown.index], shown.to_numpy(), color=COLORS[0])
    axis.bar_label(drawn, labels=[f"{value:,.{_decimals(shown)}f}" for value in shown], padding=4)
    axis.margins(x=0.12)
    axis.grid(axis="y", visible=False)
    return figure


def _decimals(values: pd.Series) -> int:
    """How many decimals all labels get: up to four digits for the largest number, none for whole numbers."""
    needed = [len(f"{value:.3g}".partition("e")[0].partition(".")[2]) for value in values]
    return max(0, min(max(needed), 3 - int(np.floor(np.log10(values.abs().max() or 1)))))


def lines(
    table: pd.DataFrame,
    title: str,
    xlabel: str,
    ylabel: str,
    alt: str,
    logx: bool = False,
    logy: bool = False,
    lowest: float | None = None,
) -> CourseFigure:
    """One line per column over the index; the y axis begins at `lowest`, or near the smallest value."""
    tables = {name: pd.DataFrame({xlabel: table.index, ylabel: table[name].array}) for name in table}
    figure = curves(tables, title, alt)
    axis = figure.axes[0]
    axis.set(xscale="log" if logx else "linear", yscale="log" if logy else "linear")
    if logx and len(table) <= MOST_TICKS:  # 20 and 40 say more than powers of ten
        axis.set_xticks(table.index, [f"{place:,}" for place in table.index])
        axis.minorticks_off()
    if logy:
        axis.yaxis.set_major_formatter("{x:g}")  # 0.1 reads faster than a power of ten
    axis.set_ylim(bottom=lowest)
    return figure


def curves(tables: dict, title: str, alt: str) -> CourseFigure:
    """One line per table of two columns, the second over the first, whose names label the axes.

    The legend names more than one line from top to bottom, as they end. Where the index of a table has a name, every
    point is labeled with it and its value, such as ``ef 10``: below to the left, where a line that falls never runs.
    """
    figure, axis = _figure(title, alt)
    for name, table in tables.items():
        xlabel, ylabel = table.columns
        axis.plot(table[xlabel], table[ylabel], label=name)
        if table.index.name:
            beside = {"xytext": (-3, -4), "textcoords": "offset points", "ha": "right", "va": "top"}
            axis.margins(x=0.12, y=0.1)
            for value, point in zip(table.index, table.to_numpy(), strict=True):
                axis.annotate(f"{table.index.name} {value}", point, **beside)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    last = [line.get_ydata()[np.isfinite(line.get_ydata())][-1] for line in axis.lines]
    if len(last) > 1:
        axis.legend(handles=[axis.lines[place] for place in np.argsort(last, kind="stable")[::-1]], frameon=False)
    return figure


def histogram(
    values: Any, title: str, xlabel: str, ylabel: str, alt: str, mark: float | None = None, mark_label: str = ""
) -> CourseFigure:
    """How often values occur, with an optional line at one value."""
    figure, axis = _figure(title, alt, xlabel=xlabel, ylabel=ylabel)
    values = np.asarray(values, dtype=float)
    whole = not np.any(values % 1) and np.ptp(values) < 60  # a bar a number, so that no bar is empty by accident
    axis.hist(values, bins=np.arange(values.min(), values.max() + 2) - 0.5 if whole else 30, color=COLORS[0])
    if mark is not None:
        axis.axvline(mark, color=COLORS[4], linestyle="--")
        beside = {"xytext": (6, 0), "textcoords": "offset points"}
        axis.annotate(mark_label, (mark, 0.95), xycoords=("data", "axes fraction"), **beside)
    return figure


def heat_table(
    table: Any,
    row_names: Collection,
    column_names: Collection,
    title: str,
    alt: str,
    limits: tuple[float, float] | None = None,
) -> CourseFigure:
    """A table of numbers as shaded cells with the numbers in them, `?` for NaN.

    The shades run from the smallest number to the largest, or between `limits`, so that several tables compare.
    """
    table = np.asarray(table)
    digits = next(digits for digits in (0, 1, 2) if digits == 2 or np.array_equal(table, table.round(digits), True))
    rows, columns = table.shape
    figure, axis = _figure(title, alt, width=np.clip(1.5 + 0.75 * columns, 6.5, 7.5), height=1.3 + 0.42 * rows)
    low, high = limits or (np.nanmin(table), np.nanmax(table))
    axis.imshow(table, cmap="Blues", vmin=low, vmax=low + 1.6 * (high - low), aspect="auto")  # dark text stays readable
    for (row, column), value in np.ndenumerate(table):
        text = "?" if np.isnan(value) else f"{value:.{digits}f}"
        axis.text(column, row, text, ha="center", va="center")
    axis.set_xticks(range(table.shape[1]), column_names)
    axis.set_yticks(range(table.shape[0]), row_names)
    axis.xaxis.tick_top()
    axis.grid(visible=False)
    return figure


def scatter_map(points: Any, labels: dict, title: str, alt: str) -> CourseFigure:
    """Points in the plane; the places named in `labels` (place: text) are marked and named."""
    figure, axis = _figure(title, alt, height=6, xlabel="first direction", ylabel="second direction")
    points = np.asarray(points)
    axis.scatter(points[:, 0], points[:, 1], s=10, color=GRAY, alpha=0.6)
    for place, text in labels.items():
        axis.scatter(*points[place], s=36, color=COLORS[4])
        beside = {"xytext": (5, 4), "textcoords": "offset points"}
        axis.annotate(_short(text), points[place], fontsize=9, path_effects=HALO, **beside)
    return figure


def arrows(groups: dict, title: str, xlabel: str, ylabel: str, alt: str) -> CourseFigure:
    """Vectors in the plane as arrows from the origin; `groups` maps a kind to a DataFrame of two columns.

    The first kind is thin and on top, so that an arrow of another kind shows where it points the same way. The names
    are on a circle around all arrows, each tied to its own, so that none is printed across an arrow.
    """
    points = pd.concat(groups)
    circle = 1.12 * np.hypot(*points.to_numpy().T).max()
    names = _around(points, circle)
    room = circle * np.array([0.45, 0.1])  # for the names, which are wide and low
    low, high = names.min(axis=0) - room, names.max(axis=0) + room
    figure, axis = _figure(title, alt, width=7.0, height=1.2 + 6 * np.divide(*(high - low)[::-1]))
    for (kind, name), (x, y), (to_x, to_y) in zip(points.index, points.to_numpy(), names, strict=True):
        number = list(groups).index(kind)
        look = {"arrowstyle": WIDE, "alpha": 0.6, "lw": 0} if number else {"arrowstyle": "->", "lw": 1.6}
        look |= {"color": COLORS[number], "shrinkA": 0, "shrinkB": 0}
        axis.annotate("", (x, y), (0, 0), arrowprops=look, zorder=3 - number)
        axis.annotate(
            name,
            (x, y),
            (to_x, to_y),
            ha="left" if to_x >= 0 else "right",
            va="center",
            fontsize=10,
            fontweight="bold" if number else "normal",
            arrowprops={"arrowstyle": "-", "color": GRAY, "lw": 0.7, "linestyle": ":", "shrinkA": 0, "shrinkB": 0},
        )
    for number, kind in enumerate(groups):
        axis.plot(
            [], [], color=COLORS[number], lw=5 if number else 1.6, alpha=0.6 if number else 1, label=kind, marker=""
        )
    axis.set(xlabel=xlabel, ylabel=ylabel, xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axis.axhline(0, color=GRAY, lw=0.8)
    axis.axvline(0, color=GRAY, lw=0.8)
    axis.legend(frameon=False, loc="best")
    return figure


def _around(points: pd.DataFrame, radius: float, gap: float = 0.12) -> np.ndarray:
    """Places on a circle for the names of points, each as near to its direction as a distance of `gap` allows.

    A point at the origin has no direction; its name is beside it.
    """
    from scipy.optimize import isotonic_regression

    x, y = points.to_numpy().T
    angles, order = np.arctan2(y, x), np.argsort(np.arctan2(y, x), kind="stable")
    apart = gap * np.arange(len(points))
    angles[order] = isotonic_regression(angles[order] - apart).x + apart
    here = np.hypot(x, y) < radius / 100
    return np.where(here, radius / 25, radius * np.array([np.cos(angles), np.sin(angles)])).T


def intervals(table: pd.DataFrame, title: str, xlabel: str, alt: str | None = None, zero: bool = False) -> CourseFigure:
    """Draw means as dots with their intervals as lines; `table` has columns mean, low, and high.

    A line marks 0 with `zero`, and wherever an interval holds negative numbers. Without `alt`, the numbers are told.
    """
    told = [f"{name} {row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]" for name, row in table.iterrows()]
    alt = alt or f"{xlabel}: {'; '.join(told)}."
    figure, axis = _figure(title, alt, height=1.2 + 0.4 * len(table))
    places = np.arange(len(table))[::-1]
    axis.hlines(places, table["low"], table["high"], color=GRAY, lw=3)
    axis.plot(table["mean"], places, "o", color=COLORS[0], markersize=8)
    axis.set_yticks(places, table.index)
    if zero or table["low"].min() < 0:
        axis.axvline(0, color=COLORS[4], linestyle="--")
    else:
        axis.set_xlim(0)
    axis.set(xlabel=xlabel, ylim=(-0.6, len(table) - 0.4))
    axis.xaxis.set_major_locator(MaxNLocator(6))
    axis.grid(axis="y", visible=False)
    return figure


def precision_recall(curves: dict, title: str, xlabel: str, ylabel: str, alt: str) -> CourseFigure:
    """Precision over recall: a line for every model, with its name at its end."""
    figure, axis = _figure(title, alt, height=4.6)
    for name, curve in curves.items():
        (line,) = axis.plot(curve["recall"], curve["precision"], marker="", label=name)
        beside = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        axis.annotate(name, line.get_xydata()[-1], **beside)
    axis.set(xlabel=xlabel, ylabel=ylabel, xlim=(0, None), ylim=(0, None))
    return figure
