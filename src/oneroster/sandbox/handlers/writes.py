"""PUT and DELETE of the gradebook (note W)."""

import msgspec

from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.http.responses import Problem, Reply, refusal, unknown_object
from oneroster.sandbox.requests.bodies import UnreadableBodyError
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.tenant import SandboxTenant


def put(tenant: SandboxTenant, call: OperationRequest, content_type: str, body: bytes) -> Reply:
    """Create (201) or replace (200) the record that the path names."""
    operation = call.operation
    try:
        record = tenant.bodies.record(call, content_type, body)
    except UnreadableBodyError as error:
        forgiven = _forgiven(tenant, call, body)
        if forgiven is None:
            return refusal(*error.problems, operation_id=operation.operation_id)
        record = forgiven
    for fault in tenant.faults:
        written = fault.write(call, record)
        if isinstance(written, Problem):
            return refusal(written, operation_id=operation.operation_id)
        record = written
    created = call.store.put(call.element, record)
    status = 201 if created else 200
    headers = {"Location": call.url} if created else {}
    if not tenant.variants.echo:
        return Reply(status, b"", headers)
    echo = tenant.presenter.present(call.element, record, call.base_url)
    return Reply(status, {operation.body_wrapper: echo}, headers)


def _forgiven(tenant: SandboxTenant, call: OperationRequest, body: bytes) -> Record | None:
    """The record that some fault takes out of a body that should be refused."""
    if not tenant.faults:
        return None
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        sent = None
    taken = (fault.forgive(call, sent) for fault in tenant.faults)
    return next((record for record in taken if record is not None), None)


def delete(tenant: SandboxTenant, call: OperationRequest) -> Reply:
    """Remove the record that the path names, or turn it tobedeleted: 204 without a body, 404 when there is none."""
    record = call.store.read(call.element, call.sourced_id)
    if record is None:
        problem = unknown_object(f"no {call.element} has this sourcedId")
        return refusal(problem, operation_id=call.operation.operation_id)
    if not all(fault.delete(call) for fault in tenant.faults):
        return Reply(204)
    if tenant.variants.soft_delete:
        gone = {"status": "tobedeleted", "dateLastModified": tenant.bodies.moment()}
        call.store.put(call.element, record | gone)
    else:
        call.store.delete(call.element, call.sourced_id)
    return Reply(204)
