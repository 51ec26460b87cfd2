"""A pull of changes: what is asked for, whether the answers can be trusted, and what becomes of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import pyarrow.compute as pc

from oneroster.errors import ConfigurationError
from oneroster.filters import F, render_filter
from oneroster.pagination.walk import PageRequest
from oneroster.pull.fetch.collections import Changes
from oneroster.pull.fetch.row_parser import RowsCall
from oneroster.pull.incremental import watermark as asking
from oneroster.pull.plan import RosterSelection, Source
from oneroster.pull.roster.columns import STATUS
from oneroster.pull.roster.manifest import WHOLE, Manifest
from oneroster.pull.roster.merge import Recent, RosterDelta, Updated
from oneroster.pull.roster.roster import Roster, rows_of
from oneroster.pull.roster.views import active_only

if TYPE_CHECKING:
    from oneroster.pull.fetch.staging import Staging
    from oneroster.pull.fetch.throttled_session import ThrottledSession

__all__ = ["Update"]

# A server may compare days alone, or local times: rows that much older do not show that it ignores the filter.
_BLUR: Final = timedelta(hours=26)


class Update(NamedTuple):
    """A pull of changes.

    Attributes:
        since: From when on changes are asked for.
        base: The whole roster of before; None when there is none to compare with.
        choice: What of the roster is wanted.
        only_changes: Whether the place shall hold the changes alone, and not the roster that they lead to.
    """

    since: datetime
    base: Roster | None
    choice: RosterSelection
    only_changes: bool

    @classmethod
    def of(
        cls,
        since: str,
        overlap: timedelta,
        manifest: Manifest | None,
        base: Roster | None,
        choice: RosterSelection,
        base_url: str,
        only_changes: bool,
    ) -> "Update":
        """The update that is meant.

        Args:
            since: A time, or `LAST` for the watermark.
            overlap: How much further back changes are asked for.
            manifest: Of the roster that is there; where the watermark is taken from.
            base: The whole roster of before.
            choice: What is wanted now.
            base_url: The tenant.
            only_changes: See the attribute; without a base there is no other way.

        Raises:
            ConfigurationError: There is no watermark, or the roster of before is of another kind.
        """
        if choice.schools:
            raise ConfigurationError("Changes cannot be told for single schools; pull them whole, without since.")
        if base is not None:
            _check_base(base.manifest, choice, base_url)
        if since != asking.LAST:
            when = asking.instant(since)
        elif manifest is None or manifest.watermark is None:
            raise ConfigurationError("There is no watermark of an earlier pull; name a time, or pull without since.")
        else:
            when = asking.instant(manifest.watermark)
        return cls(when - overlap, base, choice, only_changes or base is None)

    def changes(self, source: Source) -> Changes | None:
        """How to ask for the changes of a collection; None when all of it has to be asked for."""
        oldest, some = self.since, False
        if self.base is not None:
            if source.element not in self.base.elements():
                return None
            known = asking.known_of(self.base, source.element)
            if known.rows and known.newest is None:
                return None
            oldest, some = min(oldest, known.newest or oldest), known.rows > 0
        text = asking.both(self.choice.filters.get(source.collection), oldest, source.element)
        return None if text is None else Changes(text, oldest - _BLUR, some)

    def is_short(self, source: Source, staged: Roster, courier: "ThrottledSession") -> bool:
        """Whether the rows of before, brought up to date, are not as many as the server announces."""
        if self.base is None:
            return False
        arriving = active_only(staged) if self.choice.active else staged
        rows = asking.kept_beside(self.base, staged, source.element) + rows_of(arriving, source.element)
        return rows != self._announced(source, courier)

    def _announced(self, source: Source, courier: "ThrottledSession") -> int | None:
        filter_ = self.choice.filters.get(source.collection)
        if self.choice.active:
            active = render_filter(F.status == "active", source.element, courier.standard.specification)
            filter_ = active if filter_ is None else f"{filter_} AND {active}"
        call = RowsCall(courier.standard, source.operation_id, {"filter": filter_}, courier.settings.base_url)
        return courier.read(call.page_url(PageRequest(0, 1)), call.read_rows, source.operation_id).facts.total

    def result(self, staged: Roster, manifest: Manifest, staging: "Staging") -> Roster:
        """What the place shall hold."""
        if self.base is None:
            return Recent(staged, self.since)
        if self.only_changes:
            return RosterDelta(self.base, staged, manifest, staging.whole, datetime.now(UTC))
        arriving = active_only(staged) if self.choice.active else staged
        return Updated(self.base, staged, manifest, staging.whole, arriving)

    def deletions(self, result: Roster) -> Mapping[str, tuple[int, int]]:
        """By element, how many rows the changes delete, and how many there were."""
        if self.base is None or not self.only_changes:
            return {}
        found = {}
        for element in result.elements():
            before = asking.known_of(self.base, element).rows if element in self.base.elements() else 0
            gone = sum(
                pc.sum(pc.equal(batch.column(STATUS), "tobedeleted")).as_py() or 0 for batch in result.read(element)
            )
            found[element] = (gone, before)
        return found


def _check_base(manifest: Manifest, choice: RosterSelection, base_url: str) -> None:
    if manifest.kind != WHOLE:
        raise ConfigurationError("The roster of before holds changes alone; changes can be told of a whole one only.")
    if manifest.choice != choice.as_json():
        raise ConfigurationError("The roster of before was pulled by another choice; pull it whole, without since.")
    if not _same_tenant(manifest.base_url, base_url):
        raise ConfigurationError("The roster of before is of another tenant; pull it whole, without since.")


def _same_tenant(one: str, other: str) -> bool:
    # A sandbox on this machine has another port each time.
    local = {"127.0.0.1", "localhost", "::1"}
    return one == other or {urlsplit(one).hostname, urlsplit(other).hostname} <= local
