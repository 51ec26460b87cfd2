"""Who is told how a pull gets on."""

__all__ = ["Progress"]


class Progress:
    """Hears how a pull gets on, from several threads; this one keeps still. Derive from it to show something."""

    def plan(self, collections: tuple[str, ...]) -> None:
        """These collections are going to be fetched."""

    def begin(self, collection: str) -> None:
        """A collection is being fetched."""

    def advance(self, collection: str, rows: int, total: int | None) -> None:
        """So many rows of a collection are here, of so many announced, if any were."""

    def end(self, collection: str, rows: int) -> None:
        """A collection is here."""

    def absent(self, collection: str, reason: str) -> None:
        """The tenant does not give a collection."""

    def again(self) -> None:
        """A request is going to be sent again."""

    def stage(self, what: str) -> None:
        """Another kind of work begins, as in ``checking`` or ``writing``."""
