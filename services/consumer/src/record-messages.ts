import type { Outcome } from '@ads/ledger';
import type { AdEvent } from '@ads/models';
import { ackAll } from './acknowledge.js';
import type { BadMessage, BadPart, DeadLetterKind } from './dead-letters.js';
import type { BufferedMessage } from './message-buffer.js';

export interface RecordDependencies {
  readonly recordEvents: (events: readonly AdEvent[]) => Promise<Outcome>;
  /** True for an error of the values, which no retry can store; false for a failure of Postgres. */
  readonly isDataError: (error: unknown) => boolean;
  /** Called with the events of known ads that a transaction recorded. */
  readonly onRecorded: (events: readonly AdEvent[], outcome: Outcome) => void;
}

/** An event that cannot be recorded, by its index in the batch. */
interface Unrecorded {
  readonly place: number;
  readonly kind: 'unknown_ad' | 'refused';
  readonly reason: string;
}

/**
 * Records the events of some messages as one batch, and acknowledges the messages that are recorded completely. The caller
 * acknowledges the others once their dead letters are durable. After a crash in between, the messages are delivered again, and
 * recording them again changes nothing.
 *
 * @returns the messages with parts that can never be recorded
 * @throws when Postgres fails; then no message was acknowledged
 */
export async function recordMessages(
  dependencies: RecordDependencies,
  messages: readonly BufferedMessage[],
): Promise<BadMessage[]> {
  const events: AdEvent[] = [];
  /** The bad parts of each message, in order, and the index in the batch after its last event. */
  const found: { readonly buffered: BufferedMessage; readonly parts: BadPart[]; readonly end: number }[] = [];
  for (const one of messages) {
    const { decoded } = one;
    if (decoded.state === 'unreadable') {
      const { reason, version } = decoded;
      const parts: BadPart[] = [{ kind: kindOf(version, 'unreadable'), version, reason, content: undefined }];
      found.push({ buffered: one, parts, end: events.length });
      continue;
    }
    for (const event of decoded.events) events.push(event);
    const parts = decoded.rejected.map(
      ({ value, reason, version }): BadPart => ({
        kind: kindOf(version, 'bad_event'),
        version,
        reason,
        content: { value },
      }),
    );
    found.push({ buffered: one, parts, end: events.length });
  }
  let index = 0;
  // Sorted by place, so one pass over the messages is enough.
  for (const { place, kind, reason } of await recordAll(dependencies, events, 0)) {
    while (place >= (found[index]?.end ?? Number.POSITIVE_INFINITY)) index += 1;
    const event = events[place];
    const from = found[index];
    if (event === undefined || from === undefined) throw new Error(`There is no event ${place} in the batch`);
    from.parts.push({ kind, reason, content: { event } });
  }
  ackAll(found.filter(({ parts }) => parts.length === 0).map((one) => one.buffered));
  return found.filter(({ parts }) => parts.length > 0);
}

/** @param version the wire version that the part needs; undefined if no consumer can read it */
function kindOf(version: number | undefined, kind: DeadLetterKind): DeadLetterKind {
  return version === undefined ? kind : 'newer';
}

/**
 * Records all events that can be recorded, and returns the others in order. A bad event is found by halving the batch.
 *
 * @param from index in the batch of the first of these events
 */
async function recordAll(
  dependencies: RecordDependencies,
  events: readonly AdEvent[],
  from: number,
): Promise<Unrecorded[]> {
  if (events.length === 0) return [];
  try {
    const outcome = await dependencies.recordEvents(events);
    const { unknownAds } = outcome;
    if (unknownAds.size === 0) {
      dependencies.onRecorded(events, outcome);
      return [];
    }
    const known = events.filter(({ adId }) => !unknownAds.has(adId));
    if (known.length > 0) dependencies.onRecorded(known, outcome);
    return events.flatMap(({ adId }, index): Unrecorded[] =>
      unknownAds.has(adId) ? [{ place: from + index, kind: 'unknown_ad', reason: `unknown ad ${adId}` }] : [],
    );
  } catch (error) {
    if (!dependencies.isDataError(error)) throw error;
    if (events.length === 1) {
      return [{ place: from, kind: 'refused', reason: error instanceof Error ? error.message : String(error) }];
    }
    const middle = Math.ceil(events.length / 2);
    const before = await recordAll(dependencies, events.slice(0, middle), from);
    return [...before, ...(await recordAll(dependencies, events.slice(middle), from + middle))];
  }
}
