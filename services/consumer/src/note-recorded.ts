import type { Nats } from '@ads/connections';
import { type Database, noteRecorded } from '@ads/ledger';
import { EVENT_STREAM } from '@ads/models';
import { type Clock, every, type Logger } from '@ads/runtime';
import type { NatsConnection } from 'nats';

export interface RecordedDependencies {
  readonly nats: Pick<Nats, 'run'>;
  readonly database: Database;
  readonly clock: Pick<Clock, 'earliest' | 'whyNotPrune'>;
  readonly logger: Logger;
}

const EVERY_MS = 60_000;

/**
 * How long an event may be on its way from its receipt into the stream or into Postgres. The timeouts of ingest add up to a few
 * minutes; the rest is for clocks that differ, and for a process that was suspended.
 */
export const ON_THE_WAY_MS = 3_600_000;

/**
 * Every minute, stores a time before which all accepted events are recorded: {@link ON_THE_WAY_MS} before the arrival of the
 * oldest message in the event stream, or before now if the stream is empty. A message stays in the stream until its events are
 * committed or dead letters, also if it is a waiting dead letter or needs a newer consumer.
 *
 * While NATS is unavailable, or two clocks differ by more than 30 s, the time does not advance.
 *
 * @returns stops it
 */
export function keepNotingRecorded(dependencies: RecordedDependencies): () => Promise<void> {
  return every(EVERY_MS, () => noteOnce(dependencies), {
    onError: (error) =>
      dependencies.logger.debug('the time until which events are recorded could not be stored; retried in a minute', {
        event: 'tables.recorded_failed',
        error,
      }),
  }).stop;
}

export async function noteOnce({ nats, database, clock }: Omit<RecordedDependencies, 'logger'>): Promise<void> {
  if (clock.whyNotPrune() !== undefined) return;
  const now = clock.earliest();
  const oldest = await nats.run(readOldest, 'read_oldest');
  await noteRecorded(database, Math.min(now, oldest ?? now) - ON_THE_WAY_MS);
}

/** Arrival of the oldest message of the event stream, in milliseconds since the epoch; undefined if the stream is empty. */
async function readOldest(connection: NatsConnection): Promise<number | undefined> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(EVENT_STREAM);
  return state.messages === 0 ? undefined : Date.parse(state.first_ts);
}
