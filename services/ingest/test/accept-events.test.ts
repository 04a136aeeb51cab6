import type { AdEvent } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { acceptEvents } from '../src/accept-events.js';
import { click } from './events.js';

const events = [click('ad-001'), click('gone'), click('ad-002')];

const away = async (): Promise<never> => {
  throw new Error('away');
};

describe('a batch of events', () => {
  it('is durable when JetStream has it, and Postgres is left alone', async () => {
    const published: (readonly AdEvent[])[] = [];
    let recorded = 0;
    const acceptances = await acceptEvents(
      {
        publish: async (batch) => {
          published.push(batch);
        },
        record: async () => {
          recorded += 1;
          return { added: { click: 0, impression: 0 }, unknownAds: new Set() };
        },
      },
      events,
    );
    expect(acceptances).toEqual(events.map(() => ({ state: 'durable', by: 'jetstream' })));
    expect(published).toEqual([events]);
    expect(recorded).toBe(0);
  });

  it('is not durable before JetStream said so', async () => {
    let acknowledge = (): void => undefined;
    let answered = false;
    const accepting = acceptEvents(
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
    await accepting;
  });

  it('goes straight to Postgres when JetStream fails, all of it, and ads that are not there are told', async () => {
    const recorded: (readonly AdEvent[])[] = [];
    const acceptances = await acceptEvents(
      {
        publish: away,
        record: async (batch) => {
          recorded.push(batch);
          return { added: { click: 0, impression: 0 }, unknownAds: new Set(['gone']) };
        },
      },
      events,
    );
    expect(recorded).toEqual([events]);
    expect(acceptances).toEqual([
      { state: 'durable', by: 'postgres' },
      { state: 'unknown ad' },
      { state: 'durable', by: 'postgres' },
    ]);
  });

  it('is unavailable, with the cause, when neither can take it', async () => {
    const acceptances = await acceptEvents({ publish: away, record: away }, events);
    expect(acceptances).toEqual(events.map(() => ({ state: 'unavailable', cause: new Error('away') })));
  });
});
