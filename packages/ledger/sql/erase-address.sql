-- Erases addresses from some of the stored events, see migration 10. Returns one row: `erased`, the number of changed events,
-- and `next_id`, where the next step begins; null after the last event.
--
-- Parameters: 1 addresses, 2 id where the step begins, 3 events per step.
SELECT erased::float8 AS erased, next_id FROM erase_address($1::inet[], $2::uuid, $3::integer)
