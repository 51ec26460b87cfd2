select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "title" as title,
    "classCode" as class_code,
    "classType" as class_type,
    "location" as location,
    "grades" as grades,
    "subjects" as subjects,
    "courseSourcedId" as course_sourced_id,
    "schoolSourcedId" as school_sourced_id,
    "termSourcedIds" as term_sourced_ids,
    "subjectCodes" as subject_codes,
    "periods" as periods,
    "resourceSourcedIds" as resource_sourced_ids,
    "_extras" as _extras
from {{ source('oneroster', 'classes') }}
where coalesce("status", 'active') <> 'tobedeleted'
