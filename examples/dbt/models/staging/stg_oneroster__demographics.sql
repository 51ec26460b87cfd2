select
    tenant_code,
    "sourcedId" as sourced_id,
    "status" as status,
    "dateLastModified" as date_last_modified,
    "metadata" as metadata,
    "birthDate" as birth_date,
    "sex" as sex,
    "americanIndianOrAlaskaNative" as american_indian_or_alaska_native,
    "asian" as asian,
    "blackOrAfricanAmerican" as black_or_african_american,
    "nativeHawaiianOrOtherPacificIslander" as native_hawaiian_or_other_pacific_islander,
    "white" as white,
    "demographicRaceTwoOrMoreRaces" as demographic_race_two_or_more_races,
    "hispanicOrLatinoEthnicity" as hispanic_or_latino_ethnicity,
    "countryOfBirthCode" as country_of_birth_code,
    "stateOfBirthAbbreviation" as state_of_birth_abbreviation,
    "cityOfBirth" as city_of_birth,
    "publicSchoolResidenceStatus" as public_school_residence_status,
    "_extras" as _extras
from {{ source('oneroster', 'demographics') }}
where coalesce("status", 'active') <> 'tobedeleted'
