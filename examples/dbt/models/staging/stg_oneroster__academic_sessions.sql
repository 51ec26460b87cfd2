select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "title" as title,
    "startDate" as start_date,
    "endDate" as end_date,
    "type" as type,
    "parentSourcedId" as parent_sourced_id,
    "childrenSourcedIds" as children_sourced_ids,
    "schoolYear" as school_year,
    "_extras" as _extras
from {{ source('oneroster', 'academicSessions') }}
where coalesce("status", 'active') <> 'tobedeleted'
