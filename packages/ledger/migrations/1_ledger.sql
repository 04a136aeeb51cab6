-- Up Migration
-- Expand. Locks: no existing table.

-- The catalogue. Ids must fit into a counter key and a URL: printable ASCII without spaces and braces.
CREATE TABLE ads (
  id         text PRIMARY KEY CHECK (id ~ '^[!-z|~]{1,128}$'),
  image_url  text NOT NULL,
  target_url text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The source of truth: one row per click and per impression. A player may use one id for an impression and for the click that
-- followed it, so the kind belongs to the key. Partitioned by the id, whose first 48 bits are a time if it is a
-- UUIDv7. Ids are therefore unique over all partitions, and old days can be dropped as whole partitions.
CREATE TABLE ad_events (
  id                uuid        NOT NULL,
  kind              text        NOT NULL CHECK (kind IN ('click', 'impression')),
  ad_id             text        NOT NULL,
  ip                inet        NOT NULL,
  occurred_at       timestamptz NOT NULL,
  received_at       timestamptz NOT NULL,
  claimed_at        timestamptz,
  play_time_seconds integer,
  PRIMARY KEY (id, kind)
) PARTITION BY RANGE (id);

-- Ids of other versions, such as UUIDv4 from players without UUIDv7. UUIDv7 reaches this range in the year 2109. The range
-- is a separate partition because a new day's partition makes Postgres lock and search the whole default partition.
CREATE TABLE ad_events_foreign PARTITION OF ad_events FOR VALUES FROM ('04000000-0000-0000-0000-000000000000') TO (MAXVALUE);

-- The few UUIDv4 below that range, and UUIDv7 from clocks that are far wrong.
CREATE TABLE ad_events_default PARTITION OF ad_events DEFAULT;

-- The number of clicks per bucket, so that the cost of windows and totals does not grow with the clicks. Buckets are Unix
-- seconds and Unix minutes. Impressions are counted only as a total, for the CTR. The fillfactor keeps space in pages for the
-- next version of a row, so that an update does not touch the index.
CREATE TABLE clicks_per_second (
  ad_id  text   NOT NULL,
  second bigint NOT NULL,
  clicks bigint NOT NULL,
  PRIMARY KEY (ad_id, second)
) WITH (fillfactor = 80);
-- Pruning finds old buckets by this index. Buckets are inserted in the order of time, so a BRIN index stays small.
CREATE INDEX clicks_per_second_by_time ON clicks_per_second USING brin (second);
CREATE TABLE clicks_per_minute (
  ad_id  text   NOT NULL,
  minute bigint NOT NULL,
  clicks bigint NOT NULL,
  PRIMARY KEY (ad_id, minute)
) WITH (fillfactor = 70);
CREATE TABLE ad_totals (
  ad_id       text   PRIMARY KEY,
  clicks      bigint NOT NULL,
  impressions bigint NOT NULL
) WITH (fillfactor = 50);

-- Doubts. While one exists, the counters in Redis are untrusted: a writer committed events and has not raised their counters. A
-- rebuild deletes the doubts that existed when it began.
CREATE TABLE counter_doubts (
  writer text        PRIMARY KEY,
  stamp  bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  since  timestamptz NOT NULL DEFAULT now()
);

-- Creates the partitions of ad_events for some days. Returns the number of created partitions. Rows of such a day in the
-- default partition (from a clock that was ahead) are moved first, because Postgres would refuse the partition.
CREATE FUNCTION ensure_event_partitions(first_day date, days integer) RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
  made integer := 0;
  day date;
  name text;
  lower_id uuid;
  upper_id uuid;
BEGIN
  -- One at a time: consumers start together.
  PERFORM pg_advisory_xact_lock(hashtext('ensure_event_partitions'));
  FOR day IN SELECT generate_series(first_day, first_day + days - 1, '1 day')::date LOOP
    name := 'ad_events_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass(name) IS NOT NULL;
    -- The lock blocks recording: otherwise a row of this day could reach the default partition after the others were moved, and
    -- a batch in progress would find no partition for its rows.
    LOCK TABLE ONLY ad_events IN SHARE ROW EXCLUSIVE MODE;
    lower_id := first_uuid_of(day);
    upper_id := first_uuid_of(day + 1);
    EXECUTE format('CREATE TABLE %I (LIKE ad_events INCLUDING ALL)', name);
    EXECUTE format(
      'WITH moved AS (DELETE FROM ad_events_default WHERE id >= %L AND id < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
      lower_id, upper_id, name);
    EXECUTE format('ALTER TABLE ad_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, lower_id, upper_id);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

-- The smallest UUIDv7 of a day (UTC): its milliseconds as 48 bits, then zeros.
CREATE FUNCTION first_uuid_of(day date) RETURNS uuid
LANGUAGE sql IMMUTABLE
AS $$
  SELECT rpad(lpad(to_hex((extract(epoch FROM day)::bigint) * 1000), 12, '0'), 32, '0')::uuid
$$;

SELECT ensure_event_partitions((now() AT TIME ZONE 'UTC')::date - 1, 16);
