import { type AdEvent, encodeEvents, uuidv7 } from '@ads/models';
import { type BufferedMessage, MessageBuffer, type QueuedMessage } from '../src/message-buffer.js';

export const NOW = Date.UTC(2026, 10, 22, 12);

export function click(changes: Partial<AdEvent> = {}): AdEvent {
  return {
    kind: 'click',
    id: uuidv7(NOW),
    adId: 'ad-001',
    ip: '203.0.113.9',
    occurredAt: NOW,
    receivedAt: NOW,
    ...changes,
  };
}

/** Messages numbered from 1 as in a stream, whose acknowledgements are added to the log. */
export function queue(log: string[]) {
  let sequence = 0;
  return (content: readonly AdEvent[] | string): QueuedMessage => {
    sequence += 1;
    const name = sequence;
    return {
      data: typeof content === 'string' ? Buffer.from(content) : encodeEvents(content),
      info: { stream: 'AD_EVENTS', streamSequence: sequence, deliveryCount: 1 },
      ack: () => log.push(`ack ${name}`),
      nak: (delayMs) => log.push(`nak ${name}${delayMs === undefined ? '' : ` for ${delayMs} ms`}`),
      working: () => log.push(`working ${name}`),
    };
  };
}

/** Messages in the form in which a consumer buffers them. */
export function buffered(messages: readonly QueuedMessage[]): readonly BufferedMessage[] {
  const all = new MessageBuffer({ messages: messages.length, bytes: Number.POSITIVE_INFINITY });
  for (const message of messages) all.put(message);
  return all.take(Number.POSITIVE_INFINITY);
}
