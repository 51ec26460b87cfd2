"""The sanity limits of a new roster."""

import pytest

from oneroster.pull import SanityLimits
from oneroster.pull.formats import LeftOut, WrittenFile
from oneroster.pull.roster.rejects import UNREADABLE, Reject, Rejects
from oneroster.pull.roster_survey import ReferenceCounts
from oneroster.pull.sanity_checks import (
    excessive_deletions,
    excessive_losses,
    fewer_values,
    shrunk_files,
    too_many_unreadable,
    too_many_unresolved,
)

TERMS = LeftOut("terms", "termSourcedIds has no value")
TITLE = LeftOut("title", "title has no value")


def classes(rows: int, **left_out: int) -> WrittenFile:
    whys = {"terms": TERMS, "title": TITLE}
    return WrittenFile("classes.csv", "classes", rows, 0, {whys[name]: number for name, number in left_out.items()})


def accepting(limit: str, **shares: float) -> SanityLimits:
    return SanityLimits(exceptions={limit: {name.replace("_", "."): share for name, share in shares.items()}})


def test_b3_a_file_may_lose_a_share_of_the_rows_in_place() -> None:
    assert shrunk_files([classes(80)], {"classes": 100}, {}, SanityLimits(shrink=0.2)) == []
    assert shrunk_files([classes(79)], {"classes": 100}, {}, SanityLimits(shrink=0.2)) == [
        "classes.csv: 79 rows now, 100 before; --accept-shrink or --max-shrink classes=21 accepts it."
    ]
    assert shrunk_files([classes(79)], {"classes": 100}, {}, accepting("shrink", classes=0.21)) == []
    assert shrunk_files([], {"classes": 1}, {"classes": "refused (403)"}, SanityLimits()) == [
        "classes: 0 rows now (refused (403)), 1 before; --accept-shrink or --max-shrink classes=100 accepts it."
    ]


def test_b3_b4_properties_may_lose_a_share_of_their_values() -> None:
    before = {"classes.status": 100, "classes.course": 100, "classes.title": 90, "orgs.name": 0}
    assert fewer_values({"classes.status": 80, "classes.course": 80, "orgs.name": 0}, before, (), SanityLimits()) == []
    lost = {"classes.status": 100, "classes.course": 79}
    assert fewer_values(lost, before, (), SanityLimits()) == [
        "classes.course has 79 values now, 100 before; --accept-shrink or --max-shrink classes.course=21 accepts it."
    ]
    assert fewer_values(lost, before, (), accepting("shrink", classes_course=0.21)) == []
    # Where records are lost, the values of those that are left count, and what explains the loss is said alone.
    gone = {"classes.status": 0, "classes.course": 0}
    assert fewer_values(gone, before, (), SanityLimits()) == [
        (
            "classes: 0 rows are not marked as deleted now, 100 before;"
            " --accept-shrink or --max-shrink classes.status=100 accepts it."
        )
    ]
    assert fewer_values(gone, before, ["classes"], SanityLimits()) == []
    half = {"classes.status": 50, "classes.course": 39}
    assert fewer_values(half, before, ["classes"], SanityLimits()) == [
        "classes.course has 39 values now, 100 before; --accept-shrink or --max-shrink classes.course=22 accepts it."
    ]
    # Manifests of earlier releases have no such numbers.
    assert fewer_values({"classes.course": 0}, {}, (), SanityLimits()) == []


def test_a_delta_may_delete_a_share_of_the_rows() -> None:
    assert excessive_deletions({"classes": (20, 100), "users": (1, 0)}, SanityLimits()) == []
    assert excessive_deletions({"classes": (21, 100)}, SanityLimits()) == [
        "classes: 21 of 100 rows would be deleted; --accept-shrink or --max-shrink classes=21 accepts it."
    ]


def test_a_share_of_records_may_be_unreadable() -> None:
    rejects = Rejects()
    rejects.add([Reject("classes", "c", "title", UNREADABLE)])
    assert too_many_unreadable({"classes": 100}, rejects, SanityLimits()) == []
    assert too_many_unreadable({"classes": 99}, rejects, SanityLimits()) == [
        (
            "classes: 1 field or record could not be read, in 99 rows (title 1);"
            " --max-unreadable classes.title=2 accepts it."
        )
    ]
    assert too_many_unreadable({"classes": 1}, rejects, accepting("unreadable", classes_title=1.0)) == []


def test_b3_no_value_that_is_unreadable_is_replaced_by_another() -> None:
    rejects = Rejects()
    rejects.add([Reject("users", "u", "enabledUser", UNREADABLE)])
    assert too_many_unreadable({"users": 1000}, rejects, SanityLimits()) == []
    (found,) = too_many_unreadable({"users": 1000}, rejects, SanityLimits(), {"enabledUser"})
    assert "(enabledUser 1); --max-unreadable users.enabledUser=1 accepts it" in found
    leave = accepting("unreadable", users_enabledUser=0.01)
    assert too_many_unreadable({"users": 1000}, rejects, leave, {"enabledUser"}) == []


def test_b2_b3_rows_left_out_of_a_file_are_a_loss() -> None:
    assert excessive_losses([classes(99, terms=1)], SanityLimits()) == []
    assert excessive_losses([classes(0, terms=21)], SanityLimits()) == [
        (
            "classes.csv: 21 of 21 rows would be left out (termSourcedIds has no value 21);"
            " --max-left-out classes.terms=100 accepts it."
        )
    ]
    assert excessive_losses([classes(8, terms=1, title=1)], SanityLimits()) == [
        (
            "classes.csv: 2 of 10 rows would be left out (termSourcedIds has no value 1, title has no value 1);"
            " --max-left-out classes=20 accepts it."
        )
    ]


def test_what_does_not_belong_in_a_file_is_no_loss() -> None:
    assert excessive_losses([WrittenFile("classes.csv", "classes", 1, 99)], SanityLimits()) == []


def test_b12_a_bound_of_one_property_leaves_the_others_alone() -> None:
    counts = {
        ("lineItems", "category"): ReferenceCounts(True, 39, 0, 39),
        ("lineItems", "class"): ReferenceCounts(True, 39, 39, 0),
    }
    category = (
        "lineItems: 39 of 39 references could not be resolved (category 39);"
        " --max-unresolved lineItems.category=100 accepts it."
    )
    absent = (
        "lineItems: 39 of 39 references could not be resolved (class 39, 39 of them without a value);"
        " --max-unresolved lineItems.class=100 accepts it."
    )
    assert too_many_unresolved(counts, SanityLimits()) == [category, absent]
    assert too_many_unresolved(counts, accepting("unresolved", lineItems_category=1.0)) == [absent]
    assert too_many_unresolved(counts, accepting("unresolved", lineItems=1.0)) == []
    assert too_many_unresolved(counts, accepting("unresolved", lineItems=1.0, lineItems_class=0.5)) == [absent]


def test_optional_references_of_a_collection_are_judged_together() -> None:
    counts = {
        ("users", "agents"): ReferenceCounts(False, 5, 0, 5),
        ("users", "others"): ReferenceCounts(False, 95, 0, 0),
    }
    assert too_many_unresolved(counts, SanityLimits()) == []
    assert len(too_many_unresolved(counts, SanityLimits(unresolved=0.04))) == 1


@pytest.mark.parametrize("percent", range(101))
def test_the_option_that_a_message_names_accepts_what_it_names(percent: int) -> None:
    (said,) = excessive_losses([classes(137, terms=percent)], SanityLimits(left_out=0.0)) or [""]
    if percent:
        accepted = float(said.partition("classes.terms=")[2].partition(" ")[0]) / 100
        limits = accepting("left_out", classes_terms=accepted)
        assert excessive_losses([classes(137, terms=percent)], limits) == []
