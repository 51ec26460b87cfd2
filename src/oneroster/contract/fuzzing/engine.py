"""The one module that knows schemathesis: it lets the engine ask things that no rule thought of.

The engine never speaks to the tenant. It calls a small ASGI application that hands every request to the gateway, and it
sees a placeholder token only. What it says about an answer is taken as a hint; findings are told from the kept answers
by the kit's own judges, because the engine's messages quote values.

Private parts of schemathesis are used here (events, recorder), hence the narrow pin in pyproject.toml.
"""

import re
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from oneroster.contract.errors import BudgetSpentError, KitError, NoAnswerError, UnjudgeableError
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import Gateway

__all__ = ["EngineRun", "run_engine"]

EXCHANGE_HEADER: Final = "X-Oneroster-Check-Exchange"
"""Carries the number of the kept exchange through the engine and back."""
NOT_FORWARDED: Final = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)

LINK_STEPS: Final = 12
"""Requests of one walk along links; the later ones have more links to choose from."""
LARGEST_LIMIT: Final = 1000
"""Rows; a made-up request that asks for more is not sent, for it could bring a whole tenant."""

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


def run_engine(
    gateway: Gateway,
    document: dict[str, Any],
    seed: int,
    manner: Phase = Phase.EXAMPLES,
    examples: int = 1,
) -> EngineRun:
    """Let the engine read everything that a compiled document describes, in one manner.

    ``examples`` is how many requests are made up for each operation, or how many links are followed in all. The same
    seed sends the same requests. Nothing is raised for what the tenant does; see ``EngineRun``.
    """
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    bridge = _GatewayApp(gateway, lawful=manner is not Phase.UNLAWFUL)
    found = EngineRun()
    settings = _settings(seed, manner, examples, gateway.limits.workers)
    with _nothing_left_behind():
        schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(settings))
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
    for known in found.exchanges.values():
        # In an order of their own, for workers come back in any.
        known.sort(key=lambda exchange: exchange.target)
    for hints in found.hints.values():
        hints.sort(key=lambda hint: (hint.exchange.target, hint.check))
    return found


def _settings(seed: int, manner: Phase, examples: int, workers: int) -> dict[str, Any]:
    """Polite and quiet: no other methods, nothing cached, no shrinking."""
    unlawful = manner is Phase.UNLAWFUL
    return {
        "seed": seed,
        "workers": workers,
        "cache": {"enabled": False},
        "continue-on-failure": True,
        "generation": {
            "mode": "negative" if unlawful else "positive",
            "database": "none",
            "no-shrink": True,
            "max-examples": max(examples, 1),
            "allow-extra-parameters": False,
        },
        "phases": {
            "examples": {"enabled": manner is Phase.EXAMPLES},
            "coverage": {"enabled": manner in (Phase.EXAMPLES, Phase.UNLAWFUL), "unexpected-methods": []},
            "fuzzing": {"enabled": examples > 0 and manner in (Phase.FUZZ, Phase.UNLAWFUL)},
            "stateful": {
                "enabled": manner is Phase.LINKS,
                "max-steps": LINK_STEPS,
                "link-calibration": False,
                "inference": {"algorithms": []},
            },
        },
        "checks": {"enabled": False, **({} if unlawful else {name: {"enabled": True} for name in CHECKS})},
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


def _collect(found: EngineRun, bridge: "_GatewayApp", event: Any) -> None:
    """Sort the exchanges and hints of one scenario by path template."""
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        exchange = bridge.exchange_of(interaction.response)
        if exchange is None:
            continue
        path = str(recorder.cases[case_id].value.operation.path)
        known = found.exchanges.setdefault(path, [])
        if not any(exchange is each for each in known):
            known.append(exchange)
        for check in recorder.checks.get(case_id, ()):
            if check.failure_info is not None:
                found.hints.setdefault(path, []).append(Hint(check.name, exchange))


class _GatewayApp:
    """The application that the engine takes for the tenant."""

    def __init__(self, gateway: Gateway, *, lawful: bool) -> None:
        self._gateway = gateway
        self._lawful = lawful
        self._exchanges: list[Exchange] = []
        self._by_request: dict[str, int] = {}
        self._keeping = threading.Lock()
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
        number = self._answered(scope)
        if number is None:
            # An answer without a kept exchange is passed over when the scenario is collected.
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        exchange = self._exchanges[number]
        headers = [pair for pair in exchange.headers.multi_items() if pair[0].lower() not in NOT_FORWARDED]
        headers.append((EXCHANGE_HEADER, str(number)))
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await send({"type": "http.response.start", "status": exchange.status, "headers": raw})
        await send({"type": "http.response.body", "body": exchange.body})

    def _answered(self, scope: Message) -> int | None:
        """The number of the exchange that answers a request; what was asked before is not asked again."""
        raw_path = scope.get("raw_path") or scope["path"].encode()
        base = urlsplit(self._gateway.target.base_url)
        query = scope["query_string"].decode("latin-1")
        url = f"{base.scheme}://{base.netloc}{raw_path.decode('latin-1').partition('?')[0]}"
        url += f"?{query}" if query else ""
        pairs = parse_qsl(query, keep_blank_values=True)
        key = f"{raw_path!r} {sorted(pairs)}"
        if key not in self._by_request:
            exchange = self._forward(scope["method"], url) if _may_be_sent(pairs, lawful=self._lawful) else None
            if exchange is None:
                return None
            with self._keeping:
                self._exchanges.append(exchange)
                self._by_request[key] = len(self._exchanges) - 1
        return self._by_request[key]

    def _forward(self, method: Any, url: str) -> Exchange | None:
        if self.stopped is not None:
            return None
        try:
            return self._gateway.send(method, url)
        except NoAnswerError:
            return None
        except (BudgetSpentError, UnjudgeableError) as error:
            self.stopped = error
            return None


def _may_be_sent(pairs: list[tuple[str, str]], *, lawful: bool) -> bool:
    """Whether a query is small enough; a lawful one must also be one in the eyes of those who know no JSON Schema."""
    for name, value in pairs:
        if name == "limit" and re.fullmatch(r"\s*\+?[0-9]+(\.0*)?\s*", value) and float(value) > LARGEST_LIMIT:
            return False
        # To JSON Schema 10.0 is an integer.
        if lawful and name in ("limit", "offset") and "." in value:
            return False
    return True
