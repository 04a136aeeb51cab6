-- A page of the catalogue as JSON. Postgres writes the text, and the service passes it on.
--
-- Parameters: 1 and 2 creation time (microseconds since the epoch) and id of the last ad of the previous page, or null and null
-- for the first page; 3 ads per page; 4 campaign, 5 advertiser, 6 status, and 7 a text within id or title, each null for any;
-- 8 the most ads that are examined. The placeholders `:range`, `:order` and `:sort` choose the index that is examined, and
-- its direction: read-ads-page.ts.
--
-- Returns `ads` (JSON objects, separated by commas), `count`, and the end of the page: `last_created` in microseconds and
-- `last_id`, null on the last page. A page ends early, perhaps without ads, after as many examined ads as parameter 8 says, or
-- after 4 MiB. Times that a cursor cannot hold (infinity, before 1700, from 2255 on) end the list; from the newest ads on, times
-- from 2255 on are left out.
WITH found AS MATERIALIZED (
  SELECT
    id, created_at, ad,
    row_number() OVER (ORDER BY :sort) AS place,
    sum(octet_length(ad)) OVER (ORDER BY :sort) AS bytes
  FROM (
    -- The inner rows are read one by one, until the page is full.
    SELECT id, created_at, ad_as_json(whole)::text AS ad
    FROM (
      SELECT ads AS whole, id, created_at, title, campaign, advertiser, status
      FROM ads
      WHERE :range
      ORDER BY :order
      LIMIT $8::integer
    ) examined
    WHERE ($4::text IS NULL OR campaign = $4)
      AND ($5::text IS NULL OR advertiser = $5)
      AND ($6::text IS NULL OR status = $6)
      AND ($7::text IS NULL OR strpos(lower(title), lower($7)) > 0 OR strpos(lower(id), lower($7)) > 0)
    ORDER BY :order
    LIMIT $3::integer + 1
  ) rows
),
shown AS (
  SELECT string_agg(ad, ',' ORDER BY place) AS ads, count(*)::integer AS count
  FROM found
  WHERE place <= $3 AND (place = 1 OR bytes <= 4194304)
),
-- The last ad that was shown, if more were found; else the last one that was examined, if others follow.
last AS (
  SELECT created_at, id
  FROM found
  WHERE place = (SELECT count FROM shown) AND EXISTS (SELECT FROM found WHERE place > (SELECT count FROM shown))
  UNION ALL
  SELECT created_at, id
  FROM (
    SELECT created_at, id, lead(id) OVER (ORDER BY :order) AS follower
    FROM (SELECT * FROM ads WHERE :range ORDER BY :order OFFSET $8::integer - 1 LIMIT 2) ends
  ) examined
  WHERE follower IS NOT NULL AND NOT EXISTS (SELECT FROM found WHERE place > (SELECT count FROM shown))
)
SELECT
  coalesce(shown.ads, '') AS ads,
  shown.count,
  CASE WHEN last.created_at >= timestamptz '1700-01-01' AND last.created_at < timestamptz '2255-01-01'
    THEN round(extract(epoch FROM last.created_at)::numeric * 1000000)::bigint END AS last_created,
  last.id AS last_id
FROM shown
LEFT JOIN last ON true
