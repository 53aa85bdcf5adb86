"""Buy till you die: the classic forecast that the trees correct.

`pareto_nbd` says how often a customer will still buy, `gamma_gamma` how much on average; `fit`
finds their parameters. Both are written so that a graph can repeat them: no special functions, a
fixed number of nodes instead of integrals.
"""

from training.btyd.forecast import Btyd, Outlook, fit
from training.btyd.gamma_gamma import GammaGamma
from training.btyd.history import History
from training.btyd.pareto_nbd import ParetoNbd

__all__ = ["Btyd", "GammaGamma", "History", "Outlook", "ParetoNbd", "fit"]
