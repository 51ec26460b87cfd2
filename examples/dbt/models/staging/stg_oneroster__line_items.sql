select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "title" as title,
    "description" as description,
    "assignDate" as assign_date,
    "assignDateOffset" as assign_date_offset,
    "dueDate" as due_date,
    "dueDateOffset" as due_date_offset,
    "classSourcedId" as class_sourced_id,
    "categorySourcedId" as category_sourced_id,
    "gradingPeriodSourcedId" as grading_period_sourced_id,
    "resultValueMin" as result_value_min,
    "resultValueMax" as result_value_max,
    "_extras" as _extras
from {{ source('oneroster', 'lineItems') }}
where coalesce("status", 'active') <> 'tobedeleted'
