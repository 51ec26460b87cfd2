select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "title" as title,
    "roles" as roles,
    "importance" as importance,
    "vendorResourceId" as vendor_resource_id,
    "vendorId" as vendor_id,
    "applicationId" as application_id,
    "_extras" as _extras
from {{ source('oneroster', 'resources') }}
where coalesce("status", 'active') <> 'tobedeleted'
