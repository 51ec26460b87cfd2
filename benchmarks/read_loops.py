"""Three ways to read all enrollments of a tenant; each returns the number of rows."""

import json
import random
import time
from typing import Any, Final

import requests

from benchmarks.stock_client import Stock
from oneroster import OneRoster, Paging
from oneroster.classlink import authorization_header, split_url

__all__ = ["classlink_walk", "stock_walk", "typed_walk"]

# The server checks neither. They are given because signing requests is part of the work.
_ID: Final = "benchmark"
_SECRET: Final = "benchmark-secret"  # noqa: S105  # of a server on loopback


def typed_walk(base_url: str, paging: Paging | None = None) -> int:
    """Read with `OneRoster`, record by record."""
    with OneRoster(_ID, _SECRET, base_url=base_url, paging=paging) as roster:
        return sum(1 for _ in roster.get_all_enrollments())


def classlink_walk(base_url: str, limit: int) -> int:
    """Read with a loop as written for ClassLink's class: sign and fetch each page, decode it to dicts."""
    seen = 0
    while True:
        url, parameters = split_url(f"{base_url}/enrollments?limit={limit}&offset={seen}")
        timestamp = str(int(time.time()))
        nonce = "".join(random.choices("0123456789", k=len(timestamp)))  # noqa: S311 - a nonce must be unique, not secret
        header = authorization_header(url, parameters, _ID, _SECRET, timestamp, nonce)
        response = requests.get(url, params=parameters, headers={"Authorization": header}, timeout=60)
        rows = json.loads(response.text)["enrollments"]
        for _ in rows:
            seen += 1
        # The class does not return headers, so the end shows only by a page that is not full.
        if len(rows) < limit:
            return seen


def stock_walk(stock: Stock, base_url: str, limit: int) -> int:
    """Read with stock generated code and one client for all pages."""
    operation = stock.operation("rostering", "get_all_enrollments")
    seen = 0
    with stock.client(base_url) as client:
        while True:
            rows: list[Any] = operation.sync(client=client, limit=limit, offset=seen).enrollments
            for _ in rows:
                seen += 1
            if len(rows) < limit:
                return seen
