"""The buy-till-you-die forecast as nodes: `training.btyd` once more, in float64.

In float32 the powers of a long history lose all their digits. What is computed along the way is
bounded (see `training.btyd.pareto_nbd`), so nothing overflows for any record the contract allows.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from training.btyd import Btyd
from training.btyd.pareto_nbd import POINTS, WEIGHTS
from training.graph.fragment import Fragment, written

OUTPUT: Final = "outlook"


def outlook(btyd: Btyd, horizon_days: int) -> Fragment:
    """From the columns of the preprocessing to `outlook`, float32 (rows, 5).

    It reads `tenure_days`, `first_to_last`, `purchases` and `monetary`, each of shape (rows, 1),
    and answers the columns `models.columns.OUTLOOK`.
    """
    buying, amount = btyd.buying, btyd.amount
    constants = {
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
        "points": POINTS[np.newaxis, :],
        "weights": WEIGHTS[:, np.newaxis],
    }
    nodes = _HISTORY + _silence("past", "last", "tenure") + _silence("future", "tenure", "until")
    return written(nodes + _OUTLOOK, constants)


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


def _silence(name: str, start: str, end: str) -> str:
    """The function silence(start, end) of pareto_nbd, and the two factors it is made of."""
    return f"""
    {name}_from = Add (alpha, {start})
    {name}_to = Add (alpha, {end})
    {name}_ratio = Div ({name}_from, {name}_to)
    {name}_reach = Pow ({name}_ratio, k)
    {name}_leaving_to = Add (beta, {end})
    {name}_odds_ratio = Div ({name}_to, {name}_leaving_to)
    {name}_odds = Pow ({name}_odds_ratio, s)
    {name}_staying = Mul ({name}_reach, {name}_odds)
    {name}_rest = Sub (outlook_one, {name}_reach)
    {name}_steps = Mul ({name}_rest, points)
    {name}_waited = Add ({name}_reach, {name}_steps)
    {name}_stretch = Pow ({name}_waited, minus_one_kth)
    {name}_moment = Mul ({name}_from, {name}_stretch)
    {name}_leaving_moment = Add ({name}_moment, beta_less_alpha)
    {name}_moment_ratio = Div ({name}_moment, {name}_leaving_moment)
    {name}_leaving_nodes = Pow ({name}_moment_ratio, s_and_one)
    {name}_leaving_mean = MatMul ({name}_leaving_nodes, weights)
    {name}_leaving_rest = Mul ({name}_rest, {name}_leaving_mean)
    {name}_leaving = Mul (s_kth, {name}_leaving_rest)
    {name}_silence = Add ({name}_staying, {name}_leaving)
    """


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
