"""The one module that knows schemathesis: it lets the engine ask lawful things that no rule thought of.

The engine never speaks to the tenant. It calls a small ASGI application that hands every request to the gateway, and it
sees a placeholder token only. What it says about an answer is taken as a hint; findings are told from the kept answers
by the kit's own judges, because the engine's messages quote values.

Private parts of schemathesis are used here (events, recorder), hence the narrow pin in pyproject.toml.
"""

import tempfile
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from oneroster.contract.errors import BudgetSpentError, KitError, NoAnswerError, UnjudgeableError
from oneroster.contract.exchange import Exchange
from oneroster.contract.gateway import Gateway

__all__ = ["EngineRun", "explore"]

EXCHANGE_HEADER: Final = "X-Oneroster-Check-Exchange"
"""Carries the number of the kept exchange through the engine and back."""
NOT_FORWARDED: Final = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)

Message = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hint:
    """The engine's word that something is wrong with an exchange; ``check`` is the name of its check."""

    check: str
    exchange: Exchange


@dataclass
class EngineRun:
    """What one run of the engine brought: every answer by path template, and what the engine held against them.

    ``stopped`` is the error that ended the run early; ``crashes`` are types of errors inside the engine.
    """

    exchanges: dict[str, list[Exchange]] = field(default_factory=dict)
    hints: dict[str, list[Hint]] = field(default_factory=dict)
    stopped: KitError | None = None
    crashes: list[str] = field(default_factory=list)


def explore(gateway: Gateway, document: dict[str, Any], seed: int) -> EngineRun:
    """Let the engine read everything that a compiled document describes: its examples and its coverage cases.

    The same seed sends the same requests. Nothing is raised for what the tenant does; see ``EngineRun``.
    """
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    bridge = _Bridge(gateway)
    found = EngineRun()
    with _nothing_left_behind():
        schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(_settings(seed)))
        schema.app = bridge
        stream = from_schema(schema).execute()
        for event in stream:
            if isinstance(event, events.ScenarioFinished):
                _collect(found, bridge, event)
            elif isinstance(event, events.NonFatalError) and bridge.stopped is None:
                found.crashes.append(type(event.value).__name__)
            if bridge.stopped is not None:
                stream.stop()
    found.stopped = bridge.stopped
    return found


def _settings(seed: int) -> dict[str, Any]:
    """Polite and quiet: lawful requests only, no other methods, nothing cached, no shrinking."""
    return {
        "seed": seed,
        "cache": {"enabled": False},
        "generation": {"mode": "positive", "database": "none", "no-shrink": True},
        "phases": {
            "coverage": {"unexpected-methods": []},
            "fuzzing": {"enabled": False},
            "stateful": {"enabled": False},
        },
        "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
    }


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Give Hypothesis a folder that goes away again, instead of ``.hypothesis`` in the user's current one."""
    from hypothesis import configuration

    with tempfile.TemporaryDirectory(prefix="oneroster-check-") as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(None)


def _collect(found: EngineRun, bridge: "_Bridge", event: Any) -> None:
    """Sort the exchanges and hints of one scenario by the path template, which is the label without its method."""
    path = str(event.label).partition(" ")[2]
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        exchange = bridge.exchange_of(interaction.response)
        if exchange is None:
            continue
        found.exchanges.setdefault(path, []).append(exchange)
        for check in recorder.checks.get(case_id, ()):
            if check.failure_info is not None:
                found.hints.setdefault(path, []).append(Hint(check.name, exchange))


class _Bridge:
    """The application that the engine takes for the tenant."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._exchanges: list[Exchange] = []
        self.stopped: KitError | None = None

    def exchange_of(self, response: Any) -> Exchange | None:
        """The kept exchange behind a response of the engine; None when the tenant never answered."""
        number = response.headers.get(EXCHANGE_HEADER.lower()) if response is not None else None
        return self._exchanges[int(number[0])] if number else None

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            raise NotImplementedError("only HTTP is bridged")
        await receive()
        exchange = self._forward(scope)
        if exchange is None:
            # An answer without a kept exchange is passed over when the scenario is collected.
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        self._exchanges.append(exchange)
        headers = [pair for pair in exchange.headers.multi_items() if pair[0].lower() not in NOT_FORWARDED]
        headers.append((EXCHANGE_HEADER, str(len(self._exchanges) - 1)))
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await send({"type": "http.response.start", "status": exchange.status, "headers": raw})
        await send({"type": "http.response.body", "body": exchange.body})

    def _forward(self, scope: Message) -> Exchange | None:
        if self.stopped is not None:
            return None
        raw_path = scope.get("raw_path") or scope["path"].encode()
        base = urlsplit(self._gateway.target.base_url)
        url = f"{base.scheme}://{base.netloc}{raw_path.decode('latin-1').partition('?')[0]}"
        query = scope["query_string"].decode("latin-1")
        try:
            return self._gateway.send(scope["method"], f"{url}?{query}" if query else url)
        except NoAnswerError:
            return None
        except (BudgetSpentError, UnjudgeableError) as error:
            self.stopped = error
            return None
