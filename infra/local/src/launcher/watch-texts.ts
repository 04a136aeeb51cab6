import type { Terminal } from '../../terminal.mjs';

/** A row of `GET /ads/events/rejected`. */
export interface Rejection {
  readonly outcome: 'rejected' | 'not_counted' | 'no_ad';
  readonly path: string | null;
  readonly error: string;
  readonly message: string;
  readonly ad_id: string | null;
}

/** The part of `/health` that is shown. */
export interface ServiceReport {
  readonly service: string;
  readonly status: string;
  readonly dependencies: Readonly<Record<string, { readonly status: string }>>;
  readonly conditions?: Readonly<Record<string, string>>;
}

export interface StackState {
  /** Accepted events. */
  readonly perSecond: number;
  /** Messages in JetStream that are not recorded yet. */
  readonly backlog: number;
  readonly reports: readonly ServiceReport[];
}

/** The most rows that are remembered. If there are more, all are forgotten, so that memory stays bounded. */
const MOST_KNOWN = 1_000;

/** Returns the rows that were not there before, the oldest first, and adds them to `known`. */
export function newRejections(rows: readonly Rejection[], known: Set<string>): Rejection[] {
  const nameOf = ({ outcome, path, error, ad_id }: Rejection) => JSON.stringify([outcome, path, error, ad_id]);
  const fresh = rows.filter((row) => !known.has(nameOf(row)));
  if (known.size + fresh.length > MOST_KNOWN) known.clear();
  for (const row of fresh) known.add(nameOf(row));
  return fresh.toReversed();
}

const OUTCOMES: Readonly<Record<Rejection['outcome'], string>> = {
  rejected: 'Rejected',
  not_counted: 'Stored, not counted',
  no_ad: 'Answered without an ad',
};

/** Control characters were removed by the service. */
export function rejectionText({ outcome, path, ad_id, message }: Rejection): string {
  const where = [path, ad_id].filter((part) => part !== null).join(' ');
  return `${OUTCOMES[outcome] ?? outcome}: ${where}${where && ': '}${message}`;
}

/** The line below all others: `12 events/s · backlog 0 · healthy`. */
export function statusText({ perSecond, backlog, reports }: StackState, paint: Terminal['paint']): string {
  const down = new Set<string>();
  const conditions = new Set<string>();
  for (const { dependencies, conditions: active = {} } of reports) {
    for (const [name, { status }] of Object.entries(dependencies))
      if (status !== 'up') down.add(`${name} is ${status}`);
    for (const name of Object.keys(active)) conditions.add(name);
  }
  const problems = [...down, ...conditions];
  const isHealthy = reports.every(({ status }) => status === 'healthy');
  const state = isHealthy
    ? paint('green', 'healthy')
    : paint('yellow', `degraded: ${problems.join(', ') || 'see /health'}; counts stay exact`);
  return `${Math.round(perSecond)} events/s · backlog ${backlog} · ${state} · Ctrl-C stops`;
}

/** The sum of all series of a metric in the text format of Prometheus. */
export function sumOf(metrics: string, name: RegExp): number {
  return metrics
    .split('\n')
    .filter((line) => name.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
