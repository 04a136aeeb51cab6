-- A page of the catalogue as JSON, oldest ads first. Postgres writes the text, and the service passes it on. Parameters: 1 and
-- 2 creation time (microseconds since the epoch) and id of the last ad of the previous page, or null and null for the first
-- page; 3 ads per page. Returns `ads` (JSON objects, separated by commas), `count`, and the end of the page: `last_created` in
-- microseconds and `last_id`, null on the last page. Times that a cursor cannot hold (infinity, before 1700, from 2255 on) end
-- the list.
WITH page AS MATERIALIZED (
  SELECT id, created_at, ad, row_number() OVER (ORDER BY created_at, id) AS place
  FROM (
    SELECT id, created_at, ad_as_json(ads)::text AS ad
    FROM ads
    WHERE (created_at, id) > (coalesce(timestamptz 'epoch' + $1::float8 * interval '1 microsecond', '-infinity'), coalesce($2, ''))
    ORDER BY created_at, id
    LIMIT $3::integer + 1
  ) rows
),
shown AS (
  SELECT string_agg(ad, ',' ORDER BY place) AS ads, count(*)::integer AS count
  FROM page
  WHERE place <= $3
)
SELECT
  coalesce(shown.ads, '') AS ads,
  shown.count,
  CASE WHEN last.created_at >= timestamptz '1700-01-01' AND last.created_at < timestamptz '2255-01-01'
    THEN round(extract(epoch FROM last.created_at)::numeric * 1000000)::bigint END AS last_created,
  last.id AS last_id
FROM shown
LEFT JOIN page last ON last.place = $3 AND EXISTS (SELECT FROM page WHERE place > $3)
