-- The changes of an ad, newest first. Parameters: 1 ad id, 2 the id of the last change of the previous page, or null for the
-- first page, 3 changes per page.
SELECT
  id,
  to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS changed_at,
  changed_by, action, old, new
FROM ad_changes
WHERE ad_id = $1 AND ($2::bigint IS NULL OR id < $2)
ORDER BY id DESC
LIMIT $3
