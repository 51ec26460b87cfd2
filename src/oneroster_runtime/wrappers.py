"""Find the records in a response body, also under an undocumented key."""

from typing import Any

from oneroster_runtime.errors import DecodeError
from oneroster_runtime.json_types import json_type
from oneroster_runtime.status import is_status_key

__all__ = ["unwrap"]


def unwrap(body: object, wrapper: str, *, many: bool) -> dict[str, Any]:
    """Return a response body with its records under the documented key.

    If that key is missing, the only array beside the status payload (of a page) or the only object (of a single read)
    is used; so is a bare array, and a record without any wrapper.

    Args:
        body: The JSON data.
        wrapper: The documented key.
        many: Whether the body is a page.

    Raises:
        DecodeError: The body has no records, or an element of a page is not an object. The message has its
            index; to skip it would lose a row silently.
    """
    if isinstance(body, list) and many:
        body = {wrapper: body}
    if not isinstance(body, dict):
        raise DecodeError(f"the body is not a JSON object but {json_type(body)}")
    source: dict[str, Any] = body
    if wrapper not in source:
        source = _rewrapped(source, wrapper, many=many)
    if many:
        return _with_list(source, wrapper)
    value = source[wrapper]
    if type(value) is list and len(value) == 1:
        value, source = value[0], {**source, wrapper: value[0]}
    if type(value) is not dict:
        raise DecodeError(f"{wrapper} is not a JSON object but {json_type(value)}")
    return source


def _with_list(source: dict[str, Any], wrapper: str) -> dict[str, Any]:
    items = source[wrapper]
    if items is None or type(items) is dict:  # null for an empty list, or one record without its list
        items = [] if items is None else [items]
        source = {**source, wrapper: items}
    if type(items) is not list:
        raise DecodeError(f"{wrapper} is not an array but {json_type(items)}")
    for index, item in enumerate(items):
        if type(item) is not dict:
            raise DecodeError(f"{wrapper}[{index}] is not a JSON object but {json_type(item)}")
    return source


def _rewrapped(source: dict[str, Any], wrapper: str, *, many: bool) -> dict[str, Any]:
    wanted = list if many else dict
    found = [name for name, value in source.items() if type(value) is wanted and not is_status_key(name)]
    if not many and "sourcedId" in source:
        return {wrapper: source}
    if len(found) != 1:
        raise DecodeError(f"there is no {wrapper} in it")
    return {wrapper if name == found[0] else name: value for name, value in source.items()}
