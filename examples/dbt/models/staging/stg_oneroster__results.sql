select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "lineItemSourcedId" as line_item_sourced_id,
    "studentSourcedId" as student_sourced_id,
    "scoreStatus" as score_status,
    "score" as score,
    "scoreDate" as score_date,
    "comment" as comment,
    "_extras" as _extras
from {{ source('oneroster', 'results') }}
where coalesce("status", 'active') <> 'tobedeleted'
