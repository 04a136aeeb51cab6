-- Up Migration

-- The catalogue. Ids are what fits into a counter key and into a URL: printable ASCII without spaces and braces.
CREATE TABLE ads (
  id         text PRIMARY KEY CHECK (id ~ '^[!-z|~]{1,128}$'),
  image_url  text NOT NULL,
  target_url text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The truth: one row per click and per impression. A player may use one id for an impression and for the click that
-- followed it, so the kind belongs to the key. Partitioned by the id, whose first 48 bits are the time where it is a
-- UUIDv7: so ids are unique over all partitions, and old days can be dropped as whole partitions.
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

-- Ids of any other making: UUIDv4 of players that know no better. A UUIDv7 gets here in the year 2109. They have a range
-- of their own because a new day's partition makes Postgres look through all of the default one, and lock it.
CREATE TABLE ad_events_foreign PARTITION OF ad_events FOR VALUES FROM ('04000000-0000-0000-0000-000000000000') TO (MAXVALUE);

-- The few UUIDv4 below that, and clocks that are far off.
CREATE TABLE ad_events_default PARTITION OF ad_events DEFAULT;

-- How many clicks there were: what windows and totals are summed from, at a cost that doesn't grow with the clicks.
-- Buckets are Unix seconds and Unix minutes. Impressions are counted all time only, for the CTR. Pages keep room for what
-- will be counted again soon: a row that finds its next version a place beside it leaves the index alone.
CREATE TABLE clicks_per_second (
  ad_id  text   NOT NULL,
  second bigint NOT NULL,
  clicks bigint NOT NULL,
  PRIMARY KEY (ad_id, second)
) WITH (fillfactor = 80);
-- For finding those that no window sees any more. They come in the order of time, so it stays tiny.
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

-- Reasons not to believe the counters in Redis: a writer that committed and could not raise, or may have died before
-- it could. A rebuild takes away those that it saw when it began.
CREATE TABLE counter_doubts (
  writer text        PRIMARY KEY,
  stamp  bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  since  timestamptz NOT NULL DEFAULT now()
);

-- Makes the partitions of ad_events for some days from a first one on; true for each that it made. Rows of such a day
-- that went to the default partition (a clock that ran ahead) are moved, else Postgres would refuse the partition.
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
    -- Nobody records meanwhile: a row could reach the default partition after those of the day have left it, and a batch
    -- under way would be told that its rows belong nowhere.
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
