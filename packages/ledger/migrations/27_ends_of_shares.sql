-- Up Migration
-- Expand. Locks: api_keys against everything, for milliseconds.

-- A share ends with the key that made it. `created_by` ends with the id of that key, also in rows of services of the previous
-- release, and is `admin` for ADMIN_API_KEY.
ALTER TABLE api_keys ADD COLUMN made_by uuid GENERATED ALWAYS AS (
  substring(created_by FROM '\(([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\)$')::uuid
) STORED;

-- When each key ends, by itself or with the key that made it. `ends_at` is null for a key without an end.
CREATE VIEW api_key_ends AS
SELECT
  key.id,
  least(key.expires_at, maker.expires_at) AS expires_at,
  key.deleted_at IS NOT NULL OR maker.deleted_at IS NOT NULL OR is_orphan AS is_deleted,
  least(
    key.expires_at, maker.expires_at, key.deleted_at, maker.deleted_at, CASE WHEN is_orphan THEN '-infinity'::timestamptz END
  ) AS ends_at
FROM api_keys key
LEFT JOIN api_keys maker ON maker.id = key.made_by
CROSS JOIN LATERAL (SELECT key.made_by IS NOT NULL AND maker.id IS NULL) AS made (is_orphan);

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
  FROM api_keys JOIN api_key_ends USING (id)
  WHERE ends_at IS NULL OR ends_at > now();
  IF keys > 10000 THEN
    RAISE EXCEPTION 'there are 10000 API keys already' USING ERRCODE = 'check_violation', CONSTRAINT = 'api_keys_limit';
  END IF;
  IF shares > 5000 THEN
    RAISE EXCEPTION 'there are 5000 shares already' USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_limit';
  END IF;
  RETURN NULL;
END
$$;

-- Keys must not take the room of other advertisers' shares, nor fill the tables by creating and deleting shares. A refused
-- creation names in DETAIL the seconds until the next one is possible.
CREATE FUNCTION limit_new_shares() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  shares bigint;
  recent bigint;
  oldest timestamptz;
BEGIN
  -- Creations wait for each other here, so that each sees the shares before it.
  PERFORM FROM api_key_version FOR UPDATE;
  SELECT count(*) FILTER (WHERE ends_at > now()), count(*) FILTER (WHERE created_at > now() - interval '1 day'),
         min(created_at) FILTER (WHERE created_at > now() - interval '1 day')
  INTO shares, recent, oldest
  FROM api_keys JOIN api_key_ends USING (id)
  WHERE 'share' = ANY (scopes) AND made_by IS NOT NULL AND advertiser = NEW.advertiser;
  IF shares > 500 THEN
    RAISE EXCEPTION 'the advertiser has 500 shares already'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_of_advertiser_limit';
  END IF;
  IF recent <= 500 THEN
    SELECT count(*), min(created_at) INTO recent, oldest
    FROM api_keys
    WHERE 'share' = ANY (scopes) AND made_by IS NOT NULL AND created_at > now() - interval '1 day';
    IF recent <= 5000 THEN
      RETURN NULL;
    END IF;
  END IF;
  RAISE EXCEPTION 'too many shares were created in 24 hours'
  USING ERRCODE = 'check_violation', CONSTRAINT = 'new_shares_limit',
        DETAIL = ceil(extract(epoch FROM oldest + interval '1 day' - now()))::integer::text;
END
$$;
CREATE TRIGGER api_keys_share_created AFTER INSERT ON api_keys
FOR EACH ROW WHEN ('share' = ANY (NEW.scopes) AND NEW.made_by IS NOT NULL) EXECUTE FUNCTION limit_new_shares();

CREATE INDEX api_key_changes_of_shares ON api_key_changes (changed_at) WHERE (key -> 'campaign') IS NOT NULL;

-- Deletes up to `most` rows of shares that ended a day ago, of keys that ended 90 days ago, and of changes of shares from before 90
-- days. Changes of keys are kept. Returns the number of rows. It runs with the rights of its owner, because the services may not
-- delete what was noted lately.
CREATE FUNCTION prune_api_keys(most integer) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
AS $$
DECLARE
  ended uuid[];
  pruned bigint;
  changes bigint;
BEGIN
  ended := ARRAY(
    SELECT id
    FROM api_keys JOIN api_key_ends USING (id)
    WHERE ends_at < now() - CASE WHEN 'share' = ANY (scopes) THEN interval '1 day' ELSE interval '90 days' END
    LIMIT most
  );
  pruned := cardinality(ended);
  -- Services read all keys again after each statement that may delete some.
  IF pruned > 0 THEN
    DELETE FROM api_keys WHERE id = ANY (ended);
  END IF;
  DELETE FROM api_key_changes
  WHERE id = ANY (ARRAY(
    SELECT id FROM api_key_changes
    WHERE (key -> 'campaign') IS NOT NULL AND changed_at < now() - interval '90 days'
    LIMIT most - pruned
  ));
  GET DIAGNOSTICS changes = ROW_COUNT;
  RETURN pruned + changes;
END
$$;

-- The function must not use temporary tables of its caller. Roles that may create keys may see their ends and prune them.
DO $$
DECLARE
  writer regrole;
BEGIN
  EXECUTE format('ALTER FUNCTION prune_api_keys(integer) SET search_path = %I, pg_temp', current_schema());
  REVOKE EXECUTE ON FUNCTION prune_api_keys FROM PUBLIC;
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_second'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT ON api_key_ends TO %s', writer);
    EXECUTE format('GRANT EXECUTE ON FUNCTION prune_api_keys TO %s', writer);
  END LOOP;
END
$$;
