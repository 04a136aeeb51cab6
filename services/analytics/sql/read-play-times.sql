-- The clicks of an ad by the second of the video, in order. Parameter: 1 ad id.
SELECT play_second AS second, clicks::float8 AS clicks
FROM clicks_per_play_second
WHERE ad_id = $1 AND clicks > 0
ORDER BY play_second
