"""The sanity limits that options of `oneroster pull` name."""

import pytest

from oneroster import ConfigurationError
from oneroster.cli._sanity_limits import sanity_limits
from oneroster.pull import SanityLimits


def test_a_percentage_without_a_name_is_for_all_collections() -> None:
    assert sanity_limits({}) == SanityLimits()
    assert sanity_limits({"shrink": ["5", "50"], "left_out": []}) == SanityLimits(shrink=0.5)


def test_b12_a_percentage_may_be_of_one_collection_or_property() -> None:
    found = sanity_limits({"unresolved": ["lineItems.categorySourcedId=100", "users=7"]})
    assert found.exceptions == {"unresolved": {"lineItems.category": 1.0, "users": 0.07}}
    assert found.of("unresolved", "users", "orgs") == 0.07
    assert found.of("unresolved", "lineItems", "class") == 0.05
    assert sanity_limits({"shrink": ["users.status=9"]}).of("shrink", "users", "status") == 0.09
    assert sanity_limits({"left_out": ["classResources=3"]}).of("left_out", "classResources", "x") == 0.03


def test_a_name_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match=r"--max-unresolved: collection 'user' .* choose from .*users"):
        sanity_limits({"unresolved": ["user=5"]})
    with pytest.raises(ConfigurationError, match=r"users has no property 'org'; choose from .*orgs"):
        sanity_limits({"unresolved": ["users.org=5"]})
