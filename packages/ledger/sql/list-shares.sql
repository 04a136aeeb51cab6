-- A page of the shares that work, in the order of their ids. Parameters: 1 the last id of the previous page, or null; 2 shares per
-- page; 3 advertiser, 4 ad id, 5 campaign: only such shares, or null.
SELECT share_as_json(api_keys) AS share
FROM api_keys JOIN api_key_ends USING (id)
WHERE 'share' = ANY (scopes) AND ends_at > now()
  AND ($1::uuid IS NULL OR id > $1)
  AND ($3::text IS NULL OR advertiser = $3)
  AND ($4::text IS NULL OR ad_id = $4)
  AND ($5::text IS NULL OR campaign = $5)
ORDER BY id
LIMIT $2
