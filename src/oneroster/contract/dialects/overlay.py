"""Dialects: the document under a profile, changed by an OpenAPI Overlay where one describes how a server differs.

A dialect is named by a profile of the document (``standard``, ``kimono``), by an overlay that the kit brings along
(``json-booleans`` …), or by the path of an overlay file. Besides what the Overlay specification has, an overlay may say

- ``x-oneroster-profile`` at its top: the profile that it changes (``standard`` without it);
- ``x-oneroster-wrapper`` on a response, also beside the reference to it: the key of the data; the schema follows it.

Overlays are applied by the library ``oas-patch``.
"""

import copy
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from oneroster.contract.dialects.document_model import DocumentError, DocumentModel, gather
from oneroster_v1p1.tables import PROFILES
from oneroster_v1p1.tables import document as fresh_document

__all__ = ["OverlayError", "base_profile", "facts_of", "known_profiles", "overlay_of", "shown_profile"]

BUILT_IN: Final = "overlays"
SUFFIXES: Final = (".yaml", ".yml", ".json")
PROFILE_KEY: Final = "x-oneroster-profile"
STANDARD: Final = "standard"
_WRAPPER_IN_LINK: Final = re.compile(r"^\$response\.body#/[^/]+")


class OverlayError(ValueError):
    """A profile that does not exist, or an overlay that cannot be applied; the message names it and what to mend."""


def known_profiles() -> tuple[str, ...]:
    """The names that can be given instead of a file: the document's profiles, then the kit's own overlays."""
    return (*PROFILES, *_built_in())


def shown_profile(profile: str) -> str:
    """The name for a report: of a file without its folder, which says nothing of the server."""
    return profile if profile in known_profiles() else Path(profile).name


def base_profile(profile: str) -> str:
    """The profile of the document that a dialect begins with; see ``facts_of`` for the errors."""
    return profile if profile in PROFILES else _base_of(overlay_of(profile), profile)


@cache
def _built_in() -> dict[str, str]:
    """The kit's own overlays by name, as text."""
    folder = resources.files("oneroster.contract") / BUILT_IN
    found = (each for each in folder.iterdir() if each.name.endswith(".yaml"))
    return {
        each.name.removesuffix(".yaml"): each.read_text("utf-8") for each in sorted(found, key=lambda each: each.name)
    }


def overlay_of(profile: str) -> dict[str, Any]:
    """The overlay of a dialect, by its name or file; one without actions for a profile of the document.

    Raises ``OverlayError`` when there is none of that name, or it is no overlay.
    """
    if profile in PROFILES:
        info = {"title": f"The profile {profile}", "version": "1"}
        return {"overlay": "1.0.0", "info": info, PROFILE_KEY: profile, "actions": []}
    text = _built_in().get(profile)
    if text is None:
        text = _read(profile)
    return _parsed(text, profile)


def _read(profile: str) -> str:
    path = Path(profile)
    if path.suffix not in SUFFIXES:
        raise OverlayError(
            f"unknown profile {profile!r}; known are {', '.join(known_profiles())}; or an overlay file (.yaml, .json)"
        )
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OverlayError(f"the overlay {profile} cannot be read ({type(error).__name__})") from error


def _parsed(text: str, profile: str) -> dict[str, Any]:
    import yaml
    from oas_patch.validator import validate

    try:
        # JSON is YAML too.
        overlay = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise OverlayError(f"the overlay {profile} is neither YAML nor JSON") from error
    flaws = yaml.safe_load(validate(overlay, "yaml"))
    if flaws.get("errors"):
        first = flaws["errors"][0]
        where = f" at {first['path']}" if first["path"] else ""
        raise OverlayError(f"{profile} is no OpenAPI Overlay{where}: {first['message']}")
    found: dict[str, Any] = overlay
    return found


def _base_of(overlay: dict[str, Any], profile: str) -> str:
    base = overlay.get(PROFILE_KEY, STANDARD)
    if base not in PROFILES:
        raise OverlayError(f"the overlay {profile} begins with an unknown profile; known are {', '.join(PROFILES)}")
    return str(base)


def facts_of(profile: str) -> DocumentModel:
    """The facts of a dialect, by its name or the path of its overlay.

    Raises ``OverlayError`` when there is no such dialect, or its overlay leaves no document to go by.
    """
    overlay = overlay_of(profile)
    return applied(overlay, profile)


def applied(overlay: dict[str, Any], profile: str) -> DocumentModel:
    """The facts of the document under an overlay; ``profile`` is what messages call it."""
    base = _base_of(overlay, profile)
    document = fresh_document()
    if PROFILES[base].booleans == "json":
        document["components"]["schemas"]["TrueFalse"] = {"type": "boolean"}
    _apply(document, overlay, profile)
    try:
        _follow_wrappers(document)
        return gather(document, base)
    except (DocumentError, KeyError, TypeError, AttributeError) as error:
        raise OverlayError(f"under the overlay {profile} the document makes no sense: {error}") from error


def _apply(document: dict[str, Any], overlay: dict[str, Any], profile: str) -> None:
    if not overlay["actions"]:
        return
    from oas_patch.overlay import apply_overlay

    try:
        # The library puts the overlay's own parts into the document, and later actions would change them there.
        apply_overlay(document, copy.deepcopy(overlay))
    except Exception as error:  # the library raises whatever its parser of paths raises
        raise OverlayError(f"the overlay {profile} cannot be applied: {error}") from error
    if foreign := [each for each in _references(document) if not each.startswith("#/")]:
        raise OverlayError(f"the overlay {profile} refers to another document ({foreign[0]}); only #/… can be followed")


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _follow_wrappers(document: dict[str, Any]) -> None:
    """Give the schemas of responses the key that the response names as its wrapper."""
    shared, schemas = document["components"]["responses"], document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in (part for part in item.values() if isinstance(part, dict) and "responses" in part):
            answer = operation["responses"].get("200", {})
            if "$ref" in answer and len(answer) > 1:
                # What an overlay writes beside a reference outranks what stands behind it, for this operation alone.
                behind = copy.deepcopy(shared[answer.pop("$ref").rpartition("/")[2]])
                operation["responses"]["200"] = {**behind, **answer}
            _follow_wrapper(operation["responses"].get("200", {}), schemas)
    for response in shared.values():
        _follow_wrapper(response, schemas)


def _follow_wrapper(response: dict[str, Any], schemas: dict[str, Any]) -> None:
    wrapper = response.get("x-oneroster-wrapper")
    for link in response.get("links", {}).values() if wrapper is not None else ():
        for name, place in link.get("parameters", {}).items():
            link["parameters"][name] = _WRAPPER_IN_LINK.sub(f"$response.body#/{wrapper}", place)
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
