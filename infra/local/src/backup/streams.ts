import { DEAD_LETTER_STREAM, EVENT_STREAM, newerEventsSubject, WAITING_LETTER_SUBJECT } from '@ads/models';
import { createInbox, type JetStreamManager, type NatsConnection, NatsError } from 'nats';
import { chunksOf } from './backup-files.js';
import type { BackupWriter } from './backup-writer.js';
import { PARTS, type StreamBackup } from './manifest.js';

/*
 * Snapshots of streams by the API of JetStream that `nats stream backup` uses. Consumers are left out: the service creates its
 * consumer again, and JetStream then delivers every message of the stream. Events that Postgres has count once all the same.
 */

const CHUNK_BYTES = 131_072;
/** The longest pause between two chunks. */
const SILENCE_MS = 30_000;
const TRIES = 5;

/** In this order: a message moves from the events to the dead letters, and is deleted from the events last. */
const STREAMS = [EVENT_STREAM, DEAD_LETTER_STREAM];
/** Subjects of the event stream to which messages of the same stream move. */
const MOVED_TO = [WAITING_LETTER_SUBJECT, newerEventsSubject('*')];

/** Writes the snapshots. */
export type StreamWriter = Pick<BackupWriter, 'addFolder' | 'writeChunks'>;

export function streamFile(name: string): string {
  return `${PARTS.streams}/${name}.snapshot`;
}

/** Bytes of the messages in the streams that exist. */
export async function streamBytes(connection: NatsConnection): Promise<number> {
  const manager = await connection.jetstreamManager();
  const states = await Promise.all(STREAMS.map((name) => stateOf(manager, name)));
  return states.reduce((sum, state) => sum + (state?.bytes ?? 0), 0);
}

/**
 * Writes a snapshot of each stream. Every message is in it that was acknowledged to its publisher before the call and whose
 * effect is not in Postgres when the call returns. It is repeated when a message has moved against the order of the snapshots,
 * as in a replay of dead letters: it might be in none of them.
 *
 * @throws Error when JetStream fails, or messages move each time
 */
export async function copyStreams(connection: NatsConnection, writer: StreamWriter): Promise<StreamBackup[]> {
  const manager = await connection.jetstreamManager();
  writer.addFolder(PARTS.streams);
  let problem = '';
  for (let tries = 0; tries < TRIES; tries += 1) {
    const removed = await removedLetters(manager);
    const copies: StreamBackup[] = [];
    try {
      for (const name of STREAMS) {
        const copied = await copyStream(connection, name, writer);
        if (copied !== undefined) copies.push(copied);
      }
    } catch (error) {
      // JetStream ends a snapshot if it deletes a file of the stream meanwhile.
      problem = (error as Error).message;
      continue;
    }
    const last = copies.find(({ name }) => name === EVENT_STREAM)?.state.last_seq;
    if ((await removedLetters(manager)) !== removed) problem = 'dead letters are being replayed, dropped or erased';
    else if (await hasMoved(manager, last)) problem = 'events wait for another version, or dead letters for space';
    else return copies;
  }
  throw new Error(
    `The streams could not be backed up in ${TRIES} attempts: ${problem}. Try again when that has ended.`,
  );
}

async function copyStream(
  connection: NatsConnection,
  name: string,
  writer: StreamWriter,
): Promise<StreamBackup | undefined> {
  const inbox = createInbox();
  const chunks = connection.subscribe(inbox);
  try {
    const started = await request<Omit<StreamBackup, 'name'>>(connection, `STREAM.SNAPSHOT.${name}`, {
      deliver_subject: inbox,
      no_consumers: true,
      chunk_size: CHUNK_BYTES,
    });
    if (started === undefined) return undefined;
    const silence = setTimeout(() => chunks.unsubscribe(), SILENCE_MS);
    async function* received(): AsyncGenerator<Uint8Array> {
      for await (const message of chunks) {
        silence.refresh();
        if (message.data.length > 0) {
          yield message.data;
          message.respond();
          continue;
        }
        // The last message is empty; its status is 204, or that of an error.
        const { code = 0, description = '' } = message.headers ?? {};
        if (code >= 400) throw new Error(`NATS ended the snapshot of ${name}: ${code} ${description}`.trim());
        return;
      }
      throw new Error(`NATS sent nothing more of the snapshot of ${name} for ${SILENCE_MS / 1_000} s`);
    }
    try {
      await writer.writeChunks(streamFile(name), received());
    } finally {
      clearTimeout(silence);
    }
    return { name, config: started.config, state: started.state };
  } finally {
    chunks.unsubscribe();
  }
}

/** The number of dead letters that were ever deleted. */
async function removedLetters(manager: JetStreamManager): Promise<number> {
  const state = await stateOf(manager, DEAD_LETTER_STREAM);
  return state === undefined ? 0 : state.last_seq - state.messages;
}

/** True if a message was moved within the event stream after its last message in the snapshot. */
async function hasMoved(manager: JetStreamManager, last: number | undefined): Promise<boolean> {
  if (last === undefined) return false;
  // `next_by_subj` is missing in the types of the client.
  const found = MOVED_TO.map((subject) =>
    ifFound(manager.streams.getMessage(EVENT_STREAM, { seq: last + 1, next_by_subj: subject } as { seq: number })),
  );
  return (await Promise.all(found)).some((message) => message !== undefined);
}

/**
 * Creates a stream from its snapshot.
 *
 * @param file the snapshot
 * @throws Error when the stream exists, or JetStream cannot read the snapshot or has fewer messages than its state says
 */
export async function restoreStream(connection: NatsConnection, backup: StreamBackup, file: string): Promise<void> {
  const { name, config, state } = backup;
  const begun = await request<{ deliver_subject: string }>(connection, `STREAM.RESTORE.${name}`, { config, state });
  if (begun === undefined) throw new Error(`JetStream did not accept the stream ${name}`);
  for await (const chunk of chunksOf(file, CHUNK_BYTES)) {
    const { data } = await connection.request(begun.deliver_subject, chunk, { timeout: SILENCE_MS });
    if (data.length > 0) read(data, name);
  }
  const { data } = await connection.request(begun.deliver_subject, undefined, { timeout: SILENCE_MS });
  const created = read<{ state: StreamBackup['state'] }>(data, name);
  if (created !== undefined && created.state.last_seq >= state.last_seq) return;
  throw new Error(`The restored stream ${name} ends before message ${state.last_seq}.`);
}

/** A request of the JetStream API. @returns undefined if the stream does not exist. @throws Error with the reason of NATS */
async function request<Answer>(connection: NatsConnection, what: string, body: object): Promise<Answer | undefined> {
  const { data } = await connection.request(`$JS.API.${what}`, JSON.stringify(body), { timeout: SILENCE_MS });
  return read<Answer>(data, what);
}

const NOT_FOUND = 404;

function read<Answer>(data: Uint8Array, what: string): Answer | undefined {
  const answer = JSON.parse(Buffer.from(data).toString('utf8')) as Answer & {
    readonly error?: { readonly code: number; readonly description: string };
  };
  if (answer.error === undefined) return answer;
  if (answer.error.code === NOT_FOUND) return undefined;
  throw new Error(`NATS, ${what}: ${answer.error.description}`);
}

async function stateOf(manager: JetStreamManager, name: string) {
  return (await ifFound(manager.streams.info(name)))?.state;
}

async function ifFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === NOT_FOUND) return undefined;
    throw error;
  }
}
