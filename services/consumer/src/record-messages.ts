import type { Outcome } from '@ads/ledger';
import { type AdEvent, encodeEvents, WIRE_VERSION } from '@ads/models';
import type { DeadLetter } from './dead-letters.js';
import { type HeldMessage, type QueuedMessage, tell } from './held-messages.js';

export interface RecordDependencies {
  readonly record: (events: readonly AdEvent[]) => Promise<Outcome>;
  /** True for an error that says "these values can't be stored", false for "not now". */
  readonly isDataError: (error: unknown) => boolean;
  readonly bury: (letter: DeadLetter) => Promise<void>;
  readonly onRecorded: (events: readonly AdEvent[], outcome: Outcome) => void;
  readonly onBuried: (letter: DeadLetter) => void;
}

/** An event that can't be recorded: its place in the batch. */
interface Unrecorded {
  readonly place: number;
  readonly reason: string;
}

/**
 * Records the events of some messages as one batch, puts aside what can't be, and acknowledges: in this order, so that
 * whatever dies in between, the queue brings the messages again, and doing it again changes nothing.
 *
 * @throws when Postgres or NATS fails; then nothing was acknowledged
 */
export async function recordMessages(dependencies: RecordDependencies, held: readonly HeldMessage[]): Promise<void> {
  const { bury, onBuried } = dependencies;
  const letters: DeadLetter[] = [];
  const events: AdEvent[] = [];
  /** The place in the batch from which on events are those of the message. */
  const firsts: { readonly message: QueuedMessage; readonly first: number }[] = [];
  for (const { message, decoded } of held) {
    if (decoded.state === 'unreadable') {
      letters.push({ data: message.data, reason: decoded.reason, source: sourceOf(message) });
      continue;
    }
    firsts.push({ message, first: events.length });
    for (const event of decoded.events) events.push(event);
    for (const [index, { value, reason }] of decoded.rejected.entries()) {
      const data = ownMessage(value) ?? message.data;
      letters.push({ data, reason, source: sourceOf(message), index: decoded.events.length + index });
    }
  }
  for (const { place, reason } of await recordAll(dependencies, events, 0)) {
    const event = events[place];
    const from = firsts.findLast(({ first }) => first <= place);
    if (event === undefined || from === undefined) throw new Error(`There is no event ${place} in the batch`);
    letters.push({ data: encodeEvents([event]), reason, source: sourceOf(from.message), index: place - from.first });
  }
  for (const letter of letters) {
    await bury(letter);
    onBuried(letter);
  }
  tell(held, (message) => message.ack());
}

/**
 * Records what can be recorded, and returns the rest. A bad event is found by halving the batch.
 *
 * @param from the place in the batch of the first of these events
 */
async function recordAll(
  dependencies: RecordDependencies,
  events: readonly AdEvent[],
  from: number,
): Promise<Unrecorded[]> {
  if (events.length === 0) return [];
  try {
    const outcome = await dependencies.record(events);
    dependencies.onRecorded(events, outcome);
    if (outcome.unknownAds.size === 0) return [];
    return events.flatMap(({ adId }, index) =>
      outcome.unknownAds.has(adId) ? [{ place: from + index, reason: `unknown ad ${adId}` }] : [],
    );
  } catch (error) {
    if (!dependencies.isDataError(error)) throw error;
    if (events.length === 1) return [{ place: from, reason: error instanceof Error ? error.message : String(error) }];
    const middle = Math.ceil(events.length / 2);
    const before = await recordAll(dependencies, events.slice(0, middle), from);
    return [...before, ...(await recordAll(dependencies, events.slice(middle), from + middle))];
  }
}

function sourceOf({ info }: QueuedMessage): string {
  return `${info.stream}:${info.streamSequence}`;
}

/** A part of a message as a message of its own; undefined where it is nested deeper than can be written. */
function ownMessage(value: unknown): Uint8Array | undefined {
  try {
    return Buffer.from(JSON.stringify({ v: WIRE_VERSION, events: [value] }));
  } catch {
    return undefined;
  }
}
