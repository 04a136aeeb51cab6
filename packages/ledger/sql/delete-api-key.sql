-- Deletes a key and notes it, unless it was deleted before. Shares are not deleted. Parameters: 1 id, 2 who deletes it. Returns
-- `key`; no row if the key never existed.
WITH deleted AS (
  UPDATE api_keys SET deleted_at = clock_timestamp() WHERE id = $1 AND deleted_at IS NULL AND 'share' <> ALL (scopes)
  RETURNING id, api_key_as_json(api_keys) AS key
),
noted AS (
  INSERT INTO api_key_changes (key_id, changed_by, action, key) SELECT id, $2, 'deleted', key FROM deleted
)
SELECT api_key_as_json(api_keys) AS key FROM api_keys WHERE id = $1 AND 'share' <> ALL (scopes)
