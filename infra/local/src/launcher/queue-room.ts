import type { Variables } from '../database.js';

/** About six million events: several days of load on a developer's machine, at an acceptable disk size. */
const EVENTS_BYTES = 1_073_741_824;
/** The default of the services. */
const LETTERS_BYTES = 268_435_456;
/** The room that the streams leave free: a full stream must not fill JetStream. */
const SPARE = 1.25;

/** The limits of a NATS server that `npm start` runs: the streams together stay below what JetStream may store. */
export interface QueueRoom {
  /** For the services. */
  readonly env: Variables;
  /** For the server. */
  readonly jetstream: Readonly<Record<string, string>>;
}

/** @param variables of the user, whose limits hold; where a stream has none (-1), JetStream has its usual size */
export function queueRoom(variables: Variables): QueueRoom {
  const events = variables.NATS_STREAM_MAX_BYTES ?? String(EVENTS_BYTES);
  const letters = variables.NATS_DEAD_LETTERS_MAX_BYTES ?? String(LETTERS_BYTES);
  const limits = [events, letters].map(Number);
  const isLimited = limits.every((bytes) => bytes > 0);
  const store = limits.reduce((sum, bytes) => sum + bytes, 0) * SPARE;
  return {
    env: { NATS_STREAM_MAX_BYTES: events },
    jetstream: isLimited ? { max_file_store: store.toFixed(0) } : {},
  };
}
