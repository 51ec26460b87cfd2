"""Read a `Specification` from an OpenAPI document with ``x-oneroster-*`` keys.

The generator reads the document from YAML, a generated package its ``openapi.json`` at run time, and the contract kit a
document that an overlay has changed. An overlay may allow several types of a property (``anyOf``, or a list of types).
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from oneroster_runtime.specification.naming import parameter_name
from oneroster_runtime.specification.schemas import SchemaReader, escape, located
from oneroster_runtime.specification.shapes import (
    Operation,
    Parameter,
    Parent,
    Profile,
    Scope,
    Specification,
    SpecificationError,
    Subset,
    Through,
)

__all__ = ["METHODS", "SpecificationReader", "read_specification"]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DEFAULT_SERVICE: Final = "oneroster"
_TRUST: Final = "x-oneroster-trust"
_CONTRACT_VERSION: Final = "x-oneroster-contract-version"
_WRAPPER_TRUST: Final = "trust of the wrapper"
_BOUNDS: Final = ("default", "minimum", "maximum")
_DATA_KEYS: Final = ("x-oneroster-wrapper", "x-oneroster-element", "x-oneroster-many")


def read_specification(
    document: Mapping[str, Any], *, profile: str | None = None, operations: Collection[str] | None = None
) -> Specification:
    """Return the specification of a document.

    Args:
        document: The document, as data.
        profile: A profile of the document. Operations and properties of other profiles are left out.
        operations: The operationIds to read; None for all.

    Raises:
        SpecificationError: A part of the document cannot be read. The error has the JSON pointer of the part.
    """
    with located(""):
        return SpecificationReader(document, profile, operations).specification()


class SpecificationReader(SchemaReader):
    """Reads the parts of a document.

    Args:
        document: The document, as data.
        profile: The profile to read; None for all.
        operations: The operationIds to read; None for all.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        profile: str | None = None,
        operations: Collection[str] | None = None,
    ) -> None:
        super().__init__(document, profile)
        self._only = operations
        self._known_parameters: dict[str, Parameter] = {}
        servers = document.get("servers") or [{}]
        self._services = {
            server.get("x-oneroster-service", _DEFAULT_SERVICE): urlsplit(server.get("url", "")).path.rstrip("/")
            for server in servers
        }
        self._discovery = {
            server.get("x-oneroster-service", _DEFAULT_SERVICE): tuple(server["x-oneroster-discovery"])
            for server in servers
            if "x-oneroster-discovery" in server
        }
        self._service_of_tag = {tag["name"]: tag.get("x-oneroster-service") for tag in document.get("tags", ())}

    def specification(self) -> Specification:
        """Return all parts as one value."""
        # Elements before their alternatives, which reading them collects.
        elements = self.elements()
        return Specification(
            version=str(self.document.get("info", {}).get("version", "")),
            services=MappingProxyType(self._services),
            operations=MappingProxyType(dict(self.operations())),
            elements=MappingProxyType(elements),
            enumerations=MappingProxyType(self.enumerations()),
            profiles=MappingProxyType(self.profiles()),
            alternatives=MappingProxyType(self.alternatives),
            booleans=self.booleans(),
            status_list=self._status_list(),
            warnings=self._has_warnings(),
            extensions=MappingProxyType(self.extensions()),
            discovery=MappingProxyType(self._discovery),
            contract_version=str(self.document.get("info", {}).get(_CONTRACT_VERSION, "")),
            security_trust=MappingProxyType(
                {name: scheme.get(_TRUST, "A") for name, scheme in self._schemes().items()}
            ),
            scope_trust=MappingProxyType(
                {
                    scope: mark
                    for scheme in self._schemes().values()
                    for scope, mark in scheme.get("x-oneroster-oauth-scopes", {}).items()
                }
            ),
        )

    def _schemes(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document.get("components", {}).get("securitySchemes", {})
        return found

    def _status_list(self) -> str | None:
        payload = self.document.get("x-oneroster-status", {}).get("payload")
        properties = self.schemas.get(payload, {}).get("properties", {})
        lists = [name for name, known in properties.items() if known.get("type") == "array"]
        return lists[0] if lists else None

    def _has_warnings(self) -> bool:
        wrapped = [schema for schema in self.schemas.values() if schema.get("x-oneroster-wrapper")]
        return any(len(schema.get("properties", {})) > 1 for schema in wrapped)

    def profiles(self) -> dict[str, Profile]:
        """Return the profiles by name."""
        return {
            name: Profile(name, entry.get("description", ""), entry.get("booleans", "string"))
            for name, entry in self.document.get("x-oneroster-profiles", {}).items()
        }

    def operations(self) -> Iterator[tuple[str, Operation]]:
        """Yield the operations with their operationIds, in the order of the document.

        An overlay may copy an operation to another path; then the last one counts.
        """
        for path, item in self.document.get("paths", {}).items():
            for method, part in item.items():
                if method not in METHODS or (self._only is not None and part.get("operationId") not in self._only):
                    continue
                pointer = f"/paths/{escape(path)}/{method}"
                profiles = part.get("x-oneroster-profiles")
                if self.profile is not None and profiles is not None and self.profile not in profiles:
                    continue
                with located(pointer):
                    operation = self.operation(path, method, part, pointer)
                yield operation.operation_id, operation

    def operation(self, path: str, method: str, part: dict[str, Any], pointer: str) -> Operation:
        """Return one operation."""
        for key in ("operationId", "tags", "responses"):
            if not part.get(key):
                raise SpecificationError(f"an operation needs {key}", pointer)
        response = self.success(part, pointer)
        body, created = self._body(part, pointer), self.created(part, pointer)
        many = bool(response.get("x-oneroster-many"))
        reads = [link.get("operationId") for link in response.get("links", {}).values()]
        return Operation(
            operation_id=part["operationId"],
            method=method.upper(),
            path=path,
            tag=part["tags"][0],
            service=self._service(part["tags"][0], pointer),
            summary=part.get("summary", ""),
            profiles=tuple(part.get("x-oneroster-profiles", ())),
            stands_for=part.get("x-oneroster-stands-for"),
            parameters=tuple(self._parameters(part, pointer)),
            wrapper=response.get("x-oneroster-wrapper"),
            element=response.get("x-oneroster-element"),
            many=many,
            item_read=reads[0] if many and reads else None,
            subset=_subset(response.get("x-oneroster-subset")),
            scope=_scope(part.get("x-oneroster-scope")),
            oauth_scopes=tuple(scope for entry in part.get("security", []) for scope in entry.get("oauth2", [])),
            body=body.get("x-oneroster-element"),
            body_wrapper=body.get("x-oneroster-wrapper"),
            body_many=bool(body.get("x-oneroster-many")),
            created=created.get("x-oneroster-element"),
            created_wrapper=created.get("x-oneroster-wrapper"),
            statuses=tuple(sorted(int(code) for code in part["responses"] if code.isdigit() and code.startswith("2"))),
            trust=part.get(_TRUST, "A"),
            status_trust=tuple(
                (int(code), self.resolve(response, f"{pointer}/responses/{code}")[0].get(_TRUST, "A"))
                for code, response in part["responses"].items()
                if code.isdigit()
            ),
            header_trust=tuple(
                (header, self.resolve(entry, f"{pointer}/responses/200/headers/{escape(header)}")[0].get(_TRUST, "A"))
                for header, entry in response.get("headers", {}).items()
            ),
            wrapper_trust=response.get(_WRAPPER_TRUST),
        )

    def success(self, part: dict[str, Any], pointer: str) -> dict[str, Any]:
        """Return the response of a success, with what its schema says of the data; empty if the operation has none."""
        if "200" not in part["responses"]:
            return {}
        response, place = self.resolve(part["responses"]["200"], f"{pointer}/responses/200")
        if "content" not in response:
            return response
        schema, _ = self.content_schema(response, place)
        # An overlay may name another wrapper on a response.
        found = {key: schema[key] for key in _DATA_KEYS if key in schema}
        wrapper = schema.get("properties", {}).get(schema.get("x-oneroster-wrapper"))
        return found | ({} if wrapper is None else {_WRAPPER_TRUST: wrapper.get(_TRUST, "A")}) | response

    def created(self, part: dict[str, Any], pointer: str) -> dict[str, Any]:
        """Return the schema of the response of a POST; empty if the operation is none, or its response has no data."""
        if "200" in part["responses"] or "201" not in part["responses"]:
            return {}
        response, place = self.resolve(part["responses"]["201"], f"{pointer}/responses/201")
        return self.content_schema(response, place)[0] if "content" in response else {}

    def _service(self, tag: str, pointer: str) -> str:
        service: str = self._service_of_tag.get(tag) or next(iter(self._services))
        if service not in self._services:
            raise SpecificationError(f"the tag {tag} belongs to the service {service}, which no server has", pointer)
        return service

    def _parameters(self, part: dict[str, Any], pointer: str) -> Iterator[Parameter]:
        for index, entry in enumerate(part.get("parameters", ())):
            parameter, place = self.resolve(entry, f"{pointer}/parameters/{index}")
            # All operations share a few parameters of the components.
            if place not in self._known_parameters:
                self._known_parameters[place] = self._parameter(parameter, place)
            yield self._known_parameters[place]

    def _parameter(self, parameter: dict[str, Any], pointer: str) -> Parameter:
        kind, named = self.kind(parameter.get("schema"), f"{pointer}/schema")
        name = parameter.get("name", "")
        return Parameter(
            name=name,
            attribute=parameter_name(name),
            location=parameter.get("in", ""),
            required=bool(parameter.get("required")),
            kind=kind,
            format=parameter["schema"].get("format"),
            enumeration=named,
            trust=parameter.get(_TRUST, "A"),
            **{word: parameter["schema"].get(word) for word in _BOUNDS if kind == "integer"},
        )

    def _body(self, part: dict[str, Any], pointer: str) -> dict[str, Any]:
        """Return the schema of the request body; empty if the operation has none."""
        if "requestBody" not in part:
            return {}
        return self.content_schema(*self.resolve(part["requestBody"], f"{pointer}/requestBody"))[0]


def _subset(part: dict[str, Any] | None) -> Subset | None:
    if part is None:
        return None
    return Subset(part["of"], part["property"], tuple(part["values"]), part.get("trust", "A"))


def _scope(part: dict[str, Any] | None) -> Scope | None:
    if part is None:
        return None
    tie = part.get("through")
    through = None
    if tie is not None:
        where = tuple((key, tuple(values)) for key, values in tie.get("where", {}).items())
        through = Through(tie["collection"], tie["property"], where)
    parents = tuple(Parent(entry["parameter"], entry["read"], entry["property"]) for entry in part["parents"])
    return Scope(through, parents, part.get("trust", "A"))
