import {
  type Players as HarnessPlayers,
  regularReport,
  seededRandom,
  startPlayers as start,
  startViewers,
} from '@ads/harness';
import { waitFor } from '@ads/local';
import { uuidv7 } from '@ads/models';
import type { Environment, SentEvent } from './environment.js';
import { call } from './http.js';

export interface PlayersOptions {
  /** The number of players that send at the same time; by default 8. */
  readonly players?: number;
  readonly adIds?: readonly string[];
  /** The base URL of requests; by default the gateway of the environment. */
  readonly url?: () => string;
}

/** Players that send each event with the same id until it is acknowledged. */
export interface Players extends Pick<HarnessPlayers, 'outcomes'> {
  /** Resolves when `count` further events have been answered 202. */
  more(events: number): Promise<void>;
  /** Responses that must not occur, such as a 400, a 500, or a 503 without Retry-After. */
  readonly refusals: readonly string[];
  /** Sends no new events, and waits for the open ones. @throws Error if an event was not acknowledged */
  stop(): Promise<void>;
}

/** The pause between two events of a player in milliseconds, which leaves CPU to the services. */
const LONGEST_PAUSE_MS = 100;
const RETRY_MS = 40;
const GIVE_UP_MS = 25_000;
const SENT_AGAIN = 0.1;

export function startPlayers(environment: Environment, options: PlayersOptions = {}): Players {
  const { players: count = 8, adIds = ['ad-001', 'ad-002'], url = () => environment.stack.url } = options;
  const { journal } = environment;
  const random = seededRandom('players');
  const complaints = journal.complaints.length;
  const players = start({
    url,
    journal,
    random,
    count,
    longestPauseMs: LONGEST_PAUSE_MS,
    retryMs: RETRY_MS,
    giveUpMs: GIVE_UP_MS,
    sentAgain: SENT_AGAIN,
    newReport: () => regularReport(random, adIds),
  });
  environment.onRelease(() => players.abandon());

  return {
    outcomes: players.outcomes,
    get refusals() {
      return journal.complaints.slice(complaints);
    },
    async more(events) {
      const target = journal.acknowledged.size + events;
      try {
        await waitFor(() => journal.acknowledged.size >= target, {
          timeoutMs: 25_000,
          what: `${events} more events to be acknowledged`,
        });
      } catch (error) {
        const { ingest } = environment.stack;
        throw new Error(
          `${(error as Error).message}. Outcomes: ${JSON.stringify([...players.outcomes])}; ${journal.complaints.at(-1) ?? 'nothing refused'}. ` +
            `End of the log of ingest (${ingest.pid === undefined ? 'ended' : 'running'}):\n${ingest.logTail()}`,
        );
      }
    },
    async stop() {
      const undelivered = await players.stop();
      if (undelivered.length > 0) {
        throw new Error(`${undelivered.length} events were not acknowledged: ${JSON.stringify([...players.outcomes])}`);
      }
    },
  };
}

/** A reader that calls analytics continuously. */
export interface AnalyticsWatch {
  /** The number of responses so far. */
  answers(): number;
  /** The number of answers per source. */
  readonly sources: ReadonlyMap<string, number>;
  /** Impossible counts, and requests without a response. */
  readonly complaints: readonly string[];
  /** Resolves after `count` further answers. */
  more(answers: number): Promise<void>;
  stop(): Promise<void>;
}

const SOURCES = ['redis', 'postgres'];

/** Watches ads whose clicks stay within the hour during the test, so that all counts but the minute only grow. */
export function watchAnalytics(environment: Environment, adIds: readonly string[]): AnalyticsWatch {
  const viewers = startViewers({
    url: environment.stack.url,
    random: seededRandom('viewers'),
    adIds,
    count: 1,
    pauseMs: 3,
    growingWindows: ['last_1_hour', 'last_24_hours'],
  });
  environment.onRelease(() => viewers.stop());
  const answers = () => [...viewers.outcomes.values()].reduce((sum, count) => sum + count, 0);
  return {
    answers,
    sources: viewers.outcomes,
    get complaints() {
      return [...viewers.wrong, ...[...viewers.outcomes.keys()].filter((outcome) => !SOURCES.includes(outcome))];
    },
    async more(wanted) {
      const target = answers() + wanted;
      await waitFor(() => answers() >= target, { timeoutMs: 20_000, what: `${wanted} more answers of analytics` });
    },
    stop: () => viewers.stop(),
  };
}

/** Sends one event until it is acknowledged. */
export async function sendUntilAcknowledged(environment: Environment, event: SentEvent): Promise<void> {
  await waitFor(async () => (await environment.send(event)).status === 202, {
    timeoutMs: 20_000,
    what: `event ${event.id} to be acknowledged`,
  });
}

/** A new event with its own id. */
export function newEvent(kind: SentEvent['kind'] = 'click', adId = 'ad-001'): SentEvent {
  return { kind, id: uuidv7(Date.now()), adId };
}

/** The text of `/metrics`. */
export async function readMetrics(url: string): Promise<string> {
  return (await call(`${url}/metrics`)).text;
}
