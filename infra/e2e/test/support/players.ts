import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@ads/local';
import { uuidv7 } from '@ads/models';
import type { Environment, SentEvent } from './environment.js';
import { call } from './http.js';

export interface PlayersOptions {
  /** How many send at a time; 8 unless told. */
  readonly players?: number;
  /** The ads that they show, in turn. */
  readonly adIds?: readonly string[];
  /** Where to; the gateway of the environment unless told. */
  readonly url?: () => string;
}

/** Players that send until they are stopped. */
export interface Players {
  /** Resolves when so many events more than now have been answered with 202. */
  more(events: number): Promise<void>;
  /** How often each outcome came: a status, or the code of a broken connection. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Answers that no player knows what to do with, such as a 400 or a 500. */
  readonly refusals: readonly string[];
  /** No new events from now on. Resolves when each one that was begun has been answered with 202. */
  stop(): Promise<void>;
}

/** Between two events of one player: what they do beside must leave the services some of the machine. */
const PACE_MS = 4;
const RETRY_MS = 40;
/** Every so many events one is sent again although it was acknowledged: players retry blindly. */
const REPEAT_EVERY = 10;

/** Who plays sends each event until it is acknowledged, with the same id, as the players of the real world do. */
export function startPlayers(environment: Environment, options: PlayersOptions = {}): Players {
  const { players = 8, adIds = ['ad-001', 'ad-002'], url = () => environment.stack.url } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: players });
  const outcomes = new Map<string, number>();
  const refusals: string[] = [];
  let stopping = false;
  let abandoned = false;
  let made = 0;

  const tally = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);

  function nextEvent(): SentEvent {
    made += 1;
    return {
      kind: made % 4 === 0 ? 'impression' : 'click',
      // Not every player knows UUIDv7, and both kinds lie in partitions of their own.
      id: made % 3 === 0 ? randomUUID() : uuidv7(Date.now()),
      adId: adIds[made % adIds.length] ?? 'ad-001',
    };
  }

  async function deliver(event: SentEvent): Promise<void> {
    while (!abandoned) {
      try {
        const answer = await environment.send(event, { url: url(), agent, timeoutMs: 8_000 });
        tally(String(answer.status));
        if (answer.status === 202) return;
        if (answer.status !== 503 && answer.status !== 429) {
          refusals.push(`${answer.status} ${answer.text}`);
          return;
        }
      } catch (error) {
        tally((error as NodeJS.ErrnoException).code ?? (error as Error).message);
      }
      await sleep(RETRY_MS);
    }
  }

  async function play(): Promise<void> {
    while (!stopping) {
      const event = nextEvent();
      await deliver(event);
      if (made % REPEAT_EVERY === 0) await deliver(event);
      await sleep(PACE_MS);
    }
  }
  const playing = Promise.all(Array.from({ length: players }, play));
  environment.onRelease(async () => {
    stopping = true;
    abandoned = true;
    agent.destroy();
    await playing;
  });

  return {
    outcomes,
    refusals,
    async more(events) {
      const target = environment.journal.acknowledged.size + events;
      try {
        await waitFor(() => environment.journal.acknowledged.size >= target, {
          timeoutMs: 25_000,
          what: `${events} more events to be acknowledged`,
        });
      } catch (error) {
        const { ingest } = environment.stack;
        throw new Error(
          `${(error as Error).message}. Outcomes: ${JSON.stringify([...outcomes])}; ${refusals.at(-1) ?? 'nothing refused'}. ` +
            `End of the log of ingest (${ingest.pid === undefined ? 'ended' : 'running'}):\n${ingest.logTail()}`,
        );
      }
    },
    async stop() {
      stopping = true;
      const late = sleep(25_000, 'late', { ref: false });
      if ((await Promise.race([playing, late])) === 'late') {
        throw new Error(`Players were never answered with 202: ${JSON.stringify([...outcomes])}`);
      }
      agent.destroy();
    },
  };
}

/** Sends one event until it is acknowledged. */
export async function sendUntilAcknowledged(environment: Environment, event: SentEvent): Promise<void> {
  await waitFor(async () => (await environment.send(event)).status === 202, {
    timeoutMs: 20_000,
    what: `event ${event.id} to be acknowledged`,
  });
}

/** A click or an impression with a new id. */
export function newEvent(kind: SentEvent['kind'] = 'click', adId = 'ad-001'): SentEvent {
  return { kind, id: uuidv7(Date.now()), adId };
}

/** Everything that a service says of itself on `/metrics`. */
export async function readMetrics(url: string): Promise<string> {
  return (await call(`${url}/metrics`)).text;
}
