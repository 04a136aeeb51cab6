-- Up Migration
-- Expand. Locks: ads against everything, for about a second per million rows.

-- Ads get what a VAST needs. The checks guarantee the shape of the values to those who write VAST; the API also checks URLs.
--   media         files of the video: [{"url", "type", "width", "height", "bitrate"?, "delivery"}]
--   skip_offset   time from which a viewer may skip the ad, or a share of its length
--   vast_url      tag of another server, which the ad wraps
--   companion     image beside the video: {"image_url", "width", "height", "target_url", "alt_text"}
--   click_mode    redirect: a click opens our URL, which redirects; tracking: it opens the target, and a pixel reports it
ALTER TABLE ads
  ADD COLUMN media jsonb NOT NULL DEFAULT '[]' CONSTRAINT ads_media_shape CHECK (
    jsonb_typeof(media) = 'array' AND jsonb_array_length(media) <= 20
    -- The path is strict, because lax mode would also accept a file inside a nested array. A comparison with a missing field is
    -- unknown, so the check fails.
    AND jsonb_array_length(media) = jsonb_array_length(jsonb_path_query_array(media, 'strict $[*] ? (
      @.type() == "object" && @.url.type() == "string" && @.type.type() == "string"
      && @.width >= 1 && @.width <= 16384 && @.height >= 1 && @.height <= 16384
      && (@.delivery == "progressive" || @.delivery == "streaming")
      && ((@.bitrate >= 1 && @.bitrate <= 1000000) || (@.bitrate == null) is unknown)
    )'))
  ),
  ADD COLUMN skip_offset text CHECK (skip_offset ~ '^([0-9]{2}:[0-5][0-9]:[0-5][0-9](\.[0-9]{3})?|[0-9]{1,2}%)$'),
  ADD COLUMN vast_url text CHECK (vast_url ~* '^https?://[!-~]+$'),
  ADD COLUMN companion jsonb CONSTRAINT ads_companion_shape CHECK (
    jsonb_path_exists(companion, 'strict $ ? (
      @.type() == "object" && @.image_url.type() == "string"
      && @.width >= 1 && @.width <= 16384 && @.height >= 1 && @.height <= 16384
      && (@.target_url == null || @.target_url.type() == "string") && (@.alt_text == null || @.alt_text.type() == "string")
    )')
  ),
  ADD COLUMN click_mode text NOT NULL DEFAULT 'redirect' CHECK (click_mode IN ('redirect', 'tracking')),
  ADD CONSTRAINT ads_media_have_a_duration CHECK (media = '[]' OR duration_seconds IS NOT NULL);

CREATE OR REPLACE FUNCTION ad_as_json(ad ads) RETURNS json
LANGUAGE sql STABLE
AS $$
  SELECT row_to_json(fields)
  FROM (SELECT
    ad.id, ad.title, ad.advertiser, ad.campaign, ad.image_url, ad.target_url, ad.click_mode,
    ad.duration_seconds::float8 AS duration_seconds, ad.skip_offset, ad.media, ad.vast_url, ad.companion, ad.status,
    to_char(ad.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS starts_at,
    to_char(ad.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ends_at,
    to_char(ad.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
    to_char(ad.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at
  ) fields
$$;

CREATE OR REPLACE VIEW reports.ads AS
SELECT id AS ad_id, title, advertiser, campaign, duration_seconds, status, starts_at, ends_at, image_url, target_url,
       created_at, updated_at, click_mode, skip_offset, media, vast_url, companion
FROM ads;

-- Roles that may record may also set the new fields.
DO $$
DECLARE
  fields constant text := 'media, skip_offset, vast_url, companion, click_mode';
  writer regrole;
BEGIN
  FOR writer IN
    SELECT grantee FROM pg_class, aclexplode(relacl)
    WHERE oid = 'counts_per_second'::regclass AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT INSERT (%1$s), UPDATE (%1$s) ON ads TO %2$s', fields, writer);
  END LOOP;
END
$$;
