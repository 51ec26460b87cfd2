"""Ways to read all enrollments of a tenant; each returns the number of rows."""

import json
import random
import time
from datetime import date, datetime
from typing import Any, Final, Literal

import httpx
import requests
from pydantic import BaseModel, Field

from benchmarks.stock_client import Stock
from oneroster import OneRoster, Paging
from oneroster.classlink import authorization_header, split_url

__all__ = ["arrow_walk", "classlink_walk", "guaranteed_walk", "stock_walk", "typed_walk"]

# The server checks neither. They are given because signing requests is part of the work.
_ID: Final = "benchmark"
_SECRET: Final = "benchmark-secret"  # noqa: S105  # of a server on loopback


def typed_walk(base_url: str, paging: Paging | None = None) -> int:
    """Read with `OneRoster`, record by record."""
    with OneRoster(_ID, _SECRET, base_url=base_url, paging=paging) as roster:
        return sum(1 for _ in roster.get_all_enrollments())


def arrow_walk(base_url: str) -> int:
    """Read with `OneRoster` as Arrow record batches."""
    with OneRoster(_ID, _SECRET, base_url=base_url) as roster:
        return sum(batch.num_rows for batch in roster.get_all_enrollments().arrow())


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


class _Reference(BaseModel):
    href: str
    sourced_id: str = Field(alias="sourcedId")
    type: str


class _Enrollment(BaseModel):
    sourced_id: str = Field(alias="sourcedId")
    status: Literal["active", "tobedeleted", "inactive"]
    date_last_modified: datetime = Field(alias="dateLastModified")
    user: _Reference
    class_: _Reference = Field(alias="class")
    school: _Reference
    role: Literal["administrator", "proctor", "student", "teacher"]
    primary: Literal["true", "false"] | None = None
    begin_date: date | None = Field(None, alias="beginDate")
    end_date: date | None = Field(None, alias="endDate")


class _EnrollmentPage(BaseModel):
    enrollments: list[_Enrollment]


def guaranteed_walk(base_url: str, limit: int) -> int:
    """Read with a plain loop of the same guarantees: each row once or an error, retries, and validated types."""
    seen: set[str] = set()
    with httpx.Client(base_url=base_url, timeout=60) as client:
        while True:
            # The page starts at the last row received, which must come again: otherwise rows have moved.
            offset = max(len(seen) - 1, 0)
            response = _signed_get(client, f"{base_url}/enrollments?limit={limit}&offset={offset}")
            page = _EnrollmentPage.model_validate_json(response.content).enrollments
            if seen and (not page or page[0].sourced_id not in seen):
                raise RuntimeError("a row is no longer at its offset")
            new = page[1:] if seen else page
            for record in new:
                if record.sourced_id in seen:
                    raise RuntimeError("rows repeat between pages")
                seen.add(record.sourced_id)
            if not new:
                if len(seen) != int(response.headers["X-Total-Count"]):
                    raise RuntimeError("rows are missing")
                return len(seen)


def _signed_get(client: httpx.Client, url: str) -> httpx.Response:
    """Sign and send a request, three times if it fails."""
    for attempt in range(3):
        address, parameters = split_url(url)
        timestamp = str(int(time.time()))
        nonce = "".join(random.choices("0123456789", k=len(timestamp)))  # noqa: S311 - a nonce must be unique, not secret
        header = authorization_header(address, parameters, _ID, _SECRET, timestamp, nonce)
        response = client.get(url, headers={"Authorization": header})
        if response.status_code < 500:
            return response.raise_for_status()
        time.sleep(2**attempt)
    return response.raise_for_status()
