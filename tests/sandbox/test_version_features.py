"""Faults and variants of the sandbox need features that a version may lack."""

import pytest

from oneroster.sandbox import Sandbox, Variants
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.variants import VARIANTS, chosen_names, variants_by_name
from oneroster.sandbox.version_features import FEATURES, missing_features
from oneroster.standard import Standard


def test_features_that_are_named_exist() -> None:
    named = {name for fault in FAULTS.values() for name in fault.needs.features}
    assert named | {name for variant in VARIANTS.values() for name in variant.features} <= set(FEATURES)


def test_versions_differ() -> None:
    old, new = (missing_features(FEATURES, Standard.of(version).specification) for version in ("1.1", "1.2"))
    assert not set(old) & set(new)
    others = {"OAuth 1.0a", "warnings beside data", "booleans in an uncertain form", "references to teachers"}
    assert set(new) == others


@pytest.mark.parametrize(("name", "version"), [("oauth1-only", "1.2"), ("no-minor-codes", "1.1")])
def test_a_variant_of_another_version_is_refused(name: str, version: str) -> None:
    with pytest.raises(ValueError, match=f"variant {name}: OneRoster {version} has no"):
        Sandbox(standard=Standard.of(version), variants=variants_by_name([name])).__enter__()


def test_the_names_of_a_combination_are_found() -> None:
    assert chosen_names(Variants()) == []
    assert chosen_names(variants_by_name(["no-total", "two-rows"])) == ["no-total", "two-rows"]
