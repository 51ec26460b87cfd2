"""Faults in what later versions add: roles, profiles, score scales, learning objectives, status object, discovery."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Final

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.faults.status_objects import is_status_object, with_flat_code
from oneroster.sandbox.faults.target_records import is_active, last_record, reversed_rows
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, all_records
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.store import Store

_ROLES: Final = Needs(features=frozenset({"roles and profiles of users"}))
_SCALES: Final = Needs(features=frozenset({"score scales"}), without=SMALL_DATA | NO_GRADEBOOK)
_OBJECTIVES: Final = Needs(features=frozenset({"learning objectives"}), without=SMALL_DATA | NO_GRADEBOOK)
_STATUS: Final = Needs(features=frozenset({"nested minor codes"}), without=SMALL_DATA | {"no-minor-codes"})
_DISCOVERY: Final = Needs(features=frozenset({"discovery documents"}))
_UNAUTHORIZED: Final = 401
_PARENTS: Final = frozenset({"parent", "guardian"})
_CODE_MINOR: Final = "imsx_CodeMinor"


class TwoPrimaryRoles(Fault):
    name = "two-primary-roles"
    does = "gives a user a second primary role at one org"
    breaks = "2.3 Role.roleType [A]: exactly one primary per user and org"
    needs = _ROLES

    def prepare(self, store: Store) -> None:
        user = last_record(store, "User", lambda user: len(user["roles"]) == 1)
        store.put("User", user | {"roles": [*user["roles"], user["roles"][0] | {"role": "proctor"}]})


class PrimaryOrgElsewhere(Fault):
    name = "primary-org-elsewhere"
    does = "names an org as primaryOrg at which the user has no role"
    breaks = "2.3 User.primaryOrg [B]: an org of one of the roles"
    needs = replace(_ROLES, without=SMALL_DATA | {"one-school"})

    def prepare(self, store: Store) -> None:
        user = last_record(store, "User", lambda user: "primaryOrg" in user)
        known = {role["org"]["sourcedId"] for role in user["roles"]}
        org = last_record(store, "Org", lambda org: org["sourcedId"] not in known)
        store.put("User", user | {"primaryOrg": user["primaryOrg"] | {"sourcedId": org["sourcedId"]}})


class RoleAtMissingOrg(Fault):
    name = "role-at-missing-org"
    does = "refers to an org that does not exist in a role of a user"
    breaks = "2.2 GUIDRef.sourcedId [A]: the id of an existing object"
    needs = _ROLES

    def prepare(self, store: Store) -> None:
        user = last_record(store, "User", lambda user: len(user["roles"]) == 1)
        role = user["roles"][0]
        missing = role["org"] | {"sourcedId": "no-such-org"}
        others = {name: value for name, value in user.items() if name != "primaryOrg"}
        store.put("User", others | {"roles": [role | {"org": missing}]})


class RoleOrgMistyped(Fault):
    name = "role-org-mistyped"
    does = "types the org of the roles of users as course"
    breaks = "2.2 GUIDRef.type [A]: one value for each reference"
    needs = _ROLES

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element == "User":
            roles = [role | {"org": role["org"] | {"type": "course"}} for role in record["roles"]]
            return record | {"roles": roles}
        return record


def _with_profile(user: Record) -> bool:
    return bool(user.get("userProfiles"))


class UnknownProfile(Fault):
    name = "unknown-profile"
    does = "names a profile in a role that the user does not have"
    breaks = "2.3 Role.userProfile [A]: the profileId of a profile of the user"
    needs = replace(_ROLES, without=SMALL_DATA)

    def prepare(self, store: Store) -> None:
        user = last_record(store, "User", _with_profile)
        roles = [role | {"userProfile": "https://idp.example/profiles/unknown"} for role in user["roles"]]
        store.put("User", user | {"roles": roles})


class ProfileTwice(Fault):
    name = "profile-twice"
    does = "lists two profiles of a user with the same profileId"
    breaks = "2.3 UserProfile.profileId [A]: unique within the user"
    needs = _ROLES

    def prepare(self, store: Store) -> None:
        user = last_record(store, "User", _with_profile)
        other = user["userProfiles"][0] | {"profileType": "portal"}
        store.put("User", user | {"userProfiles": [*user["userProfiles"], other]})


class OverlappingScale(Fault):
    name = "overlapping-scale"
    does = "writes a score scale in which two ranges share a value"
    breaks = "2.4 ScoreScaleValue.itemValueLHS [B]: a range with both ends"
    needs = _SCALES

    def prepare(self, store: Store) -> None:
        scale = last_record(store, "ScoreScale")
        values = [{"itemValueLHS": "80-90", "itemValueRHS": "B"}, *scale["scoreScaleValue"][:1]]
        store.put("ScoreScale", scale | {"scoreScaleValue": [*values, {"itemValueLHS": "0", "itemValueRHS": "F"}]})


class TextScoreOffScale(Fault):
    name = "text-score-off-scale"
    does = "sends a textScore that the score scale does not have"
    breaks = "2.4 textScore [B]: fits the score scale"
    needs = _SCALES

    def prepare(self, store: Store) -> None:
        result = last_record(store, "Result", lambda result: "scoreScale" in result and "textScore" in result)
        store.put("Result", result | {"textScore": "Z"})


class CaseWithoutUuid(Fault):
    name = "case-without-uuid"
    does = "names a learning objective of CASE by a code"
    breaks = "2.4 learning objectives [A]: UUIDs when the source is case"
    needs = _OBJECTIVES

    def prepare(self, store: Store) -> None:
        item = last_record(store, "LineItem")
        objectives = [{"source": "case", "learningObjectiveIds": ["MATH-4-2"]}]
        store.put("LineItem", item | {"learningObjectiveSet": objectives})


class AgentOneWay(Fault):
    name = "agent-one-way"
    does = "lists no agents of a parent to whom a student refers"
    breaks = "2.3 User.agents [A]: every parent points back"
    needs = _ROLES

    def prepare(self, store: Store) -> None:
        students = {row["sourcedId"] for row in reversed_rows(all_records("User").select(store)) if _is_student(row)}
        parent = last_record(
            store,
            "User",
            lambda user: (
                user["roles"][0]["role"] in _PARENTS
                and any(agent["sourcedId"] in students for agent in user.get("agents", ()))
            ),
        )
        store.put("User", {name: value for name, value in parent.items() if name != "agents"})


class TeacherAsAgent(Fault):
    name = "teacher-as-agent"
    does = "lists a teacher among the agents of a student"
    breaks = "2.3 User.agents [A]: enrollments relate teachers and students"
    needs = _ROLES

    def prepare(self, store: Store) -> None:
        student = last_record(store, "User", lambda user: _is_student(user) and bool(user.get("agents")))
        teacher = last_record(store, "User", lambda user: {role["role"] for role in user["roles"]} == {"teacher"})
        other = student["agents"][0] | {"sourcedId": teacher["sourcedId"]}
        store.put("User", student | {"agents": [*student["agents"], other]})


def _is_student(user: Record) -> bool:
    return is_active(user) and {role["role"] for role in user["roles"]} == {"student"}


class ResourceOfNobody(Fault):
    name = "resource-of-nobody"
    does = "lists a resource to which no class and no course refers"
    breaks = "2.6 Resource [B]: belongs to a course or a class, as these or their nested collections say"
    needs = _ROLES

    def prepare(self, store: Store) -> None:
        store.put("Resource", last_record(store, "Resource") | {"sourcedId": "resource-of-nobody"})


class WrapperWithCount(Fault):
    name = "wrapper-with-count"
    does = "adds the number of rows to the body of a collection"
    breaks = "2.7 wrappers [A]: exactly one property, closed"
    needs = _ROLES

    def body(self, request: OperationRequest, body: Record) -> Record:
        return body | {"totalCount": len(body[request.operation.wrapper or ""])} if request.operation.many else body


class RoleEndsBefore(Fault):
    name = "role-ends-before"
    does = "sends a role of a user that ends before it begins"
    breaks = "2.3 Role.beginDate and endDate [B]: inclusive and exclusive"
    needs = _ROLES

    def prepare(self, store: Store) -> None:
        user = last_record(store, "User", lambda user: len(user["roles"]) == 1 and is_active(user))
        dated = user["roles"][0] | {"beginDate": "2026-08-01", "endDate": "2025-08-01"}
        store.put("User", user | {"roles": [dated]})


class OldProperties(Fault):
    name = "old-properties"
    does = "sends the properties role and orgs with users, beside roles"
    breaks = "1 encodings [A]: objects are closed, but for metadata and credentials"
    needs = _ROLES

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element != "User" or not record.get("roles"):
            return record
        return record | {"role": record["roles"][0]["role"], "orgs": [role["org"] for role in record["roles"]]}


class StudentsWithOrgs(Fault):
    name = "students-with-orgs"
    does = "sends the property orgs with the users of specialised collections, beside roles"
    breaks = "1 encodings [A]: objects are closed, but for metadata and credentials"
    needs = _ROLES

    def record(self, request: OperationRequest, record: Record) -> Record:
        special = request.operation.subset is not None and request.operation.scope is None
        if request.element != "User" or not special or not record.get("roles"):
            return record
        return record | {"orgs": [role["org"] for role in record["roles"]]}


class ReferenceWithName(Fault):
    name = "reference-with-name"
    does = "adds the name of the org to the references in the roles of users"
    breaks = "1 encodings [A]: objects are closed, but for metadata and credentials"
    needs = _ROLES

    def record(self, request: OperationRequest, record: Record) -> Record:
        if request.element != "User" or not record.get("roles"):
            return record
        return record | {"roles": [role | {"org": role["org"] | {"name": "School"}} for role in record["roles"]]}


class ResultOfOtherClass(Fault):
    name = "result-of-other-class"
    does = "names another class in a result than its line item does"
    breaks = "6.8 Result.class [B]: equals the class of its line item"
    needs = _SCALES

    def prepare(self, store: Store) -> None:
        result = last_record(store, "Result", lambda result: is_active(result) and "class" in result)
        own = result["class"]["sourcedId"]
        other = last_record(store, "Class", lambda class_: class_["sourcedId"] != own)
        store.put("Result", result | {"class": result["class"] | {"sourcedId": other["sourcedId"]}})


class AssessmentRangeReversed(Fault):
    name = "assessment-range-reversed"
    does = "sends an assessment line item whose lowest result is above the highest"
    breaks = "2.5 resultValueMin and resultValueMax [B]: lowest and highest score"
    needs = _SCALES

    def prepare(self, store: Store) -> None:
        item = last_record(store, "AssessmentLineItem")
        store.put("AssessmentLineItem", item | {"resultValueMin": 100.0, "resultValueMax": 1.0})


class ScoreBelowScale(Fault):
    name = "score-below-scale"
    does = "sends a score that is below all values of its score scale"
    breaks = "2.4 score [B]: fits the score scale"
    needs = _SCALES

    def prepare(self, store: Store) -> None:
        result = last_record(store, "Result", lambda result: is_active(result) and "scoreScale" in result)
        store.put("Result", result | {"score": -5.0})


class StatusWrapped(Fault):
    name = "status-wrapped"
    does = "puts the status object of an error under imsx_StatusInfo"
    breaks = "3.5 status object [A]: at top level, no wrapper"
    needs = _STATUS

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return replace(reply, body={"imsx_StatusInfo": reply.body}) if is_status_object(reply.body) else reply


class RefusalWrapped(Fault):
    name = "refusal-wrapped"
    does = "puts the status object of a 401 under imsx_StatusInfo"
    breaks = "3.5 status object [A]: at top level, no wrapper"
    needs = _STATUS

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        wrapped = reply.status == _UNAUTHORIZED and is_status_object(reply.body)
        return replace(reply, body={"imsx_StatusInfo": reply.body}) if wrapped else reply


class _OtherMinorCode(Fault, abstract=True):
    """Sends another minor code with one status."""

    status: ClassVar[int]
    code: ClassVar[str]

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if reply.status != self.status or not is_status_object(reply.body) or _CODE_MINOR not in reply.body:
            return reply
        fields = [field | {"imsx_codeMinorFieldValue": self.code} for field in _fields(reply.body)]
        return replace(reply, body=reply.body | {_CODE_MINOR: {"imsx_codeMinorField": fields}})


class RefusalInOtherWords(_OtherMinorCode):
    name = "refusal-in-other-words"
    does = "sends an undocumented minor code with 401"
    breaks = "3.5 imsx_codeMinorFieldValue [A]: a closed list"
    needs = _STATUS
    status, code = 401, "unauthorized"


class ForbiddenSaysUnauthorised(_OtherMinorCode):
    name = "forbidden-says-unauthorised"
    does = "sends the minor code of 401 with 403"
    breaks = "3.6 code minor [A]: forbidden with 403"
    needs = replace(_STATUS, access="oauth2")
    status, code = 403, "unauthorisedrequest"


def _fields(body: dict[str, Any]) -> list[dict[str, Any]]:
    return list(body[_CODE_MINOR]["imsx_codeMinorField"])


class FlatMinorCode(Fault):
    name = "flat-minor-code"
    does = "sends the minor code of an error as a text beside the major code"
    breaks = "3.5 imsx_CodeMinor [A]: fields with name and value"
    needs = _STATUS

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return with_flat_code(reply) if is_status_object(reply.body) else reply


def _discovers(raw_request: RawRequest) -> bool:
    return b"/discovery/" in raw_request.raw_path


class NoDiscovery(Fault):
    name = "no-discovery"
    does = "publishes no discovery document"
    breaks = "1 discovery [B]: an OpenAPI file of each service"
    needs = _DISCOVERY

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return error_reply(unknown_object("no such document")) if _discovers(raw_request) else reply


class DiscoveryIncomplete(Fault):
    name = "discovery-incomplete"
    does = "leaves a path that it serves out of its discovery documents"
    breaks = "1 discovery [B]: the operations that the provider supports"
    needs = _DISCOVERY

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not _discovers(raw_request) or not isinstance(reply.body, dict) or "paths" not in reply.body:
            return reply
        paths = [*reply.body["paths"].items()][1:]
        return replace(reply, body=reply.body | {"paths": dict(paths)})


class DiscoveryOfOthers(Fault):
    name = "discovery-of-others"
    does = "names another server in its discovery documents"
    breaks = "1 discovery [B]: its real servers"
    needs = _DISCOVERY

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not _discovers(raw_request) or not isinstance(reply.body, dict) or "servers" not in reply.body:
            return reply
        return replace(reply, body=reply.body | {"servers": [{"url": "https://www.example.org"}]})


class _DiscoveryFlow(Fault, abstract=True):
    """Changes the flow of client credentials in discovery documents."""

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not _discovers(raw_request) or not isinstance(reply.body, dict) or "components" not in reply.body:
            return reply
        components = reply.body["components"]
        schemes = {
            name: {**scheme, "flows": {kind: self.flow(each) for kind, each in scheme.get("flows", {}).items()}}
            for name, scheme in components["securitySchemes"].items()
        }
        return replace(reply, body=reply.body | {"components": {**components, "securitySchemes": schemes}})

    @abstractmethod
    def flow(self, flow: Record) -> Record:
        """Return another flow."""


class DiscoveryPlaceholder(_DiscoveryFlow):
    name = "discovery-placeholder"
    does = "leaves the token URL of the official file in its discovery documents"
    breaks = "1 discovery [A]: the token address"
    needs = _DISCOVERY

    def flow(self, flow: Record) -> Record:
        return flow | {"tokenUrl": "https://www.imsglobal.org"}


class DiscoveryWithoutScopes(_DiscoveryFlow):
    name = "discovery-without-scopes"
    does = "names no scopes in its discovery documents"
    breaks = "1 discovery [A]: the scopes"
    needs = _DISCOVERY

    def flow(self, flow: Record) -> Record:
        return flow | {"scopes": {}}
