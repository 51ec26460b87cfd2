"""Answer requests for the discovery document of a service: its operations, with the URLs of the tenant."""

from typing import Any

from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.tenant import SandboxTenant

__all__ = ["discovery_document"]


def discovery_document(tenant: SandboxTenant, raw_request: RawRequest) -> Reply | None:
    """Return the discovery document at a path, under any of its names; None without one."""
    specification = tenant.specification
    for service, names in specification.discovery.items():
        base = f"{specification.services[service]}/discovery/"
        if raw_request.raw_path in {f"{base}{name}".encode() for name in names}:
            return Reply(200, _document(tenant, raw_request.origin, service))
    return None


def _document(tenant: SandboxTenant, origin: str, service: str) -> dict[str, Any]:
    specification, document = tenant.specification, tenant.standard.document()
    tags = {tag["name"] for tag in document["tags"] if tag.get("x-oneroster-service") == service}
    paths = {
        path: {method: part for method, part in item.items() if tags.intersection(part["tags"])}
        for path, item in document["paths"].items()
    }
    document["paths"] = {path: item for path, item in paths.items() if item}
    document["servers"] = [{"url": origin + specification.services[service]}]
    document["tags"] = [{"name": tag["name"]} for tag in document["tags"] if tag["name"] in tags]
    for scheme in document["components"]["securitySchemes"].values():
        for flow in scheme.get("flows", {}).values():
            flow["tokenUrl"] = origin + TOKEN_PATH
    return document
