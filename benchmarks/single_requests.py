"""The cost of one page and of one record, compared with bare httpx: processor time of a new client or of many pages."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import httpx

from benchmarks.fast_server import running
from benchmarks.measurement import Line, in_turn, line
from benchmarks.scale import Scale
from oneroster import OneRoster

__all__ = ["measure"]

_MAX_FETCH: Final = 1.15
_MAX_OPEN: Final = 1.2
_PAGES: Final = 100
_OPENED: Final = 20


def measure(scale: Scale) -> Iterator[Line]:
    """Yield the results."""
    with running(_PAGES * scale.page_rows) as base_url:
        fetches = {"ours": partial(_pages, base_url, scale), "httpx": partial(_bare_pages, base_url, scale)}
        costs = in_turn("fetch a page", fetches, scale.rounds)
        yield line(
            f"fetch {_PAGES} pages, processor time / httpx.Client.get", costs["ours"], costs["httpx"], _MAX_FETCH
        )
        opens = {"ours": partial(_opened, base_url), "httpx": partial(_bare_opened, base_url)}
        costs = in_turn("open a client", opens, scale.rounds)
        what = "open a client and read a record, processor time / httpx.Client and json"
        yield line(what, costs["ours"], costs["httpx"], _MAX_OPEN)


def _pages(base_url: str, scale: Scale) -> float:
    with OneRoster(base_url=base_url, token="t") as roster:  # noqa: S106  # checked by nobody
        session = roster.session
        began = time.process_time()
        for url in _urls(base_url, scale):
            session.read(url, _nothing, "getAllEnrollments")
        return time.process_time() - began


def _bare_pages(base_url: str, scale: Scale) -> float:
    with httpx.Client(headers={"Authorization": "Bearer t"}) as client:
        began = time.process_time()
        for url in _urls(base_url, scale):
            client.get(url).raise_for_status()
        return time.process_time() - began


def _urls(base_url: str, scale: Scale) -> list[str]:
    return [f"{base_url}/enrollments?limit={scale.page_rows}&offset={page * scale.page_rows}" for page in range(_PAGES)]


def _nothing(_: Any) -> None:
    """Parse nothing: only the fetch is measured."""


def _opened(base_url: str) -> float:
    began = time.process_time()
    for _ in range(_OPENED):
        with OneRoster(base_url=base_url, token="t") as roster:  # noqa: S106  # checked by nobody
            roster.get_all_enrollments().first()
    return time.process_time() - began


def _bare_opened(base_url: str) -> float:
    began = time.process_time()
    for _ in range(_OPENED):
        with httpx.Client(headers={"Authorization": "Bearer t"}) as client:
            client.get(f"{base_url}/enrollments?limit=1&offset=0").raise_for_status().json()
    return time.process_time() - began
