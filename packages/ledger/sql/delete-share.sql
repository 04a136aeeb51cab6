-- Deletes a share and notes it, unless it was deleted before. Parameters: 1 id, 2 who deletes it, 3 the only advertiser whose shares
-- may be deleted, or null. Returns `share`; no row if there is no such share.
WITH deleted AS (
  UPDATE api_keys SET deleted_at = clock_timestamp()
  WHERE id = $1 AND deleted_at IS NULL AND 'share' = ANY (scopes) AND ($3::text IS NULL OR advertiser = $3)
  RETURNING id, share_as_json(api_keys) AS share
),
noted AS (
  INSERT INTO api_key_changes (key_id, changed_by, action, key) SELECT id, $2, 'deleted', share FROM deleted
)
SELECT share_as_json(api_keys) AS share
FROM api_keys
WHERE id = $1 AND 'share' = ANY (scopes) AND ($3::text IS NULL OR advertiser = $3)
