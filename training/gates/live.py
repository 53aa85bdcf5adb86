"""The new recipe and the live version, asked about the same customers."""

from collections.abc import Mapping
from dataclasses import dataclass

from foretell import predictor
from foretell.contract import ModelName
from foretell.manifest import Gate, Manifest, sha256
from foretell.problems import RegistryError
from foretell.registry import PointerRead, Registry
from training.evaluate import figures, protocol
from training.evaluate.hold_out import Forecast, HoldOut
from training.examples import Records
from training.gates import promotion


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


def compare(live: LiveVersion, trial: protocol.Trial, horizon_days: int) -> Gate:
    """Held-out customers of the newest labels: a fit without them, and the live graphs.

    The live version may have learnt from the very customers it is asked about; the tolerances are
    wider than what it gains by that.
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
    hold_out = protocol.measure(trial.asked, trial.asked, trial.unseen)
    records = trial.asked.examples.of(trial.unseen(trial.asked.customer_ids)).records
    together = HoldOut(
        hold_out.spend,
        hold_out.churned,
        {**hold_out.forecasts, promotion.LIVE: _forecast(found, records)},
    )
    return promotion.against(promotion.LIVE, figures.measured(together))


def _forecast(found: predictor.Predictor, records: Records) -> Forecast:
    columns = found.run(records)
    return Forecast(
        columns["customer_lifetime_value"].astype("float64"),
        columns["churn_probability"].astype("float64"),
    )
