"""What a catalogue needs when it grows: memory, time, machines, money; and what happens to a search that is split."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

LINK = 4  # bytes that a graph needs for one link
BYTES = {"float32": 4.0, "int8": 1.0, "binary": 0.125}  # of one number of a vector
SPREAD = 0.5  # of the logarithm of a shard's latency, in the simulation


def vector_bytes(dimensions: int = 384, precision: str = "float32", links: int = 0) -> float:
    """Bytes that one vector needs in memory.

    Parameters
    ----------
    dimensions : int
        Numbers in a vector.
    precision : {"float32", "int8", "binary"}
        How each of them is kept.
    links : int
        ``M`` of an HNSW graph; 0 without a graph. A vector has 2 M links on the lowest layer, and M on each of the
        1 / ln M layers above it in which it stands on average.

    References
    ----------
    Y. A. Malkov and D. A. Yashunin (2020), IEEE Trans. Pattern Anal. Mach. Intell. 42(4), section 4.2.3.
    """
    if precision not in BYTES:
        raise ValueError(f"vector_bytes: precision is one of {', '.join(BYTES)}, not {precision!r}.")
    graph = LINK * (2 * links + links / math.log(links)) if links > 1 else 0.0
    return dimensions * BYTES[precision] + graph


class Plan(NamedTuple):
    """What `plan` computes: gigabytes of one copy, shards, copies, machines, hours of encoding, price a month."""

    gigabytes: float
    shards: int
    copies: int
    machines: int
    encoding_hours: float
    price_a_month: float


def plan(
    vectors: int,
    queries_a_second: float,
    *,
    precision: str = "float32",
    dimensions: int = 384,
    links: int = 16,
    seconds_a_query: float = 0.002,
    machine_gigabytes: float = 64,
    machine_cores: int = 8,
    machine_price_an_hour: float = 0.5,
    texts_a_second: float = 100.0,
    filled: float = 0.7,
    least_copies: int = 2,
) -> Plan:
    """Plan the machines for a search engine that keeps an HNSW graph in memory.

    Parameters
    ----------
    vectors : int
        How many texts the catalogue has.
    queries_a_second : float
        That come in at the busiest hour.
    precision, dimensions, links
        As in `vector_bytes`.
    seconds_a_query : float
        Of one core, on one shard.
    machine_gigabytes, machine_cores, machine_price_an_hour
        Of one machine; the price in any currency.
    texts_a_second : float
        That one machine encodes.
    filled : float
        Share of memory and of cores that may be in use; the rest is for peaks, rebuilding and the system.
    least_copies : int
        Of every shard, so that one machine may fail.

    Returns
    -------
    Plan
        Every shard is on a machine of its own; all of them encode.

    Raises
    ------
    ValueError
        When a number is not above zero.
    """
    numbers = [vectors, queries_a_second, seconds_a_query, machine_gigabytes, machine_cores, texts_a_second, filled]
    if min(numbers) <= 0:
        raise ValueError("plan: every number has to be above zero.")
    gigabytes = vectors * vector_bytes(dimensions, precision, links) / 1e9
    shards = math.ceil(gigabytes / (filled * machine_gigabytes))
    busy_cores = queries_a_second * seconds_a_query  # of each shard, since every query asks all of them
    copies = max(least_copies, math.ceil(busy_cores / (filled * machine_cores)))
    machines = shards * copies
    hours = vectors / texts_a_second / machines / 3_600
    return Plan(gigabytes, shards, copies, machines, hours, machines * machine_price_an_hour * 24 * 30)


def recall_of_few(shards: int, asked: int, k: int = 10) -> float:
    """Share of the k nearest that is found when each of some shards is asked for `asked` of them.

    Vectors are spread at random: how many of the k are in one shard is binomial, and those beyond `asked` are lost.
    """
    from scipy.stats import binom

    found = np.minimum(np.arange(k + 1), asked)
    return float(shards * (binom.pmf(np.arange(k + 1), k, 1 / shards) @ found) / k)


def simulate_shards(
    shards: int, copies: int = 1, failed: float = 0.0, queries: int = 20_000, seed: int = 0
) -> pd.Series:
    """Simulate queries that ask all shards and wait for the slowest.

    A shard's latency is log-normal around 1, the time that one shard takes in the median; the first copy that is alive
    answers. Films are spread at random, so that a shard without a living copy takes its share of the neighbors away.

    Parameters
    ----------
    shards, copies : int
        Into how many parts the catalogue is split, and how often each part is there.
    failed : float
        Probability that a machine is down.
    queries, seed : int
        How many are simulated, with which random numbers.

    Returns
    -------
    pandas.Series
        ``median`` and ``99th percentile`` of the latency, in medians of one shard; ``recall``, the mean share of the
        true neighbors that can still be found; ``complete``, the share of queries that miss nothing.

    References
    ----------
    J. Dean and L. A. Barroso (2013), The tail at scale, Communications of the ACM 56(2), pages 74-80.
    """
    random = np.random.default_rng(seed)
    latency = random.lognormal(0.0, SPREAD, size=(queries, shards)).max(axis=1)
    alive = np.any(random.random((queries, shards, copies)) >= failed, axis=2)
    figures = {
        "median": np.median(latency),
        "99th percentile": np.quantile(latency, 0.99),
        "recall": alive.mean(),
        "complete": alive.all(axis=1).mean(),
    }
    return pd.Series(figures)
