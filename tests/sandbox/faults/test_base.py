"""Defining a fault registers it, and a malformed one is an error."""

from typing import Any

import pytest

from oneroster.sandbox.faults import CLIENT_FAULTS, FAULTS, fault_names_in
from oneroster.sandbox.faults.base import Fault, registered_faults


def define(**attributes: Any) -> type[Fault]:
    return type("Made", (Fault,), {"__module__": "oneroster.sandbox.faults.made", **attributes})


def test_every_defined_fault_is_listed_with_its_family() -> None:
    assert dict(registered_faults()) == dict(FAULTS)
    assert FAULTS["lost-row"].family == "paging"
    assert FAULTS["bad-gateway"].family == "client.transport"
    assert "lost-row" in fault_names_in("paging")


CLIENT_FAMILIES = [f"client.{name}" for name in ("access", "paging", "tokens", "transport", "whole_collections")]


def test_the_list_is_grouped_by_family_with_client_faults_last() -> None:
    families = list(dict.fromkeys(fault.family for fault in FAULTS.values()))
    others = [family for family in families if not family.startswith("client.")]
    assert families == [*sorted(others), *CLIENT_FAMILIES]
    assert {name for name in FAULTS if FAULTS[name].family.startswith("client.")} == CLIENT_FAULTS


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"name": "made", "breaks": "1 [A]: it"}, "fault Made needs does; a base class needs abstract=True"),
        ({}, "fault Made needs name and does and breaks"),
        ({"name": "Made Up", "does": "fails", "breaks": "1 [A]: it"}, "must be words in lower case with hyphens"),
        ({"name": "made", "does": "fails", "breaks": "1: it"}, "trust mark"),
        ({"name": "lost-row", "does": "fails", "breaks": "1 [A]: it"}, "LostRow already has this name"),
    ],
)
def test_a_malformed_fault_is_an_error(attributes: dict[str, str], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        define(**attributes)
    assert set(registered_faults()) == set(FAULTS)


def test_a_base_class_is_not_registered() -> None:
    class Base(Fault, abstract=True):
        """Shared code."""

    assert Base not in registered_faults().values()
