"""Whole numbers as they are told: the one place where the figures of a summary are divided."""


def money(cents: int) -> float:
    """In the shop's currency."""
    return round(cents / 100, 2)


def share(millionths: int) -> float:
    """A probability, or a distance, in its own unit."""
    return round(millionths / 1_000_000, 6)


def part(some: int, whole: int) -> float:
    """Share of a whole; none of nothing."""
    return round(some / whole, 6) if whole else 0.0


def average_money(cents: int, customers: int) -> float | None:
    """In the shop's currency; none of nobody."""
    return round(cents / (100 * customers), 2) if customers else None


def average_share(millionths: int, customers: int) -> float | None:
    """Mean probability; none of nobody."""
    return round(millionths / (1_000_000 * customers), 6) if customers else None
