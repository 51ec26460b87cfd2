select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "title" as title,
    "weight" as weight,
    "_extras" as _extras
from {{ source('oneroster', 'categories') }}
where coalesce("status", 'active') <> 'tobedeleted'
