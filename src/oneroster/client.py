"""`OneRoster`: the door to one tenant."""

from types import TracebackType

from .classlink import make_roster_request

__all__ = ["OneRoster"]


class OneRoster:
    """One tenant, entered with a client id and a secret.

    Args:
        client_id: The consumer key that the tenant gave.
        client_secret: Its secret. Neither is checked before a request.
    """

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._client_id = client_id
        self._client_secret = client_secret

    def make_roster_request(self, url: str) -> dict[str, int | str]:
        """GET any URL of the tenant, signed by OAuth 1.0a with HMAC-SHA256, as ClassLink's class does (7.3 [A]).

        Args:
            url: The whole URL, query included. It is signed for whatever host it names, so take it from your own
                settings and never out of a record.

        Returns:
            ``status_code`` (0 when no answer came) and ``response``, the body as text. HTTP errors do not raise.
        """
        return make_roster_request(url, self._client_id, self._client_secret)

    def close(self) -> None:
        """Let go of what is open."""

    def __enter__(self) -> "OneRoster":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "OneRoster(client_id=…, client_secret=…)"
