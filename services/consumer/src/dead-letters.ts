import { createHash } from 'node:crypto';
import { type AdEvent, encodeEvent, wrapEvents } from '@ads/models';
import type { BufferedMessage, QueuedMessage } from './message-buffer.js';

/**
 * Why a part cannot be recorded: the message is unreadable, the part is not an event, the ad is not in the catalogue,
 * or Postgres refuses the values. `newer` is for a part that a consumer of a newer release can record.
 */
export type DeadLetterKind = 'unreadable' | 'bad_event' | 'unknown_ad' | 'refused' | 'newer';

/** A part of a message that this consumer can never record. */
export interface BadPart {
  readonly kind: DeadLetterKind;
  /** The wire version that the reader of a `newer` part needs. */
  readonly version?: number | undefined;
  /** The reason in words. */
  readonly reason: string;
  /** The event, decoded or as received; undefined when the part is the whole message. */
  readonly content: { readonly event: AdEvent } | { readonly value: unknown } | undefined;
}

/** A message with bad parts. Its other events are recorded. It is acknowledged after its dead letters are durable. */
export interface BadMessage {
  readonly buffered: BufferedMessage;
  readonly parts: readonly BadPart[];
}

/** One message of the dead-letter stream, or of newer events: bad parts of one kind, of one or more messages. */
export interface DeadLetter {
  readonly kind: DeadLetterKind;
  /** The wire version that the reader of all events in a `newer` letter needs. */
  readonly version: number | undefined;
  readonly reason: string;
  /** `<stream>:<sequence>` of the message, or `<stream>:<first>-<last>` of several. */
  readonly source: string;
  /** Equal for equal parts of the same messages: JetStream stores an id once within its duplicate window. */
  readonly id: string;
  /** Number of events; an unreadable message counts as one. */
  readonly events: number;
  readonly data: Uint8Array;
  /** The messages whose parts are in it, each once. */
  readonly messages: readonly BadMessage[];
}

/** The most events that ingest puts into one message. */
export const DEAD_LETTER_MAX_EVENTS = 500;
/** Bytes of events, unless a single event has more. */
export const DEAD_LETTER_MAX_BYTES = 262_144;
/** Maximum number of reasons that a dead letter names. Further ones are only counted. */
const NAMED_REASONS = 3;

/**
 * Puts the bad parts of messages into as few dead letters as the limits allow. A dead letter has parts of one kind and version.
 * An unreadable message becomes a dead letter of its own, with its original bytes. Each event keeps its ad id, so that a
 * dead letter can be replayed unchanged.
 */
export function makeDeadLetters(messages: readonly BadMessage[]): DeadLetter[] {
  const letters: DeadLetter[] = [];
  const open = new Map<string, OpenDeadLetter>();
  for (const message of messages) {
    for (const part of message.parts) {
      const { kind, version, reason, content } = part;
      const text = content && textOf(content);
      if (text === undefined) {
        letters.push(wholeMessage(message, part));
        continue;
      }
      const key = `${kind} ${version}`;
      let letter = open.get(key);
      if (letter && !letter.hasRoomFor(text)) {
        letters.push(letter.close());
        letter = undefined;
      }
      letter ??= new OpenDeadLetter(part);
      open.set(key, letter);
      letter.add(message, text, reason);
    }
  }
  for (const letter of open.values()) letters.push(letter.close());
  return letters;
}

class OpenDeadLetter {
  readonly #first: BadPart;
  readonly #texts: string[] = [];
  readonly #reasons = new Set<string>();
  readonly #messages = new Set<BadMessage>();
  #bytes = 0;

  /** @param first the first part. All other parts have the same kind and version */
  constructor(first: BadPart) {
    this.#first = first;
  }

  hasRoomFor(text: string): boolean {
    return (
      this.#texts.length < DEAD_LETTER_MAX_EVENTS && this.#bytes + Buffer.byteLength(text) <= DEAD_LETTER_MAX_BYTES
    );
  }

  add(message: BadMessage, text: string, reason: string): void {
    this.#texts.push(text);
    this.#bytes += Buffer.byteLength(text);
    this.#reasons.add(reason);
    this.#messages.add(message);
  }

  close(): DeadLetter {
    const data = wrapEvents(this.#texts);
    const messages = [...this.#messages];
    const source = sourceOf(messages.map(({ buffered }) => buffered.message));
    const { kind, version } = this.#first;
    return {
      kind,
      version,
      reason: summary([...this.#reasons]),
      source,
      id: idOf(kind, source, data),
      events: this.#texts.length,
      data,
      messages,
    };
  }
}

function wholeMessage(message: BadMessage, { kind, version, reason }: BadPart): DeadLetter {
  const { data } = message.buffered.message;
  const source = sourceOf([message.buffered.message]);
  return { kind, version, reason, source, id: idOf(kind, source, data), events: 1, data, messages: [message] };
}

/** JSON of an event; undefined if it is nested too deep for JSON.stringify. The whole message is stored then. */
function textOf(content: NonNullable<BadPart['content']>): string | undefined {
  if ('event' in content) return encodeEvent(content.event);
  try {
    return JSON.stringify(content.value);
  } catch {
    return undefined;
  }
}

function summary(reasons: readonly string[]): string {
  const more = reasons.length - NAMED_REASONS;
  const named = reasons.slice(0, NAMED_REASONS).join('; ');
  return more > 0 ? `${named}; and ${more} more reasons` : named;
}

function sourceOf(messages: readonly QueuedMessage[]): string {
  const sequences = messages.map(({ info }) => info.streamSequence);
  const first = Math.min(...sequences);
  const last = Math.max(...sequences);
  return `${messages[0]?.info.stream}:${first === last ? first : `${first}-${last}`}`;
}

function idOf(kind: DeadLetterKind, source: string, data: Uint8Array): string {
  return `${source}:${kind}:${createHash('sha256').update(data).digest('base64url')}`;
}
