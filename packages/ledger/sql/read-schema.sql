-- The number of the newest migration that ran.
SELECT coalesce(max(substring(name FROM '^[0-9]+')::integer), 0) AS schema FROM migrations
