-- Creates a share and notes it. A campaign whose ads all belong to one advertiser is shared for that advertiser, so that an ad of
-- another one, which joins the campaign later, is not shown. The share expires no later than the key that creates it.
-- Parameters: 1 id, 2 SHA-256 of its secret, 3 name, 4 ad id or null, 5 campaign or null, 6 advertiser or null, 7 time of its
-- expiry, 8 who creates it, 9 the id of the key that creates it, or null. Returns `share`; no row if the advertiser has no such ad,
-- or no ad of the campaign. Fails with check_violation of shares_limit, shares_of_advertiser_limit or new_shares_limit if there
-- are too many shares.
WITH created AS (
  INSERT INTO api_keys (id, hash, name, scopes, ad_id, campaign, advertiser, expires_at, created_by)
  SELECT
    $1::uuid, $2::bytea, $3::text, '{share}', $4::text, $5::text,
    coalesce($6::text, (
      SELECT min(advertiser) FROM ads WHERE campaign = $5
      HAVING count(DISTINCT advertiser) = 1 AND count(advertiser) = count(*)
    )),
    least($7::timestamptz, (SELECT expires_at FROM api_keys WHERE id = $9::uuid)), $8::text
  WHERE EXISTS (
    SELECT FROM ads
    WHERE ($4 IS NULL OR id = $4) AND ($5 IS NULL OR campaign = $5) AND ($6 IS NULL OR advertiser = $6)
  )
  RETURNING id, created_by, share_as_json(api_keys) AS share
),
noted AS (
  INSERT INTO api_key_changes (key_id, changed_by, action, key) SELECT id, created_by, 'created', share FROM created
)
SELECT share FROM created
