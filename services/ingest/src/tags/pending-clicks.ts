import { setTimeout as sleep } from 'node:timers/promises';
import type { AdEvent } from '@ads/models';
import { every, type Logger, type Metrics, type ProcessContext, within } from '@ads/runtime';
import { Counter, Gauge } from 'prom-client';
import type { IngestConfig } from '../config.js';
import type { EventStore } from '../event-store.js';
import type { StoreResult } from '../store-batch.js';

/**
 * Clicks of people who must be redirected whatever is unavailable.
 *
 * A click is *stored* within `waitMs`, or else *pending*: its redirect is sent, and it is retried in the background. A pending
 * click becomes *recovered* when it is durable, or *lost*: `limit` others are kept already, it is older than `keepMs`, the process
 * ends, or its ad was deleted.
 */
export interface PendingClicks {
  /** Resolves with `answer` when the click is durable or pending, `waitMs` from now at the latest. Never rejects. */
  store<T>(event: AdEvent, answer: T): Promise<T>;
  /** Retries until no click is pending, for up to `drainMs`; the others are lost. */
  drain(): Promise<void>;
}

export interface PendingClicksOptions {
  /** Resolves with the result of the event. Rejects if the event was not processed. */
  readonly store: (event: AdEvent) => Promise<StoreResult>;
  /** Called for each durable click. */
  readonly onAccepted: (event: AdEvent) => void;
  readonly waitMs: number;
  /** Maximum number of clicks that wait for a retry. */
  readonly limit: number;
  readonly keepMs: number;
  readonly drainMs: number;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** A click in its first attempt. */
interface Waiting {
  readonly event: AdEvent;
  /** When the redirect is sent at the latest, by the clock of `performance.now()`. */
  readonly until: number;
  readonly redirect: () => void;
  state: 'waiting' | 'pending' | 'ended';
}

interface Kept {
  readonly event: AdEvent;
  /** By the clock of `performance.now()`. */
  readonly since: number;
}

/** Share of SHUTDOWN_GRACE_SECONDS for retries of pending clicks. The rest is for open requests and their events. */
const SHARE_OF_SHUTDOWN = 0.4;
/** Below the limit of a shutdown hook. */
const LONGEST_DRAIN_MS = 10_000;

const RETRY_MS = 1_000;
const RETRY_MS_AT_END = 100;
/** Clicks that are retried together: one message. */
const CLICKS_PER_RETRY = 500;

/** Adds a shutdown hook that retries the pending clicks for up to {@link LONGEST_DRAIN_MS}. */
export function openPendingClicks(
  { config, metrics, logger, shutdown }: ProcessContext<IngestConfig>,
  { store, counted }: EventStore,
): PendingClicks {
  const clicks = createPendingClicks({
    store,
    onAccepted: counted.accepted,
    waitMs: config.CLICK_MAX_WAIT_MS,
    limit: config.MAX_PENDING_CLICKS,
    keepMs: config.PENDING_CLICK_SECONDS * 1_000,
    drainMs: Math.min(LONGEST_DRAIN_MS, config.SHUTDOWN_GRACE_SECONDS * 1_000 * SHARE_OF_SHUTDOWN),
    metrics,
    logger,
  });
  shutdown.add('pending clicks', clicks.drain);
  return clicks;
}

export function createPendingClicks(options: PendingClicksOptions): PendingClicks {
  const { waitMs, limit, keepMs, drainMs, logger } = options;
  /** Wait for a retry, oldest first. */
  const queue: Kept[] = [];
  /** Pending clicks whose first attempt has not ended. */
  let attempted = 0;
  let recovered = 0;
  let isEnded = false;
  const outcomes = pendingMetrics(options.metrics, () => queue.length + attempted);
  const losses = createLosses(outcomes.lost, logger);

  function stateOf(event: AdEvent, { state }: StoreResult): StoreResult['state'] {
    if (state === 'durable') options.onAccepted(event);
    return state;
  }

  function attempt(event: AdEvent): Promise<StoreResult['state']> {
    return options.store(event).then(
      (result) => stateOf(event, result),
      () => 'unavailable',
    );
  }

  /** Begins with the oldest click whose redirect waits for its first attempt; redirected ones may be behind it. */
  const waiting: Waiting[] = [];
  let oldest: NodeJS.Timeout | undefined;

  // All clicks wait equally long, so one timer for the oldest is enough. One for each click takes 1 µs.
  function watchOldest(): void {
    const [first] = waiting;
    if (oldest !== undefined || first === undefined) return;
    oldest = setTimeout(() => {
      oldest = undefined;
      const now = performance.now();
      for (const click of waiting) {
        if (click.until > now) break;
        if (click.state === 'waiting') redirect(click);
      }
      dropRedirected();
      watchOldest();
    }, first.until - performance.now()).unref();
  }

  /** Sends the redirect of a click that is not durable. */
  function redirect(click: Waiting): void {
    click.state = 'pending';
    attempted += 1;
    outcomes.kept.inc();
    click.redirect();
  }

  function attemptEnded(click: Waiting, state: StoreResult['state']): void {
    if (click.state === 'waiting') {
      if (state === 'unavailable') redirect(click);
      else click.redirect();
    }
    if (click.state === 'pending') {
      attempted -= 1;
      if (state === 'unavailable') keep(click.event);
      else settle(state);
    }
    click.state = 'ended';
    dropRedirected();
  }

  // Attempts end nearly in their order, so few others are behind a click that waits.
  function dropRedirected(): void {
    while (waiting[0] !== undefined && waiting[0].state !== 'waiting') waiting.shift();
  }

  function settle(state: 'durable' | 'unknown ad'): void {
    if (state === 'unknown ad') {
      losses.add('their ads were deleted');
      return;
    }
    outcomes.recovered.inc();
    recovered += 1;
  }

  function keep(event: AdEvent): void {
    if (queue.length >= limit) {
      losses.add('MAX_PENDING_CLICKS others were kept already');
      return;
    }
    if (queue.push({ event, since: performance.now() }) > 1) return;
    logger.warn('clicks could not be stored: they are redirected, kept in memory and retried', {
      event: 'clicks.pending',
    });
  }

  function dropOld(): void {
    const oldest = performance.now() - keepMs;
    while (queue[0] !== undefined && queue[0].since < oldest) {
      queue.shift();
      losses.add('they waited longer than PENDING_CLICK_SECONDS');
    }
  }

  async function retry(): Promise<void> {
    dropOld();
    losses.report();
    for (let goesOn = true; goesOn && queue.length > 0; ) {
      const batch = queue.slice(0, CLICKS_PER_RETRY);
      const states = await Promise.all(batch.map(({ event }) => attempt(event)));
      for (const state of states) if (state !== 'unavailable') settle(state);
      const failed = batch.filter((_, index) => states[index] === 'unavailable');
      queue.splice(0, batch.length, ...failed);
      goesOn = failed.length === 0;
    }
    if (queue.length > 0 || recovered === 0) return;
    logger.info(`pending clicks are durable: ${recovered}`, { event: 'clicks.recovered', clicks: recovered });
    recovered = 0;
  }

  const retries = every(RETRY_MS, retry);

  async function retryToTheEnd(): Promise<void> {
    await retries.stop();
    while (!isEnded && queue.length + attempted > 0) {
      await retry();
      if (queue.length + attempted > 0) await sleep(RETRY_MS_AT_END);
    }
  }

  return {
    store: (event, answer) =>
      new Promise((resolve) => {
        const redirect = () => resolve(answer);
        const click: Waiting = { event, until: performance.now() + waitMs, redirect, state: 'waiting' };
        waiting.push(click);
        watchOldest();
        void options.store(event).then(
          (result) => attemptEnded(click, stateOf(event, result)),
          () => attemptEnded(click, 'unavailable'),
        );
      }),
    async drain() {
      await within(drainMs, retryToTheEnd(), () => undefined);
      isEnded = true;
      for (let left = queue.length + attempted; left > 0; left -= 1) losses.add('the process ended');
      losses.report();
    },
  };
}

interface Outcomes {
  readonly kept: Counter.Internal;
  readonly recovered: Counter.Internal;
  readonly lost: Counter.Internal;
}

function pendingMetrics({ registry }: Pick<Metrics, 'registry'>, pending: () => number): Outcomes {
  const registers = [registry];
  new Gauge({
    name: 'ingest_pending_clicks',
    help: 'Clicks that were redirected and are not durable yet.',
    registers,
    collect() {
      this.set(pending());
    },
  });
  const counter = new Counter({
    name: 'ingest_pending_clicks_total',
    help: 'Clicks by outcome: kept (redirected before they were durable), and of these recovered (durable later) or lost.',
    labelNames: ['outcome'],
    registers,
  });
  const outcomes = {
    kept: counter.labels('kept'),
    recovered: counter.labels('recovered'),
    lost: counter.labels('lost'),
  };
  for (const outcome of Object.values(outcomes)) outcome.inc(0);
  return outcomes;
}

/** Counts lost clicks, and logs them by reason in one line. */
function createLosses(
  counter: Counter.Internal,
  logger: Pick<Logger, 'error'>,
): { add(reason: string): void; report(): void } {
  const reasons = new Map<string, number>();
  return {
    add(reason) {
      counter.inc();
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    },
    report() {
      for (const [reason, clicks] of reasons) {
        logger.error(`lost ${clicks} clicks that were redirected: ${reason}`, { event: 'clicks.lost', clicks, reason });
      }
      reasons.clear();
    },
  };
}
