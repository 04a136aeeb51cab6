-- Creates ads and notes that they were created; all or none. Parameters: 1 JSON array of ads, 2 who creates them, 3 and 4
-- idempotency key and hash of the request, or null and null. Fails with unique_violation if an ad or the key exists.
WITH created AS (
  INSERT INTO ads (
    id, title, advertiser, campaign, image_url, target_url, click_mode, duration_seconds, skip_offset, media, vast_url,
    companion, status, starts_at, ends_at
  )
  SELECT
    id, title, advertiser, campaign, image_url, target_url, click_mode, duration_seconds, skip_offset, media, vast_url,
    companion, status, starts_at, ends_at
  FROM json_to_recordset($1::json) AS given (
    id text, title text, advertiser text, campaign text, image_url text, target_url text, click_mode text,
    duration_seconds numeric, skip_offset text, media jsonb, vast_url text, companion jsonb, status text,
    starts_at timestamptz, ends_at timestamptz
  )
  -- Statements that create the same ads wait for each other instead of failing with a deadlock.
  ORDER BY id
  RETURNING id, ad_as_json(ads) AS ad
),
noted AS (
  INSERT INTO ad_changes (ad_id, changed_by, action, new, idempotency_key, request_hash)
  SELECT id, $2, 'created', ad, $3, $4 FROM created
)
SELECT ad FROM created
