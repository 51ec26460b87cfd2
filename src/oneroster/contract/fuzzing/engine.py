"""Run schemathesis against a tenant, through the gateway.

The engine has no connection to the tenant. It calls an ASGI application that passes every request to the gateway, and
it only has a placeholder token. Its messages quote values, so its failures are only hints: rules check the exchanges.

This uses private parts of schemathesis (events, recorder), hence the narrow pin in pyproject.toml.
"""

import re
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from oneroster.contract.errors import BudgetSpentError, KitError, NoResponseError, TenantNotTestableError
from oneroster.contract.fuzzing.phases import Phase
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import Gateway

__all__ = ["EngineRun", "run_engine"]

EXCHANGE_HEADER: Final = "X-Oneroster-Check-Exchange"
"""Carries the number of the kept exchange through the engine."""
NOT_FORWARDED: Final = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)

LINK_STEPS: Final = 12
"""Requests of one sequence along links; later ones have more links to choose from."""
MAX_LIMIT: Final = 1000
"""Rows; a generated request with a higher limit is not sent, because it could return all rows of a tenant."""

Message = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hint:
    """A failure that the engine reported for an exchange; ``check`` is the name of its check."""

    check: str
    exchange: Exchange


@dataclass
class EngineRun:
    """The result of one run of the engine.

    Attributes:
        exchanges: All exchanges, by path template.
        hints: The reported failures, by path template.
        stopped: The error that ended the run early, if any.
        crashes: The types of errors inside the engine.
    """

    exchanges: dict[str, list[Exchange]] = field(default_factory=dict)
    hints: dict[str, list[Hint]] = field(default_factory=dict)
    stopped: KitError | None = None
    crashes: list[str] = field(default_factory=list)


def run_engine(
    gateway: Gateway,
    document: dict[str, Any],
    seed: int,
    phase: Phase = Phase.EXAMPLES,
    examples: int = 1,
) -> EngineRun:
    """Run one phase of the engine over a compiled document.

    Errors caused by the tenant are not raised; see `EngineRun`.

    Args:
        gateway: Sends the requests.
        document: The document of `compile_document`.
        seed: The same seed sends the same requests.
        phase: The phase.
        examples: The number of requests to generate per operation, or of sequences along links in all.
    """
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    app = _GatewayApp(gateway, valid_only=phase is not Phase.NEGATIVE)
    found = EngineRun()
    settings = _settings(seed, phase, examples, gateway.limits.workers)
    with _temporary_hypothesis_home():
        schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(settings))
        schema.app = app
        stream = from_schema(schema).execute()
        for event in stream:
            if isinstance(event, events.ScenarioFinished):
                _collect(found, app, event)
            elif isinstance(event, events.NonFatalError) and app.stopped is None:
                found.crashes.append(type(event.value).__name__)
            if app.stopped is not None:
                stream.stop()
    found.stopped = app.stopped
    for known in found.exchanges.values():
        # The order in which workers finish varies.
        known.sort(key=lambda exchange: exchange.target)
    for hints in found.hints.values():
        hints.sort(key=lambda hint: (hint.exchange.target, hint.check))
    return found


def _settings(seed: int, phase: Phase, examples: int, workers: int) -> dict[str, Any]:
    """Return the configuration: no unexpected methods, no cache, no shrinking, which would send more requests."""
    negative = phase is Phase.NEGATIVE
    return {
        "seed": seed,
        "workers": workers,
        "cache": {"enabled": False},
        "continue-on-failure": True,
        "generation": {
            "mode": "negative" if negative else "positive",
            "database": "none",
            "no-shrink": True,
            "max-examples": max(examples, 1),
            "allow-extra-parameters": False,
        },
        "phases": {
            "examples": {"enabled": phase is Phase.EXAMPLES},
            "coverage": {"enabled": phase in (Phase.EXAMPLES, Phase.NEGATIVE), "unexpected-methods": []},
            "fuzzing": {"enabled": examples > 0 and phase in (Phase.FUZZ, Phase.NEGATIVE)},
            "stateful": {
                "enabled": phase is Phase.LINKS,
                "max-steps": LINK_STEPS,
                "link-calibration": False,
                "inference": {"algorithms": []},
            },
        },
        "checks": {"enabled": False, **({} if negative else {name: {"enabled": True} for name in CHECKS})},
    }


@contextmanager
def _temporary_hypothesis_home() -> Iterator[None]:
    """Give Hypothesis a temporary folder instead of ``.hypothesis`` in the current one."""
    from hypothesis import configuration

    with tempfile.TemporaryDirectory(prefix="oneroster-check-") as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(None)


def _collect(found: EngineRun, app: "_GatewayApp", event: Any) -> None:
    """Add the exchanges and hints of one scenario by path template."""
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        exchange = app.exchange_of(interaction.response)
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
    """The ASGI application that the engine tests in place of the tenant."""

    def __init__(self, gateway: Gateway, *, valid_only: bool) -> None:
        self._gateway = gateway
        self._valid_only = valid_only
        self._exchanges: list[Exchange] = []
        self._by_request: dict[str, int] = {}
        self._lock = threading.Lock()
        self.stopped: KitError | None = None

    def exchange_of(self, response: Any) -> Exchange | None:
        """Return the exchange of a response of the engine; None if the tenant sent no response."""
        number = response.headers.get(EXCHANGE_HEADER.lower()) if response is not None else None
        return self._exchanges[int(number[0])] if number else None

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            raise NotImplementedError("only HTTP is supported")  # as ASGI wants of an application without lifespan
        await receive()
        number = self._exchange_number(scope)
        if number is None:
            # A response without an exchange is ignored when the scenario is collected.
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        exchange = self._exchanges[number]
        headers = [pair for pair in exchange.headers.multi_items() if pair[0].lower() not in NOT_FORWARDED]
        headers.append((EXCHANGE_HEADER, str(number)))
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await send({"type": "http.response.start", "status": exchange.status, "headers": raw})
        await send({"type": "http.response.body", "body": exchange.json_body})

    def _exchange_number(self, scope: Message) -> int | None:
        """Return the number of the exchange for a request, which is sent if it was not sent before."""
        raw_path = scope.get("raw_path") or scope["path"].encode()
        base = urlsplit(self._gateway.target.base_url)
        query = scope["query_string"].decode("latin-1")
        path = raw_path.decode("latin-1").partition("?")[0]
        # The engine sends all requests below one base URL; each goes to the service of its operation.
        below = path.removeprefix(base.path)
        url = self._gateway.target.url_of(below) if below != path else f"{base.scheme}://{base.netloc}{path}"
        url += f"?{query}" if query else ""
        pairs = parse_qsl(query, keep_blank_values=True)
        key = f"{raw_path!r} {sorted(pairs)}"
        if key not in self._by_request:
            exchange = self._forward(scope["method"], url) if _may_be_sent(pairs, valid_only=self._valid_only) else None
            if exchange is None:
                return None
            with self._lock:
                self._exchanges.append(exchange)
                self._by_request[key] = len(self._exchanges) - 1
        return self._by_request[key]

    def _forward(self, method: Any, url: str) -> Exchange | None:
        if self.stopped is not None:
            return None
        try:
            return self._gateway.send(method, url)
        except NoResponseError:
            return None
        except (BudgetSpentError, TenantNotTestableError) as error:
            self.stopped = error
            return None


def _may_be_sent(pairs: list[tuple[str, str]], *, valid_only: bool) -> bool:
    """Return whether a query has a small limit and, if it must be valid, only plain integers."""
    for name, value in pairs:
        if name == "limit" and re.fullmatch(r"\s*\+?[0-9]+(\.0*)?\s*", value) and float(value) > MAX_LIMIT:
            return False
        # In JSON Schema 10.0 is an integer, for servers it is not.
        if valid_only and name in ("limit", "offset") and "." in value:
            return False
    return True
