"""An incremental pull: which changes to request, whether the responses can be trusted, and the resulting roster."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import pyarrow.compute as pc

from oneroster.errors import ConfigurationError
from oneroster.filters import F, render_filter
from oneroster.pagination.walk import PageRequest
from oneroster.pull.fetch.collections import ChangeRequest
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.pull.incremental.watermark import (
    EARLIEST,
    LAST_PULL,
    KnownState,
    changes_filter,
    count_unchanged,
    known_state,
    parse_time,
)
from oneroster.pull.plan import CollectionSource, RosterSelection
from oneroster.pull.roster.columns import STATUS_COLUMN
from oneroster.pull.roster.manifest import WHOLE_ROSTER, Manifest
from oneroster.pull.roster.roster_protocol import Roster, count_rows
from oneroster.pull.roster.updates_and_deltas import RosterDelta, UpdatedRoster
from oneroster.pull.roster.views import active_only, changed_since

if TYPE_CHECKING:
    from oneroster.pull.fetch.staging import Staging
    from oneroster.pull.fetch.throttled_session import ThrottledSession
    from oneroster.standard import Standard

__all__ = ["IncrementalUpdate", "check_form"]

# A server may compare days, or local times. Rows older by less than this do not show that it ignores the filter.
_TOLERANCE: Final = timedelta(hours=26)


class IncrementalUpdate(NamedTuple):
    """An incremental pull.

    Attributes:
        since: The earliest time of the requested changes.
        base: The complete roster before; None without one.
        selection: The part of the roster to pull.
        delta: Whether the result is only the changes, and not the updated roster.
        states: What is known of the collections before, by collection, where the roster itself is elsewhere.
    """

    since: datetime
    base: Roster | None
    selection: RosterSelection
    delta: bool
    states: Mapping[str, KnownState] = {}  # never written to

    @classmethod
    def of(
        cls,
        since: str,
        overlap: timedelta,
        manifest: Manifest | None,
        base: Roster | None,
        selection: RosterSelection,
        base_url: str,
        delta: bool,
    ) -> "IncrementalUpdate":
        """Return the update that the options describe.

        Args:
            since: A time, or `LAST_PULL` for the watermark.
            overlap: How much earlier changes are requested.
            manifest: The manifest with the watermark.
            base: The complete roster before.
            selection: The part of the roster to pull.
            base_url: The tenant.
            delta: See the attribute; without a base, the result is always a delta.

        Raises:
            ConfigurationError: The watermark is missing, or the base does not match the options.
        """
        if selection.schools:
            raise ConfigurationError("--since cannot be combined with --school; pull the schools without --since.")
        if base is not None:
            _check_base(base.manifest, selection, base_url)
        if since != LAST_PULL:
            when = parse_time(since, overlap)
        elif manifest is None or manifest.watermark is None:
            raise ConfigurationError(
                "The existing roster has no watermark; give --since a time, or pull without --since."
            )
        else:
            when = parse_time(manifest.watermark, overlap)
        return cls(when, base, selection, delta or base is None)

    def changes(self, standard: "Standard", source: CollectionSource) -> ChangeRequest | None:
        """Return how to request the changes of a collection; None when all rows must be requested."""
        oldest, expect_rows = self.since, False
        if self.base is not None or self.states:
            known = self._known(source)
            if known is None or (known.rows and (known.newest is None or known.newest < EARLIEST)):
                return None
            oldest, expect_rows = min(oldest, known.newest or oldest), known.rows > 0
        text = changes_filter(
            standard.specification, self.selection.filters.get(source.collection), oldest, source.element
        )
        return None if text is None else ChangeRequest(text, oldest - _TOLERANCE, expect_rows)

    def _known(self, source: CollectionSource) -> KnownState | None:
        if self.base is None:
            return self.states.get(source.collection)
        return known_state(self.base, source.element) if source.element in self.base.elements() else None

    def is_incomplete(self, source: CollectionSource, staged: Roster, announced: int | None) -> bool:
        """Return whether the updated rows of a collection cannot be as many as the server announces.

        Args:
            source: The collection.
            staged: The fetched changes.
            announced: The number of rows that the server announces for the whole collection.
        """
        arriving = active_only(staged) if self.selection.active else staged
        changed = count_rows(arriving, source.element)
        if self.base is not None:
            return count_unchanged(self.base, staged, source.element) + changed != announced
        known = self._known(source)
        if known is None:
            return False
        # Each change is a new row or replaces one, and deletes one if only active rows are kept.
        least = known.rows - (count_rows(staged, source.element) - changed)
        return announced is None or not least <= announced <= known.rows + changed

    def announced(self, standard: "Standard", source: CollectionSource, session: "ThrottledSession") -> int | None:
        """Return the number of rows that the server announces for a whole collection; None if it announces none."""
        filter_ = self.selection.filters.get(source.collection)
        if self.selection.active:
            active = render_filter(F.status == "active", source.element, standard.specification)
            filter_ = active if filter_ is None else f"{filter_} AND {active}"
        call = RowsCall(standard, source.operation_id, {"filter": filter_}, session.service_urls)
        return session.read(call.page_url(PageRequest(0, 1)), call.read_rows, source.operation_id).info.total

    def result(self, staged: Roster, staging: "Staging") -> Roster:
        """Return the roster to write."""
        if self.base is None:
            return changed_since(staged, self.since)
        if self.delta:
            return RosterDelta(self.base, staged, staged.manifest, staging.in_full, datetime.now(UTC))
        arriving = active_only(staged) if self.selection.active else staged
        return UpdatedRoster(self.base, staged, staged.manifest, staging.in_full, arriving)

    def deletions(self, result: Roster) -> Mapping[str, tuple[int, int]]:
        """Return by element how many rows a delta deletes, and how many rows the base has."""
        if self.base is None or not self.delta:
            return {}
        found = {}
        for element in result.elements():
            before = known_state(self.base, element).rows if element in self.base.elements() else 0
            deleted = sum(
                pc.sum(pc.equal(batch.column(STATUS_COLUMN), "tobedeleted")).as_py() or 0
                for batch in result.read(element)
            )
            found[element] = (deleted, before)
        return found


def check_form(manifest: Manifest, version: str, where: str) -> None:
    """Check that a roster has the form in which the tenant sends changes.

    Args:
        manifest: The manifest of the roster.
        version: The version of OneRoster that the tenant speaks.
        where: The destination, for the message.

    Raises:
        ConfigurationError: It has another form.
    """
    form, origin = manifest.standard, manifest.converted_from
    if form == version and not origin:
        return
    kept = "" if form == version else f", with --as {form} to keep its form"
    raise ConfigurationError(
        f"{where} has a roster of OneRoster {form}{origin and f', converted from {origin}'}, and the tenant sends"
        f" changes of {version}. Pull without --since to replace it as a whole{kept}, or pull to another destination."
    )


def _check_base(manifest: Manifest, selection: RosterSelection, base_url: str) -> None:
    if manifest.kind != WHOLE_ROSTER:
        raise ConfigurationError("The base holds only changes; give --base a complete roster.")
    if manifest.selection != selection.as_json():
        raise ConfigurationError("The base was pulled with another selection; pull without --since.")
    if not _same_tenant(manifest.base_url, base_url):
        raise ConfigurationError("The base is the roster of another tenant; pull without --since.")


def _same_tenant(first: str, second: str) -> bool:
    # A sandbox on this machine has another port each time.
    local = {"127.0.0.1", "localhost", "::1"}
    return first == second or {urlsplit(first).hostname, urlsplit(second).hostname} <= local
