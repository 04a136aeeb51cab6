import type { Variables } from '../database.js';

/** About six million events: several days of load on a developer's machine, at an acceptable disk size. */
const EVENTS_BYTES = 1_073_741_824;
/** The default of the services. */
const LETTERS_BYTES = 268_435_456;
/** The space that the streams leave free, so that a full stream does not fill JetStream. */
const SPARE = 1.25;

/** The limits of the NATS server of `npm start`. The sum of the streams stays below the limit of JetStream. */
export interface QueueRoom {
  /** Variables for the services. */
  readonly env: Variables;
  /** Settings for the server. */
  readonly jetstream: Readonly<Record<string, string>>;
}

/**
 * @param variables of the user, whose limits apply. If a stream has no limit (-1), JetStream gets no `max_file_store`, so NATS
 *   chooses it
 */
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
