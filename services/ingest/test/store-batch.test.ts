import { type AdEvent, perKind } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { createBatchStore, type StoreDependencies } from '../src/store-batch.js';
import { click } from './events.js';

class Silence extends Error {}

const storeBatch = (dependencies: StoreDependencies, batch: readonly AdEvent[]) =>
  createBatchStore(dependencies, () => false)(batch);

const events = [click('ad-001'), click('gone'), click('ad-002')];

const away = async (): Promise<never> => {
  throw new Error('away');
};

describe('a batch of events', () => {
  it('is durable after the acknowledgement of JetStream, without Postgres', async () => {
    const published: (readonly AdEvent[])[] = [];
    let recorded = 0;
    const results = await storeBatch(
      {
        publish: async (batch) => {
          published.push(batch);
        },
        record: async () => {
          recorded += 1;
          return { added: perKind(() => 0), invalid: [], reused: 0, unknownAds: new Set() };
        },
      },
      events,
    );
    expect(results).toEqual(events.map(() => ({ state: 'durable', by: 'jetstream' })));
    expect(published).toEqual([events]);
    expect(recorded).toBe(0);
  });

  it('is not durable before JetStream has acknowledged it', async () => {
    let acknowledge = (): void => undefined;
    let answered = false;
    const storing = storeBatch(
      {
        publish: () =>
          new Promise((resolve) => {
            acknowledge = resolve;
          }),
        record: away,
      },
      events,
    ).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    acknowledge();
    await storing;
  });

  it('is written to Postgres as a whole when JetStream fails, and unknown ads are reported', async () => {
    const recorded: (readonly AdEvent[])[] = [];
    const results = await storeBatch(
      {
        publish: away,
        record: async (batch) => {
          recorded.push(batch);
          return { added: perKind(() => 0), invalid: [], reused: 0, unknownAds: new Set(['gone']) };
        },
      },
      events,
    );
    expect(recorded).toEqual([events]);
    expect(results).toEqual([
      { state: 'durable', by: 'postgres' },
      { state: 'unknown ad' },
      { state: 'durable', by: 'postgres' },
    ]);
  });

  it('is answered "unavailable" with the cause when both fail', async () => {
    const results = await storeBatch({ publish: away, record: away }, events);
    expect(results).toEqual(events.map(() => ({ state: 'unavailable', cause: new Error('away') })));
  });
});

describe('after a publish that JetStream did not answer', () => {
  /** The test ends publishes and records. */
  function held() {
    const publishes: { answer(): void; fail(error: Error): void }[] = [];
    let recorded = 0;
    let postgres = true;
    const store = createBatchStore(
      {
        publish: () =>
          new Promise((resolve, reject) => {
            publishes.push({ answer: resolve, fail: reject });
          }),
        record: async () => {
          recorded += 1;
          if (!postgres) throw new Error('away');
          return { added: perKind(() => 0), invalid: [], reused: 0, unknownAds: new Set() };
        },
      },
      (error) => error instanceof Silence,
    );
    const by = async () => {
      const [result] = await store([click('ad-001')]);
      return result?.state === 'durable' ? result.by : result?.state;
    };
    /** Waits until the first publish has had no answer in time. */
    const silenced = async () => {
      const first = by();
      publishes[0]?.fail(new Silence());
      expect(await first).toBe('postgres');
    };
    return {
      publishes,
      by,
      silenced,
      recorded: () => recorded,
      losePostgres: () => {
        postgres = false;
      },
    };
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('no batch waits for JetStream, and one at a time is published beside Postgres', async () => {
    const { publishes, by, silenced, recorded } = held();
    await silenced();
    expect(await Promise.all([by(), by(), by()])).toEqual(['postgres', 'postgres', 'postgres']);
    expect(publishes).toHaveLength(2);
    expect(recorded()).toBe(4);
    publishes[1]?.fail(new Silence());
    await turn();
    expect(await by()).toBe('postgres');
    expect(publishes).toHaveLength(3);
  });

  it('JetStream comes first again after it has acknowledged a background publish', async () => {
    const { publishes, by, silenced, recorded } = held();
    await silenced();
    expect(await by()).toBe('postgres');
    publishes[1]?.answer();
    await turn();
    const next = by();
    publishes[2]?.answer();
    expect(await next).toBe('jetstream');
    expect(recorded()).toBe(2);
  });

  it('a batch still goes to JetStream when Postgres fails too', async () => {
    const { publishes, by, silenced, losePostgres } = held();
    await silenced();
    losePostgres();
    const next = by();
    await turn();
    publishes.at(-1)?.answer();
    expect(await next).toBe('jetstream');
  });

  it('a publish that is refused at once does not change the order', async () => {
    const { publishes, by, recorded } = held();
    const first = by();
    publishes[0]?.fail(new Error('maximum bytes exceeded'));
    expect(await first).toBe('postgres');
    const second = by();
    publishes[1]?.answer();
    expect(await second).toBe('jetstream');
    expect(recorded()).toBe(1);
  });
});
