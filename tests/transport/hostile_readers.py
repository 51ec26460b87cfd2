"""One request by each of the three senders: the client, the asynchronous client and the contract kit."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from oneroster import ResponseLimits, Retry, Standard
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.credentials import BearerToken, OAuth2Credentials
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.settings import Settings
from oneroster.transport.bounded_response import RawResponse
from oneroster.transport.session import AsyncSession, Session
from oneroster.transport.tls import TlsSettings

LIMITS = ResponseLimits(max_bytes=4_000_000, total_timeout=20, read_timeout=20)
NO_TLS = TlsSettings()
RETRY = Retry(attempts=3, first_delay=0, longest_retry_after=1)


class Received(NamedTuple):
    """What a sender made of the response."""

    status: int
    content: bytes

    def __repr__(self) -> str:
        # asyncio.run shows the result of its task to itself; the body would then count twice.
        return f"Received({self.status})"


Reader = Callable[..., Received]


def _settings(base_url: str, token_url: str | None, tls: TlsSettings) -> Settings:
    files = {"ca_file": tls.ca_file, "client_cert": tls.client_cert, "client_key": tls.client_key}
    if token_url is None:
        return Settings(base_url, token="t0ken", **files)
    return Settings(base_url, client_id="id", client_secret="s3cret", token_url=token_url, **files)


def _received(raw: RawResponse) -> Received:
    return Received(raw.status_code, raw.content)


def read_by_session(
    base_url: str, token_url: str | None = None, limits: ResponseLimits = LIMITS, tls: TlsSettings = NO_TLS
) -> Received:
    session = Session(_settings(base_url, token_url, tls), Standard.of(), RETRY, limits, ssl_context=tls.context)
    try:
        return session.read(f"{base_url}/orgs", _received)
    finally:
        session.close()


def read_by_async_session(
    base_url: str, token_url: str | None = None, limits: ResponseLimits = LIMITS, tls: TlsSettings = NO_TLS
) -> Received:
    async def read() -> Received:
        session = AsyncSession(
            _settings(base_url, token_url, tls), Standard.of(), RETRY, limits, ssl_context=tls.context
        )
        try:
            return await session.read(f"{base_url}/orgs", _received)
        finally:
            await session.close()

    return asyncio.run(read())


def read_by_gateway(
    base_url: str, token_url: str | None = None, limits: ResponseLimits = LIMITS, tls: TlsSettings = NO_TLS
) -> Received:
    access = BearerToken("t0ken") if token_url is None else OAuth2Credentials(token_url, "id", "s3cret")
    budget = RunBudget(timeout=limits.total_timeout, body=limits.max_bytes)
    with Gateway(Target(base_url, access=access, tls=tls), budget, pause=lambda _: None) as gateway:
        exchange = gateway.get("/orgs")
    return Received(exchange.status, exchange.body)


READERS: dict[str, Reader] = {
    "client": read_by_session,
    "async client": read_by_async_session,
    "kit": read_by_gateway,
}
