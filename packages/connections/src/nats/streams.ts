import type { ServerTime } from '@ads/runtime';
import type { ConsumerConfig, JetStreamManager, NatsConnection, StreamConfig } from 'nats';
import { NatsError } from 'nats';

/** The settings to ensure, in JetStream's names and units. All other settings stay as they are. */
type Wanted<Config> = { readonly [Key in keyof Config]?: unknown };

/**
 * Creates a stream, or updates the settings of the existing one.
 *
 * @returns the time of the server that leads the stream; undefined for a new stream and for servers before 2.10
 * @throws NatsError if JetStream is unavailable or refuses
 */
export async function ensureStream(
  connection: NatsConnection,
  wanted: Wanted<StreamConfig> & { readonly name: string },
): Promise<ServerTime | undefined> {
  const manager = await withAdvice(connection.jetstreamManager());
  const askedAt = performance.now();
  const present = await ifPresent(manager.streams.info(wanted.name));
  const answeredAt = performance.now();
  if (!present) await withAdvice(manager.streams.add(wanted as Partial<StreamConfig>));
  else if (differs(present.config, wanted)) {
    await withAdvice(manager.streams.update(wanted.name, { ...present.config, ...(wanted as Partial<StreamConfig>) }));
  }
  return present?.ts === undefined ? undefined : { time: Date.parse(present.ts), askedAt, answeredAt };
}

/**
 * Ensures several streams, one after the other.
 *
 * @returns the time of the first stream's leader only: the clocks of two leaders would alternate
 */
export async function ensureStreams(
  connection: NatsConnection,
  streams: readonly (Wanted<StreamConfig> & { readonly name: string })[],
): Promise<ServerTime | undefined> {
  let first: ServerTime | undefined;
  for (const [index, stream] of streams.entries()) {
    const time = await ensureStream(connection, stream);
    if (index === 0) first = time;
  }
  return first;
}

/** Creates a durable consumer, or updates the settings of the existing one. @throws NatsError like `ensureStream` */
export async function ensureConsumer(
  connection: NatsConnection,
  stream: string,
  wanted: Wanted<ConsumerConfig> & { readonly durable_name: string },
): Promise<void> {
  const manager: JetStreamManager = await connection.jetstreamManager();
  const present = await ifPresent(manager.consumers.info(stream, wanted.durable_name));
  if (!present) await withAdvice(manager.consumers.add(stream, wanted as Partial<ConsumerConfig>));
  else if (differs(present.config, wanted)) {
    await manager.consumers.update(stream, wanted.durable_name, {
      ...present.config,
      ...(wanted as Partial<ConsumerConfig>),
    });
  }
}

const SMALLER =
  'lower NATS_STREAM_MAX_BYTES and NATS_DEAD_LETTERS_MAX_BYTES below the limit of the account and the server, or raise the limit';
const MORE_ROOM = 'the account must allow 2 streams and 2 consumers';
const FEWER_REPLICAS = 'lower NATS_STREAM_REPLICAS, or use a cluster with as many servers';

/** Advice for errors of JetStream, by `err_code`. */
const ADVICE: Readonly<Record<number, string>> = {
  10002: SMALLER,
  10023: SMALLER,
  10047: SMALLER,
  10122: SMALLER,
  10113: 'set NATS_STREAM_MAX_BYTES, because the account requires a size for each stream',
  10026: MORE_ROOM,
  10027: MORE_ROOM,
  10005: FEWER_REPLICAS,
  10074: FEWER_REPLICAS,
  10039: 'enable JetStream for the account, or set NATS_JS_DOMAIN or NATS_JS_API_PREFIX',
};

/** Adds what to do to the description of an error. */
async function withAdvice<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const api = error instanceof NatsError ? error.api_error : undefined;
    const advice = ADVICE[Number(api?.err_code)];
    if (api !== undefined && advice !== undefined) api.description += `: ${advice}`;
    throw error;
  }
}

const NOT_FOUND = 404;

async function ifPresent<T>(info: Promise<T>): Promise<T | undefined> {
  try {
    return await info;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === NOT_FOUND) return undefined;
    throw error;
  }
}

function differs<Config>(present: Config, wanted: Wanted<Config>): boolean {
  return Object.entries(wanted).some(
    ([key, value]) => JSON.stringify((present as Record<string, unknown>)[key]) !== JSON.stringify(value),
  );
}
