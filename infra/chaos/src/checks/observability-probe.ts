import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@ads/local';
import type { Signal } from '../faults/fault.js';
import type { ServiceSlot } from '../stack/service-slot.js';

/** Looks as an operator does: at `/health` all the time, at `/metrics` before and after, and at the logs. */
export interface ObservabilityProbe {
  /**
   * Resolves, when all is well again, to what an operator was not told, one sentence each: that something was wrong, in
   * words that name it, or that it is over.
   */
  missingSignals(expected: readonly Signal[]): Promise<string[]>;
}

interface Evidence {
  /** The beginning of the metric that counts it; left out where the fault itself looks at a gauge. */
  readonly metric?: string;
  readonly begins: RegExp;
  readonly ends?: RegExp;
  /** What `/health` calls it; left out where it is over before anybody can look. */
  readonly health?: string;
}

interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly event?: string;
  readonly condition?: string;
  readonly dependency?: string;
}

interface HealthAnswer {
  readonly dependencies: Readonly<Record<string, { readonly status: string; readonly detail?: string }>>;
  readonly conditions?: Readonly<Record<string, string>>;
}

const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 2_000;
/** The end of some trouble is told when it has been quiet for a moment. */
const HEALED_MS = 45_000;

/** Names in the audit of the counters. */
const MISMATCH = / counters\.mismatch$/;

const EVIDENCE: Readonly<Record<Signal, Evidence>> = {
  nats: ofDependency('nats'),
  postgres: ofDependency('postgres'),
  redis: ofDependency('redis'),
  counters: {
    metric: 'counters_rebuild_duration_seconds_count',
    begins: /^info the counters in redis are not believed/,
    ends: /^info the counters in redis are believed again/,
  },
  'wrong counter': { metric: 'counters_audit_mismatches_total', begins: MISMATCH },
  'dead letters': { metric: 'dead_letters_total', begins: / dead_letters\.stored$/ },
  'clock skew': ofCondition('clock_skew'),
  'catalogue old': ofCondition('ad_catalogue_old'),
  'dead letters blocked': ofCondition('dead_letters_blocked', 'dead_letters_refused_total'),
};

function ofDependency(name: string): Evidence {
  return {
    metric: `dependency_failures_total{dependency="${name}"`,
    begins: new RegExp(` dependency\\.down ${name}$`),
    ends: new RegExp(` dependency\\.recovered ${name}$`),
    health: name,
  };
}

/** @param metric the counter that grows while the condition holds */
function ofCondition(name: string, metric?: string): Evidence {
  return {
    ...(metric === undefined ? {} : { metric }),
    begins: new RegExp(` condition\\.began ${name}$`),
    ends: new RegExp(` condition\\.ended ${name}$`),
    health: name,
  };
}

/** Begins to look. */
export async function startObservabilityProbe(slots: readonly ServiceSlot[]): Promise<ObservabilityProbe> {
  const logs = slots.map(({ process: { logFile } }) => ({ logFile, from: statSync(logFile).size }));
  const before = await scrape(slots);
  const seen = new Set<string>();
  let looking = true;

  async function look(slot: ServiceSlot): Promise<void> {
    while (looking) {
      const answer = await get(slot, '/health').catch(() => undefined);
      const { dependencies = {}, conditions = {} } = (
        answer === undefined ? {} : JSON.parse(answer)
      ) as Partial<HealthAnswer>;
      for (const [name, { status, detail }] of Object.entries(dependencies)) {
        if (status === 'down' || detail !== undefined) seen.add(name);
      }
      for (const name of Object.keys(conditions)) seen.add(name);
      await sleep(LOOK_EVERY_MS);
    }
  }
  const looks = Promise.all(slots.map(look));

  function linesOf({ logFile, from }: (typeof logs)[number]): string[] {
    return readFileSync(logFile)
      .subarray(from)
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine)
      .map(({ level, message, event, condition, dependency }) =>
        [level, message, event, condition, dependency].filter(Boolean).join(' '),
      );
  }

  return {
    async missingSignals(expected) {
      looking = false;
      await looks;
      const complaints: string[] = [];
      // Whatever goes wrong, no counter that is trusted may be wrong, and the audit must not say so.
      if (!expected.includes('wrong counter') && logs.flatMap(linesOf).some((line) => MISMATCH.test(line))) {
        complaints.push('an audit found a wrong counter in Redis');
      }
      for (const signal of expected) {
        const { metric, begins, ends, health } = EVIDENCE[signal];
        if (health !== undefined && !seen.has(health)) complaints.push(`no /health told of ${signal}`);
        const after = await scrape(slots);
        if (metric !== undefined && !slots.some(({ name }) => sum(after, name, metric) > sum(before, name, metric))) {
          complaints.push(`no metric ${metric} told of ${signal}`);
        }
        const told = () => logs.map(linesOf).filter((lines) => lines.some((line) => begins.test(line)));
        if (told().length === 0) complaints.push(`no log told of ${signal}`);
        const healed = () =>
          ends === undefined ||
          told().every(
            (lines) =>
              lines.findLastIndex((line) => ends.test(line)) > lines.findLastIndex((line) => begins.test(line)),
          );
        await waitFor(healed, { what: `the logs to tell that ${signal} healed`, timeoutMs: HEALED_MS }).catch(
          (error: Error) => complaints.push(error.message),
        );
      }
      return complaints;
    },
  };
}

/** The metrics of each process, by its name. */
async function scrape(slots: readonly ServiceSlot[]): Promise<ReadonlyMap<string, string>> {
  return new Map(
    await Promise.all(slots.map(async (slot) => [slot.name, await get(slot, '/metrics').catch(() => '')] as const)),
  );
}

/** What a metric adds up to in one process. */
function sum(metrics: ReadonlyMap<string, string>, name: string, metric: string): number {
  const series = (metrics.get(name) ?? '').split('\n').filter((line) => line.startsWith(metric));
  return series.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}

async function get(slot: ServiceSlot, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${slot.process.port}${path}`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return await response.text();
}
