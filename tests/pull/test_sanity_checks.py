"""The sanity limits of a new roster."""

from oneroster.pull import SanityLimits
from oneroster.pull.roster.manifest import Manifest, StoredCollection
from oneroster.pull.roster.rejects import UNREADABLE, Reject, Rejects
from oneroster.pull.roster.roster_protocol import MemoryRoster, count_rows
from oneroster.pull.sanity_checks import (
    exceeded_limits,
    excessive_deletions,
    shrunk_collections,
    survey,
)
from tests.pull.formats.rosters import CLASS, small


def manifest(rows: int) -> Manifest:
    return Manifest(collections={"classes": StoredCollection("Class", rows)})


def test_a_collection_may_lose_a_share_of_its_rows() -> None:
    assert shrunk_collections(manifest(80), manifest(100), SanityLimits(shrink=0.2)) == []
    assert shrunk_collections(manifest(79), manifest(100), SanityLimits(shrink=0.2)) == [
        "classes: 79 rows now, 100 before; --accept-shrink accepts it."
    ]
    assert shrunk_collections(Manifest(not_offered={"classes": "refused (403)"}), manifest(1), SanityLimits()) == [
        "classes: 0 rows now (refused (403)), 1 before; --accept-shrink accepts it."
    ]


def test_a_delta_may_delete_a_share_of_the_rows() -> None:
    assert excessive_deletions({"classes": (20, 100), "users": (1, 0)}, SanityLimits()) == []
    assert excessive_deletions({"classes": (21, 100)}, SanityLimits()) == [
        "classes: 21 of 100 rows would be deleted; --accept-shrink accepts it."
    ]


def test_a_share_of_records_may_be_unreadable() -> None:
    rejects = Rejects()
    rejects.add([Reject("classes", "c", "title", UNREADABLE)])
    assert exceeded_limits(manifest(100), rejects, {}, SanityLimits()) == []
    assert exceeded_limits(manifest(99), rejects, {}, SanityLimits()) == [
        "classes: 1 fields or records could not be read, in 99 rows (title 1); --max-unreadable accepts more."
    ]


def test_references_are_checked_unless_their_collection_is_partial() -> None:
    roster = MemoryRoster(Manifest(), small(Class=[{**CLASS, "courseSourcedId": "nowhere", "termSourcedIds": [" t "]}]))
    rejects = Rejects()
    checked = survey(roster, rejects).checked
    assert [(reject.field, reject.refers_to) for reject in rejects] == [("course", "nowhere")]
    assert checked["classes", "course"] == checked["classes", "terms"] == 1
    assert exceeded_limits(manifest(1), rejects, checked, SanityLimits()) == [
        "classes: 1 of 3 references could not be resolved (course 1); --max-unresolved accepts more."
    ]
    assert ("classes", "course") not in survey(roster, Rejects(), {"courses"}).checked
    assert survey(roster, None) == ({element: count_rows(roster, element) for element in roster.elements()}, {})
