import { isIPv4 } from 'node:net';
import pg from 'pg';
import { readText } from './files.js';

const ERASE_ADDRESS = readText('sql/erase-address.sql');

/** A step takes some 0.1 s if its events are in memory: 600,000 events of 60 days take 2.8 s. */
const EVENTS_PER_STEP = 20_000;
/** For a step whose events are on a slow disk. */
const STEP_TIMEOUT_MS = 60_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Options of {@link eraseAddress}. */
export interface EraseOptions {
  readonly eventsPerStep?: number;
  /** Called after each committed step with the number of events that it changed. */
  readonly onStep?: (erased: number) => void;
}

/**
 * Replaces an address by `NO_ADDRESS` in all events that are stored when it begins. Counts do not change. It reads every event,
 * because no index has the addresses, in short transactions that recording does not wait for. It can be interrupted at any
 * moment: erased events stay erased, and the next call erases the others.
 *
 * @param connection for a role that may record
 * @param address without a zone; for IPv4, events with the IPv4-mapped IPv6 address are included
 * @returns the number of events that it changed
 * @throws when Postgres is unavailable
 */
export async function eraseAddress(
  connection: pg.ClientConfig,
  address: string,
  { eventsPerStep = EVENTS_PER_STEP, onStep = () => undefined }: EraseOptions = {},
): Promise<number> {
  const addresses = isIPv4(address) ? [address, `::ffff:${address}`] : [address];
  const client = new pg.Client(connection);
  // A broken connection also fails the current statement.
  client.on('error', () => undefined);
  try {
    await client.connect();
    let total = 0;
    for (let from: string | null = FIRST_ID; from !== null; ) {
      const step: EraseStep = await eraseStep(client, addresses, from, eventsPerStep);
      total += step.erased;
      onStep(step.erased);
      from = step.next_id;
    }
    return total;
  } finally {
    await client.end();
  }
}

/** The result of `erase-address.sql`. */
interface EraseStep {
  readonly erased: number;
  readonly next_id: string | null;
}

/** One step in a transaction of its own. */
async function eraseStep(
  client: pg.Client,
  addresses: readonly string[],
  from: string,
  events: number,
): Promise<EraseStep> {
  await client.query('BEGIN');
  await client.query(`SET LOCAL statement_timeout = ${STEP_TIMEOUT_MS}`);
  const { rows } = await client.query<EraseStep>(ERASE_ADDRESS, [addresses, from, events]);
  await client.query('COMMIT');
  const [step] = rows;
  if (step === undefined) throw new Error('A step of the erasure returned nothing');
  return step;
}
