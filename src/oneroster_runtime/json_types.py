"""What JSON calls the types of its values."""

__all__ = ["json_type"]

_NAMES = {str: "a string", bool: "a boolean", type(None): "null", dict: "an object", list: "an array"}


def json_type(value: object) -> str:
    """Return the type of a decoded JSON value in words, as in ``an array``."""
    return _NAMES.get(type(value), "a number")
