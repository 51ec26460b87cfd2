"""The mappings between versions of OneRoster, as data (7.2 and 7.3 of the sheet of 1.2).

Columns of the same name are the same in both versions. Values of enumerations that the other version does not have, and
columns without a place there, are left out and counted by `oneroster.pull.conversion.converted_roster`. Where the
standard offers a choice, nothing is guessed: what would have to be made up is left without a value, and counted.
"""

from collections.abc import Mapping
from typing import Final

from oneroster.pull.conversion.rules import (
    ByTarget,
    ElementMapping,
    EveryField,
    FieldOfFirst,
    FirstOf,
    OnePerItem,
    OnlyItem,
    VersionMapping,
    WithDefaults,
)

__all__ = ["MAPPINGS"]

_STATUS: Final = {"status": {"inactive": "tobedeleted"}}
"""``inactive`` is of OneRoster 1.0."""

_ADMINISTRATOR: Final = ByTarget(
    "type",
    {"school": "siteAdministrator", "district": "districtAdministrator", "local": "districtAdministrator"},
    otherwise="systemAdministrator",
)

_ROLES_OF_1_1: Final = {
    **dict.fromkeys(
        ("principal", "siteAdministrator", "districtAdministrator", "systemAdministrator"), "administrator"
    ),
    "counselor": "aide",
}

_FROM_1_1_TO_1_2: Final = VersionMapping(
    {
        "User": ElementMapping(
            {
                "roles": OnePerItem(
                    each="orgSourcedIds",
                    item="orgSourcedId",
                    constants={"roleType": "primary"},
                    field="role",
                    column="role",
                    values={"administrator": _ADMINISTRATOR},
                ),
                "primaryOrgSourcedId": OnlyItem("orgSourcedIds"),
                "userIds": WithDefaults("userIds", {"type": "unknown"}),
            }
        ),
        "LineItem": ElementMapping({"schoolSourcedId": FirstOf("classSourcedId.schoolSourcedId")}),
        "Result": ElementMapping({"classSourcedId": FirstOf("lineItemSourcedId.classSourcedId")}),
    },
    _STATUS,
)

_FROM_1_2_TO_1_1: Final = VersionMapping(
    {
        "User": ElementMapping(
            {
                "role": FieldOfFirst(
                    of="roles",
                    field="role",
                    where={"roleType": "primary"},
                    at=("orgSourcedId", "primaryOrgSourcedId"),
                    values=_ROLES_OF_1_1,
                ),
                "orgSourcedIds": EveryField(of="roles", field="orgSourcedId", first="primaryOrgSourcedId"),
                "username": FirstOf("username|userProfiles.credentials.username"),
            }
        ),
        "LineItem": ElementMapping(
            {"gradingPeriodSourcedId": FirstOf("gradingPeriodSourcedId|academicSessionSourcedId")},
            implied={"schoolSourcedId": "classSourcedId.schoolSourcedId"},
        ),
        "Result": ElementMapping(
            needed=frozenset({"score"}), implied={"classSourcedId": "lineItemSourcedId.classSourcedId"}
        ),
    },
    _STATUS,
)

MAPPINGS: Final[Mapping[tuple[str, str], VersionMapping]] = {
    ("1.1", "1.2"): _FROM_1_1_TO_1_2,
    ("1.2", "1.1"): _FROM_1_2_TO_1_1,
}
"""The mappings by the version of a roster and the version that it is written in."""
