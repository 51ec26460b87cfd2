"""Whatever a server does with pages and connections: the place holds all its rows, or an error is raised and the place
is as it was."""

import shutil
from pathlib import Path

import pytest

from oneroster import OneRosterError, Paging
from oneroster.pull import PullOptions, RosterSelection, SanityLimits, pull
from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import FAULTS, fault_names_in
from tests.pull.pulling import Rows, by_id, impatient, rows_at, truth

NAMES = fault_names_in("paging", "client.paging", "client.transport", "client.whole_collections")
BEARABLE = {
    "limit-ignored",
    "wrong-next-link",
    "link-drops-filter",
    "error-past-end",
    "order-by-page-size",
    "unstable-ties",
    "truncated-body",
    "short-length",
    "connection-reset",
    "undecodable-body",
    "login-page",
    "bad-gateway",
    "unavailable",
    "gateway-timeout",
    "limit-clamped",
    "total-missing",
    "total-zero",
    "total-too-small",
    "ties-reordered",
    "empty-page",
    "null-page",
    "no-content-page",
    "empty-first",
    "cursor-links",
    "bare-array",
    "no-paging",
    "identical-twins",
}
"""With these the roster comes all the same."""

MOVING = {"row-deleted", "row-inserted"}

CHOICE = RosterSelection(only=["orgs", "classes"])
"""Enough rows for several pages, few enough to be quick."""

SETTINGS = PullOptions(
    selection=CHOICE, paging=Paging(limit=7, windows=2), limits=SanityLimits(unresolved=1.0), accept_shrink=True
)


@pytest.fixture(scope="module")
def expected() -> Rows:
    with Sandbox("small", 3) as tenant:
        rows = truth(tenant)
    return {element: rows[element] for element in ("Org", "Class")}


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The roster of another district, which is in place before."""
    place = tmp_path_factory.mktemp("older") / "roster.parquet"
    with Sandbox("small", 4) as tenant, impatient(tenant) as roster:
        pull(roster, place, SETTINGS)
    return place


@pytest.mark.series(by=lambda parameters: (FAULTS[parameters["fault"]].family, parameters["fault"] in BEARABLE))
@pytest.mark.parametrize("fault", NAMES)
def test_the_place_is_right_or_as_it_was(fault: str, expected: Rows, older: Path, tmp_path: Path) -> None:
    place = tmp_path / "roster.parquet"
    shutil.copytree(older, place)
    with Sandbox("small", 3, faults=[fault]) as tenant, impatient(tenant, fault) as roster:
        try:
            report = pull(roster, place, SETTINGS)
        except OneRosterError:
            assert fault not in BEARABLE
            assert rows_at(place) == rows_at(older)
            return
    if fault in MOVING:
        # What comes or goes while the roster is read may be there or not; everything else is.
        found, wanted = by_id(rows_at(place)), by_id(expected)
        assert all(len(found[element].keys() ^ wanted[element].keys()) <= 1 for element in wanted)
        return
    assert by_id(rows_at(place)) == by_id(expected)
    assert not report.rejects
