-- Deletes old events from some pages of a partition. Returns `deleted`: null after its last page.
-- Parameters: 1 days for which events are kept, 2 partition, 3 first page, 4 number of pages.
SELECT delete_old_events($1::integer, $2::text, $3::bigint, $4::integer)::float8 AS deleted
