/** The stream and subject that ingest publishes to and the consumer reads. */
export const EVENT_STREAM = 'AD_EVENTS';
export const EVENT_SUBJECT = 'ads.events';

/** The durable consumer that all consumer processes share. */
export const LEDGER_CONSUMER = 'ledger';

/**
 * The stream of dead letters. An unreadable message keeps its bytes; events are collected, up to 500 per letter. These headers
 * name the reason.
 */
export const DEAD_LETTER_STREAM = 'AD_DEAD_LETTERS';
export const DEAD_LETTER_SUBJECT = 'ads.dead-letters';
export const DEAD_LETTER_REASON = 'Dead-Letter-Reason';
/** `<stream>:<sequence>` of the original message. */
export const DEAD_LETTER_SOURCE = 'Dead-Letter-Source';
/** Code of the reason, like `unknown_ad`. */
export const DEAD_LETTER_KIND = 'Dead-Letter-Kind';
/** Number of events in the dead letter; an unreadable message counts as one. */
export const DEAD_LETTER_EVENTS = 'Dead-Letter-Events';

/**
 * Subject in the event stream where dead letters wait while the dead-letter stream is full. The ledger's consumer does not
 * receive them, so they never delay events.
 */
export const WAITING_LETTER_SUBJECT = 'ads.waiting-letters';

/**
 * Events of a newer wire version wait in the event stream too, under a subject for each version, until a consumer reads
 * that version. They are not delivered to the ledger's consumer, so they delay no event and are not redelivered to consumers
 * that cannot read them.
 */
export function newerEventsSubject(version: number | '*'): string {
  return `${NEWER_EVENTS_PREFIX}${version}`;
}
export const NEWER_EVENTS_PREFIX = 'ads.newer-events.';

/** The configuration of a stream. JetStream defines the names. */
export interface StreamSettings {
  readonly name: string;
  readonly subjects: string[];
  readonly retention: 'workqueue' | 'limits';
  readonly storage: 'file';
  readonly discard: 'new';
  readonly num_replicas: number;
  /** -1 for the limit of the server. */
  readonly max_bytes: number;
  /** Nanoseconds. */
  readonly duplicate_window: number;
}

/** The stream settings that an operator chooses. */
export interface StreamLimits {
  readonly replicas: number;
  /** Maximum size of the event stream; -1 for the limit of the server. */
  readonly maxBytes: number;
  /** Maximum size of the dead-letter stream; -1 for the limit of the server: dead letters can then use the space of events. */
  readonly deadLettersMaxBytes: number;
}

const NANOSECONDS = 1_000_000_000;

/** How long JetStream remembers a `Nats-Msg-Id`: far longer than any publish is retried. */
const DUPLICATE_WINDOW = 120 * NANOSECONDS;

/**
 * Returns the configuration of all streams. A full stream refuses new messages, because discarding old ones would lose clicks
 * that were answered with 202. Acknowledged events are deleted; dead letters are kept until an operator handles them.
 */
export function streamSettings({ replicas, maxBytes, deadLettersMaxBytes }: StreamLimits): StreamSettings[] {
  const common = {
    storage: 'file',
    discard: 'new',
    num_replicas: replicas,
    duplicate_window: DUPLICATE_WINDOW,
  } as const;
  return [
    {
      ...common,
      name: EVENT_STREAM,
      subjects: [EVENT_SUBJECT, WAITING_LETTER_SUBJECT, newerEventsSubject('*')],
      retention: 'workqueue',
      max_bytes: maxBytes,
    },
    {
      ...common,
      name: DEAD_LETTER_STREAM,
      subjects: [DEAD_LETTER_SUBJECT],
      retention: 'limits',
      max_bytes: deadLettersMaxBytes,
    },
  ];
}
