"""Strict msgspec structs: the fastest validated way from the bytes of a page to columns.

The structs of a generated package are subclasses of `WireRow`. They are read strictly: a response that violates the
document raises `msgspec.ValidationError`, for example because a required property is missing or a value has another
type. There are three exceptions: null for an absent optional property, JSON booleans beside OneRoster's strings
(dialects differ), and properties that the document does not have, which are ignored.

The text of a ValidationError may quote a value, and so a child's data; `error_path` returns what may be shown of it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

__all__ = ["TRUTH", "Instant", "TrueFalse", "WireRow", "error_path", "make_decoder", "make_page_decoder"]

TrueFalse: TypeAlias = Literal["true", "false"] | bool
"""A boolean as a server writes it; `TRUTH` has its meaning."""

TRUTH: Final[Mapping[TrueFalse | None, bool | None]] = {
    True: True,
    False: False,
    "true": True,
    "false": False,
    None: None,
}
"""The meaning of a boolean."""

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A date-time with a time zone."""


class WireRow(msgspec.Struct, omit_defaults=True, gc=False):
    """The base of all structs. Their repr has the name and the sourcedId only, because the rest may be personal."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("sourced_id", self.sourced_id)] if hasattr(self, "sourced_id") else []


def make_page_decoder(element: str, kind: Any, wrapper: str) -> Callable[[bytes], list[Any]]:
    """Return a function that decodes the body of a page into a list.

    Args:
        element: The element, for error messages.
        kind: The type of the items: a struct, or `msgspec.Raw` for undecoded records.
        wrapper: The key of the list.
    """
    fields = [("records", list[kind], msgspec.field(name=wrapper))]
    decode = make_decoder(msgspec.defstruct(f"{element}Page", fields, gc=False))

    def decode_page(body: bytes) -> list[Any]:
        found: list[Any] = decode(body).records
        return found

    return decode_page


def make_decoder(kind: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    """Return a function that decodes bytes into a type.

    It raises `msgspec.ValidationError` for data of another type, and `msgspec.DecodeError` for bytes that are not JSON.
    """
    decode: Callable[[bytes | msgspec.Raw], Any] = msgspec.json.Decoder(kind).decode

    def decode_text(text: bytes | msgspec.Raw) -> Any:
        try:
            return decode(text)
        except UnicodeDecodeError:
            pass
        # Raised outside of the handler: the error above has the text, and so a child's data.
        raise msgspec.DecodeError("the text is not UTF-8")

    return decode_text


def error_path(error: msgspec.DecodeError) -> str:
    """Return where decoding failed, as in ``enrollments[3].user.type``; "" for the whole text.

    Unlike the text of the error, the path never contains a value of a record.
    """
    found = str(error).rpartition(" - at `$")[2] if " - at `$" in str(error) else ""
    return found.rstrip("`").removeprefix(".")
