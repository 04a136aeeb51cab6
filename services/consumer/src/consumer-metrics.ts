import type { Outcome } from '@ads/ledger';
import { type AdEvent, KINDS, perKind } from '@ads/models';
import type { Clock } from '@ads/runtime';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { DIRECTIONS, type Direction } from './audit.js';
import type { DeadLetter } from './dead-letters.js';

/** The state of the durable consumer and its stream. */
export interface Backlog {
  /** Messages that were not delivered yet. */
  readonly pending: number;
  /** Messages that were delivered but not acknowledged. */
  readonly unacknowledged: number;
  /** Messages of events in the stream. An acknowledged message is deleted. */
  readonly stored: number;
  /** Dead letters in the event stream that wait for space in the dead-letter stream. */
  readonly waitingDeadLetters: number;
  /** Messages of newer wire versions that wait in the stream for a consumer that reads them. */
  readonly newer: readonly NewerMessages[];
  /** The sequence number of the oldest message of events; the last sequence number plus one if there is none. */
  readonly first: number;
  /** The ack floor: all messages up to this sequence number are acknowledged. */
  readonly ackFloor: number;
  /** Deliveries so far, with redeliveries. */
  readonly delivered: number;
  /** Arrival of the oldest unacknowledged message, in milliseconds since the epoch; undefined if none exists. */
  readonly oldestAt?: number | undefined;
}

/** Messages of one wire version. */
export interface NewerMessages {
  readonly version: number;
  readonly messages: number;
}

/** The size of a stream. */
export interface StreamUse {
  readonly stream: string;
  readonly messages: number;
  readonly bytes: number;
  /** Undefined if only the server limits the stream. */
  readonly maxBytes: number | undefined;
}

/** The metrics of the consumer. */
export interface ConsumerMetrics {
  recorded(events: readonly AdEvent[], outcome: Outcome): void;
  deadLetter(letter: Pick<DeadLetter, 'kind' | 'events'>): void;
  /** The dead-letter stream refused a dead letter. */
  deadLetterRefused(): void;
  /** Messages were returned to the queue because their dead letters could not be stored. */
  keptBack(messages: number): void;
  backlog(backlog: Backlog): void;
  streams(streams: readonly StreamUse[]): void;
  trusted(trusted: boolean): void;
  rebuilt(seconds: number): void;
  /** Number of days with partitions, today included. */
  partitionDays(days: number): void;
  audited(ads: number): void;
  mismatch(direction: Direction): void;
}

export function createConsumerMetrics(
  registry: Registry,
  { now, natsNow }: Pick<Clock, 'now' | 'natsNow'>,
): ConsumerMetrics {
  const registers = [registry];
  const events = new Counter({
    name: 'ledger_events_total',
    help: 'Events from the queue that were recorded, by result: new, or repeated (already stored).',
    labelNames: ['kind', 'result'],
    registers,
  });
  const invalidEvents = new Counter({
    name: 'ledger_invalid_events_total',
    help: 'New events from the queue that are invalid, by verdict.',
    labelNames: ['kind', 'verdict'],
    registers,
  });
  const reusedSessions = new Counter({
    name: 'vast_sid_reused_total',
    help: 'Repeated pixels and clicks of the session of a VAST document that came from another viewer than the stored event: a cache gave the document to several viewers.',
    registers,
  });
  const batches = new Histogram({
    name: 'ledger_batch_events',
    help: 'Events in one transaction.',
    buckets: [1, 5, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000],
    registers,
  });
  const freshness = new Histogram({
    name: 'event_freshness_seconds',
    help: 'Time from the receipt of an event until it is counted.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600],
    registers,
  });
  const deadLetters = new Counter({
    name: 'dead_letters_total',
    help: 'Events that were stored as dead letters, by kind of reason. An unreadable message counts as 1.',
    labelNames: ['kind'],
    registers,
  });
  const refused = new Counter({
    name: 'dead_letters_refused_total',
    help: 'Dead letters that the dead-letter stream refused.',
    registers,
  });
  const keptBack = new Counter({
    name: 'dead_letter_messages_kept_back_total',
    help: 'Messages that were returned to the queue because their dead letters could not be stored.',
    registers,
  });
  const waitingDeadLetters = new Gauge({
    name: 'dead_letters_waiting',
    help: 'Dead letters in the event stream that wait for space in the dead-letter stream.',
    registers,
  });
  const newer = new Gauge({
    name: 'newer_event_messages',
    help: 'Messages in the event stream whose events wait for a consumer of a newer release.',
    registers,
  });
  const backlog = new Gauge({
    name: 'consumer_backlog_messages',
    help: 'Messages in JetStream that are not recorded yet, by state: pending or unacknowledged.',
    labelNames: ['state'],
    registers,
  });
  let oldestAt: number | undefined;
  new Gauge({
    name: 'consumer_backlog_age_seconds',
    help: 'Age of the oldest message that is not recorded yet; 0 when the queue is empty.',
    registers,
    // The age grows while JetStream is unavailable, although another process may have recorded the message.
    collect() {
      this.set(oldestAt === undefined ? 0 : Math.max(0, natsNow() - oldestAt) / 1_000);
    },
  });
  const streamMessages = new Gauge({
    name: 'jetstream_stream_messages',
    help: 'Messages in a stream. Messages in AD_DEAD_LETTERS wait for an operator.',
    labelNames: ['stream'],
    registers,
  });
  const streamBytes = new Gauge({
    name: 'jetstream_stream_bytes',
    help: 'Bytes in a stream.',
    labelNames: ['stream'],
    registers,
  });
  const streamMaxBytes = new Gauge({
    name: 'jetstream_stream_max_bytes',
    help: 'Maximum bytes of a stream. Absent when only the server limits the stream.',
    labelNames: ['stream'],
    registers,
  });
  const trusted = new Gauge({
    name: 'counters_trusted',
    help: '1 while the counters in Redis are trusted; 0 while they are not and Postgres answers.',
    registers,
  });
  const rebuilds = new Histogram({
    name: 'counters_rebuild_duration_seconds',
    help: 'Duration of a rebuild of the counters.',
    buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 300],
    registers,
  });

  const partitionDays = new Gauge({
    name: 'event_partition_days',
    help: 'Consecutive days from today that have partitions of ad_events: 0 if today has none, 1 for today only, up to 14.',
    registers,
  });
  const audited = new Counter({
    name: 'counters_audited_ads_total',
    help: 'Ads whose counters in Redis were compared with Postgres.',
    registers,
  });
  const mismatches = new Counter({
    name: 'counters_audit_mismatches_total',
    help: 'Wrong counters in Redis, by direction: ahead of Postgres, behind it without a reason, or unreadable.',
    labelNames: ['direction'],
    registers,
  });
  for (const direction of DIRECTIONS) mismatches.inc({ direction }, 0);

  return {
    recorded(batch, { added, invalid, reused }) {
      const recordedAt = now();
      batches.observe(batch.length);
      const all = perKind(() => 0);
      for (const { kind, receivedAt } of batch) {
        all[kind] += 1;
        freshness.observe(Math.max(0, recordedAt - receivedAt) / 1_000);
      }
      for (const kind of KINDS) {
        events.inc({ kind, result: 'new' }, added[kind]);
        events.inc({ kind, result: 'repeated' }, all[kind] - added[kind]);
      }
      reusedSessions.inc(reused);
      for (const { kind, verdict, events: number } of invalid) invalidEvents.inc({ kind, verdict }, number);
    },
    deadLetter: ({ kind, events }) => deadLetters.inc({ kind }, events),
    deadLetterRefused: () => refused.inc(),
    keptBack: (messages) => keptBack.inc(messages),
    backlog(current) {
      backlog.set({ state: 'pending' }, current.pending);
      backlog.set({ state: 'unacknowledged' }, current.unacknowledged);
      waitingDeadLetters.set(current.waitingDeadLetters);
      newer.set(current.newer.reduce((sum, { messages }) => sum + messages, 0));
      oldestAt = current.oldestAt;
    },
    streams(streams) {
      for (const { stream, messages, bytes, maxBytes } of streams) {
        streamMessages.set({ stream }, messages);
        streamBytes.set({ stream }, bytes);
        if (maxBytes === undefined) streamMaxBytes.remove({ stream });
        else streamMaxBytes.set({ stream }, maxBytes);
      }
    },
    trusted: (value) => trusted.set(value ? 1 : 0),
    rebuilt: (seconds) => rebuilds.observe(seconds),
    partitionDays: (days) => partitionDays.set(days),
    audited: (ads) => audited.inc(ads),
    mismatch: (direction) => mismatches.inc({ direction }),
  };
}
