import type { Journal } from '@ads/harness';
import {
  type AdEvent,
  DEAD_LETTER_STREAM,
  DEAD_LETTER_SUBJECT,
  EVENT_STREAM,
  EVENT_SUBJECT,
  encodeEvents,
  uuidv7,
  WAITING_LETTER_SUBJECT,
} from '@ads/models';
import { type NatsConnection, NatsError } from 'nats';
import { AD_IDS, type ChaosStack } from '../stack/chaos-stack.js';
import type { Fault } from './fault.js';

/** Matches the acknowledgement of a publish. All other answers of JetStream begin with a `type` field. */
const PUB_ACK = /"stream":\s*"AD_EVENTS",\s*"(?:domain|seq)"/;
/** The JetStream error code for a full stream. */
const STORE_FAILED = 10_077;
/** The maximum number of events that ingest puts into one message. */
const EVENTS_PER_MESSAGE = 500;
const DEAD_LETTERED_MS = 30_000;

async function deadLetters(stack: ChaosStack): Promise<number> {
  return (await stack.admin.jetstream.streams.info(DEAD_LETTER_STREAM)).state.messages;
}

function goodClick(adId: string): AdEvent {
  const now = Date.now();
  return { kind: 'click', id: uuidv7(now), adId, ip: '192.0.2.1', occurredAt: now, receivedAt: now };
}

/**
 * Publishes valid events, which the journal expects, in messages that are wholly or partly unreadable.
 *
 * @returns the number of dead letters that the messages become
 */
async function publishPoison({ admin }: ChaosStack, journal: Journal): Promise<number> {
  const good = AD_IDS.slice(0, 3).map(goodClick);
  enter(journal, good);
  const { events } = JSON.parse(encodeEvents(good).toString()) as { events: object[] };
  const wrapped = (version: number, all: readonly unknown[]) => JSON.stringify({ v: version, events: all });
  const messages = [
    Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    Buffer.from('[1, 2, 3]'),
    Buffer.from('{"v":1,"events":"many"}'),
    Buffer.from(wrapped(9_999, events)),
    Buffer.from(wrapped(1, [...events, { ...events[0], id: 'not an id' }])),
    encodeEvents([goodClick('there-is-no-such-ad')]),
  ];
  const jetstream = admin.nats.jetstream();
  for (const message of messages) await jetstream.publish(EVENT_SUBJECT, message);
  return messages.length;
}

/** Adds events to the journal as accepted, so that the round fails if they are lost. */
function enter(journal: Journal, events: readonly AdEvent[]): void {
  for (const { kind, adId, id, occurredAt } of events) {
    const report = { kind, adId, id, claimedAt: occurredAt };
    journal.begin(report);
    journal.acknowledge(report, { id, occurredAt });
  }
}

/** The number of dead letters that wait in the event stream because the dead-letter stream is full. */
async function waitingLetters({ admin }: ChaosStack): Promise<number> {
  const { state } = await admin.jetstream.streams.info(EVENT_STREAM, { subjects_filter: WAITING_LETTER_SUBJECT });
  return state.subjects?.[WAITING_LETTER_SUBJECT] ?? 0;
}

/** Fills the event stream to its size limit with copies of one click. */
export async function fill({ admin }: ChaosStack, journal: Journal): Promise<void> {
  const click = goodClick(AD_IDS[0] as string);
  enter(journal, [click]);
  for (const events of [EVENTS_PER_MESSAGE, 1]) {
    const message = encodeEvents(Array.from({ length: events }, () => click));
    while (await hasRoomFor(admin.nats, EVENT_SUBJECT, message));
  }
}

async function hasRoomFor(nats: NatsConnection, subject: string, message: Uint8Array): Promise<boolean> {
  try {
    await nats.jetstream().publish(subject, message);
    return true;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.err_code === STORE_FAILED) return false;
    throw error;
  }
}

/** JetStream is full, its acknowledgements are lost, or it holds unreadable messages. */
export const queues: readonly Fault[] = [
  {
    name: 'jetstream-full',
    signals: ['nats'],
    async run({ stack, journal, last }) {
      const consumers = stack.slotsOf('consumer');
      await Promise.all(consumers.map((slot) => slot.kill()));
      await fill(stack, journal);
      await last(8);
      await Promise.all(consumers.map((slot) => slot.start()));
    },
  },
  {
    name: 'pub-ack-lost',
    signals: ['nats'],
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
    signals: ['dead letters'],
    async run({ stack, journal, complain, expect }) {
      const before = await deadLetters(stack);
      const letters = await publishPoison(stack, journal);
      const haveCome = async () => (await deadLetters(stack)) >= before + letters;
      await expect(`${letters} dead letters`, DEAD_LETTERED_MS, haveCome);
      const found = (await deadLetters(stack)) - before;
      if (found !== letters) complain(`${letters} unreadable messages became ${found} dead letters`);
    },
  },
  {
    name: 'dead-letters-full',
    signals: ['dead letters', 'dead letters blocked'],
    async run({ stack, journal, last, complain, expect }) {
      const { nats, jetstream } = stack.admin;
      for (const bytes of [100_000, 1_000, 1]) {
        while (await hasRoomFor(nats, DEAD_LETTER_SUBJECT, Buffer.alloc(bytes)));
      }
      const letters = await publishPoison(stack, journal);
      const wait = async (count: number) => (await waitingLetters(stack)) === count;
      await expect(`${letters} dead letters to wait for space in the dead-letter stream`, DEAD_LETTERED_MS, () =>
        wait(letters),
      );
      await last(6);
      await jetstream.streams.purge(DEAD_LETTER_STREAM);
      await expect('the waiting dead letters to reach the dead-letter stream', DEAD_LETTERED_MS, () => wait(0));
      const found = await deadLetters(stack);
      if (found !== letters) complain(`${letters} unreadable messages became ${found} dead letters`);
    },
  },
];
