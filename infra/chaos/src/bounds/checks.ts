import { waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER, oldestVisible } from '@ads/models';
import type pg from 'pg';
import type { BoundsStack } from './stack.js';

const IDS_AT_ONCE = 50_000;

/** What the event stream holds: sequences of its oldest and newest message, and how much. */
export async function readStream(stack: BoundsStack) {
  const manager = await stack.admin.nats.jetstreamManager();
  const { state } = await manager.streams.info(EVENT_STREAM);
  return { first: state.first_seq, last: state.last_seq, messages: state.messages, bytes: state.bytes };
}

async function isQueueEmpty(stack: BoundsStack): Promise<boolean> {
  const manager = await stack.admin.nats.jetstreamManager();
  const { num_pending: waiting, num_ack_pending: open } = await manager.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
  return waiting + open === 0;
}

/** Waits until everything that was accepted is recorded, and analytics answers from Redis. No hand helps. */
export async function untilSettled(stack: BoundsStack, timeoutMs: number): Promise<void> {
  const wait = (what: string, condition: () => Promise<boolean>) =>
    waitFor(condition, { what, timeoutMs, intervalMs: 100 });
  await Promise.all(
    stack.slots.map(({ name, process }) =>
      wait(`${name} to be healthy`, async () => {
        const answer = await fetch(`http://127.0.0.1:${process.port}/health`);
        return ((await answer.json()) as { status: string }).status === 'healthy';
      }),
    ),
  );
  await wait('the queue to be empty', () => isQueueEmpty(stack));
  await wait(
    'analytics to answer from Redis',
    async () => (await askAbout(stack, stack.adIds[0] ?? '')).source === 'redis',
  );
}

/** How many of these clicks are not in the ledger. */
export async function countLost(database: pg.Pool, ids: readonly string[]): Promise<number> {
  let lost = 0;
  for (let first = 0; first < ids.length; first += IDS_AT_ONCE) {
    const { rows } = await database.query(
      `SELECT count(*)::integer AS lost FROM unnest($1::uuid[]) AS sent (id)
       WHERE NOT EXISTS (SELECT FROM ad_events WHERE ad_events.id = sent.id AND kind = 'click')`,
      [ids.slice(first, first + IDS_AT_ONCE)],
    );
    lost += rows[0]?.lost ?? 0;
  }
  return lost;
}

/** How many buckets of the rollups that a window can see, and totals, are not what the rows of the ledger add up to. */
export async function countWrongBuckets(database: pg.Pool): Promise<number> {
  const oldest = oldestVisible(Date.now());
  const wrong = async (table: string, bucket: string, expression: string, first = 0) => {
    const { rows } = await database.query(
      `SELECT count(*)::integer AS wrong
       FROM (SELECT ad_id, ${expression} AS ${bucket}, count(*) AS counted FROM ad_events GROUP BY 1, 2) recorded
       FULL JOIN ${table} USING (ad_id, ${bucket})
       WHERE coalesce(counted, 0) <> coalesce(clicks, 0) AND ${bucket} >= ${first}`,
    );
    return rows[0]?.wrong ?? 0;
  };
  return (
    (await wrong('clicks_per_second', 'second', 'floor(extract(epoch FROM occurred_at))::bigint', oldest.second)) +
    (await wrong('clicks_per_minute', 'minute', 'floor(extract(epoch FROM occurred_at) / 60)::bigint', oldest.minute)) +
    (await wrong('(SELECT ad_id, 0 AS total, clicks FROM ad_totals) totals', 'total', '0'))
  );
}

interface AdAnswer {
  readonly source: string;
  readonly total_clicks: number;
  readonly time_frames: Readonly<Record<string, number>>;
}

/** What analytics says of an ad. @throws Error when it is not 200 */
export async function askAbout(stack: BoundsStack, adId: string): Promise<AdAnswer> {
  const [port] = stack.portsOf('analytics');
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/ads/analytics?ad_id=${adId}`);
  if (answer.status !== 200) throw new Error(`analytics answered ${answer.status}`);
  return (await answer.json()) as AdAnswer;
}
