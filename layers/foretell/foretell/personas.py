"""The five personas: what they are like. What to do about them is in foretell.actions."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PersonaProfile:
    """A persona before any data was seen.

    `start` is where K-Means starts looking for it: standard scores of log recency, purchases,
    spend and tenure. It ends wherever the customers are; the name stays with the cluster.
    """

    name: str
    description: str
    start: tuple[float, float, float, float]


NEW_PROSPECTS: Final = "New Prospects"

PROFILES: Final = (
    PersonaProfile(
        name="High-Value Engaged",
        description="Buys often, spends most and was here recently.",
        start=(-1.0, 1.5, 1.5, 0.4),
    ),
    PersonaProfile(
        name="Loyal Regulars",
        description="Comes back steadily, with baskets around the average.",
        start=(-0.5, 0.6, 0.5, 0.4),
    ),
    PersonaProfile(
        name="At-Risk",
        description="Used to buy, and has been silent for longer than usual.",
        start=(0.7, 0.2, 0.2, 0.4),
    ),
    PersonaProfile(
        name=NEW_PROSPECTS,
        description="Bought for the first time not long ago.",
        start=(-0.9, -0.8, -0.8, -1.4),
    ),
    PersonaProfile(
        name="Dormant",
        description="Bought little, long ago.",
        start=(1.2, -0.9, -0.9, 0.3),
    ),
)
"""In the order of segment_id."""
