/** JetStream's names: what ingest publishes to and the consumer reads from. */
export const EVENT_STREAM = 'AD_EVENTS';
export const EVENT_SUBJECT = 'ads.events';

/** The durable consumer that all consumer processes share. */
export const LEDGER_CONSUMER = 'ledger';

/** Where messages go that nobody can read, with the reason in these headers and the bytes as they came. */
export const DEAD_LETTER_STREAM = 'AD_DEAD_LETTERS';
export const DEAD_LETTER_SUBJECT = 'ads.dead-letters';
export const DEAD_LETTER_REASON = 'Dead-Letter-Reason';
/** `<stream>:<sequence>` of the message that it was in. */
export const DEAD_LETTER_SOURCE = 'Dead-Letter-Source';
/** The kind of the reason, like `unknown_ad`. */
export const DEAD_LETTER_KIND = 'Dead-Letter-Kind';
/** How many events the letter has; a message that cannot be read counts as one. */
export const DEAD_LETTER_EVENTS = 'Dead-Letter-Events';

/**
 * Dead letters that the dead-letter stream has no room for wait under this subject in the event stream, until there is
 * room. They are not delivered to the ledger's consumer, so any number of them holds up no event.
 */
export const WAITING_LETTER_SUBJECT = 'ads.waiting-letters';

/**
 * Events of a newer wire version wait in the event stream too, under a subject for each version, until a consumer reads
 * that version. They are not delivered to the ledger's consumer, so they hold up no event and are not redelivered to
 * consumers that can't read them.
 */
export function newerEventsSubject(version: number | '*'): string {
  return `${NEWER_EVENTS_PREFIX}${version}`;
}
export const NEWER_EVENTS_PREFIX = 'ads.newer-events.';

/** How a stream is to be, in JetStream's own words. */
export interface StreamSettings {
  readonly name: string;
  readonly subjects: string[];
  readonly retention: 'workqueue' | 'limits';
  readonly storage: 'file';
  readonly discard: 'new';
  readonly num_replicas: number;
  /** -1: as much as the server allows. */
  readonly max_bytes: number;
  /** Nanoseconds. */
  readonly duplicate_window: number;
}

/** What an operator decides about the streams. */
export interface StreamLimits {
  readonly replicas: number;
  /** Of the event stream; -1: as much as the server allows. */
  readonly maxBytes: number;
  /** Bytes of the dead-letter stream; -1: as much as the server allows. Without a limit, dead letters take the room of events. */
  readonly deadLettersMaxBytes: number;
}

const NANOSECONDS = 1_000_000_000;

/** How long JetStream remembers a `Nats-Msg-Id`: far longer than anyone goes on trying one publish. */
const DUPLICATE_WINDOW = 120 * NANOSECONDS;

/**
 * The streams of the tracker. When one is full it refuses what is new: throwing away what is old would lose clicks that
 * were answered with 202. Events go when they are acknowledged, dead letters stay until somebody looks at them.
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
