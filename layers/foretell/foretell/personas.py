"""The five personas: what they are like, and what to do about them."""

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
    recommended_actions: tuple[str, ...]


NEW_PROSPECTS: Final = "New Prospects"

PROFILES: Final = (
    PersonaProfile(
        name="High-Value Engaged",
        description="Buys often, spends most and was here recently.",
        start=(-1.0, 1.5, 1.5, 0.4),
        recommended_actions=(
            "Offer early access and personal service",
            "Ask for a referral or a review",
            "Keep discounts away: they would buy anyway",
        ),
    ),
    PersonaProfile(
        name="Loyal Regulars",
        description="Comes back steadily, with baskets around the average.",
        start=(-0.5, 0.6, 0.5, 0.4),
        recommended_actions=(
            "Enrol in the loyalty programme",
            "Suggest products that go with the last purchase",
            "Offer a bundle or a subscription for what is bought regularly",
        ),
    ),
    PersonaProfile(
        name="At-Risk",
        description="Used to buy, and has been silent for longer than usual.",
        start=(0.7, 0.2, 0.2, 0.4),
        recommended_actions=(
            "Get in touch personally and ask what was missing",
            "Send a time-limited offer for the category bought last",
            "Settle open support tickets first",
        ),
    ),
    PersonaProfile(
        name=NEW_PROSPECTS,
        description="Bought for the first time not long ago.",
        start=(-0.9, -0.8, -0.8, -1.4),
        recommended_actions=(
            "Send a welcome series that leads to the second purchase",
            "Show best sellers next to the first purchase",
            "Ask for preferences and the consent to be written to",
        ),
    ),
    PersonaProfile(
        name="Dormant",
        description="Bought little, long ago.",
        start=(1.2, -0.9, -0.9, 0.3),
        recommended_actions=(
            "Send one win-back offer, then mail rarely",
            "Leave out of paid campaigns",
        ),
    ),
)
"""In the order of segment_id."""
