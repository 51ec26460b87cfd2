"""Compare the total of a page with its rows, where the page shows all that follow its offset."""

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from oneroster.contract.http.parsed_response import ParsedResponse

__all__ = ["parameters_of_odd_total"]

MOST_DIGITS: Final = 9


def parameters_of_odd_total(reading: ParsedResponse) -> str | None:
    """Return the names of the parameters of a page that is shorter than its limit, if its total counts other rows.

    The parameters are those of the URL: a rule may have sent others than it says, each twice, or followed a link.

    Returns:
        The names in their order, with commas; None if the total is right, missing, or about pages that follow.
    """
    rows = len(reading.rows)
    if reading.total is None or reading.problem is not None:
        return None
    pairs = parse_qsl(urlsplit(reading.exchange.url).query, keep_blank_values=True)
    sent = dict(pairs)
    limit = _whole(sent.get("limit", str(reading.operation.default_limit)))
    offset = _whole(sent.get("offset", "0"))
    if len(sent) < len(pairs) or limit is None or offset is None or rows >= limit or (offset and not rows):
        return None
    return None if reading.total == offset + rows else ",".join(sorted(sent))


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None
