import { ACCEPTED, Load, type Page, REDIRECTED } from '@ads/harness';
import { DEAD_LETTER_STREAM, decodeEvents } from '@ads/models';
import { type ChaosStack, UNVERIFIED_PER_MINUTE } from '../stack/chaos-stack.js';
import type { Fault, FaultContext } from './fault.js';
import { expectOutcomes } from './outages.js';

const DEAD_LETTERED_MS = 60_000;

/** The load of one hostile client. Each click is for a different unknown ad. */
const FLOOD = { request: { kind: 'unknown ad', adIds: [] }, connections: 20, perSecond: 200, traced: true } as const;

/** Locks the table of ads while `meanwhile` runs. Services can neither read the catalogue nor record events. */
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

/** Returns the ids of all events in dead letters. */
async function deadLetterIds({ admin }: ChaosStack): Promise<ReadonlySet<string>> {
  const { streams } = admin.jetstream;
  const { state } = await streams.info(DEAD_LETTER_STREAM);
  const ids = new Set<string>();
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    // Sequence numbers may have gaps where dead letters were dropped.
    const deadLetter = await streams.getMessage(DEAD_LETTER_STREAM, { seq }).catch(() => undefined);
    const decoded = deadLetter === undefined ? undefined : decodeEvents(deadLetter.data);
    if (decoded?.state === 'decoded') for (const { id } of decoded.events) ids.add(id);
  }
  return ids;
}

/** Checks that ingest accepts only a limited number of unknown ads per minute, and that these become dead letters. */
async function slowCatalogue(context: FaultContext, seconds: number): Promise<void> {
  const { stack, complain, expect } = context;
  const flood = new Load([{ ...FLOOD, ports: stack.portsOf('ingest') }]);
  const since = performance.now();
  await locked(stack, () =>
    expectOutcomes(context, new Set([ACCEPTED, REDIRECTED]), seconds, 'the catalogue was locked'),
  );
  const [page] = (await flood.stop()) as [Page];
  const minutes = (performance.now() - since) / 60_000;
  for (const [outcome, count] of Object.entries(page.outcomes)) {
    if (!['202', '400', '503'].includes(outcome)) complain(`${count} clicks of unknown ads ended with ${outcome}`);
  }
  for (const sentence of page.faults) complain(`clicks of unknown ads: ${sentence}`);
  const accepted = page.accepted.map(([id]) => id);
  const most = stack.slotsOf('ingest').length * UNVERIFIED_PER_MINUTE * (1 + minutes);
  if (accepted.length > most)
    complain(`${accepted.length} clicks of unknown ads were accepted, more than ${Math.floor(most)}`);
  const what = `all ${accepted.length} accepted clicks of unknown ads to become dead letters`;
  await expect(what, DEAD_LETTERED_MS, async () => {
    const stored = await deadLetterIds(stack);
    return accepted.every((id) => stored.has(id));
  });
}

/** The catalogue cannot be read while a hostile client sends unknown ads. Clicks of known ads must still be accepted. */
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
