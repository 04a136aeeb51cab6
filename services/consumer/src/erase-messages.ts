import { isIP } from 'node:net';
import {
  addressBytes,
  DEAD_LETTER_STREAM,
  DEAD_LETTER_SUBJECT,
  EVENT_STREAM,
  NO_ADDRESS,
  newerEventsSubject,
  readAddress,
  WAITING_LETTER_SUBJECT,
} from '@ads/models';
import type { JetStreamManager, NatsConnection, StoredMsg } from 'nats';
import { deleteMessage, messageFrom } from './ledger-consumer.js';
import { publishOnce } from './publish-once.js';

/** Subjects whose messages may stay for a long time, in the order in which messages move between them. */
const KEPT_MESSAGES = [
  { stream: EVENT_STREAM, subject: WAITING_LETTER_SUBJECT },
  { stream: EVENT_STREAM, subject: newerEventsSubject('*') },
  { stream: DEAD_LETTER_STREAM, subject: DEAD_LETTER_SUBJECT },
] as const;

/** The effects of an erasure on the kept messages. */
export interface ErasedMessages {
  /** Events whose address was replaced. */
  readonly events: number;
  /** Messages that are not JSON and contain the address as a text. They are not changed. */
  readonly unreadable: number;
}

/**
 * Replaces an address by {@link NO_ADDRESS} in dead letters and in events that wait for a newer consumer. JetStream cannot
 * change a message, so a changed copy is published, and the message is deleted and overwritten. After a crash in between, both
 * exist, and the next call changes the other one too. A dead letter that exists twice counts once when it is replayed.
 *
 * @throws NatsError when JetStream is unavailable, or a full stream refuses a copy
 */
export async function eraseInMessages(connection: NatsConnection, address: string): Promise<ErasedMessages> {
  const manager = await connection.jetstreamManager();
  let events = 0;
  let unreadable = 0;
  for (const { stream, subject } of KEPT_MESSAGES) {
    for await (const message of messagesOf(manager, stream, subject)) {
      const result = eraseInMessage(message.data, address);
      if (result === 'unreadable') unreadable += Buffer.from(message.data).includes(address) ? 1 : 0;
      else if (result !== 'unaffected') {
        const msgID = `erase:${stream}:${message.seq}`;
        await publishOnce(connection, message.subject, result.data, { headers: message.header, msgID });
        await deleteMessage(manager, message.seq, { stream, overwrite: true });
        events += result.events;
      }
    }
  }
  return { events, unreadable };
}

/** The messages of a subject that exist now, oldest first. */
async function* messagesOf(manager: JetStreamManager, stream: string, subject: string): AsyncGenerator<StoredMsg> {
  const { last_seq: last } = (await manager.streams.info(stream)).state;
  for (let seq = 1; ; ) {
    const message = await messageFrom(manager, seq, subject, stream);
    if (message === undefined || message.seq > last) return;
    yield message;
    seq = message.seq + 1;
  }
}

/**
 * The data of a message without the address, the hash of the viewer and the session ids of its events, and the number of events
 * that had it.
 */
export function eraseInMessage(
  data: Uint8Array,
  address: string,
): 'unreadable' | 'unaffected' | { readonly data: Uint8Array; readonly events: number } {
  const erased = addressBytes(address);
  try {
    const message: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    const { events } = message as { events?: unknown };
    let changed = 0;
    for (const event of Array.isArray(events) ? events : []) {
      const ip: unknown = event?.ip;
      if (typeof ip !== 'string' || !isSame(ip, erased)) continue;
      event.ip = NO_ADDRESS;
      delete event.vw;
      if (typeof event.l === 'object') delete event.l?.session_id;
      changed += 1;
    }
    return changed === 0 ? 'unaffected' : { data: Buffer.from(JSON.stringify(message)), events: changed };
  } catch {
    // Not JSON, or nested too deep for JSON.stringify.
    return 'unreadable';
  }
}

function isSame(text: string, bytes: Buffer): boolean {
  const address = isIP(text) === 0 ? undefined : readAddress(text);
  return address !== undefined && addressBytes(address).equals(bytes);
}
