"""Decoding a response body into records, compared with `orjson.loads` of the same bytes."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import httpx
import orjson

from benchmarks.measurement import Line, in_turn, line
from benchmarks.scale import Scale
from benchmarks.stock_client import generated
from benchmarks.synthetic_records import page
from oneroster_v1p1.api.rostering import get_all_enrollments, get_all_users

__all__ = ["measure"]

_MAX: Final = 2.0
_MAX_ODD: Final = 3.5
_ODD_EVERY: Final = 100
_MIN_SECONDS: Final = 0.2
_PAGES: Final[tuple[tuple[str, str, Any], ...]] = (
    ("users", "UserPage", get_all_users),
    ("enrollments", "EnrollmentPage", get_all_enrollments),
)


def measure(scale: Scale) -> Iterator[Line]:
    """Yield results for the generated code, for pages with non-conforming records, and for stock generated code."""
    with generated() as stock:
        for wrapper, model, operation in _PAGES:
            regular = _Reading(wrapper, scale.page_rows, operation, None)
            odd = _Reading(wrapper, scale.page_rows, operation, _ODD_EVERY)
            candidates: dict[str, Callable[[], float]] = {
                "raw": _timed(regular.raw),
                "ours": _timed(regular.ours),
                "raw odd": _timed(odd.raw),
                "ours odd": _timed(odd.ours),
                "stock": _timed(partial(_read_stock, stock.page_model(model), regular.content)),
            }
            costs = in_turn(f"decode {wrapper}", candidates, scale.rounds)
            what = f"decode {scale.page_rows} {wrapper}"
            yield line(f"{what} / orjson.loads", costs["ours"], costs["raw"], _MAX)
            yield line(f"{what}, 1 in {_ODD_EVERY} odd / orjson.loads", costs["ours odd"], costs["raw odd"], _MAX_ODD)
            yield line(f"{what}, stock generated code / orjson.loads", costs["stock"], costs["raw"])


class _Reading:
    """One page, decoded as the client decodes a response."""

    def __init__(self, wrapper: str, rows: int, operation: Any, odd_every: int | None) -> None:
        self.content = page(wrapper, rows, odd_every)
        self._operation, self._sent = operation, operation.request()
        request = httpx.Request("GET", f"https://sis.example{self._sent.path}")
        headers = {"Content-Type": "application/json"}
        self._answer = httpx.Response(200, headers=headers, content=self.content, request=request)
        if len(getattr(self.ours().parsed, wrapper)) != rows:
            raise RuntimeError(f"decoding lost {wrapper}")

    def raw(self) -> Any:
        return orjson.loads(self.content)

    def ours(self) -> Any:
        return self._operation.response(self._sent, self._answer)


def _read_stock(model: Any, content: bytes) -> Any:
    return model.from_dict(json.loads(content))


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    """Return a function that measures the CPU seconds of one call, averaged over enough calls to be measurable."""

    def cost() -> float:
        calls, began = 0, time.process_time()
        while (spent := time.process_time() - began) < _MIN_SECONDS or not calls:
            work()
            calls += 1
        return spent / calls

    return cost
