import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthAnswer } from '@ads/contract';
import { readMetrics, type ServiceSlot } from '@ads/harness';
import { callHttp, waitFor } from '@ads/local';
import type { Signal } from '../faults/fault.js';

/** Observes what an operator can see: `/health` all the time, `/metrics` before and after, and the logs. */
export interface ObservabilityProbe {
  /**
   * Call this function after the tracker has recovered.
   *
   * @returns one sentence for each log, metric or health report that lacks an expected signal or the recovery
   */
  missingSignals(expected: readonly Signal[]): Promise<string[]>;
}

/** The places where a signal must appear. */
interface Evidence {
  /** The beginning of the metric line that counts the signal; undefined if the fault itself checks a gauge. */
  readonly metric?: string;
  readonly begins: LogPattern;
  readonly ends?: LogPattern;
  /** The name of the signal in `/health`; undefined if the failure is too short to appear there. */
  readonly health?: string;
}

/** Fields of a log line; `event` is stable, the message is not. */
interface LogPattern {
  readonly event: string;
  readonly condition?: string;
  readonly dependency?: string;
}

const HEALTH_EVERY_MS = 250;
const TIMEOUT_MS = 2_000;
/** A service logs a recovery only after some seconds without a new failure. */
const HEALED_MS = 45_000;

const MISMATCH: LogPattern = { event: 'counters.mismatch' };

const EVIDENCE: Readonly<Record<Signal, Evidence>> = {
  nats: ofDependency('nats'),
  postgres: ofDependency('postgres'),
  redis: ofDependency('redis'),
  counters: {
    metric: 'counters_rebuild_duration_seconds_count',
    begins: { event: 'counters.untrusted' },
    ends: { event: 'counters.trusted' },
  },
  'wrong counter': { metric: 'counters_audit_mismatches_total', begins: MISMATCH },
  'dead letters': { metric: 'dead_letters_total', begins: { event: 'dead_letters.stored' } },
  'clock skew': ofCondition('clock_skew'),
  'catalogue old': ofCondition('ad_catalogue_old'),
  'dead letters blocked': ofCondition('dead_letters_blocked', 'dead_letters_refused_total'),
};

function ofDependency(dependency: string): Evidence {
  return {
    metric: `dependency_failures_total{dependency="${dependency}"`,
    begins: { event: 'dependency.down', dependency },
    ends: { event: 'dependency.recovered', dependency },
    health: dependency,
  };
}

/** @param metric the counter that grows while the condition holds */
function ofCondition(condition: string, metric?: string): Evidence {
  return {
    ...(metric === undefined ? {} : { metric }),
    begins: { event: 'condition.began', condition },
    ends: { event: 'condition.ended', condition },
    health: condition,
  };
}

/** Starts to observe these services. */
export async function startObservabilityProbe(slots: readonly ServiceSlot[]): Promise<ObservabilityProbe> {
  const logs = slots.map(({ process: { logFile } }) => ({ logFile, from: statSync(logFile).size }));
  const before = await counts();
  const seen = new Set<string>();
  let observing = true;

  async function observeHealth(slot: ServiceSlot): Promise<void> {
    while (observing) {
      const { dependencies = {}, conditions = {} } = await readHealth(slot).catch((): Partial<HealthAnswer> => ({}));
      for (const [name, { status, detail }] of Object.entries(dependencies)) {
        if (status === 'down' || detail !== undefined) seen.add(name);
      }
      for (const name of Object.keys(conditions)) seen.add(name);
      await sleep(HEALTH_EVERY_MS);
    }
  }
  const observers = Promise.all(slots.map(observeHealth));

  const readLogs = () =>
    logs.map(({ logFile, from }) =>
      readFileSync(logFile)
        .subarray(from)
        .toString()
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as LogLine),
    );

  /** How often each signal was counted, by process. */
  async function counts() {
    const read = slots.map(({ process }) => readMetrics(process.port).catch(() => () => undefined));
    const metrics = await Promise.all(read);
    return (beginning: string) => metrics.map((metric) => metric(beginning) ?? 0);
  }

  async function missing(signal: Signal, after: Awaited<ReturnType<typeof counts>>): Promise<string[]> {
    const { metric, begins, ends, health } = EVIDENCE[signal];
    const problems: string[] = [];
    if (health !== undefined && !seen.has(health)) problems.push(`no service reported ${signal} in /health`);
    if (metric !== undefined && !after(metric).some((count, index) => count > (before(metric)[index] ?? 0))) {
      problems.push(`metric ${metric} did not count ${signal}`);
    }
    const logged = () => readLogs().filter((lines) => lines.some(matches(begins)));
    if (logged().length === 0) problems.push(`no service logged ${begins.event} for ${signal}`);
    const healed = () =>
      ends === undefined ||
      logged().every((lines) => lines.findLastIndex(matches(ends)) > lines.findLastIndex(matches(begins)));
    await waitFor(healed, {
      what: `${ends?.event} of ${signal} in the logs`,
      timeoutMs: HEALED_MS,
      intervalMs: 100,
    }).catch((error: Error) => problems.push(error.message));
    return problems;
  }

  return {
    async missingSignals(expected) {
      observing = false;
      await observers;
      const problems: string[] = [];
      // Trusted counters must stay exact during every failure, so no audit may find a wrong one.
      if (!expected.includes('wrong counter') && readLogs().flat().some(matches(MISMATCH))) {
        problems.push('an audit found a wrong counter in Redis');
      }
      const after = await counts();
      for (const signal of expected) problems.push(...(await missing(signal, after)));
      return problems;
    },
  };
}

type LogLine = Readonly<Record<string, unknown>>;

function matches(pattern: LogPattern): (line: LogLine) => boolean {
  return (line) => Object.entries(pattern).every(([field, value]) => line[field] === value);
}

async function readHealth(slot: ServiceSlot): Promise<HealthAnswer> {
  const { text } = await callHttp(`http://127.0.0.1:${slot.process.port}/health`, { timeoutMs: TIMEOUT_MS });
  return JSON.parse(text) as HealthAnswer;
}
