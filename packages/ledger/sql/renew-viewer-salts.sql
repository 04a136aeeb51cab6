-- Makes the salts of today and the next two days, and deletes old ones, by the clock of Postgres: see migration 22. Returns one
-- row: `made` and `deleted`, the numbers of salts.
SELECT made, deleted FROM renew_viewer_salts()
