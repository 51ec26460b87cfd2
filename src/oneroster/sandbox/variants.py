"""What a lawful server may do one way or another. All of these obey the standard; faults do not."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variants:
    """Choices that OneRoster leaves to a server.

    Attributes:
        page_cap: rows of a page at most, however many are asked for; None for no cap (3.1 names no maximum).
        links: whether collections carry the Link header (4, recommended).
        total: whether collections carry X-Total-Count (4, obligation uncertain).
        echo: whether a PUT is answered with the stored record, or with an empty body (note W).
    """

    page_cap: int | None = None
    links: bool = True
    total: bool = True
    echo: bool = True
