"""Ways to read all enrollments of a tenant; each returns how many rows it saw."""

import json
import random
import time
from typing import Any, Final

import requests

from benchmarks.stock import Stock
from oneroster import OneRoster, Paging
from oneroster.classlink import authorization_header, split_url

__all__ = ["classlink_walk", "stock_walk", "typed_walk"]

# Made up; the quick server looks at neither. Both are there because signing belongs to the work.
_ID: Final = "benchmark"
_SECRET: Final = "benchmark-secret"  # noqa: S105


def typed_walk(base_url: str, paging: Paging | None = None) -> int:
    """By `OneRoster`, record by record."""
    with OneRoster(_ID, _SECRET, base_url=base_url, paging=paging) as roster:
        return sum(1 for _ in roster.get_all_enrollments())


def classlink_walk(base_url: str, limit: int) -> int:
    """By the loop that ClassLink's class leads to: each page signed and fetched by itself, the text read to dicts."""
    seen = 0
    while True:
        url, parameters = split_url(f"{base_url}/enrollments?limit={limit}&offset={seen}")
        timestamp = str(int(time.time()))
        nonce = "".join(random.choices("0123456789", k=len(timestamp)))  # noqa: S311 - a nonce is no secret
        header = authorization_header(url, parameters, _ID, _SECRET, timestamp, nonce)
        answer = requests.get(url, params=parameters, headers={"Authorization": header}, timeout=60)
        rows = json.loads(answer.text)["enrollments"]
        for _ in rows:
            seen += 1
        # That class gives no headers, so only a page that is not full shows the end.
        if len(rows) < limit:
            return seen


def stock_walk(stock: Stock, base_url: str, limit: int) -> int:
    """By stock generated code, with one client for the whole walk."""
    operation = stock.operation("rostering", "get_all_enrollments")
    seen = 0
    with stock.client(base_url) as client:
        while True:
            rows: list[Any] = operation.sync(client=client, limit=limit, offset=seen).enrollments
            for _ in rows:
                seen += 1
            if len(rows) < limit:
                return seen
