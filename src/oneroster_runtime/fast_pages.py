"""Fast reading of pages, with the same result as the tolerant reading.

A page is first read by msgspec as if all its records were regular: values of the documented types, nothing unknown. If
that fails, it is split into records, and only irregular ones are read tolerantly. A page that consists mostly of
irregular records, or whose body has anything else than documented around the records, is left to the tolerant reading.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import msgspec

__all__ = ["PageReader"]

T = TypeVar("T")
_MAX_IRREGULAR: Final = 16
"""Irregular records that a page may have before their share of it counts."""
_FAILURES: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class PageReader(Generic[T]):
    """Reads the records of pages of one element.

    Args:
        wrapper: The key that holds them.
        regular: The struct of a regular record.
        convert: Makes a record of such a struct.
        decode: Makes a record of JSON data, tolerantly.
    """

    def __init__(
        self,
        wrapper: str,
        regular: type[msgspec.Struct],
        convert: Callable[[Any], T],
        decode: Callable[[dict[str, Any]], T],
    ) -> None:
        self._wrapper, self._regular = wrapper, regular
        self._convert, self._decode = convert, decode

    @cached_property
    def _decode_page(self) -> Callable[[bytes], Any]:
        return self._page_decoder(self._regular)

    @cached_property
    def _split_page(self) -> Callable[[bytes], Any]:
        return self._page_decoder(msgspec.Raw)

    @cached_property
    def _decode_record(self) -> Callable[[msgspec.Raw], Any]:
        return msgspec.json.Decoder(self._regular).decode

    def _page_decoder(self, kind: Any) -> Callable[[bytes], Any]:
        fields = [("records", list[kind], msgspec.field(name=self._wrapper))]
        page = msgspec.defstruct("Page", fields, forbid_unknown_fields=True, gc=False)
        return msgspec.json.Decoder(page).decode

    def read(self, content: bytes) -> list[T] | None:
        """Return the records of a page; None if the whole page has to be read tolerantly."""
        convert = self._convert
        try:
            return [convert(regular) for regular in self._decode_page(content).records]
        except _FAILURES:
            pass
        try:
            return self._read_each(self._split_page(content).records)
        except _FAILURES:
            return None

    def _read_each(self, raw_records: list[msgspec.Raw]) -> list[T] | None:
        convert, decode_record = self._convert, self._decode_record
        records: list[T] = []
        irregular = 0
        for raw in raw_records:
            try:
                records.append(convert(decode_record(raw)))
            except msgspec.ValidationError:
                irregular += 1
                source = msgspec.json.decode(raw)
                if type(source) is not dict or (irregular > _MAX_IRREGULAR and irregular * 2 > len(records)):
                    return None
                records.append(self._decode(source))
        return records
