import type { Outcome } from '@ads/ledger';
import { type AdEvent, encodeEvents, WIRE_VERSION } from '@ads/models';
import type { DeadLetter } from './dead-letters.js';
import { type HeldMessage, tell } from './held-messages.js';

export interface RecordDependencies {
  readonly record: (events: readonly AdEvent[]) => Promise<Outcome>;
  /** True for an error that says "these values can't be stored", false for "not now". */
  readonly isDataError: (error: unknown) => boolean;
  readonly bury: (letter: DeadLetter) => Promise<void>;
  readonly onRecorded: (events: readonly AdEvent[], outcome: Outcome) => void;
  readonly onBuried: (letter: DeadLetter) => void;
}

/** An event and where it was. */
interface Origin {
  readonly event: AdEvent;
  readonly source: string;
  readonly index: number;
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
  const origins: Origin[] = [];
  for (const { message, decoded } of held) {
    const source = `${message.info.stream}:${message.info.streamSequence}`;
    if (decoded.state === 'unreadable') {
      letters.push({ data: message.data, reason: decoded.reason, source });
      continue;
    }
    for (const [index, event] of decoded.events.entries()) origins.push({ event, source, index });
    for (const [index, { value, reason }] of decoded.rejected.entries()) {
      letters.push({ data: ownMessage(value) ?? message.data, reason, source, index: decoded.events.length + index });
    }
  }
  letters.push(...(await recordAll(dependencies, origins)));
  for (const letter of letters) {
    await bury(letter);
    onBuried(letter);
  }
  tell(held, (message) => message.ack());
}

/** Records what can be recorded, and returns the rest as dead letters. A bad event is found by halving the batch. */
async function recordAll(dependencies: RecordDependencies, origins: readonly Origin[]): Promise<DeadLetter[]> {
  const [first] = origins;
  if (!first) return [];
  const events = origins.map((origin) => origin.event);
  try {
    const outcome = await dependencies.record(events);
    dependencies.onRecorded(events, outcome);
    return origins
      .filter((origin) => outcome.unknownAds.has(origin.event.adId))
      .map((origin) => toLetter(origin, `unknown ad ${origin.event.adId}`));
  } catch (error) {
    if (!dependencies.isDataError(error)) throw error;
    if (origins.length === 1) return [toLetter(first, error instanceof Error ? error.message : String(error))];
    const middle = Math.ceil(origins.length / 2);
    const before = await recordAll(dependencies, origins.slice(0, middle));
    return [...before, ...(await recordAll(dependencies, origins.slice(middle)))];
  }
}

function toLetter({ event, source, index }: Origin, reason: string): DeadLetter {
  return { data: encodeEvents([event]), reason, source, index };
}

/** A part of a message as a message of its own; undefined where it is nested deeper than can be written. */
function ownMessage(value: unknown): Uint8Array | undefined {
  try {
    return Buffer.from(JSON.stringify({ v: WIRE_VERSION, events: [value] }));
  } catch {
    return undefined;
  }
}
