"""The Shapley values of the trees, tabulated.

This is exact TreeSHAP (Lundberg et al. 2020, path-dependent).

A tree that knows only some of a customer's columns follows both branches wherever it does not
know, in proportion to the customers of the fit who went there. For a leaf of value v that asks
about the columns i, with o_i = 1 where the customer meets what it asks and 0 where not, and w_i the
share of the fit's customers who followed there, the Shapley value of column j is

    phi_j = v (o_j - w_j) * integral from 0 to 1 of prod over i != j of (t o_i + (1 - t) w_i) dt

(the mean over all orders in which columns become known, written as an integral over the moment at
which j does). The integrand is a polynomial in t, so a few Gauss-Legendre nodes are exact. Nothing
in it but the o's depends on the customer: all their combinations are worked out here, once.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.contract import RECORD_FIELDS, ModelName
from foretell.manifest import Baselines
from foretell.reasons import PARTS, seen
from foretell.shapley import ShapleyTable
from training.examples import Records
from training.graph import ensemble
from training.graph.ensemble import Ensemble, Leaf, leaves
from training.graph.fitted import Forecasters
from training.graph.preprocessing import history
from training.models.columns import FEATURE_NAMES, FEATURES

_FIELDS: Final = np.array([RECORD_FIELDS.index(feature.field) for feature in FEATURES])

Wide = npt.NDArray[np.float64]


def tables(forecasters: Forecasters) -> dict[ModelName, ShapleyTable]:
    """Those of the models that are explained."""
    clv, churn = forecasters.clv, forecasters.churn
    return {
        ModelName.CLV: tabulated(ensemble.of_booster(clv.booster, clv.columns)),
        ModelName.CHURN: tabulated(ensemble.of_forest(churn.forest)),
    }


def baselines(
    forecasters: Forecasters, current: Records, explained: Mapping[ModelName, ShapleyTable]
) -> Baselines:
    """The customer whom explanations start from, of customers as they are now."""
    preprocessing, smallest = forecasters.preprocessing, forecasters.clv.smallest_offset
    known = history(current)
    rate = preprocessing.btyd.buying.purchases(
        known.repeats, known.tenure, preprocessing.horizon_days
    )
    everybody = seen(preprocessing.transform(current), rate[:, np.newaxis], FEATURE_NAMES)
    logs = np.array([customer.log_parts(smallest) for customer in everybody])
    means = np.exp(logs.mean(axis=0)).tolist()
    return Baselines(
        churn_probability=float(explained[ModelName.CHURN].base),
        **dict(zip(PARTS, means, strict=True)),
        correction=float(np.exp(explained[ModelName.CLV].base)),
        smallest_expected_spend=smallest,
    )


def tabulated(trees: Ensemble) -> ShapleyTable:
    """The Shapley values of an ensemble over the features, per field of the record.

    The columns made of one field count for that field: Shapley values add up. On the way to a leaf
    at most 8 columns may be asked about: the table counts their combinations in a byte.
    """
    everywhere = [leaf for tree in trees.trees for leaf in leaves(tree, trees)]
    asked = sorted((leaf for leaf in everywhere if leaf.path), key=lambda leaf: -len(leaf.path))
    paths = [list(leaf.path.items()) for leaf in asked]
    deepest = len(paths[0]) if paths else 0
    conditions = [path[n] for n in range(deepest) for path in paths if len(path) > n]
    combinations = np.array([2 ** len(path) for path in paths])
    return ShapleyTable(
        columns=np.array([column for column, _ in conditions], np.int32),
        above=np.array([[above] for _, (above, _, _) in conditions], np.float32),
        at_most=np.array([[at_most] for _, (_, at_most, _) in conditions], np.float32),
        leaves_with=np.array([sum(len(p) > n for p in paths) for n in range(deepest)], np.int32),
        first=(np.cumsum(combinations) - combinations)[:, np.newaxis].astype(np.int32),
        values=np.concatenate(
            [_contributions(list(alike)) for _, alike in groupby(asked, lambda x: len(x.path))]
            or [np.zeros((1, len(RECORD_FIELDS)))]
        ).astype(np.float32),
        base=np.array(sum(_expected(leaf) for leaf in everywhere)),
    )


def _contributions(leaves: Sequence[Leaf]) -> Wide:
    """Of leaves that ask about equally many columns: shape (leaves * combinations, fields)."""
    asked = len(leaves[0].path)
    shares = np.array([[ask[2] for ask in leaf.path.values()] for leaf in leaves])[:, np.newaxis]
    met = (np.arange(2**asked)[:, np.newaxis] >> np.arange(asked) & 1).astype(np.float64)
    values = np.array([leaf.value for leaf in leaves])[:, np.newaxis, np.newaxis]
    of_columns = values * (met - shares) * _integral(met, shares)
    of_fields = np.zeros((len(leaves), 2**asked, len(RECORD_FIELDS)))
    names = _FIELDS[np.array([list(leaf.path) for leaf in leaves])]
    rows = np.arange(len(leaves))
    for position in range(asked):
        of_fields[rows, :, names[:, position]] += of_columns[:, :, position]
    return of_fields.reshape(-1, len(RECORD_FIELDS))


def _integral(met: Wide, shares: Wide) -> Wide:
    """For each column the integral over the others, shape (leaves, combinations, columns).

    `met` is of shape (combinations, columns), `shares` of shape (leaves, 1, columns).
    """
    points, weights = np.polynomial.legendre.leggauss((met.shape[1] + 1) // 2)
    total = np.zeros(np.broadcast_shapes(met.shape, shares.shape))
    for moment, weight in zip((points + 1) / 2, weights / 2, strict=True):
        known = moment * met + (1 - moment) * shares
        total += weight * known.prod(axis=-1, keepdims=True) / known
    return total


def _expected(leaf: Leaf) -> float:
    return leaf.value * float(np.prod([share for _, _, share in leaf.path.values()]))
