"""Apply OpenAPI Overlays, which describe how the servers of a dialect differ from the standard's document.

A profile is a dialect by name: a profile of the document (``standard``, ``kimono``), or an overlay shipped with the kit
(``json-booleans`` …). An overlay file is applied on top of a profile. An overlay may have two keys that are not in the
Overlay specification:

- ``x-oneroster-profile`` at the top: the profile that it changes (default: any);
- ``x-oneroster-wrapper`` on a response, or beside the reference to it: the key that holds the data. The schema of the
  response is changed accordingly.

The library ``oas-patch`` applies overlays.
"""

import copy
import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from oneroster.bounded_files import read_at_most
from oneroster.contract.dialects.bounded_yaml import MOST_BYTES, UnsafeYamlError, load_yaml
from oneroster.contract.dialects.dialect_specification import DocumentError, DocumentModel, gather
from oneroster.contract.dialects.overlay_check import (
    Mistake,
    form_mistakes,
    line_of,
    origin_of,
    strange_keys,
    written_mistakes,
)
from oneroster.error_words import words_of
from oneroster.standard import Standard
from oneroster_runtime.specification.schemas import escape, located, unescape

__all__ = [
    "OverlayError",
    "apply_overlay",
    "base_profile",
    "chosen_profile",
    "dialect_specification",
    "known_profiles",
    "load_overlay",
]

BUILT_IN: Final = "overlays"
SUFFIXES: Final = (".yaml", ".yml", ".json")
PROFILE_KEY: Final = "x-oneroster-profile"
STANDARD: Final = "standard"
_WRAPPER_IN_LINK: Final = re.compile(r"^\$response\.body#/[^/]+")


class OverlayError(ValueError):
    """A dialect does not exist, or its overlay is invalid; the message says which, and what to change."""


def known_profiles(standard: Standard) -> tuple[str, ...]:
    """Return the names of all profiles: those of the document, then the overlays shipped with the kit."""
    return (*standard.specification.profiles, *_built_in())


def chosen_profile(profile: str, overlay: str, standard: Standard) -> str:
    """Return the profile of a dialect: the given one, else the one that the overlay file names, else the standard.

    Args:
        profile: The name of a profile, or empty.
        overlay: The path of an overlay file, or empty.
        standard: The version of the standard.

    Raises:
        OverlayError: The profile is unknown or a file, the overlay cannot be read, or it changes another profile.
    """
    known = ", ".join(known_profiles(standard))
    if profile and profile not in known_profiles(standard):
        if Path(profile).suffix in SUFFIXES or "/" in profile or "\\" in profile:
            raise OverlayError(
                f"a profile is a name ({known}), and {profile} is a file; "
                "give the file to --overlay (in pytest --oneroster-overlay) or ONEROSTER_OVERLAY"
            )
        raise OverlayError(f"unknown profile {profile!r}; known profiles: {known}")
    declared = _declared(_parsed(_read(overlay), overlay), overlay, standard) if overlay else ""
    if profile and declared and profile != declared:
        raise OverlayError(f"the overlay {overlay} changes the profile {declared}, not {profile}")
    return profile or declared or STANDARD


def _declared(overlay: dict[str, Any], name: str, standard: Standard) -> str:
    """Return the profile that an overlay says it changes; empty when it says nothing."""
    declared = overlay.get(PROFILE_KEY, "")
    if declared and declared not in known_profiles(standard):
        known = ", ".join(known_profiles(standard))
        said = f"{PROFILE_KEY} names an unknown profile of OneRoster {standard.version}; known profiles: {known}"
        _refuse([Mistake((PROFILE_KEY,), said)], name)
    return str(declared)


def base_profile(profile: str) -> str:
    """Return the profile of the document that a profile is based on."""
    return str(_shipped(profile).get(PROFILE_KEY, STANDARD)) if profile in _built_in() else profile


@cache
def _built_in() -> dict[str, str]:
    """Return the overlays of the kit by name, as text."""
    folder = resources.files("oneroster.contract") / BUILT_IN
    found = (each for each in folder.iterdir() if each.name.endswith(".yaml"))
    return {
        each.name.removesuffix(".yaml"): each.read_text("utf-8") for each in sorted(found, key=lambda each: each.name)
    }


def _shipped(profile: str) -> dict[str, Any]:
    return _parsed(_built_in()[profile], profile)


def load_overlay(profile: str, standard: Standard, overlay: str = "") -> dict[str, Any]:
    """Return the overlay to apply on top of a profile: that of the file, or one without actions.

    It names the profile. See `chosen_profile` for the arguments and the errors.
    """
    profile = chosen_profile(profile, overlay, standard)
    if overlay:
        return {**_parsed(_read(overlay), overlay), PROFILE_KEY: profile}
    info = {"title": f"The profile {profile}", "version": "1"}
    return {"overlay": "1.0.0", "info": info, PROFILE_KEY: profile, "actions": []}


def _read(overlay: str) -> str:
    path = Path(overlay)
    if path.suffix not in SUFFIXES:
        raise OverlayError(f"an overlay is a file ({', '.join(SUFFIXES)}), not {overlay!r}; a name goes to --profile")
    try:
        return read_at_most(path, MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OverlayError(f"the overlay {overlay} cannot be read ({words_of(error)})") from error


def _parsed(text: str, profile: str) -> dict[str, Any]:
    try:
        # JSON is YAML too.
        overlay = load_yaml(text)
    except UnsafeYamlError as error:
        raise OverlayError(f"the overlay {profile} {error}") from None
    _refuse(strange_keys(overlay), profile)
    _refuse(form_mistakes(overlay), profile)
    found: dict[str, Any] = overlay
    return found


def _refuse(mistakes: Iterable[Mistake], profile: str) -> None:
    """Raise an error with the first of some mistakes of an overlay, and its line."""
    found = list(dict.fromkeys(mistakes))
    if found:
        line = line_of(profile, found[0].place)
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise OverlayError(f"the overlay {profile}{f', line {line}' if line else ''}: {found[0].message}{more}")


def dialect_specification(profile: str, standard: Standard, overlay: str = "") -> DocumentModel:
    """Return the specification of a dialect.

    Args:
        profile: The name of a profile, or empty.
        standard: The version of the standard.
        overlay: The path of an overlay file to apply on top of the profile, or empty.

    Raises:
        OverlayError: The dialect is unknown, or the document is invalid after the overlay was applied.
    """
    return apply_overlay(load_overlay(profile, standard, overlay), overlay or profile, standard)


def apply_overlay(overlay: dict[str, Any], profile: str, standard: Standard) -> DocumentModel:
    """Return the specification of the standard's document after an overlay was applied.

    Args:
        overlay: The overlay.
        profile: The name of the overlay in messages.
        standard: The version of the standard.

    Raises:
        OverlayError: The overlay cannot be applied, or the document is invalid afterwards.
    """
    beneath = _declared(overlay, profile, standard) or STANDARD
    base = base_profile(beneath)
    document = standard.document()
    if standard.specification.profiles[base].booleans == "json":
        document["components"]["schemas"]["TrueFalse"] = {"type": "boolean"}
    if beneath in _built_in():
        _apply(document, _shipped(beneath), beneath)
    _apply(document, overlay, profile)
    try:
        _follow_wrappers(document)
        return gather(document, base, standard.specification)
    except DocumentError as error:
        place = origin_of(overlay, tuple(unescape(step) for step in error.pointer.split("/")[1:]))
        _refuse([Mistake(place, f"the document is invalid with it: {error}")], profile)
        raise


def _apply(document: dict[str, Any], overlay: dict[str, Any], profile: str) -> None:
    if not overlay["actions"]:
        return
    from oas_patch.overlay import apply_overlay, parse

    for number, action in enumerate(overlay["actions"]):
        # A copy writes to a target that need not be there.
        place = ("actions", number, "copy" if "copy" in action else "target")
        try:
            found = parse(action[place[-1]]).find(document)
            # The library puts parts of the overlay into the document, and later actions would change them there.
            apply_overlay(document, {"actions": [copy.deepcopy(action)]})
        except Exception as error:  # the library raises any error of its JSONPath parser
            line = line_of(profile, place)
            where = f", line {line}," if line else ""
            raise OverlayError(f"the overlay {profile}{where} cannot be applied: {error}") from error
        if not found:
            _refuse([Mistake(place, f"nothing in the document is at {action[place[-1]]}")], profile)
    _refuse(written_mistakes(document, overlay), profile)


def _follow_wrappers(document: dict[str, Any]) -> None:
    """Rename the wrapper in the schema of every response that names another one."""
    shared, schemas = document["components"]["responses"], document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if not (isinstance(operation, dict) and "responses" in operation):
                continue
            with located(f"/paths/{escape(path)}/{method}/responses"):
                _override(operation["responses"], shared)
                _follow_wrapper(operation["responses"].get("200", {}), schemas)
    for name, response in shared.items():
        with located(f"/components/responses/{escape(name)}"):
            _follow_wrapper(response, schemas)


def _override(responses: dict[str, Any], shared: dict[str, Any]) -> None:
    """Let keys beside a reference override the referenced response, for this operation only."""
    response = responses.get("200", {})
    if "$ref" in response and len(response) > 1:
        referenced = copy.deepcopy(shared[response.pop("$ref").rpartition("/")[2]])
        responses["200"] = {**referenced, **response}


def _follow_wrapper(response: dict[str, Any], schemas: dict[str, Any]) -> None:
    wrapper = response.get("x-oneroster-wrapper")
    for link in response.get("links", {}).values() if wrapper is not None else ():
        for name, expression in link.get("parameters", {}).items():
            link["parameters"][name] = _WRAPPER_IN_LINK.sub(f"$response.body#/{wrapper}", expression)
    for content in response.get("content", {}).values():
        reference = content.get("schema", {}).get("$ref", "")
        schema = schemas.get(reference.rpartition("/")[2], {})
        before = schema.get("x-oneroster-wrapper")
        if wrapper is None or before is None or before == wrapper:
            continue
        own = copy.deepcopy(schema)
        own["x-oneroster-wrapper"] = wrapper
        own["properties"][wrapper] = own["properties"].pop(before)
        own["required"] = [wrapper if name == before else name for name in own.get("required", ())]
        content["schema"] = own
