-- Registers values of labels, up to a limit per ad and label: see migration 8. Returns the identity of their `ledger`, empty if the
-- database has none.
-- Parameters: arrays of equal length: 1 ad ids, 2 numbers of labels, 3 values; 4 the limit.
SELECT register_label_values($1::text[], $2::smallint[], $3::text[], $4::integer), coalesce(current_ledger(), '') AS ledger
