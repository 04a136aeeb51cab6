-- Compares ads in memory with the stored ones. Parameters: 1 ids, 2 the `updated_at` of each. Returns the ids whose ads differ,
-- with the stored ad, or null for a deleted one.
SELECT known.id, CASE WHEN ads.id IS NOT NULL THEN ad_as_json(ads) END AS ad
FROM unnest($1::text[], $2::text[]) AS known (id, updated_at)
LEFT JOIN ads ON ads.id = known.id
WHERE ads.id IS NULL OR ads.updated_at <> known.updated_at::timestamptz
