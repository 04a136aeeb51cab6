import { setTimeout as sleep } from 'node:timers/promises';
import { DEAD_LETTER_STREAM, decodeEvents, uuidv7 } from '@ads/models';
import { type ChaosStack, UNVERIFIED_PER_MINUTE } from '../stack/chaos-stack.js';
import type { Fault, FaultContext } from './fault.js';
import { expectOutcomes } from './outages.js';

/** Connections of one hostile client. */
const CONNECTIONS = 20;
const PAUSE_MS = 50;
const PATIENCE_MS = 8_000;
const DEAD_LETTERED_MS = 60_000;

/** Clicks, each of another unknown ad, until it is stopped. */
interface Flood {
  /** Ids of the accepted clicks. */
  readonly accepted: Set<string>;
  stop(): Promise<ReadonlyMap<string, number>>;
}

function flood(url: string): Flood {
  const accepted = new Set<string>();
  const outcomes = new Map<string, number>();
  let stopped = false;

  async function send(): Promise<string> {
    const id = uuidv7(Date.now());
    const response = await fetch(`${url}/api/v1/ads/click`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ad_id: `nobody-knows-${id}`, click_id: id }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.arrayBuffer();
    if (response.status === 202) accepted.add(id);
    if (response.status === 503 && response.headers.get('retry-after') === null) return '503 without Retry-After';
    return String(response.status);
  }
  async function sendAll(): Promise<void> {
    while (!stopped) {
      const outcome = await send().catch((error: Error) => error.name);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await sleep(PAUSE_MS);
    }
  }
  const sending = Promise.all(Array.from({ length: CONNECTIONS }, sendAll));

  return {
    accepted,
    async stop() {
      stopped = true;
      await sending;
      return outcomes;
    },
  };
}

/** Locks the table of ads while `meanwhile` runs: services cannot read the catalogue, nor record, as recording reads it. */
async function locked({ admin }: ChaosStack, meanwhile: () => Promise<void>): Promise<void> {
  const client = await admin.database.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await client.query('LOCK TABLE ads IN ACCESS EXCLUSIVE MODE');
    await meanwhile();
    await client.query('ROLLBACK');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Ids of all events in dead letters. */
async function deadLetterIds({ admin }: ChaosStack): Promise<ReadonlySet<string>> {
  const { streams } = admin.jetstream;
  const { state } = await streams.info(DEAD_LETTER_STREAM);
  const ids = new Set<string>();
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    // Dead letters in between may have been dropped.
    const deadLetter = await streams.getMessage(DEAD_LETTER_STREAM, { seq }).catch(() => undefined);
    const decoded = deadLetter === undefined ? undefined : decodeEvents(deadLetter.data);
    if (decoded?.state === 'decoded') for (const { id } of decoded.events) ids.add(id);
  }
  return ids;
}

/** Unknown ads are refused beyond a limit per minute, and each accepted event becomes a dead letter. */
async function slowCatalogue(context: FaultContext, seconds: number): Promise<void> {
  const { stack, complain, expect } = context;
  const attack = flood(stack.url);
  const since = performance.now();
  await locked(stack, () => expectOutcomes(context, new Set(['202']), seconds, 'the catalogue was locked'));
  const outcomes = await attack.stop();
  const minutes = (performance.now() - since) / 60_000;
  for (const [outcome, count] of outcomes) {
    if (!['202', '400', '503'].includes(outcome)) complain(`${count} clicks of unknown ads ended with ${outcome}`);
  }
  const { accepted } = attack;
  const most = stack.slotsOf('ingest').length * UNVERIFIED_PER_MINUTE * (1 + minutes);
  if (accepted.size > most)
    complain(`${accepted.size} clicks of unknown ads were accepted, more than ${Math.floor(most)}`);
  const what = `all ${accepted.size} accepted clicks of unknown ads to become dead letters`;
  await expect(what, DEAD_LETTERED_MS, async () => {
    const stored = await deadLetterIds(stack);
    return [...accepted].every((id) => stored.has(id));
  });
}

/** The catalogue cannot be read while a client sends unknown ads. Players are not affected. */
export const slowCatalogues: readonly Fault[] = [
  {
    name: 'catalogue-slow',
    signals: ['postgres', 'dead letters'],
    run: (context) => slowCatalogue(context, 10),
  },
  {
    name: 'catalogue-slow-40s',
    onlyByName: true,
    signals: ['postgres', 'dead letters', 'catalogue old'],
    run: (context) => slowCatalogue(context, 40),
  },
];
