"""PUT and DELETE of the gradebook (note W)."""

from oneroster.sandbox.answers import Answer, refusal, unknown_object
from oneroster.sandbox.bodies import UnreadableBodyError
from oneroster.sandbox.call import Call
from oneroster.sandbox.tenant import Tenant


def put(tenant: Tenant, call: Call, content_type: str, body: bytes) -> Answer:
    """Create (201) or replace (200) the record that the path names."""
    operation = call.operation
    try:
        record = tenant.bodies.record(call, content_type, body)
    except UnreadableBodyError as error:
        return refusal(*error.problems, operation_id=operation.operation_id)
    created = call.store.put(call.element, record)
    status = 201 if created else 200
    headers = {"Location": call.url} if created else {}
    if not tenant.variants.echo:
        return Answer(status, b"", headers)
    echo = tenant.presenter.present(call.element, record, call.base_url)
    return Answer(status, {operation.body_wrapper: echo}, headers)


def delete(tenant: Tenant, call: Call) -> Answer:
    """Remove the record that the path names, or turn it tobedeleted: 204 without a body, 404 when there is none."""
    record = call.store.read(call.element, call.sourced_id)
    if record is None:
        problem = unknown_object(f"no {call.element} has this sourcedId")
        return refusal(problem, operation_id=call.operation.operation_id)
    if tenant.variants.soft_delete:
        gone = {"status": "tobedeleted", "dateLastModified": tenant.bodies.moment()}
        call.store.put(call.element, record | gone)
    else:
        call.store.delete(call.element, call.sourced_id)
    return Answer(204)
