"""Handlers of GET: pages of collections, and single records."""

from typing import Any

from oneroster.sandbox.faults import Fault
from oneroster.sandbox.http.link_header import (
    LinkSet,
    PageWindow,
    link_header,
    page_links,
    repeated_parameters,
)
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, status_info_set, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, missing_parents
from oneroster.sandbox.serialization import Record, select_fields
from oneroster.sandbox.tenant import SandboxTenant


def read_collection(tenant: SandboxTenant, request: OperationRequest, warnings: list[Problem]) -> Reply:
    """Return a page of a collection with its total and its links (3.1, 4)."""
    faults, operation = tenant.faults, request.operation
    missing = faults.apply(Fault.missing_parents, request, missing_parents(request))
    if missing:
        return error_reply(*missing, *warnings, operation_id=operation.operation_id)
    query = RowQuery(request.element, operation.subset, operation.scope, request.ids, request.query)
    rows = faults.apply(Fault.row_query, request, query).select(request.store)
    rows = faults.apply(Fault.result_set, request, rows)
    requested = PageWindow(request.query.offset, _capped(request.query.limit, tenant.variants.page_cap))
    window = faults.apply(Fault.page_window, request, requested, rows.total)
    records = [_serialize(tenant, request, row) for row in rows.page(window.offset, window.limit)]
    body = _body(tenant, request, records, warnings)
    # A server that lowers the limit counts its pages by the lowered limit.
    headers = _paging_headers(tenant, request, PageWindow(requested.offset, window.limit), rows.total)
    return faults.collection_response(request, Reply(200, body, headers), rows.total)


def read_single(tenant: SandboxTenant, request: OperationRequest, warnings: list[Problem]) -> Reply:
    """Return one record, or 404; a specialised read finds only records of its subset."""
    operation = request.operation
    query = RowQuery(request.element, operation.subset, None, {}, request.query)
    query = tenant.faults.apply(Fault.row_query, request, query)
    found = request.store.read(query.element, request.sourced_id, subset=query.subset)
    if found is None:
        problem = unknown_object(f"no {operation.wrapper} has this sourcedId")
        return error_reply(problem, *warnings, operation_id=operation.operation_id)
    found = tenant.faults.apply(Fault.single_record, request, found)
    return Reply(200, _body(tenant, request, _serialize(tenant, request, found), warnings))


def _capped(limit: int, cap: int | None) -> int:
    return limit if cap is None else min(limit, cap)


def _serialize(tenant: SandboxTenant, request: OperationRequest, row: Record) -> Record:
    record = tenant.serializer.serialize(request.element, row, request.origin)
    record = tenant.faults.apply(Fault.record, request, record)
    return select_fields(record, request.query.fields)


def _body(tenant: SandboxTenant, request: OperationRequest, data: Any, warnings: list[Problem]) -> Any:
    body = tenant.faults.apply(Fault.body, request, {str(request.operation.wrapper): data})
    if warnings:
        body["statusInfoSet"] = status_info_set(warnings, request.operation.operation_id)
    return body


def _paging_headers(tenant: SandboxTenant, request: OperationRequest, window: PageWindow, total: int) -> dict[str, str]:
    links = LinkSet(repeated_parameters(request.pairs), page_links(window, total))
    links = tenant.faults.apply(Fault.links, request, links)
    count = tenant.faults.apply(Fault.total_count, request, total)
    headers = {"X-Total-Count": str(count)} if tenant.variants.total else {}
    if tenant.variants.links and links.pages:
        headers["Link"] = link_header(request.url, links)
    return headers
