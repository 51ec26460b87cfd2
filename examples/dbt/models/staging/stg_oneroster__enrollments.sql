select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "userSourcedId" as user_sourced_id,
    "classSourcedId" as class_sourced_id,
    "schoolSourcedId" as school_sourced_id,
    "role" as role,
    "primary" as primary,
    "beginDate" as begin_date,
    "endDate" as end_date,
    "_extras" as _extras
from {{ source('oneroster', 'enrollments') }}
where coalesce("status", 'active') <> 'tobedeleted'
