"""Valid variants of the data: few rows, unusual ids, only deleted records, no or all optional properties."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple

from oneroster.sandbox.store.store import Store
from oneroster.sandbox.store.table_layout import Record
from oneroster_runtime.specification import Property

__all__ = ["SPECIAL_CHARACTERS", "change_ids", "delete_all", "drop_optional", "fill_optional", "keep_rows"]

SPECIAL_CHARACTERS: Final = (
    *"+,%&#?/\\'\"*;:= ~<>|{}[]()@$!^`.é日😀",
    "%2F",
    "../",
    "&amp;",
    " OR ",
)
"""One of these is in every id that `change_ids` makes."""

_ID: Final = "sourcedId"
_USER: Final = "User"
_UNFILLED: Final = frozenset({"date", "date-time"})
_OWN: Final = frozenset({"identifier", "username", "password", "email", "userIds", "metadata", "primary"})
"""Properties that two records should not have in common."""
_OF_A_KIND: Final = frozenset({"schoolYear", "gradingPeriod", "textScore"})
"""Properties whose values depend on another record: a session of that type, a score scale."""
_RESOURCE: Final = "Resource"

_METADATA: Final = "metadata"
_VALUES: Final[Mapping[str, Any]] = {"string": "n/a", "number": 1.0, "boolean": False, "strings": ["n/a"]}
"""By kind: what a property is given that no record has."""

Records = dict[str, dict[str, Record]]
Key = tuple[str, str]
Change = Callable[[str, Record], Record]


def keep_rows(store: Store, rows: int) -> None:
    """Keep at most so many records of each element, with everything that they refer to."""
    records = _records(store)
    _replace(store, _Selection(store, records, rows).chosen())


def change_ids(store: Store) -> None:
    """Give every record an id with an underscore and one other special character."""
    records, new, number = _records(store), dict[Key, str](), count()
    for element in sorted(records, key=lambda name: name != _USER):
        for sourced_id in records[element]:
            # Demographics have the id of their user.
            taken = new.get((_USER, sourced_id))
            position = next(number)
            special = SPECIAL_CHARACTERS[position % len(SPECIAL_CHARACTERS)]
            new[element, sourced_id] = taken or f"{element[:2].lower()}_{special}{position}"
    changed: Records = {}
    for element, known in records.items():
        changed[element] = {}
        for sourced_id, record in known.items():
            other = {**record, _ID: new[element, sourced_id]}
            for each in _references(store, element):
                other = _with_value_at(other, each.path, partial(_with_ids, element=each.refers_to, new=new))
            changed[element][other[_ID]] = other
    _replace(store, changed)


def delete_all(store: Store) -> None:
    """Mark every record tobedeleted."""
    _replace(store, _changed(_records(store), lambda _, record: {**record, "status": "tobedeleted"}))


def drop_optional(store: Store) -> None:
    """Remove every optional property, of nested records as well."""

    def required(element: str, record: Record) -> Record:
        known = store.specification.elements[element].properties
        kept = {name: value for name, value in record.items() if name in known and known[name].required}
        nested = {name: part for name in kept if (part := known[name].record) is not None}
        return kept | {name: _each(kept[name], partial(required, part)) for name, part in nested.items()}

    _replace(store, _changed(_records(store), required))


def fill_optional(store: Store) -> None:
    """Give every record every optional property that another record has, or that a value can be made up for."""
    records = _records(store)
    donors = _made_up(store, records) | {
        (element, property_.name): record[property_.name]
        for element, known in records.items()
        for property_ in _fillable(store, element)
        for record in known.values()
        if property_.name in record
    }

    def filled(element: str, record: Record) -> Record:
        given = {name: value for (of, name), value in donors.items() if of == element}
        return {**given, **record}

    _replace(store, _changed(records, filled))


def _made_up(store: Store, records: Records) -> dict[Key, Any]:
    """Return a value for the properties of elements, for which no record may have one, as far as there is one."""
    linked: dict[tuple[str, str], Any] = {}
    for element, known in records.items():
        for property_ in store.specification.elements[element].properties.values():
            if property_.refers_to is not None:
                given = (record[property_.name] for record in known.values() if property_.name in record)
                linked.setdefault((property_.kind, property_.refers_to), next(given, None))
    values = {
        (element, each.name): linked.get((each.kind, each.refers_to)) if each.refers_to else _VALUES.get(each.kind)
        for element in records
        for each in _fillable(store, element)
        if each.name not in _OF_A_KIND
    }
    values |= {(element, _METADATA): {"vdr.note": "1"} for element in records}
    return {key: value for key, value in values.items() if value is not None}


def _fillable(store: Store, element: str) -> Iterator[Property]:
    for known in store.specification.elements[element].properties.values():
        # Parents and children, and dates in order, depend on each other.
        if known.kind not in _UNFILLED and known.name not in _OWN and known.refers_to != element:
            yield known


class _Reference(NamedTuple):
    """A property that is a reference, in a record or in one of its nested records."""

    path: tuple[str, ...]
    refers_to: str
    required: bool


def _references(store: Store, element: str) -> Iterator[_Reference]:
    for known in store.specification.elements[element].properties.values():
        if known.refers_to is not None:
            yield _Reference((known.name,), known.refers_to, known.required)
        elif known.record is not None:
            for each in _references(store, known.record):
                yield _Reference((known.name, *each.path), each.refers_to, known.required and each.required)


def _values_at(record: Record, path: tuple[str, ...]) -> Iterator[Record]:
    """Yield the references at a path."""
    value = record.get(path[0], [])
    for item in value if isinstance(value, list) else [value]:
        yield from _values_at(item, path[1:]) if path[1:] else [item]


def _with_value_at(record: Record, path: tuple[str, ...], change: Callable[[Any], Any]) -> Record:
    """Return a record with another value at a path; a reference that becomes empty is left out."""
    name, *rest = path
    if name not in record:
        return record
    if rest:
        return {**record, name: _each(record[name], partial(_with_value_at, path=tuple(rest), change=change))}
    others = {key: value for key, value in record.items() if key != name}
    changed = change(record[name])
    return {**others, name: changed} if changed else others


def _records(store: Store) -> Records:
    names = [name for name in store.specification.elements if store.has(name)]
    found = {name: store.select(name) for name in names}
    return {name: {row[_ID]: dict(row) for row in rows.page(0, rows.total)} for name, rows in found.items()}


def _replace(store: Store, records: Records) -> None:
    store.clear()
    for element, known in records.items():
        for record in known.values():
            store.put(element, record)


def _changed(records: Records, change: Change) -> Records:
    return {
        element: {name: change(element, record) for name, record in known.items()} for element, known in records.items()
    }


def _each(value: Any, change: Callable[[Record], Record]) -> Any:
    """Return a changed record, or a list of records that are each changed."""
    return [change(item) for item in value] if isinstance(value, list) else change(value)


def _with_ids(value: Any, element: str, new: Mapping[Key, str]) -> Any:
    return _each(value, lambda reference: {**reference, _ID: new[element, reference[_ID]]})


class _Selection:
    """A few records of each element that refer to nothing outside the selection."""

    def __init__(self, store: Store, records: Records, most: int) -> None:
        self._store = store
        self._records = records
        self._most = most
        self._kept: dict[Key, None] = {}

    def chosen(self) -> Records:
        """Return the selection, without references to other records."""
        # Elements that need most others first: what they refer to fills the others.
        for element in sorted(self._records, key=self._depth, reverse=True):
            known = self._records[element] if element != _RESOURCE else self._resources()
            for sourced_id in known:
                if self._room(element) > 0:
                    self._keep((element, sourced_id))
        found: Records = {name: {} for name in self._records}
        for element, sourced_id in self._kept:
            found[element][sourced_id] = self._trimmed(element, self._records[element][sourced_id])
        return found

    def _resources(self) -> list[str]:
        """Return the resources of the kept records; one that belongs to none is not listed."""
        kept = [(element, self._records[element][sourced_id]) for element, sourced_id in self._kept]
        return [
            item[_ID]
            for element, record in kept
            for each in _references(self._store, element)
            if each.refers_to == _RESOURCE and element != _USER
            for item in _values_at(record, each.path)
        ]

    def _required(self, element: str) -> list[_Reference]:
        return [each for each in _references(self._store, element) if each.required]

    def _depth(self, element: str) -> int:
        below = {known.refers_to for known in self._required(element)} - {element}
        return 1 + max((self._depth(name) for name in below), default=0)

    def _room(self, element: str) -> int:
        return self._most - sum(1 for name, _ in self._kept if name == element)

    def _keep(self, key: Key) -> None:
        needed = self._closure(key)
        counts = {element: sum(1 for name, _ in needed if name == element) for element, _ in needed}
        if all(self._room(element) >= number for element, number in counts.items()):
            self._kept |= needed

    def _closure(self, key: Key) -> dict[Key, None]:
        """Return the records that must be kept with one that are not kept yet, that one included."""
        needed: dict[Key, None] = {}
        waiting = [key]
        while waiting:
            element, sourced_id = each = waiting.pop()
            if each in self._kept or each in needed or sourced_id not in self._records[element]:
                continue
            needed[each] = None
            record = self._records[element][sourced_id]
            if element != _USER and sourced_id in self._records.get(_USER, {}):
                waiting.append((_USER, sourced_id))
            for reference in self._required(element):
                waiting += [(reference.refers_to, item[_ID]) for item in _values_at(record, reference.path)]
        return needed

    def _trimmed(self, element: str, record: Record) -> Record:
        for each in _references(self._store, element):
            record = _with_value_at(record, each.path, partial(self._kept_of, each.refers_to))
        return record

    def _kept_of(self, element: str, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in value if (element, item[_ID]) in self._kept]
        return value if (element, value[_ID]) in self._kept else None
