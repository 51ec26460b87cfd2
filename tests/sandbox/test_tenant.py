"""A tenant is created from its store, whose version it serves."""

import pytest

from oneroster.sandbox.auth.authentication import SandboxCredentials
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.faults import faults_by_name
from oneroster.sandbox.name_lookup import UnknownNameError
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.tenant import SandboxTenant
from oneroster.sandbox.variants import Variants
from oneroster.standard import Standard


def test_a_tenant_serves_the_version_of_its_store() -> None:
    with Store.open(Size(40), 1, cache=None) as store:
        tenant = SandboxTenant.of(store, profile="standard", credentials=SandboxCredentials())
        assert tenant.standard is Standard.of()
        assert tenant.specification is Standard.of().specification
        assert not tenant.faults
        with pytest.raises(UnknownNameError, match="unknown profile"):
            SandboxTenant.of(store, profile="none", credentials=SandboxCredentials())


def test_variants_and_faults_change_the_data() -> None:
    with Store.open(Size(40), 1, cache=None) as store:
        faults = faults_by_name(["unknown-role"])
        SandboxTenant.of(store, profile="standard", credentials=SandboxCredentials(), faults=faults)
        assert "pupil" in {user["role"] for user in store.select("User").page(0, 100)}
        empty = Variants(empty=True)
        SandboxTenant.of(store, profile="standard", credentials=SandboxCredentials(), variants=empty)
        assert store.select("User").total == 0
