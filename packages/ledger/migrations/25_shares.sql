-- Up Migration
-- Expand. Locks: api_keys against everything, for milliseconds.

-- A share opens the numbers of one ad or of one campaign to whoever has its link. It is a key with the only scope `share`: a service
-- of the previous release, which does not know that it is limited, refuses it.
ALTER TABLE api_keys ADD COLUMN ad_id text, ADD COLUMN campaign text;
ALTER TABLE api_keys DROP CONSTRAINT api_keys_scopes_check, DROP CONSTRAINT api_keys_check;
ALTER TABLE api_keys
  ADD CONSTRAINT api_keys_scopes_check
    CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['manage', 'read', 'events', 'stitch', 'share']),
  ADD CONSTRAINT api_keys_advertiser_check CHECK (advertiser IS NULL OR scopes <@ ARRAY['manage', 'read', 'share']),
  ADD CONSTRAINT api_keys_share_check CHECK (
    CASE
      WHEN 'share' = ANY (scopes)
        THEN cardinality(scopes) = 1 AND num_nonnulls(ad_id, campaign) = 1 AND expires_at IS NOT NULL
      ELSE num_nonnulls(ad_id, campaign) = 0
    END
  );

-- A share as the API answers it.
CREATE FUNCTION share_as_json(key api_keys) RETURNS json
LANGUAGE sql STABLE
AS $$
  SELECT row_to_json(fields)
  FROM (SELECT
    key.id, key.name, key.ad_id, key.campaign, key.advertiser,
    to_char(key.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS expires_at,
    to_char(key.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
    key.created_by
  ) fields
$$;

-- Keys with the scope `manage` create shares, and must not take the room of other keys.
CREATE OR REPLACE FUNCTION note_api_key_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  keys bigint;
  shares bigint;
BEGIN
  UPDATE api_key_version SET version = gen_random_uuid();
  SELECT count(*) FILTER (WHERE 'share' <> ALL (scopes)), count(*) FILTER (WHERE 'share' = ANY (scopes))
  INTO keys, shares
  FROM api_keys
  WHERE deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now());
  IF keys > 10000 THEN
    RAISE EXCEPTION 'there are 10000 API keys already' USING ERRCODE = 'check_violation', CONSTRAINT = 'api_keys_limit';
  END IF;
  IF shares > 5000 THEN
    RAISE EXCEPTION 'there are 5000 shares already' USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_limit';
  END IF;
  RETURN NULL;
END
$$;
