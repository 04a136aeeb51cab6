-- The version of the keys. If it is not $1, also `keys`: at most $2 keys, first those that work, then the newest of those that
-- expired or were deleted. `expires_at` is in milliseconds since the epoch. One statement has one snapshot, so the keys belong to
-- the version.
SELECT
  version,
  CASE WHEN $1::uuid IS DISTINCT FROM version THEN (
    SELECT coalesce(json_agg(listed), '[]')
    FROM (
      SELECT
        encode(hash, 'hex') AS hash, id, name, scopes, advertiser, ad_id, campaign,
        (extract(epoch FROM expires_at) * 1000)::float8 AS expires_at,
        deleted_at IS NOT NULL AS is_deleted
      FROM api_keys
      -- A share that ended tells its reason for a day. Keys with the scope manage may create and delete any number of them.
      WHERE 'share' <> ALL (scopes) OR least(coalesce(deleted_at, 'infinity'), expires_at) > now() - interval '1 day'
      ORDER BY deleted_at IS NOT NULL OR coalesce(expires_at <= now(), false), created_at DESC
      LIMIT $2
    ) listed
  ) END AS keys
FROM api_key_version
