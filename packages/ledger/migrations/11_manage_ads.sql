-- Up Migration
-- Expand. Locks: no existing table.

-- Ads are created and changed through the API, and every change is noted in the same transaction.

-- The changes of ads through the API, in the order of their ids. For a new ad, `new` is the whole ad and `old` is null;
-- otherwise both have the changed fields only. The type json keeps the order of the fields. `idempotency_key` and
-- `request_hash` answer a repeated request.
CREATE TABLE ad_changes (
  id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ad_id           text        NOT NULL,
  changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_by      text        NOT NULL,
  action          text        NOT NULL CHECK (action IN ('created', 'changed', 'archived')),
  old             json,
  new             json        NOT NULL,
  idempotency_key text,
  request_hash    text
);
CREATE INDEX ad_changes_by_ad ON ad_changes (ad_id, id);
CREATE UNIQUE INDEX ad_changes_by_key ON ad_changes (idempotency_key) WHERE idempotency_key IS NOT NULL;

-- An ad as the API answers it.
CREATE FUNCTION ad_as_json(ad ads) RETURNS json
LANGUAGE sql STABLE
AS $$
  SELECT row_to_json(fields)
  FROM (SELECT
    ad.id, ad.title, ad.advertiser, ad.campaign, ad.image_url, ad.target_url,
    ad.duration_seconds::float8 AS duration_seconds, ad.status,
    to_char(ad.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS starts_at,
    to_char(ad.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ends_at,
    to_char(ad.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
    to_char(ad.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at
  ) fields
$$;

-- Roles that may record may also create and change ads. They may not delete them, or change what was noted.
DO $$
DECLARE
  fields constant text := 'title, advertiser, campaign, image_url, target_url, duration_seconds, status, starts_at, ends_at';
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_second'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT INSERT (id, %1$s), UPDATE (%1$s) ON ads TO %2$s', fields, writer);
    EXECUTE format('GRANT SELECT, INSERT ON ad_changes TO %s', writer);
  END LOOP;
END
$$;
