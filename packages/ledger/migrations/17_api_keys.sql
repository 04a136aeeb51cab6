-- Up Migration
-- Expand. Locks: no existing table.

-- The keys of the API, beside ADMIN_API_KEY. A key is 256 random bits, and `hash` is its SHA-256. A slow hash protects passwords,
-- which can be guessed; nobody guesses 256 bits, and every request would pay for it. Deleted keys keep their rows, so that an
-- answer can name the reason.
CREATE TABLE api_keys (
  id         uuid        PRIMARY KEY,
  hash       bytea       NOT NULL UNIQUE CHECK (length(hash) = 32),
  name       text        NOT NULL,
  scopes     text[]      NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['manage', 'read', 'events', 'stitch']),
  advertiser text        CHECK (advertiser IS NULL OR scopes <@ ARRAY['manage', 'read']),
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by text        NOT NULL,
  deleted_at timestamptz
);

-- The creations and deletions of keys with their authors, in the order of the ids. `key` is the key without its hash.
CREATE TABLE api_key_changes (
  id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key_id     uuid        NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_by text        NOT NULL,
  action     text        NOT NULL CHECK (action IN ('created', 'deleted')),
  key        json        NOT NULL
);
CREATE INDEX api_key_changes_by_key ON api_key_changes (key_id, id);

-- One row. The version changes with every change of a key, by whatever program, and services read all keys when it differs. It is
-- random: a number would come again after a restore.
CREATE TABLE api_key_version (
  version uuid NOT NULL
);
CREATE UNIQUE INDEX api_key_version_has_one_row ON api_key_version ((true));
INSERT INTO api_key_version VALUES (gen_random_uuid());

-- A service has all keys in memory, so their number is limited. The update locks the version until the commit. Changes
-- therefore become visible in the order of their versions, and each change sees the number of keys after the previous change.
CREATE FUNCTION note_api_key_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  UPDATE api_key_version SET version = gen_random_uuid();
  IF (SELECT count(*) FROM api_keys WHERE deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now())) > 10000 THEN
    RAISE EXCEPTION 'there are 10000 API keys already' USING ERRCODE = 'check_violation', CONSTRAINT = 'api_keys_limit';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON api_keys
FOR EACH STATEMENT EXECUTE FUNCTION note_api_key_change();

-- A key as the API answers it.
CREATE FUNCTION api_key_as_json(key api_keys) RETURNS json
LANGUAGE sql STABLE
AS $$
  SELECT row_to_json(fields)
  FROM (SELECT
    key.id, key.name, key.scopes, key.advertiser,
    to_char(key.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS expires_at,
    to_char(key.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
    key.created_by
  ) fields
$$;

-- Roles that may create ads may also create and delete keys. They may not change what was noted.
DO $$
DECLARE
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_second'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (deleted_at) ON api_keys TO %s', writer);
    EXECUTE format('GRANT SELECT, INSERT ON api_key_changes TO %s', writer);
    EXECUTE format('GRANT SELECT, UPDATE (version) ON api_key_version TO %s', writer);
  END LOOP;
END
$$;
