select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "username" as username,
    "userIds" as user_ids,
    "enabledUser" as enabled_user,
    "givenName" as given_name,
    "familyName" as family_name,
    "middleName" as middle_name,
    "role" as role,
    "identifier" as identifier,
    "email" as email,
    "sms" as sms,
    "phone" as phone,
    "agentSourcedIds" as agent_sourced_ids,
    "orgSourcedIds" as org_sourced_ids,
    "grades" as grades,
    "_extras" as _extras
from {{ source('oneroster', 'users') }}
where coalesce("status", 'active') <> 'tobedeleted'
