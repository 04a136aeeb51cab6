import { waitFor } from '@ads/local';
import { type AdEvent, DEAD_LETTER_STREAM, EVENT_STREAM, EVENT_SUBJECT, encodeEvents, uuidv7 } from '@ads/models';
import type { Books } from '../load/books.js';
import { AD_IDS, type ChaosStack } from '../stack/chaos-stack.js';
import type { Fault } from './fault.js';

/** How JetStream confirms a publish; other answers of it name their type first. */
const PUB_ACK = /"stream":\s*"AD_EVENTS",\s*"(?:domain|seq)"/;
const FULL_BYTES = 40_000;
const BURIED_MS = 30_000;

async function limitStream(stack: ChaosStack, bytes: number): Promise<void> {
  const manager = await stack.eyes.nats.jetstreamManager();
  const { config } = await manager.streams.info(EVENT_STREAM);
  await manager.streams.update(EVENT_STREAM, { ...config, max_bytes: bytes });
}

async function deadLetters(stack: ChaosStack): Promise<number> {
  const manager = await stack.eyes.nats.jetstreamManager();
  return (await manager.streams.info(DEAD_LETTER_STREAM)).state.messages;
}

function goodClick(adId: string): AdEvent {
  const now = Date.now();
  return { kind: 'click', id: uuidv7(now), adId, ip: '192.0.2.1', occurredAt: now, receivedAt: now };
}

/** Messages that can't be read, or not wholly, and how many dead letters they come to. */
function poisonMessages(good: readonly AdEvent[]): { messages: Uint8Array[]; letters: number } {
  const { events } = JSON.parse(encodeEvents(good).toString()) as { events: object[] };
  const wrapped = (version: number, all: readonly unknown[]) => JSON.stringify({ v: version, events: all });
  const messages = [
    Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    Buffer.from('[1, 2, 3]'),
    Buffer.from('{"v":1,"events":"many"}'),
    Buffer.from(wrapped(99, events)),
    Buffer.from(wrapped(1, [...events, { ...events[0], id: 'not an id' }])),
    encodeEvents([goodClick('there-is-no-such-ad')]),
  ];
  return { messages, letters: messages.length };
}

/** As if ingest had taken them: from here on they must not be lost. */
function enter(books: Books, events: readonly AdEvent[]): void {
  for (const { kind, adId, id, occurredAt } of events) {
    const report = { kind, adId, id, claimedAt: occurredAt };
    books.begin(report);
    books.acknowledge(report, { id, occurredAt });
  }
}

/** JetStream takes no more, does not say that it took something, or brings what nobody can read. */
export const queues: readonly Fault[] = [
  {
    name: 'jetstream-full',
    async run({ stack, last }) {
      const consumers = stack.slotsOf('consumer');
      await Promise.all(consumers.map((slot) => slot.kill()));
      await limitStream(stack, FULL_BYTES);
      await last(8);
      await Promise.all(consumers.map((slot) => slot.start()));
      await limitStream(stack, -1);
    },
  },
  {
    name: 'pub-ack-lost',
    async run({ stack, last }) {
      const proxies = stack.slotsOf('ingest').map(({ name }) => stack.nats.proxyOf(name));
      for (const proxy of proxies) {
        proxy.filterReplies((chunk) => (PUB_ACK.test(chunk.toString('latin1')) ? 'cut' : 'pass'));
      }
      await last(6);
      await stack.nats.heal();
    },
  },
  {
    name: 'poison',
    async run({ stack, books, complain }) {
      const before = await deadLetters(stack);
      const good = AD_IDS.slice(0, 3).map(goodClick);
      enter(books, good);
      const { messages, letters } = poisonMessages(good);
      const jetstream = stack.eyes.nats.jetstream();
      for (const message of messages) await jetstream.publish(EVENT_SUBJECT, message);
      await waitFor(async () => (await deadLetters(stack)) >= before + letters, {
        timeoutMs: BURIED_MS,
        what: `${letters} dead letters`,
      }).catch((error: Error) => complain(error.message));
      const found = (await deadLetters(stack)) - before;
      if (found !== letters) complain(`${letters} poisoned messages came to ${found} dead letters`);
    },
  },
];
