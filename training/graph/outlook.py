"""The buy-till-you-die forecast as nodes: `training.btyd` once more, in float64.

In float32 the powers of a long history lose all their digits. What is computed along the way is
bounded (see `training.btyd.pareto_nbd`), so nothing overflows for any record the contract allows.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from training.btyd import Btyd
from training.btyd.pareto_nbd import POINTS, WEIGHTS
from training.graph.fragment import Constants, Fragment, written

OUTPUT: Final = "outlook"


def outlook(btyd: Btyd, horizon_days: int) -> Fragment:
    """From the columns of the preprocessing to `outlook`, float32 (rows, 5).

    It reads `tenure_days`, `first_to_last`, `purchases` and `monetary`, each of shape (rows, 1),
    and answers the columns `models.columns.OUTLOOK`.
    """
    buying, amount = btyd.buying, btyd.amount
    constants: Constants = {
        "outlook_zero": _one_by_one(0),
        "outlook_one": _one_by_one(1),
        "horizon_days": _one_by_one(horizon_days),
        "r": _one_by_one(buying.r),
        "alpha": _one_by_one(buying.alpha),
        "s": _one_by_one(buying.s),
        "beta": _one_by_one(buying.beta),
        "beta_less_alpha": _one_by_one(buying.beta - buying.alpha),
        "s_and_one": _one_by_one(buying.s + 1),
        "s_less_one": _one_by_one(buying.s - 1),
        "minus_one": _one_by_one(-1),
        "r_and_s": _one_by_one(buying.r + buying.s),
        "p": _one_by_one(amount.p),
        "v": _one_by_one(amount.v),
        "q_less_one": _one_by_one(amount.q - 1),
        "points": POINTS[np.newaxis, np.newaxis, :],
        "weights": WEIGHTS[:, np.newaxis],
        "node_axis": np.array([2], np.int64),
    }
    return written(_HISTORY + _SILENCE + _OUTLOOK, constants)


def _one_by_one(value: float) -> npt.NDArray[np.float64]:
    return np.array([[value]], dtype=np.float64)


_HISTORY: Final = """
    tenure = Cast <to = 11> (tenure_days)
    last = Cast <to = 11> (first_to_last)
    purchases_so_far = Cast <to = 11> (purchases)
    spent_so_far = Cast <to = 11> (monetary)
    until = Add (tenure, horizon_days)
    repeats_or_less = Sub (purchases_so_far, outlook_one)
    repeat_purchases = Max (repeats_or_less, outlook_zero)
    k = Add (r_and_s, repeat_purchases)
    minus_one_kth = Div (minus_one, k)
    s_kth = Div (s, k)
"""


_SILENCE: Final = """
    starts = Concat <axis = 1> (last, tenure)
    ends = Concat <axis = 1> (tenure, until)
    from = Add (alpha, starts)
    to = Add (alpha, ends)
    ratio = Div (from, to)
    reach = Pow (ratio, k)
    leaving_to = Add (beta, ends)
    odds_ratio = Div (to, leaving_to)
    odds = Pow (odds_ratio, s)
    staying = Mul (reach, odds)

    rest = Sub (outlook_one, reach)
    reach_per_node = Unsqueeze (reach, node_axis)
    rest_per_node = Unsqueeze (rest, node_axis)
    from_per_node = Unsqueeze (from, node_axis)
    bend = Unsqueeze (minus_one_kth, node_axis)
    steps = Mul (rest_per_node, points)
    waited = Add (reach_per_node, steps)
    stretch = Pow (waited, bend)
    moment = Mul (from_per_node, stretch)
    leaving_moment = Add (moment, beta_less_alpha)
    moment_ratio = Div (moment, leaving_moment)
    leaving_per_node = Pow (moment_ratio, s_and_one)
    leaving_mean_per_node = MatMul (leaving_per_node, weights)
    leaving_mean = Squeeze (leaving_mean_per_node, node_axis)
    leaving_rest = Mul (rest, leaving_mean)
    leaving = Mul (s_kth, leaving_rest)
    silence = Add (staying, leaving)

    past_staying, future_staying = Split <axis = 1, num_outputs = 2> (staying)
    past_silence, future_silence = Split <axis = 1, num_outputs = 2> (silence)
    past_odds, future_odds = Split <axis = 1, num_outputs = 2> (odds)
    past_to, future_to = Split <axis = 1, num_outputs = 2> (to)
    past_leaving_to, future_leaving_to = Split <axis = 1, num_outputs = 2> (leaving_to)
"""
"""silence(start, end) of pareto_nbd and what it is made of, of shape (rows, 2): in the first column
for the past, from the last purchase to now, in the second from now to the end of the horizon."""

_OUTLOOK: Final = """
    alive = Div (past_staying, past_silence)

    leaving_until = Add (beta, until)
    decay_ratio = Div (past_leaving_to, leaving_until)
    decay = Pow (decay_ratio, s_less_one)
    gone = Sub (outlook_one, decay)
    gone_in_time = Mul (past_leaving_to, gone)
    time_left = Div (gone_in_time, s_less_one)
    r_and_repeats = Add (r, repeat_purchases)
    rate = Div (r_and_repeats, past_to)
    purchases_if_alive = Mul (rate, time_left)
    expected_purchases = Mul (alive, purchases_if_alive)

    silent_if_alive = Div (future_silence, past_odds)
    buys_if_alive = Sub (outlook_one, silent_if_alive)
    buys = Mul (alive, buys_if_alive)
    no_purchase_or_more = Sub (outlook_one, buys)
    no_purchase = Min (no_purchase_or_more, outlook_one)

    amounts_and_v = Add (v, spent_so_far)
    amounts_known = Mul (p, amounts_and_v)
    purchases_known = Mul (p, purchases_so_far)
    amounts_counted = Add (purchases_known, q_less_one)
    mean_amount = Div (amounts_known, amounts_counted)
    expected_spend = Mul (expected_purchases, mean_amount)

    outlook_wide = Concat <axis = 1> (
        alive, expected_purchases, no_purchase, mean_amount, expected_spend)
    outlook = Cast <to = 1> (outlook_wide)
"""
