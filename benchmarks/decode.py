"""Reading the body of an answer into records, against a bare `orjson.loads` of the same bytes."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import httpx
import orjson

from benchmarks.measuring import Line, in_turn, line
from benchmarks.plan import Plan
from benchmarks.records import page
from benchmarks.stock import generated
from oneroster_v1p1.api.rostering import get_all_enrollments, get_all_users

__all__ = ["measure"]

_MOST: Final = 2.0
_MOST_ODD: Final = 3.5
_ODD_EVERY: Final = 100
_SECONDS: Final = 0.2
_PAGES: Final[tuple[tuple[str, str, Any], ...]] = (
    ("users", "UserPage", get_all_users),
    ("enrollments", "EnrollmentPage", get_all_enrollments),
)


def measure(plan: Plan) -> Iterator[Line]:
    """The rows of the table: generated code, the same with odd records, and stock generated code."""
    with generated() as stock:
        for wrapper, model, operation in _PAGES:
            regular = _Reading(wrapper, plan.page_rows, operation, None)
            odd = _Reading(wrapper, plan.page_rows, operation, _ODD_EVERY)
            contestants: dict[str, Callable[[], float]] = {
                "raw": _timed(regular.raw),
                "ours": _timed(regular.ours),
                "raw odd": _timed(odd.raw),
                "ours odd": _timed(odd.ours),
                "stock": _timed(partial(_read_stock, stock.page_model(model), regular.content)),
            }
            costs = in_turn(f"decode {wrapper}", contestants, plan.rounds)
            what = f"decode {plan.page_rows} {wrapper}"
            yield line(f"{what} / orjson.loads", costs["ours"], costs["raw"], _MOST)
            yield line(f"{what}, 1 in {_ODD_EVERY} odd / orjson.loads", costs["ours odd"], costs["raw odd"], _MOST_ODD)
            yield line(f"{what}, stock generated code / orjson.loads", costs["stock"], costs["raw"])


class _Reading:
    """One page, read as the client reads an answer."""

    def __init__(self, wrapper: str, rows: int, operation: Any, odd_every: int | None) -> None:
        self.content = page(wrapper, rows, odd_every)
        self._operation, self._sent = operation, operation.request()
        asked = httpx.Request("GET", f"https://sis.example{self._sent.path}")
        headers = {"Content-Type": "application/json"}
        self._answer = httpx.Response(200, headers=headers, content=self.content, request=asked)
        if len(getattr(self.ours().parsed, wrapper)) != rows:
            raise RuntimeError(f"{wrapper} were lost on reading")

    def raw(self) -> Any:
        return orjson.loads(self.content)

    def ours(self) -> Any:
        return self._operation.response(self._sent, self._answer)


def _read_stock(model: Any, content: bytes) -> Any:
    return model.from_dict(json.loads(content))


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    """Processor seconds of one go, from as many as give a clock something to measure."""

    def cost() -> float:
        goes, began = 0, time.process_time()
        while (spent := time.process_time() - began) < _SECONDS or not goes:
            work()
            goes += 1
        return spent / goes

    return cost
