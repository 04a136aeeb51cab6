-- Changes an ad, and notes the change, if it has not changed since it was read. Parameters: 1 id, 2 its updated_at when it was
-- read, 3 the new values of the changed fields as JSON, 4 who changes them, 5 action, 6 the old values as JSON. Returns the ad;
-- no row if it has changed.
WITH changed AS (
  UPDATE ads SET
    title = CASE WHEN $3::jsonb ? 'title' THEN given.title ELSE ads.title END,
    advertiser = CASE WHEN $3::jsonb ? 'advertiser' THEN given.advertiser ELSE ads.advertiser END,
    campaign = CASE WHEN $3::jsonb ? 'campaign' THEN given.campaign ELSE ads.campaign END,
    image_url = CASE WHEN $3::jsonb ? 'image_url' THEN given.image_url ELSE ads.image_url END,
    target_url = CASE WHEN $3::jsonb ? 'target_url' THEN given.target_url ELSE ads.target_url END,
    click_mode = CASE WHEN $3::jsonb ? 'click_mode' THEN given.click_mode ELSE ads.click_mode END,
    duration_seconds = CASE WHEN $3::jsonb ? 'duration_seconds' THEN given.duration_seconds ELSE ads.duration_seconds END,
    skip_offset = CASE WHEN $3::jsonb ? 'skip_offset' THEN given.skip_offset ELSE ads.skip_offset END,
    media = CASE WHEN $3::jsonb ? 'media' THEN given.media ELSE ads.media END,
    vast_url = CASE WHEN $3::jsonb ? 'vast_url' THEN given.vast_url ELSE ads.vast_url END,
    companion = CASE WHEN $3::jsonb ? 'companion' THEN given.companion ELSE ads.companion END,
    status = CASE WHEN $3::jsonb ? 'status' THEN given.status ELSE ads.status END,
    starts_at = CASE WHEN $3::jsonb ? 'starts_at' THEN given.starts_at ELSE ads.starts_at END,
    ends_at = CASE WHEN $3::jsonb ? 'ends_at' THEN given.ends_at ELSE ads.ends_at END
  FROM json_to_record($3::json) AS given (
    title text, advertiser text, campaign text, image_url text, target_url text, click_mode text, duration_seconds numeric,
    skip_offset text, media jsonb, vast_url text, companion jsonb, status text, starts_at timestamptz, ends_at timestamptz
  )
  WHERE ads.id = $1 AND ads.updated_at = $2::timestamptz
  RETURNING ads.id, ad_as_json(ads) AS ad
),
noted AS (
  INSERT INTO ad_changes (ad_id, changed_by, action, old, new)
  SELECT id, $4, $5, $6::json, $3::json FROM changed
)
SELECT ad FROM changed
