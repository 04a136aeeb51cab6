-- Creates a key and notes it. Parameters: 1 id, 2 SHA-256 of the key, 3 name, 4 scopes, 5 advertiser or null, 6 time of its expiry
-- or null, 7 who creates it. Returns `key`. Fails with check_violation of api_keys_limit if there are too many keys.
WITH created AS (
  INSERT INTO api_keys (id, hash, name, scopes, advertiser, expires_at, created_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  RETURNING id, created_by, api_key_as_json(api_keys) AS key
),
noted AS (
  INSERT INTO api_key_changes (key_id, changed_by, action, key) SELECT id, created_by, 'created', key FROM created
)
SELECT key FROM created
