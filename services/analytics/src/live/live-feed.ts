import type { LedgerIdentity } from '@ads/models';
import { DependencyUnavailable, every, type Logger, monotonic, type Repetition } from '@ads/runtime';
import type { CountersResult } from '../counters.js';
import type { TimedCounters } from '../readers.js';
import { createFloors } from './floors.js';
import { eventText, stateText, UNAVAILABLE } from './live-state.js';
import type { LiveStream } from './live-stream.js';
import type { TimedState } from './read-all-ads.js';

export interface LiveFeedOptions {
  readonly readSome: (adIds: readonly string[]) => Promise<TimedCounters>;
  /** Returns a reader that never returns lower totals than before. @param advertiser undefined for all ads */
  readonly createAllAdsReader: (advertiser: string | undefined) => () => Promise<TimedState>;
  /** The identity of the ledger; undefined until it is known. */
  readonly ledger: () => LedgerIdentity | undefined;
  /** Called when the ledger was replaced or recounted, so that totals may be lower than before. */
  readonly onLedgerChange: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Pick<Logger, 'error'>;
}

/** Sends the present state to streams. */
export interface LiveFeed {
  /**
   * Sends a stream the present state at once, and then each change.
   *
   * @param adIds undefined for all ads together
   * @param advertiser the only one whose ads a stream of all ads has; undefined for every advertiser
   * @returns removes the stream
   */
  add(stream: LiveStream, adIds: readonly string[] | undefined, advertiser: string | undefined): () => void;
  stop(): Promise<void>;
}

/** A text of `stateText` or `UNAVAILABLE`, and when it was read, in milliseconds. */
interface Reading {
  readonly state: string;
  readonly time: number;
}

/** The streams that show the same ads in the same order. */
interface Topic {
  readonly streams: Set<LiveStream>;
  /** Reads the state for a new stream. */
  read(): Promise<Reading>;
}

interface AdsTopic extends Topic {
  readonly adIds: readonly string[];
  /** The state of these counters, which contain all ads of the topic. */
  stateOf(result: CountersResult): string;
}

const SECOND_MS = 1_000;
/** Counts of a second are read this long after its end, when its events have been counted. */
const AFTER_SECOND_MS = 500;
/** The pause between reads is at least four times their duration, so that they take a fifth of the time at most. */
const PAUSE_PER_COST = 4;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Reads the counters for all streams, once a second: the ads of all streams in one read, each ad once, and all ads together in
 * another. A new stream has a read of its own, because the latest one may be older than another answer that its client has seen.
 */
export function createLiveFeed(options: LiveFeedOptions): LiveFeed {
  const { readSome, now } = options;
  /** By the ids of their ads. */
  const topics = new Map<string, AdsTopic>();
  /** The topics of all ads together, by advertiser. */
  const whole = new Map<string | undefined, Topic>();

  const attempt = async (read: () => Promise<Reading>): Promise<Reading> => {
    try {
      return await read();
    } catch (error) {
      logFault(options.logger, error);
      return { state: UNAVAILABLE, time: now() };
    }
  };

  function openTopic(adIds: readonly string[]): AdsTopic {
    const raise = createFloors();
    const stateOf = ({ source, counters }: CountersResult): string => {
      const byId = new Map(counters.map((ofAd) => [ofAd.adId, ofAd]));
      return stateText({ source, ads: raise(adIds.flatMap((adId) => byId.get(adId) ?? [])) });
    };
    return {
      adIds,
      streams: new Set(),
      stateOf,
      async read() {
        const result = await readSome(adIds);
        return { state: stateOf(result), time: result.time };
      },
    };
  }

  function openAll(advertiser: string | undefined): Topic {
    const readAllAds = options.createAllAdsReader(advertiser);
    return {
      streams: new Set(),
      async read() {
        const { state, time } = await readAllAds();
        return { state: stateText(state), time };
      },
    };
  }

  /** @returns true if the store answered */
  async function readTopics(): Promise<boolean> {
    const open = [...topics.values()];
    if (open.length === 0) return true;
    const adIds = new Set(open.flatMap((topic) => topic.adIds));
    let result: TimedCounters;
    try {
      result = await readSome([...adIds]);
    } catch (error) {
      logFault(options.logger, error);
      for (const { streams } of open) publish({ state: UNAVAILABLE, time: now() }, streams);
      return false;
    }
    for (const { stateOf, streams } of open) publish({ state: stateOf(result), time: result.time }, streams);
    return true;
  }

  async function readAll(): Promise<boolean> {
    let isAnswered = true;
    for (const { streams, read } of [...whole.values()]) {
      const reading = await attempt(read);
      publish(reading, streams);
      if (reading.state === UNAVAILABLE) isAnswered = false;
    }
    return isAnswered;
  }

  const repetitions = [readTopics, readAll].map((work) => repeatEverySecond(now, work));
  repetitions.push(watchLedger(options));

  return {
    add(stream, adIds, advertiser) {
      const key = adIds?.join(' ') ?? '';
      let topic: Topic;
      if (adIds === undefined) {
        topic = whole.get(advertiser) ?? openAll(advertiser);
        whole.set(advertiser, topic);
      } else {
        const ofAds = topics.get(key) ?? openTopic(adIds);
        topics.set(key, ofAds);
        topic = ofAds;
      }
      const { streams } = topic;
      streams.add(stream);
      void attempt(topic.read).then((reading) => {
        if (streams.has(stream) && !stream.hasState()) publish(reading, [stream]);
      });
      return () => {
        streams.delete(stream);
        if (streams.size > 0) return;
        if (topic === whole.get(advertiser)) whole.delete(advertiser);
        else if (topics.get(key) === topic) topics.delete(key);
      };
    },
    async stop() {
      await Promise.all(repetitions.map((repetition) => repetition.stop()));
    },
  };
}

/** Sends a state to streams of one topic. The event is made once for all of them. */
function publish({ state, time }: Reading, streams: Iterable<LiveStream>): void {
  let event: string | undefined;
  const make = (): string => {
    event ??= eventText(state, time);
    return event;
  };
  for (const stream of streams) stream.show(state, make);
}

function repeatEverySecond(now: () => number, read: () => Promise<boolean>): Repetition {
  let costMs = 0;
  const untilNext = (): number => {
    const pauseMs = Math.min(LONGEST_PAUSE_MS, PAUSE_PER_COST * costMs);
    const later = now() + pauseMs + AFTER_SECOND_MS;
    return Math.floor(pauseMs) + SECOND_MS - (Math.floor(later) % SECOND_MS);
  };
  return every(
    untilNext,
    async () => {
      const startedAt = monotonic();
      costMs = (await read()) ? monotonic() - startedAt : 0;
    },
    { delayMs: untilNext() },
  );
}

/** Calls back when another ledger follows the one that was known first. */
function watchLedger({ ledger, onLedgerChange }: LiveFeedOptions): Repetition {
  let known = ledger();
  return every(SECOND_MS, () => {
    const current = ledger();
    if (current === undefined || current === known) return;
    if (known !== undefined) onLedgerChange();
    known = current;
  });
}

/** Logs an error that is not the outage of a dependency, which logs itself. */
function logFault(logger: LiveFeedOptions['logger'], error: unknown): void {
  if (error instanceof DependencyUnavailable) return;
  logger.error('counters of live streams could not be read', { event: 'live.read_failed', error });
}
