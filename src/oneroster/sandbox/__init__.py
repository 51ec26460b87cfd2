"""A conforming OneRoster tenant on this machine, for tests and experiments.

::

    from oneroster.sandbox import Sandbox

    with Sandbox(size="small", seed=1) as tenant:
        print(tenant.base_url, tenant.token)

`create_app` returns the same tenant as an ASGI application, and `MultiTenantSandbox` serves many tenants on one port.
All need the extra `check`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oneroster.sandbox.app import create_app
    from oneroster.sandbox.auth.authentication import SandboxCredentials
    from oneroster.sandbox.many_tenants import MultiTenantSandbox
    from oneroster.sandbox.server import Sandbox
    from oneroster.sandbox.variants import Variants

__all__ = ["MultiTenantSandbox", "Sandbox", "SandboxCredentials", "Variants", "create_app"]

_MODULES = {
    "SandboxCredentials": "oneroster.sandbox.auth.authentication",
    "MultiTenantSandbox": "oneroster.sandbox.many_tenants",
    "Sandbox": "oneroster.sandbox.server",
    "Variants": "oneroster.sandbox.variants",
    "create_app": "oneroster.sandbox.app",
}


def __getattr__(name: str) -> Any:
    # Imported on first use, because every pytest run imports this package for its fixture.
    if name in _MODULES:
        from oneroster.extras import import_with_extra

        return getattr(import_with_extra(_MODULES[name], "check"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
