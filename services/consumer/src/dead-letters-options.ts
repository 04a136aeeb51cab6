import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run dead-letters -- COMMAND

  list [--reason TEXT] [--limit N]   id, time, source, events and reason of each dead letter
  show ID                            one of them, with its events or bytes
  replay ID… | --all | --reason TEXT [--limit N]
                                     put them back into the queue: an event counts once, in the bucket of its own time
  drop ID… | --all | --reason TEXT [--limit N]
                                     delete them for good

  --reason TEXT   only letters with an event whose reason contains TEXT; drop takes only letters all of whose events do
  --limit N       no more than N letters, the oldest first
  --all           every letter that is there now

NATS_URL says where they are. Without it: where npm start runs in this folder, else nats://localhost:4222.`;

/** Which letters are meant: those of some ids, or the oldest that have a reason. */
export type Selection =
  | { readonly by: 'id'; readonly ids: readonly number[] }
  | { readonly by: 'reason'; readonly reason: string | undefined; readonly limit: number };

export type DeadLetterCommand =
  | { readonly name: 'help' }
  | { readonly name: 'list' | 'replay' | 'drop'; readonly selection: Selection }
  | { readonly name: 'show'; readonly id: number };

/** The command cannot be meant. */
export class UsageError extends Error {}

/** @throws UsageError with one line */
export function readCommand(args: readonly string[]): DeadLetterCommand {
  const { values, positionals } = parse(args.filter((arg) => arg !== '--'));
  if (values.help === true) return { name: 'help' };
  const [name, ...texts] = positionals;
  if (name !== 'list' && name !== 'show' && name !== 'replay' && name !== 'drop') {
    throw new UsageError(name === undefined ? 'Say list, show, replay or drop.' : `There is no command ${name}.`);
  }
  const ids = texts.map((text) => positive(text, 'an id'));
  const { all = false, reason, limit } = values;
  if (name === 'show') {
    const [id, ...others] = ids;
    if (id === undefined || others.length > 0 || all || reason !== undefined || limit !== undefined) {
      throw new UsageError('show takes one id.');
    }
    return { name, id };
  }
  if (name === 'list' && ids.length > 0) throw new UsageError('list takes no ids; show ID shows one letter.');
  const byReason = name === 'list' || all || reason !== undefined;
  if (byReason && ids.length > 0) throw new UsageError('Give either ids, or --all or --reason.');
  if (!byReason && ids.length === 0) throw new UsageError(`${name} takes ids, --all, or --reason TEXT.`);
  if (!byReason && limit !== undefined) throw new UsageError('--limit goes with --all or --reason.');
  if (!byReason) return { name, selection: { by: 'id', ids } };
  const most = limit === undefined ? Number.POSITIVE_INFINITY : positive(limit, '--limit');
  return { name, selection: { by: 'reason', reason, limit: most } };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        all: { type: 'boolean' },
        reason: { type: 'string' },
        limit: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}

function positive(text: string, what: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${text} is not a positive number, and so not ${what}.`);
  return Number(text);
}
