select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "name" as name,
    "type" as type,
    "identifier" as identifier,
    "parentSourcedId" as parent_sourced_id,
    "childrenSourcedIds" as children_sourced_ids,
    "_extras" as _extras
from {{ source('oneroster', 'orgs') }}
where coalesce("status", 'active') <> 'tobedeleted'
