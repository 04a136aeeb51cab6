-- One step of dropping the oldest partition whose events need not be kept any more. Returns `stepped`: false when nothing is
-- left to do now. Parameters: 1 days for which events are kept, 2 maximum number of pages to search.
SELECT drop_old_partition($1::integer, $2::integer) AS stepped
