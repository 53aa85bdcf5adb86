"""What to do about a customer: one table, read from the top.

Training writes the table into the manifest of a version; whoever wants other actions edits it here
and trains again. A row applies if the persona, the risk and the value tier are among those it
names; where it names none, any will do. The first three rows that apply are recommended.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from foretell.contract import RiskCategory, ValueTier

AT_MOST: Final = 3


class ActionRule(BaseModel):
    """A row of the table. One that names risks or tiers applies only where they are known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: str
    personas: tuple[str, ...] = Field(default=(), description="Empty: any.")
    risks: tuple[RiskCategory, ...] = Field(default=(), description="Empty: any.")
    tiers: tuple[ValueTier, ...] = Field(default=(), description="Empty: any.")


def recommended(
    table: Sequence[ActionRule],
    persona: str,
    risk: RiskCategory | None = None,
    tier: ValueTier | None = None,
) -> tuple[str, ...]:
    """At most three actions, most useful first."""
    found = []
    for row in table:
        if (
            (not row.personas or persona in row.personas)
            and (not row.risks or risk in row.risks)
            and (not row.tiers or tier in row.tiers)
        ):
            found.append(row.action)
            if len(found) == AT_MOST:
                break
    return tuple(found)


def _row(
    action: str,
    personas: tuple[str, ...] = (),
    risks: tuple[RiskCategory, ...] = (),
    tiers: tuple[ValueTier, ...] = (),
) -> ActionRule:
    return ActionRule(action=action, personas=personas, risks=risks, tiers=tiers)


_LEAVING: Final[tuple[RiskCategory, ...]] = ("High Risk", "Critical Risk")
_STAYING: Final[tuple[RiskCategory, ...]] = ("Low Risk", "Medium Risk")
_WORTH_MUCH: Final[tuple[ValueTier, ...]] = ("High Value", "Top Value")
_WORTH_LITTLE: Final[tuple[ValueTier, ...]] = ("Low Value", "Medium Value")

# fmt: off
TABLE: Final = (
    # Much is at stake: a person, not a campaign.
    _row("Call in person this week and ask what was missing",
         risks=_LEAVING, tiers=("Top Value",)),
    _row("Write a personal message with an offer for the category bought last",
         risks=_LEAVING, tiers=_WORTH_MUCH),
    _row("Make a time-limited offer while there is time to win back",
         risks=("High Risk",), tiers=("Medium Value",)),
    # Little is at stake: what is sent costs more than it brings.
    _row("Send one win-back mail, then leave out of paid campaigns",
         risks=("Critical Risk",), tiers=_WORTH_LITTLE),
    _row("Add to the monthly win-back mail; spend nothing more",
         risks=("High Risk",), tiers=("Low Value",)),
    # Safe and valuable: nothing to win back, much to build on.
    _row("Keep discounts away: this customer buys anyway",
         risks=("Low Risk",), tiers=_WORTH_MUCH),
    _row("Ask for a referral or a review",
         ("High-Value Engaged", "Loyal Regulars"), ("Low Risk",)),
    _row("Invite to the loyalty programme before the next gap",
         ("Loyal Regulars", "At-Risk"), _STAYING, _WORTH_MUCH),
    # What a persona calls for, whatever the risk and the value.
    _row("Offer early access and personal service", ("High-Value Engaged",)),
    _row("Thank them by name for what they bought lately", ("High-Value Engaged",)),
    _row("Enrol in the loyalty programme", ("Loyal Regulars",)),
    _row("Suggest what goes with the last purchase", ("Loyal Regulars",)),
    _row("Offer a bundle or a subscription for what is bought regularly", ("Loyal Regulars",)),
    _row("Settle open support tickets first", ("At-Risk",)),
    _row("Remind of what is new since the last purchase", ("At-Risk",)),
    _row("Send a welcome series that leads to the second purchase", ("New Prospects",)),
    _row("Show best sellers next to the first purchase", ("New Prospects",)),
    _row("Ask for preferences and the consent to be written to", ("New Prospects",)),
    _row("Mail rarely, and only with a reason to come back", ("Dormant",)),
    _row("Ask whether to stay on the mailing list", ("Dormant",)),
)
# fmt: on
"""The table of every version that is trained now."""
