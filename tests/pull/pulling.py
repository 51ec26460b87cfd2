"""What the tests of pull share: the truth of a tenant, read without the client, and rosters to compare with it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from oneroster import OneRoster, Paging, ResponseLimits, Retry
from oneroster.pull import Roster, open_destination
from oneroster.pull.fetch.staging import REFUSED, staging_path
from oneroster.pull.roster.columns import KEY_COLUMN, Column, columns_of
from oneroster.sandbox import Sandbox
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard
from oneroster_v1p1 import specification
from tests.patience import PATIENCE

ELEMENTS = specification().elements
OPERATIONS = specification().operations

Rows = dict[str, list[dict[str, Any]]]

ELEMENTS_OF_ALL = tuple(name for name, element in ELEMENTS.items() if element.collection)
QUICK = Retry(first_delay=0.0, longest_delay=0.0)
SMALL_PAGES = Paging(limit=7, windows=3)
ENDLESS = {"slow-drip"}


@contextmanager
def roster_of(tenant: Sandbox) -> Iterator[OneRoster]:
    """A client of a tenant that does not wait before it asks again."""
    with OneRoster(base_url=tenant.base_url, token=tenant.token, retry=QUICK) as roster:
        yield roster


@contextmanager
def tenant_and_store(seed: int = 3, **options: Any) -> Iterator[tuple[Sandbox, Store]]:
    """A tenant together with its records, to change them behind the back of whoever reads."""
    stores: list[Store] = []
    original = Store.open

    def remembered(*arguments: Any, **named: Any) -> Store:
        stores.append(original(*arguments, **named))
        return stores[-1]

    with patch.object(Store, "open", remembered), Sandbox("small", seed, **options) as tenant:
        yield tenant, stores[0]


def truth(tenant: Sandbox) -> Rows:
    """All rows of a tenant in its own order, by element, as the columns should hold them."""
    with httpx.Client(base_url=tenant.base_url, headers={"Authorization": f"Bearer {tenant.token}"}) as client:
        return {element: [_row(element, record) for record in _records(client, element)] for element in ELEMENTS_OF_ALL}


def _records(client: httpx.Client, element: str) -> list[dict[str, Any]]:
    operation = OPERATIONS[ELEMENTS[element].collection or ""]
    answer = client.get(operation.path, params={"limit": 100_000})
    if answer.status_code == 404:
        return []
    found: list[dict[str, Any]] = answer.json()[operation.wrapper]
    return found


def _row(element: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        column.name: _cell(column, record)
        for column in columns_of(Standard.of().specification, element)
        if column.name != "password"
    }


def _cell(column: Column, record: Mapping[str, Any]) -> Any:
    known = column.property
    if known is None:
        return None
    value = record.get(known.name)
    if value is None or column.offset_of is not None:
        return None
    if known.kind == "reference":
        return value["sourcedId"]
    if known.kind == "references":
        return [one["sourcedId"] for one in value]
    if known.kind == "boolean":
        return value in (True, "true")
    if known.kind == "date":
        return date.fromisoformat(value)
    if known.kind == "date-time":
        return datetime.fromisoformat(value).astimezone(UTC)
    if known.kind == "object":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


@contextmanager
def impatient(tenant: Sandbox, fault: str = "") -> Iterator[OneRoster]:
    """A client of a tenant, which gives up soon where a fault makes responses that do not end by themselves."""
    seconds = 1.0 if fault in ENDLESS else PATIENCE
    retry = Retry(attempts=4, first_delay=0.0, longest_delay=0.0, longest_retry_after=0.0, deadline=PATIENCE)
    limits = ResponseLimits(max_bytes=1_000_000, total_timeout=seconds, read_timeout=seconds)
    with OneRoster(base_url=tenant.base_url, token=tenant.token, retry=retry, limits=limits) as roster:
        yield roster


def rows_of(roster: Roster) -> Rows:
    """All rows of a roster, by element."""
    return {element: roster.read(element).read_all().to_pylist() for element in roster.elements()}


def rows_at(place: Path) -> Rows:
    """All rows of a place, by element."""
    return rows_of(open_destination(place))


def by_id(rows: Rows) -> dict[str, dict[str, dict[str, Any]]]:
    """The same without an order; no row may stand there twice."""
    found = {element: {row[KEY_COLUMN]: row for row in some} for element, some in rows.items()}
    assert {element: len(some) for element, some in rows.items()} == {name: len(some) for name, some in found.items()}
    return found


def leftovers(folder: Path) -> list[str]:
    """What lies in a folder beside places: nothing, after a pull that succeeded."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".") or path.name.endswith(".partial"))


def refused_records(place: Path) -> list[dict[str, Any]]:
    """The rejects of a roster that was not published."""
    return [json.loads(line) for line in (staging_path(place) / REFUSED).read_text().splitlines()]


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path, apart from hidden ones."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    found = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: content for name, content in found.items() if not name.startswith(".")}
