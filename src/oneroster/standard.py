"""The versions of OneRoster that this package supports: the one module that names a generated package."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from oneroster.errors import ConfigurationError

if TYPE_CHECKING:
    from oneroster_runtime.specification import Operation, Specification

__all__ = ["DEFAULT", "Standard"]

DEFAULT: Final = "1.1"
"""The version that is used where none is named."""

_PACKAGES: Final[Mapping[str, str]] = MappingProxyType({"1.1": "oneroster_v1p1", "1.2": "oneroster_v1p2"})
"""The generated package of each version."""


@dataclass(frozen=True, eq=False)
class Standard:
    """One version of OneRoster: its specification and its generated package.

    Instances are shared, one per version; use `of` or `from_package`.

    Attributes:
        package: The name of the generated package. Its modules are imported when they are first used.
    """

    package: str

    @classmethod
    def of(cls, version: "Standard | str" = DEFAULT) -> "Standard":
        """Return a version of the standard by its number, as in ``1.1``; a `Standard` is returned as it is.

        Raises:
            ConfigurationError: No generated package is known for this version.
        """
        if isinstance(version, Standard):
            return version
        package = _registered().get(version)
        if package is None:
            known = ", ".join(sorted(_registered()))
            raise ConfigurationError(f"OneRoster {version!r} is not supported; supported versions: {known}.")
        return _shared(package)

    @classmethod
    def versions(cls) -> tuple[str, ...]:
        """Return the numbers of all supported and registered versions."""
        return tuple(_registered())

    @classmethod
    def from_package(cls, module: ModuleType) -> "Standard":
        """Return the standard that a generated package implements, and register it for `of` under its version.

        Args:
            module: A package written by ``scripts/generate``.
        """
        standard = _shared(module.__name__)
        _registered()[standard.version] = standard.package
        return standard

    @property
    def version(self) -> str:
        """The version number, as in ``1.1``."""
        return self.specification.version

    @cached_property
    def specification(self) -> "Specification":
        """The operations, elements, enumerations and profiles of the version.

        Raises:
            ConfigurationError: The package is registered under another version than its document has.
        """
        found: Specification = import_module(self.package).specification()
        versions = [version for version, package in _registered().items() if package == self.package]
        if versions and found.version not in versions:
            raise ConfigurationError(
                f"the package {self.package} is registered as OneRoster {', '.join(versions)}, and info/version of its "
                f"document is {found.version}; change one of them (oneroster.standard lists the packages)"
            )
        return found

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document of the version, as a fresh copy."""
        document: dict[str, Any] = import_module(self.package).document()
        return document

    def profile_document(self, profile: str) -> dict[str, Any]:
        """Return the document of one profile, which needs no other, as a fresh copy.

        Raises:
            ConfigurationError: The profile is unknown.
        """
        from oneroster_runtime.package_data import load_profile_document

        return load_profile_document(self.package, self.known_profile(profile))

    def known_profile(self, profile: str) -> str:
        """Return the name of a profile that the document defines.

        Raises:
            ConfigurationError: The profile is unknown.
        """
        if profile not in self.specification.profiles:
            known = ", ".join(self.specification.profiles)
            raise ConfigurationError(f"unknown profile {profile!r}; known profiles: {known}")
        return profile

    def base_path(self, operation: "Operation") -> str:
        """Return the base path of the service that an operation belongs to, as in ``/ims/oneroster/v1p1``."""
        return self.specification.base_path(operation)

    @property
    def models(self) -> Any:
        """The module with the record classes."""
        return self._module("models")

    @property
    def wire(self) -> Any:
        """The module with the msgspec structs for strict reading."""
        return self._module("wire")

    @property
    def facade(self) -> Any:
        """The module with one typed method per operation."""
        return self._module("facade")

    def api(self, operation: "Operation") -> Any:
        """Return the generated module of an operation."""
        from oneroster_runtime.specification.naming import python_name

        return self._module(f"api.{python_name(operation.tag)}.{python_name(operation.operation_id)}")

    def _module(self, name: str) -> Any:
        return import_module(f"{self.package}.{name}")


@cache
def _registered() -> dict[str, str]:
    return dict(_PACKAGES)


@cache
def _shared(package: str) -> Standard:
    return Standard(package)
