import type { NatsConnection } from 'nats';
import {
  dropDeadLetter,
  readDeadLetter,
  readDeadLetters,
  reasonsOf,
  replayDeadLetter,
  type StoredDeadLetter,
} from './dead-letter-stream.js';
import type { DeadLetterCommand, Selection } from './dead-letters-options.js';
import { printable } from './printable.js';

/** The dead letter does not exist. */
export class NoSuchDeadLetter extends Error {}

/** Dead letters that are replayed or dropped concurrently. */
const AT_ONCE = 32;

/**
 * Runs a command of `npm run dead-letters`.
 *
 * @param print prints whole lines; texts of dead letters in them are safe for a terminal
 * @throws NoSuchDeadLetter before any change; NatsError when JetStream is unavailable
 */
export async function runCommand(
  connection: NatsConnection,
  command: DeadLetterCommand,
  print: (text: string) => void,
): Promise<void> {
  if (command.name === 'show') print(described(await present(connection, command.id)));
  else if (command.name === 'list') await list(connection, command.selection, print);
  else if (command.name === 'replay') {
    print(`${await forEach(connection, command.selection, 'some', replayDeadLetter)} in the queue again.`);
  } else {
    const drop = (nats: NatsConnection, { id }: StoredDeadLetter) => dropDeadLetter(nats, id);
    print(`${await forEach(connection, command.selection, 'every', drop)} deleted.`);
  }
}

async function list(connection: NatsConnection, selection: Selection, print: (text: string) => void): Promise<void> {
  const total = new Total();
  for await (const letter of selected(connection, selection, { quantity: 'some', headersOnly: true })) {
    const { id, time, source, events, reason } = letter;
    print(`${id}\t${time.toISOString()}\t${printable(source)}\t${plural(events, 'event')}\t${printable(reason)}`);
    total.add(letter);
  }
  print(total.inWords());
}

/** Runs `act` for each selected dead letter, some at a time. @returns their number in words, with a verb */
async function forEach(
  connection: NatsConnection,
  selection: Selection,
  quantity: 'some' | 'every',
  act: (connection: NatsConnection, letter: StoredDeadLetter) => Promise<void>,
): Promise<string> {
  const total = new Total();
  const underWay = new Set<Promise<void>>();
  for await (const letter of selected(connection, selection, { quantity, headersOnly: false })) {
    const done = act(connection, letter).finally(() => underWay.delete(done));
    underWay.add(done);
    // One of the two awaits below throws the failure.
    done.catch(() => undefined);
    total.add(letter);
    if (underWay.size >= AT_ONCE) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  return `${total.inWords()} ${total.letters === 1 ? 'is' : 'are'}`;
}

interface SelectOptions {
  /** Whether one event or every event of a dead letter must have the reason. */
  readonly quantity: 'some' | 'every';
  /** Skips the data, unless it is needed for the reason of each event. */
  readonly headersOnly: boolean;
}

async function* selected(
  connection: NatsConnection,
  selection: Selection,
  { quantity, headersOnly }: SelectOptions,
): AsyncGenerator<StoredDeadLetter> {
  if (selection.by === 'id') {
    const letters: StoredDeadLetter[] = [];
    for (const id of selection.ids) letters.push(await present(connection, id));
    yield* letters;
    return;
  }
  const { reason, limit } = selection;
  let count = 0;
  for await (const letter of readDeadLetters(connection, { headersOnly: headersOnly && reason === undefined })) {
    if (reason !== undefined && !reasonsOf(letter)[quantity]((one) => one.includes(reason))) continue;
    yield letter;
    count += 1;
    if (count >= limit) return;
  }
}

async function present(connection: NatsConnection, id: number): Promise<StoredDeadLetter> {
  const letter = await readDeadLetter(connection, id);
  if (letter === undefined) throw new NoSuchDeadLetter(`Dead letter ${id} does not exist.`);
  return letter;
}

function described({ id, time, source, events, reason, data }: StoredDeadLetter): string {
  return `id      ${id}
time    ${time.toISOString()}
source  ${printable(source)}
events  ${events}
reason  ${printable(reason)}

${printable(Buffer.from(data).toString('utf8'), '\n\t')}`;
}

class Total {
  letters = 0;
  #events = 0;

  add({ events }: StoredDeadLetter): void {
    this.letters += 1;
    this.#events += events;
  }

  inWords(): string {
    const letters = plural(this.letters, 'dead letter');
    return this.letters === this.#events ? letters : `${letters} with ${plural(this.#events, 'event')}`;
  }
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
