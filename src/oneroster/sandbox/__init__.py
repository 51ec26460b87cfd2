"""A whole OneRoster 1.1 tenant on this machine: the double for tests, the target for trials.

::

    from oneroster.sandbox import Sandbox

    with Sandbox(size="small", seed=1) as tenant:
        print(tenant.base_url, tenant.token)

`create_app` gives the same tenant as an ASGI application. Both need the extra `check`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oneroster.sandbox.app import create_app
    from oneroster.sandbox.auth.authentication import SandboxCredentials
    from oneroster.sandbox.server import Sandbox
    from oneroster.sandbox.variants import Variants

__all__ = ["Sandbox", "SandboxCredentials", "Variants", "create_app"]

_HOMES = {
    "SandboxCredentials": "oneroster.sandbox.auth.authentication",
    "Sandbox": "oneroster.sandbox.server",
    "Variants": "oneroster.sandbox.variants",
    "create_app": "oneroster.sandbox.app",
}


def __getattr__(name: str) -> Any:
    # Not before it is asked for: every pytest run imports this package for the sake of its fixture.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
