"""What a published version says of itself, and the pointer that names the live one.

A version's id is the date of its data and the digest of its manifest, and the manifest holds the
digest of every file: whoever has the id can verify every byte. Nothing in a manifest tells the
time of day, so the same training on the same tables is the same version.
"""

import hashlib
import json
import re
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foretell.actions import ActionRule
from foretell.contract import RECORD_FIELDS, ModelName, RiskCategory, ValueTier
from foretell.problems import DigestMismatch, IncompatibleVersion

SCHEMA_VERSION = 4
CARD = "card.html"
"""The model card's file within a version."""

VERSION_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")


class _Document(BaseModel):
    """A stored JSON document: strict both ways, so that a surprise is an error and not a guess."""

    # Parts are built within the whole: building each alone, too, would cost every cold start.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class FileEntry(_Document):
    """One file of a version."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, description="Bytes.")


class TrainingData(_Document):
    """The transaction log behind a version."""

    first_day: date
    last_day: date
    as_of: date = Field(description="Customers are described as of the end of this day.")
    label_cutoff: date = Field(
        description="Learnt from features up to this day and labels of training_horizon_days after."
    )
    transactions: int = Field(description="Rows kept after cleaning.")
    customers: int = Field(description="Customers with a purchase on or before as_of.")
    training_customers: int = Field(description="Those with one on or before label_cutoff.")
    churn_rate: float = Field(description="Share of them without a purchase in those days.")


class Metric(_Document):
    """One measured figure, beside those of other methods on the same customers."""

    name: str
    value: float
    peers: dict[str, float] = Field(description="The same figure of other methods, by name.")
    better: Literal["lower", "higher", "near"] = Field(
        description="Which way is good; 'near' for a figure that should be `target`."
    )
    target: float | None = None


class ValueTierRule(_Document):
    """Customers worth at least this much are in this tier, up to the next."""

    name: ValueTier
    at_least: float = Field(ge=0)


class RiskCategoryRule(_Document):
    """Customers at least this likely to leave are in this category, up to the next."""

    name: RiskCategory
    at_least: float = Field(ge=0, le=1)


class PersonaBehaviour(_Document):
    """Recency and the like in natural units."""

    recency: float = Field(description="Days since the last purchase.")
    purchases: float = Field(description="Number of purchases.")
    monetary: float = Field(description="Total spend, in the shop's currency.")
    tenure_days: float = Field(description="Days since the first purchase.")


class PersonaMembers(_Document):
    """The customers who are this persona as of as_of."""

    share: float = Field(description="Of all customers.")
    median: PersonaBehaviour
    customer_lifetime_value: float = Field(description="Mean expected spend over the horizon.")
    churn_probability: float = Field(description="Mean probability of no purchase in it.")


class Persona(_Document):
    """One of the five segments."""

    segment_id: int
    name: str
    description: str
    center: PersonaBehaviour | None = Field(
        description=(
            "The cluster's centre, where the next training looks for the persona first; null for"
            " a persona this shop does not have."
        )
    )
    members: PersonaMembers | None = Field(description="Null where nobody is this persona.")


class Baselines(_Document):
    """The customer whom explanations start from; means over the customers as of as_of."""

    churn_probability: float = Field(
        ge=0, le=1, description="Of a customer of whom nothing is known."
    )
    still_active: float = Field(
        gt=0, description="Probability of being a customer still; geometric mean, as all below."
    )
    buying_rate: float = Field(
        gt=0, description="Purchases in horizon_days of one who is a customer still."
    )
    order_value: float = Field(gt=0, description="Spend per purchase, in the shop's currency.")
    correction: float = Field(gt=0, description="Factor of the trees.")
    smallest_expected_spend: float = Field(
        gt=0, description="Where less is expected, the trees correct this, in the shop's currency."
    )

    @property
    def typical_value(self) -> float:
        """Lifetime value of the typical customer."""
        return self.still_active * self.buying_rate * self.order_value * self.correction


class FieldDistribution(_Document):
    """How one field of the record was distributed as of as_of: what drift is measured against.

    Bin i holds the values in [edges[i-1], edges[i]); the first and the last are open.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...] = Field(description="len(edges) + 1 shares of the known values.")
    missing: float = Field(description="Share of the customers without a value.")


class Tenth(_Document):
    """A tenth of the customers by forecast; amounts are means per customer, in currency."""

    customers: int
    forecast: float = Field(description="Expected spend over the horizon.")
    actual: float = Field(description="What they spent.")
    peers: dict[str, float] = Field(description="What other methods had expected, by name.")
    below: float = Field(description="Share of them who spent less than their interval says.")
    inside: float = Field(description="Share who spent an amount within it.")
    above: float = Field(description="Share who spent more.")


class ReliabilityBin(_Document):
    """Customers with a churn probability in [start, start + 0.1)."""

    start: float
    customers: int
    told: float = Field(description="Mean probability given.")
    left: float = Field(description="Share who really left.")
    low: float = Field(description="Where that share's 95 % confidence interval begins (Wilson).")
    high: float = Field(description="Where it ends.")


class PeerReliability(_Document):
    """The same customers by the churn probability that another method gave them."""

    name: str
    bins: tuple[ReliabilityBin, ...]


class Evaluation(_Document):
    """How the metrics of CLV and churn were measured, and what the charts of them show."""

    protocol: Literal["temporal", "split"] = Field(
        description=(
            "temporal: other customers at a later date than any the fit saw; split: other"
            " customers at the same date, where the history is too short for more."
        )
    )
    customers: int = Field(description="Customers asked about; no fit saw them.")
    cutoff: date = Field(description="The day they are described as of.")
    horizon_days: int = Field(description="Days after it over which they were watched.")
    learnt_cutoff: date = Field(description="Label cut-off of the fit.")
    learnt_horizon_days: int = Field(description="Days that its labels cover.")
    tenths: tuple[Tenth, ...] = Field(description="Least valuable forecast first.")
    reliability: tuple[ReliabilityBin, ...] = Field(description="Without empty bins.")
    reliability_peer: PeerReliability | None = Field(
        description="Of the classic method; null where it was not asked."
    )


class Gate(_Document):
    """A check between publishing a version and making it live."""

    name: str
    verdict: Literal["passed", "warned", "failed"]
    detail: str = Field(description="The figure, and what it was held against.")


class Manifest(_Document):
    """Everything a function, an analyst or the page must know of a version."""

    model_config = ConfigDict(defer_build=False)

    schema_version: int = SCHEMA_VERSION
    horizon_days: int = Field(ge=1)
    training_horizon_days: int = Field(
        ge=1, description="How far the labels look; under horizon_days where history is short."
    )
    interval_coverage: float = Field(
        gt=0, lt=1, description="Share of the customers whose spend an interval is meant to hold."
    )
    record_fields: tuple[str, ...] = RECORD_FIELDS
    features: tuple[str, ...] = Field(description="Columns the trees were trained on.")
    data: TrainingData
    evaluation: Evaluation
    metrics: dict[ModelName, tuple[Metric, ...]]
    importances: dict[ModelName, dict[str, float]] = Field(
        description="Share of each record field in a model's splits, adding up to 1."
    )
    value_tiers: tuple[ValueTierRule, ...]
    risk_categories: tuple[RiskCategoryRule, ...]
    personas: tuple[Persona, ...]
    actions: tuple[ActionRule, ...] = Field(
        description="The first three rows that apply to a customer are recommended."
    )
    baselines: Baselines
    drift_baseline: dict[str, FieldDistribution]
    gates: tuple[Gate, ...] = Field(description="What stood between this version and the pointer.")
    forced: str | None = Field(
        default=None, description="Why it was made live although a gate failed."
    )
    parity: dict[str, float] = Field(
        description="Largest relative difference between native model and graph, by output."
    )
    libraries: dict[str, str]
    files: dict[str, FileEntry]

    def to_bytes(self) -> bytes:
        """The one byte sequence of this manifest: sorted keys, two spaces, a final newline."""
        text = json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True)
        return f"{text}\n".encode()


class Promotion(_Document):
    """One change of the live version."""

    version: str
    action: Literal["promote", "rollback"]
    at: datetime


class Pointer(_Document):
    """The live version, and how it came to be so; oldest promotion first."""

    model_config = ConfigDict(defer_build=False)

    version: str
    history: tuple[Promotion, ...]

    def before(self) -> str | None:
        """The version that a rollback returns to, or None where there is none.

        A promotion goes on top of those before it; a rollback takes the top away.
        """
        stack: list[str] = []
        for change in self.history:
            if change.action == "rollback":
                stack.pop()
            else:
                stack.append(change.version)
        return stack[-2] if len(stack) > 1 else None


def sha256(content: bytes) -> str:
    """Digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def version_id(as_of: date, manifest: bytes) -> str:
    """The id of the version with this manifest."""
    return f"{as_of.isoformat()}-{sha256(manifest)[:12]}"


def parse(version: str, content: bytes) -> Manifest:
    """The manifest of a version, from bytes that were verified against its id.

    Raises:
        DigestMismatch: the bytes are not those that were published.
        IncompatibleVersion: this runtime cannot serve the version.
    """
    if not version.endswith(sha256(content)[:12]):
        raise DigestMismatch(f"manifest.json of version {version} is not the one published")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise IncompatibleVersion(
            f"manifest.json of version {version} is not one this runtime reads"
            f" ({error.error_count()} fields differ): train again, or deploy the matching runtime"
        ) from error
    if manifest.schema_version != SCHEMA_VERSION or manifest.record_fields != RECORD_FIELDS:
        raise IncompatibleVersion(
            f"version {version} was trained for another customer record: train again"
        )
    return manifest
