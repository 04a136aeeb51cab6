import { parseArgs } from 'node:util';
import { parsed, UsageError } from '@ads/runtime';

/** A selection of dead letters: by ids, or the oldest ones with a reason. */
export type Selection =
  | { readonly by: 'id'; readonly ids: readonly number[] }
  | { readonly by: 'reason'; readonly reason: string | undefined; readonly limit: number };

export type DeadLetterCommand =
  | { readonly name: 'list' | 'replay' | 'drop'; readonly selection: Selection }
  | { readonly name: 'show'; readonly id: number };

const OPTIONS = { all: { type: 'boolean' }, reason: { type: 'string' }, limit: { type: 'string' } } as const;

/** @throws UsageError */
export function readCommand(args: readonly string[]): DeadLetterCommand {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS }),
  );
  const [name, ...texts] = positionals;
  if (name !== 'list' && name !== 'show' && name !== 'replay' && name !== 'drop') {
    throw new UsageError(
      name === undefined ? 'Give a command: list, show, replay or drop.' : `Unknown command ${name}.`,
    );
  }
  const ids = texts.map((text) => positive(text, 'An id'));
  const { all = false, reason, limit } = values;
  if (name === 'show') {
    const [id, ...others] = ids;
    if (id === undefined || others.length > 0 || all || reason !== undefined || limit !== undefined) {
      throw new UsageError('show takes one id.');
    }
    return { name, id };
  }
  if (name === 'list' && ids.length > 0) throw new UsageError('list takes no ids; show ID prints one dead letter.');
  const byReason = name === 'list' || all || reason !== undefined;
  if (byReason && ids.length > 0) throw new UsageError('Give either ids, or --all or --reason.');
  if (!byReason && ids.length === 0) throw new UsageError(`${name} takes ids, --all, or --reason TEXT.`);
  if (!byReason && limit !== undefined) throw new UsageError('--limit goes with --all or --reason.');
  if (!byReason) return { name, selection: { by: 'id', ids } };
  const most = limit === undefined ? Number.POSITIVE_INFINITY : positive(limit, '--limit');
  return { name, selection: { by: 'reason', reason, limit: most } };
}

function positive(text: string, what: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${what} must be a positive whole number, not ${text}.`);
  return Number(text);
}
