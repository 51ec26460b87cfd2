"""Collections and single records."""

from typing import Any

from oneroster.sandbox.handlers.serialization import Record, select_fields
from oneroster.sandbox.http import link_header as links
from oneroster.sandbox.http.link_header import LinkSet, Window
from oneroster.sandbox.http.responses import Problem, Reply, refusal, status_info_set, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, absent_parents
from oneroster.sandbox.tenant import SandboxTenant


def read_collection(tenant: SandboxTenant, call: OperationRequest, warnings: list[Problem]) -> Reply:
    """A page of a collection with its total and its links (3.1, 4)."""
    absent = absent_parents(call)
    for fault in tenant.faults:
        absent = fault.parents(call, absent)
    if absent:
        return refusal(*absent, *warnings, operation_id=call.operation.operation_id)
    operation = call.operation
    plan = RowQuery(call.element, operation.subset, operation.scope, call.ids, call.query)
    for fault in tenant.faults:
        plan = fault.plan(call, plan)
    selection = plan.select(call.store)
    for fault in tenant.faults:
        selection = fault.selection(call, selection)
    asked = Window(call.query.offset, _capped(call.query.limit, tenant.variants.page_cap))
    served = asked
    for fault in tenant.faults:
        served = fault.window(call, served, selection.total)
    rows = [_present(tenant, call, row) for row in selection.page(served.offset, served.limit)]
    body = _body(tenant, call, rows, warnings)
    # A server that takes another limit than it was asked for counts its pages by the limit it takes.
    paging = _paging_headers(tenant, call, Window(asked.offset, served.limit), selection.total)
    answer = Reply(200, body, paging)
    for fault in tenant.faults:
        answer = fault.page(call, answer, selection.total)
    return answer


def read_single(tenant: SandboxTenant, call: OperationRequest, warnings: list[Problem]) -> Reply:
    """One record, or 404; a specialised read finds only its own kind (note on what they select)."""
    operation = call.operation
    plan = RowQuery(call.element, operation.subset, None, {}, call.query)
    for fault in tenant.faults:
        plan = fault.plan(call, plan)
    found = call.store.read(plan.element, call.sourced_id, subset=plan.subset)
    if found is None:
        problem = unknown_object(f"no {operation.wrapper} has this sourcedId")
        return refusal(problem, *warnings, operation_id=operation.operation_id)
    for fault in tenant.faults:
        found = fault.found(call, found)
    return Reply(200, _body(tenant, call, _present(tenant, call, found), warnings))


def _capped(limit: int, cap: int | None) -> int:
    return limit if cap is None else min(limit, cap)


def _present(tenant: SandboxTenant, call: OperationRequest, row: Record) -> Record:
    record = tenant.presenter.present(call.element, row, call.base_url)
    for fault in tenant.faults:
        record = fault.record(call, record)
    return select_fields(record, call.query.fields)


def _body(tenant: SandboxTenant, call: OperationRequest, data: Any, warnings: list[Problem]) -> Any:
    body: Any = {call.operation.wrapper: data}
    for fault in tenant.faults:
        body = fault.body(call, body)
    if warnings:
        body["statusInfoSet"] = status_info_set(warnings, call.operation.operation_id)
    return body


def _paging_headers(tenant: SandboxTenant, call: OperationRequest, window: Window, total: int) -> dict[str, str]:
    link_set = LinkSet(links.repeated(call.pairs), links.neighbours(window, total))
    told = total
    for fault in tenant.faults:
        told = fault.total(call, told)
        link_set = fault.links(call, link_set)
    headers = {"X-Total-Count": str(told)} if tenant.variants.total else {}
    if tenant.variants.links and link_set.pages:
        headers["Link"] = links.header(call.url, link_set)
    return headers
