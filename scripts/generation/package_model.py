"""What the templates are made of: the specification of the document, and its descriptions and constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from openapi_python_client.strings import ClassName

from oneroster_runtime.specification import Operation, Property, Specification, SpecificationError
from oneroster_runtime.specification.reader import SpecificationReader
from oneroster_runtime.specification.schemas import escape, listed_values, located

if TYPE_CHECKING:
    from generation.document import Document

__all__ = ["Endpoint", "Model", "PackageModel", "read_package_model"]

_CONSTRAINTS = ("minLength", "maxLength", "pattern", "minItems", "maxItems", "minimum", "maximum")
_LISTS = frozenset({"strings", "enumerations", "references", "records"})
_KINDS = _LISTS | {
    "string", "date", "date-time", "uri", "boolean", "number", "integer", "enumeration", "reference", "object",
    "record",
}  # fmt: skip
_PARAMETER_KINDS = frozenset({"string", "integer", "enumeration"})
_FIELD_PREFIX = "field_"


class Model(NamedTuple):
    """A class to generate: an element of the data, or a wrapper around one or many of them."""

    name: str
    description: str
    properties: dict[str, Property]
    descriptions: dict[str, str]
    constraints: dict[str, dict[str, Any]]
    """The constraints on the values of a property beyond their type, as in JSON Schema."""
    places: dict[str, str]
    """The pointer of each property; an inherited one stands in another schema."""
    wrapper: str | None
    element: str | None
    many: bool


class Endpoint(NamedTuple):
    """A module to generate: an operation, and what only its docstrings and types need."""

    operation: Operation
    description: str
    parameters: dict[str, str]
    """The descriptions of the parameters by wire name."""
    parameter_places: dict[str, str]
    """The pointers of the parameters by wire name: of their components, or in the operation."""
    response: str | None
    """The model of a success with data."""
    body: str | None
    """The model of the request body."""


class PackageModel(NamedTuple):
    """Everything that the templates are made of."""

    document: Document
    specification: Specification
    endpoints: dict[str, Endpoint]
    models: dict[str, Model]
    status_codes: str | None
    """The enumeration of the minor codes of a status payload."""

    @property
    def version(self) -> str:
        """The version of the standard."""
        return self.specification.version


def read_package_model(document: Document) -> PackageModel:
    """Return the package model of a document.

    Raises:
        DocumentError: A reference leads nowhere, or a part does not follow the conventions of the document.
    """
    try:
        # The lint does not see documents of earlier versions, which are compared with the new one.
        with located(""):
            return _Reader(document).package_model()
    except SpecificationError as error:
        raise document.error(error.pointer, error.message) from error


class _Reader(SpecificationReader):
    """Reads what the specification leaves out, and refuses what the templates cannot express."""

    def __init__(self, document: Document) -> None:
        super().__init__(document.data)
        self._source = document

    def package_model(self) -> PackageModel:
        models = {name: self._model(name) for name in self.object_names()}
        specification = self.specification()
        for name in specification.enumerations:
            self._check_name(name)
        pointers = {
            part.get("operationId"): (part, f"/paths/{escape(path)}/{method}")
            for path, item in self.document["paths"].items()
            for method, part in item.items()
            if isinstance(part, dict)
        }
        return PackageModel(
            document=self._source,
            specification=specification,
            endpoints={name: self._endpoint(each, *pointers[name]) for name, each in specification.operations.items()},
            models=models,
            status_codes=self.document.get("x-oneroster-status", {}).get("codes"),
        )

    # Models

    def _model(self, name: str) -> Model:
        self._check_name(name)
        schema, pointer = self.schemas[name], f"/components/schemas/{escape(name)}"
        properties: dict[str, Property] = {}
        descriptions: dict[str, str] = {}
        constraints: dict[str, dict[str, Any]] = {}
        places: dict[str, str] = {}
        for key, value, place, required in self.property_schemas(name):
            self._check_kind(value, place)
            properties[key], places[key] = self.property(key, value, value, place, required), place
            target, _ = self.resolve(value, place)
            descriptions[key] = (value.get("description") or target.get("description", "")).strip()
            constraints[key] = {word: part[word] for part in (target, value) for word in _CONSTRAINTS if word in part}
        self._check_required(schema, pointer)
        attributes = [found.attribute for found in properties.values()]
        for attribute in attributes:
            if attributes.count(attribute) > 1:
                raise SpecificationError(f"two properties would both be called {attribute} in Python", pointer)
        return Model(
            name,
            schema.get("description", "").strip(),
            properties,
            descriptions,
            constraints,
            places,
            schema.get("x-oneroster-wrapper"),
            schema.get("x-oneroster-element"),
            bool(schema.get("x-oneroster-many")),
        )

    def _check_name(self, name: str) -> None:
        """Refuse a schema whose class would have another name, because the templates use the name of the schema."""
        class_name = ClassName(name, _FIELD_PREFIX)
        if class_name != name:
            message = f"the class of this schema would be called {class_name} in Python; give the schema this name"
            raise SpecificationError(message, f"/components/schemas/{escape(name)}")

    def _check_required(self, schema: dict[str, Any], pointer: str) -> None:
        parts = [(schema, pointer)]
        parts += [self.resolve(part, f"{pointer}/allOf/{at}") for at, part in enumerate(schema.get("allOf", ()))]
        for part, place in parts:
            for key in part.get("required", ()):
                if key not in part.get("properties", {}):
                    raise SpecificationError(f"{key!r} is required and is no property", f"{place}/required")

    def _check_kind(self, value: Any, pointer: str) -> None:
        """Refuse kinds that only overlays may use."""
        message = "this schema is of no kind that the templates know; give it a type, or name its enumeration"
        target, place = self.resolve(value, pointer)
        inline_values = listed_values(target) is not None and "$ref" not in value
        several = "anyOf" in target and listed_values(target) is None
        if not isinstance(target.get("type", ""), str) or several or inline_values:
            raise SpecificationError(message, pointer)
        kind, _ = self.kind(value, pointer)
        if kind == "array":
            inner, _ = self.kind(target.get("items"), f"{place}/items")
            raise SpecificationError(f"lists of kind {inner!r} are not known to the templates", f"{place}/items")
        if kind not in _KINDS:
            raise SpecificationError(message, pointer)

    # Operations

    def _endpoint(self, operation: Operation, part: dict[str, Any], pointer: str) -> Endpoint:
        response = body = None
        status = "200" if "200" in part["responses"] else "201"
        if status in part["responses"]:
            found, place = self.resolve(part["responses"][status], f"{pointer}/responses/{status}")
            response = self._wrapper_model(found, place) if "content" in found else None
        if "requestBody" in part:
            body = self._wrapper_model(*self.resolve(part["requestBody"], f"{pointer}/requestBody"))
        descriptions, places = self._parameter_texts(part, pointer, operation)
        return Endpoint(operation, part.get("description", "").strip(), descriptions, places, response, body)

    def _parameter_texts(
        self, part: dict[str, Any], pointer: str, operation: Operation
    ) -> tuple[dict[str, str], dict[str, str]]:
        descriptions: dict[str, str] = {}
        places: dict[str, str] = {}
        for index, parameter in enumerate(operation.parameters):
            entry, place = self.resolve(part["parameters"][index], f"{pointer}/parameters/{index}")
            if parameter.kind not in _PARAMETER_KINDS or parameter.location not in {"path", "query"}:
                message = (
                    f"a parameter of kind {parameter.kind!r} in {parameter.location!r} is not known to the templates"
                )
                raise SpecificationError(message, place)
            descriptions[parameter.name] = " ".join(entry.get("description", "").split())
            places[parameter.name] = place
        return descriptions, places

    def _wrapper_model(self, part: dict[str, Any], pointer: str) -> str:
        """Return the model of the wrapper in the JSON content of a body."""
        schema, place = self.content_schema(part, pointer)
        if not schema.get("x-oneroster-element") or not schema.get("x-oneroster-wrapper"):
            raise SpecificationError("a body needs x-oneroster-element and x-oneroster-wrapper", place)
        return place.rpartition("/")[2]
