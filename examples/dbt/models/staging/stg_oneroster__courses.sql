select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "title" as title,
    "schoolYearSourcedId" as school_year_sourced_id,
    "courseCode" as course_code,
    "grades" as grades,
    "subjects" as subjects,
    "orgSourcedId" as org_sourced_id,
    "subjectCodes" as subject_codes,
    "resourceSourcedIds" as resource_sourced_ids,
    "_extras" as _extras
from {{ source('oneroster', 'courses') }}
where coalesce("status", 'active') <> 'tobedeleted'
