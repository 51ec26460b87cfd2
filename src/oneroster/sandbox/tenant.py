"""One tenant: its data, its profile, its doors and its faults."""

import time
from dataclasses import dataclass

from oneroster.sandbox.auth.authentication import Authentication, Clock, SandboxCredentials
from oneroster.sandbox.faults import Fault
from oneroster.sandbox.handlers.serialization import Presenter
from oneroster.sandbox.http.routes import RouteTable, operations_of
from oneroster.sandbox.name_lookup import check
from oneroster.sandbox.requests.bodies import BodyReader
from oneroster.sandbox.store.store import Store
from oneroster.sandbox.variants import Variants
from oneroster_v1p1.tables import OPERATIONS, PROFILES, Operation


@dataclass(frozen=True, slots=True)
class SandboxTenant:
    """Everything that answering a request needs."""

    store: Store
    presenter: Presenter
    routes: RouteTable
    access: Authentication
    bodies: BodyReader
    faults: tuple[Fault, ...]
    variants: Variants

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
        """Put a tenant together around its data; faults that live in the data are built into it here.

        Args:
            store: the data, this tenant's own.
            profile: a name of the generated table of profiles.
            credentials: what opens it.
            faults: what it does wrong.
            variants: what it does one lawful way or another.
            token_lifetime: seconds an OAuth 2 token lives.
            clock: seconds since 1970.

        Raises:
            UnknownNameError: the profile does not exist.
        """
        chosen = variants or Variants()
        presenter = Presenter(check("profile", profile, PROFILES), json_booleans=chosen.json_booleans)
        if chosen.empty:
            store.clear()
        for fault in faults:
            fault.prepare(store)
        scopes = frozenset(scope for operation in OPERATIONS.values() for scope in operation.oauth_scopes)
        return cls(
            store=store,
            presenter=presenter,
            routes=RouteTable(_served(profile, chosen)),
            access=Authentication(
                credentials, scopes, token_lifetime=token_lifetime, clock=clock, ways_in=chosen.ways_in
            ),
            bodies=BodyReader(store, presenter, clock),
            faults=faults,
            variants=chosen,
        )


def _served(profile: str, variants: Variants) -> list[Operation]:
    known = operations_of(profile)
    return [operation for operation in known if variants.gradebook or operation.tag != "gradebook"]
