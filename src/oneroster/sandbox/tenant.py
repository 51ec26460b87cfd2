"""One tenant of the sandbox: its data, profile, authentication, variants and faults."""

import time
from dataclasses import dataclass

from oneroster.sandbox.auth.authentication import Authentication, Clock, SandboxCredentials
from oneroster.sandbox.faults import Fault
from oneroster.sandbox.faults.active_faults import ActiveFaults
from oneroster.sandbox.http.routes import RouteTable, operations_of
from oneroster.sandbox.name_lookup import require_known
from oneroster.sandbox.requests.put_bodies import PutBodyReader
from oneroster.sandbox.serialization import RecordSerializer
from oneroster.sandbox.store import data_variants
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.variants import VARIANTS, Variants, chosen_names
from oneroster.sandbox.version_features import missing_features
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation, Specification


@dataclass(frozen=True, slots=True)
class SandboxTenant:
    """Everything that is needed to answer a request."""

    store: Store
    serializer: RecordSerializer
    routes: RouteTable
    authentication: Authentication
    bodies: PutBodyReader
    faults: ActiveFaults
    variants: Variants

    @property
    def standard(self) -> Standard:
        """The version of OneRoster that the tenant serves."""
        return self.store.standard

    @property
    def specification(self) -> Specification:
        """The specification of that version."""
        return self.store.specification

    @classmethod
    def of(
        cls,
        store: Store,
        *,
        profile: str,
        credentials: SandboxCredentials,
        faults: tuple[Fault, ...] = (),
        variants: Variants | None = None,
        token_lifetime: int = 3600,
        clock: Clock = time.time,
    ) -> "SandboxTenant":
        """Create a tenant from its data, and apply the faults that change the data.

        Args:
            store: The data, used by this tenant alone; it also determines the version of OneRoster.
            profile: The name of a profile of that version.
            credentials: The credentials that the tenant accepts.
            faults: The faults of the tenant.
            variants: The choices that the standard leaves to a server.
            token_lifetime: Seconds until an OAuth 2 token expires.
            clock: Returns the seconds since 1970.

        Raises:
            UnknownNameError: The profile does not exist.
            ValueError: The data has no record that a fault could change.
        """
        specification, chosen = store.specification, variants or Variants()
        require_known("profile", profile, specification.profiles)
        _require_features(faults, chosen, specification)
        serializer = RecordSerializer(specification, profile, json_booleans=chosen.json_booleans)
        _change_data(store, chosen)
        active = ActiveFaults(faults)
        active.prepare(store)
        scopes = frozenset(scope for one in specification.operations.values() for scope in one.oauth_scopes)
        return cls(
            store=store,
            serializer=serializer,
            routes=RouteTable(specification, _served(specification, profile, chosen)),
            authentication=Authentication(
                credentials,
                scopes,
                token_lifetime=token_lifetime,
                clock=clock,
                methods=_methods(specification, chosen),
                one_token=chosen.one_token,
            ),
            bodies=PutBodyReader(store, serializer, clock),
            faults=active,
            variants=chosen,
        )


def _require_features(faults: tuple[Fault, ...], variants: Variants, specification: Specification) -> None:
    """Check that a version has what the faults and variants of a tenant need.

    Raises:
        ValueError: It does not.
    """
    for fault in faults:
        if missing := fault.needs.missing_from(specification):
            raise ValueError(f"fault {fault.name}: OneRoster {specification.version} has no {missing[0]}")
    for name in chosen_names(variants):
        if missing := missing_features(VARIANTS[name].features, specification):
            raise ValueError(f"variant {name}: OneRoster {specification.version} has no {missing[0]}")


def _methods(specification: Specification, variants: Variants) -> frozenset[str]:
    """Return the ways to authenticate: those of the variants that the version has, and a static token."""
    schemes = specification.security_trust
    return frozenset(
        method for method in variants.authentication_methods if method in schemes or method == "bearer" or not schemes
    )


def _change_data(store: Store, variants: Variants) -> None:
    """Change the generated data as the variants say; ids last, because references follow them."""
    if variants.empty:
        store.clear()
    if variants.rows is not None:
        data_variants.keep_rows(store, variants.rows)
    if variants.optional is not None:
        change = {"all": data_variants.fill_optional, "no": data_variants.drop_optional}[variants.optional]
        change(store)
    if variants.all_deleted:
        data_variants.delete_all(store)
    if variants.special_ids:
        data_variants.change_ids(store)


def _served(specification: Specification, profile: str, variants: Variants) -> list[Operation]:
    operations = operations_of(specification, profile)
    return [
        operation
        for operation in operations
        if (variants.gradebook or not is_gradebook(operation))
        and (variants.nested or operation.scope is None or operation.method != "GET")
    ]


def is_gradebook(operation: Operation) -> bool:
    """Return whether an operation belongs to the gradebook: by its service, or by its tag where there is only one."""
    return "gradebook" in (operation.service, operation.tag)
