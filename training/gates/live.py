"""The new recipe and the live version, asked about the same customers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from foretell import predictor
from foretell.contract import ModelName
from foretell.manifest import Gate, Manifest, sha256
from foretell.problems import RegistryError
from foretell.registry import PointerRead, Registry
from training.evaluate import figures, protocol
from training.evaluate.hold_out import FORETELL, Forecast, HoldOut
from training.examples import Records
from training.gates import promotion
from training.graph.fitted import Forecasters
from training.periods import Period


@dataclass(frozen=True)
class LiveVersion:
    """What is served while a new version is trained."""

    registry: Registry
    version: str
    manifest: Manifest | None
    """None where this code cannot read it."""

    def gates_if_same(self, files: Mapping[str, bytes]) -> tuple[Gate, ...] | None:
        """What it was told when it was trained, if it has these very graphs.

        The same tables so give the same version, though there was none to compare it with before.
        """
        if self.manifest is None:
            return None
        for name, body in files.items():
            if name not in self.manifest.files or self.manifest.files[name].sha256 != sha256(body):
                return None
        return tuple(gate for gate in self.manifest.gates if gate.name == promotion.GATE)


def version_or_none(registry: Registry, seen: PointerRead | None) -> LiveVersion | None:
    """The live version; None where nothing was ever promoted."""
    if seen is None:
        return None
    try:
        return LiveVersion(registry, seen.pointer.version, registry.manifest(seen.pointer.version))
    except RegistryError:
        return LiveVersion(registry, seen.pointer.version, None)


def compare(
    live: LiveVersion, trial: protocol.Trial, horizon_days: int, fitted: Forecasters
) -> Gate:
    """Both versions asked about the held-out customers in the days of the newest labels.

    Where the live version learnt from those days it has seen these customers, too: then it is held
    against the new version as fitted on everybody, otherwise against a fit without them. So both
    have seen the answers, or neither has.
    """
    try:
        found = predictor.load(live.registry, ModelName.COMPREHENSIVE, live.version)
    except RegistryError as error:
        return promotion.not_compared(f"it cannot be loaded: {error}")
    if {found.manifest.horizon_days, trial.asked.horizon_days} != {horizon_days}:
        return promotion.not_compared(
            f"it looks {found.manifest.horizon_days} days ahead, the newest labels cover"
            f" {trial.asked.horizon_days} and {horizon_days} were asked for"
        )
    asked = trial.asked
    customers = asked.examples.of(trial.unseen(asked.customer_ids))
    if _learnt_from(found.manifest, asked):
        new = protocol.forecast(fitted, customers.records)
    else:
        new = protocol.measure(asked, asked, trial.unseen).forecasts[FORETELL]
    together = HoldOut(
        customers.spend,
        customers.churned,
        {FORETELL: new, promotion.LIVE: _forecast(found, customers.records)},
    )
    return promotion.against(promotion.LIVE, figures.measured(together))


def _learnt_from(manifest: Manifest, asked: Period) -> bool:
    last_label = manifest.data.label_cutoff + timedelta(days=manifest.training_horizon_days)
    return last_label > asked.cutoff


def _forecast(found: predictor.Predictor, records: Records) -> Forecast:
    columns = found.run(records)
    return Forecast(
        columns["customer_lifetime_value"].astype("float64"),
        columns["churn_probability"].astype("float64"),
    )
