"""What the course claims about recommenders, measured on MovieLens: each claim with its control, interval, and verdict.

``tools/measure_claims.py`` measures them on a machine that has MovieLens, and stores them with the other results.
"""

from __future__ import annotations

import pandas as pd

from helpers.evaluation import results


def verdict(low: float, high: float) -> str:
    """Return what an interval of a difference says: ``"yes"`` above 0, ``"no"`` below, ``"not settled"`` around 0."""
    return "yes" if low > 0 else "no" if high < 0 else "not settled"


def load_claims(*names: str) -> pd.DataFrame:
    """Read the claims, or some of them by name.

    Returns
    -------
    pandas.DataFrame
        By name: ``claim``; ``control``, what was held constant; ``unit``; ``mean``, ``low``, ``high`` of the difference
        (95% interval over viewers and draws); ``viewers``; ``draws``, how many and of what; ``verdict``.
    """
    table = pd.DataFrame.from_dict(results.load("claims", "claims"), orient="index")
    table["verdict"] = [verdict(*row) for row in table[["low", "high"]].to_numpy()]
    if unknown := [name for name in names if name not in table.index]:
        raise KeyError(f"load_claims: no claim is named {unknown[0]!r}.")
    return table.loc[list(names)] if names else table


def settled_among_many(claims: pd.DataFrame) -> pd.DataFrame:
    """Which of many claims are settled, given that each claim is one more chance to be wrong.

    Parameters
    ----------
    claims : pandas.DataFrame
        With columns ``mean``, ``low``, and ``high`` (95% interval, taken as that of a normal distribution).

    Returns
    -------
    pandas.DataFrame
        By name, True or False: ``one by one``; ``at most 5% false among the settled`` (false discovery rate);
        ``at most 5% risk of any false claim`` (Bonferroni).

    References
    ----------
    Y. Benjamini and Y. Hochberg (1995), Controlling the false discovery rate, JRSS B 57(1), pages 289-300.
    """
    from scipy.stats import false_discovery_control, norm

    errors = (claims["high"] - claims["low"]) / (2 * norm.ppf(0.975))
    chance = pd.Series(2 * norm.sf(claims["mean"].abs() / errors), claims.index)  # of a difference as large by luck
    risks = {
        "one by one": chance,
        "at most 5% false among the settled": false_discovery_control(chance),
        "at most 5% risk of any false claim": chance * len(claims),
    }
    return pd.DataFrame(risks) < 0.05


def load_table(name: str) -> pd.DataFrame:
    """Read a table of numbers behind the claims."""
    return pd.DataFrame.from_dict(results.load("claims", "tables", name), orient="index")


def load_scores() -> pd.DataFrame:
    """Read NDCG@10 on MovieLens: one row per viewer, in random order, and one column per ``model`` and ``seed``."""
    kept = results.load("claims", "scores")
    columns = {(model, seed): line.split() for model, lines in kept.items() for seed, line in lines.items()}
    return pd.DataFrame(columns, dtype=float).rename_axis(columns=["model", "seed"])
