"""Progress callbacks of a pull."""

__all__ = ["Progress"]


class Progress:
    """Callbacks for the progress of a pull, called from several threads. Override them to display something.

    The methods of this class do nothing.
    """

    def plan(self, collections: tuple[str, ...]) -> None:
        """Announce the collections that will be fetched."""

    def begin(self, collection: str) -> None:
        """Report that the fetch of a collection begins."""

    def advance(self, collection: str, rows: int, total: int | None) -> None:
        """Report the rows of a collection fetched up to now, and the total that the server announces, if any."""

    def end(self, collection: str, rows: int) -> None:
        """Report that a collection is fetched."""

    def not_offered(self, collection: str, reason: str) -> None:
        """Report that the server does not offer a collection."""

    def wait(self, seconds: float, reason: str) -> None:
        """Report that a failed request will be sent again after some seconds, and why it failed."""

    def stage(self, name: str) -> None:
        """Report the next stage after the fetch: ``checking``, then ``writing``."""
