"""Handlers of PUT, POST and DELETE (note W)."""

import msgspec

from oneroster.sandbox.faults import Fault
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, missing_parents
from oneroster.sandbox.requests.put_bodies import InvalidBodyError
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.tenant import SandboxTenant


def put(tenant: SandboxTenant, request: OperationRequest, content_type: str, body: bytes) -> Reply:
    """Create (201) or replace (200) the record with the id in the path."""
    operation = request.operation
    try:
        record = tenant.bodies.read(request, content_type, body)
    except InvalidBodyError as error:
        accepted = _accepted_by_fault(tenant, request, body)
        if accepted is None:
            return error_reply(*error.problems, operation_id=operation.operation_id)
        record = accepted
    stored = tenant.faults.stored_record(request, record)
    if isinstance(stored, Problem):
        return error_reply(stored, operation_id=operation.operation_id)
    created = request.store.put(request.element, stored)
    status = 201 if created else 200
    headers = {"Location": request.url} if created else {}
    if not tenant.variants.echo or operation.wrapper is None:
        return Reply(status, b"", headers)
    echo = tenant.serializer.serialize(request.element, stored, request.origin)
    return Reply(status, {operation.body_wrapper: echo}, headers)


def post(tenant: SandboxTenant, request: OperationRequest, content_type: str, body: bytes) -> Reply:
    """Create all records of the body, or none: 201 with the given id of each; 404 for an unknown parent."""
    operation = request.operation
    missing = tenant.faults.apply(Fault.missing_parents, request, missing_parents(request))
    if missing:
        return error_reply(*missing, operation_id=operation.operation_id)
    try:
        records = tenant.bodies.read_many(request, content_type, body)
    except InvalidBodyError as error:
        accepted = _accepted_by_fault(tenant, request, body)
        if accepted is None:
            return error_reply(*error.problems, operation_id=operation.operation_id)
        records = accepted[operation.body_wrapper or ""]
    pairs = []
    for record, free in zip(records, tenant.bodies.free_ids(request.element), strict=False):
        given = tenant.faults.apply(Fault.allocated_id, request, free)
        pairs.append({"suppliedSourcedId": record["sourcedId"], "allocatedSourcedId": given})
        stored = tenant.faults.apply(Fault.posted_record, request, record | {"sourcedId": given}, record["sourcedId"])
        request.store.put(request.element, stored)
    return Reply(201, {operation.created_wrapper: pairs})


def _accepted_by_fault(tenant: SandboxTenant, request: OperationRequest, body: bytes) -> Record | None:
    """Return the record that a fault takes from a body that a conforming tenant rejects."""
    if not tenant.faults:
        return None
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        value = None
    return tenant.faults.accept_invalid_body(request, value)


def delete(tenant: SandboxTenant, request: OperationRequest) -> Reply:
    """Remove the record with the id in the path, or mark it tobedeleted: 204 without a body, 404 if it is unknown."""
    record = request.store.read(request.element, request.sourced_id)
    if record is None:
        problem = unknown_object(f"no {request.element} has this sourcedId")
        return error_reply(problem, operation_id=request.operation.operation_id)
    if not tenant.faults.deletes(request):
        return Reply(204)
    if tenant.variants.soft_delete:
        marked = {"status": "tobedeleted", "dateLastModified": tenant.bodies.now()}
        request.store.put(request.element, record | marked)
    else:
        request.store.delete(request.element, request.sourced_id)
    return Reply(204)
