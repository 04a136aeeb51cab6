-- The version of the keys. If it is not $1, also `keys`: at most $2 keys, first those that work, then the newest of those that
-- expired or were deleted. A share also ends with the key that made it. `expires_at` is in milliseconds since the epoch. One
-- statement has one snapshot, so the keys belong to the version.
SELECT
  version,
  CASE WHEN $1::uuid IS DISTINCT FROM version THEN (
    SELECT coalesce(json_agg(listed), '[]')
    FROM (
      SELECT
        encode(hash, 'hex') AS hash, id, name, scopes, advertiser, ad_id, campaign,
        (extract(epoch FROM ends.expires_at) * 1000)::float8 AS expires_at,
        is_deleted
      FROM api_keys JOIN api_key_ends ends USING (id)
      -- A share that ended tells its reason for a day. Keys with the scope manage may create and delete any number of them.
      WHERE 'share' <> ALL (scopes) OR ends_at > now() - interval '1 day'
      ORDER BY coalesce(ends_at <= now(), false), created_at DESC
      LIMIT $2
    ) listed
  ) END AS keys
FROM api_key_version
