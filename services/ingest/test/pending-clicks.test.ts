import { waitFor } from '@ads/local';
import type { AdEvent } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { StoreResult } from '../src/store-batch.js';
import { createPendingClicks } from '../src/tags/pending-clicks.js';
import { click } from './events.js';

const DURABLE: StoreResult = { state: 'durable', by: 'jetstream' };

/** Clicks that are stored as `store` says, and what is logged and counted of them. */
function open(store: (attempt: number) => Promise<StoreResult>, limits: { keepMs?: number; drainMs?: number } = {}) {
  const registry = new Registry();
  const logged: object[] = [];
  const accepted: AdEvent[] = [];
  let attempts = 0;
  const log = (_message: string, fields: object = {}) => logged.push(fields);
  const clicks = createPendingClicks({
    store: () => store(++attempts),
    onAccepted: (event) => accepted.push(event),
    waitMs: 20,
    limit: 2,
    keepMs: 60_000,
    drainMs: 10_000,
    ...limits,
    metrics: { registry },
    logger: { info: log, warn: log, error: log },
  });
  const outcomes = async () => {
    const { values = [] } = (await registry.getSingleMetric('ingest_pending_clicks_total')?.get()) ?? {};
    return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
  };
  return { clicks, accepted, logged, outcomes };
}

describe('clicks that are not durable when their redirect is sent', () => {
  it('are recovered by the first attempt, if it only takes longer', async () => {
    let answer: (result: StoreResult) => void = () => undefined;
    const { clicks, accepted, logged, outcomes } = open(() => new Promise((resolve) => (answer = resolve)));
    const one = click('ad-001');
    expect(await clicks.store(one, 'redirect')).toBe('redirect');
    expect(await outcomes()).toEqual({ kept: 1, recovered: 0, lost: 0 });
    answer(DURABLE);
    await waitFor(() => accepted.length === 1, { what: 'the click', timeoutMs: 10_000 });
    expect([await outcomes(), accepted, logged]).toEqual([{ kept: 1, recovered: 1, lost: 0 }, [one], []]);
  });

  it('do not include clicks that were stored while an older one waited', async () => {
    const answers: ((result: StoreResult) => void)[] = [];
    const { clicks, accepted, outcomes } = open(() => new Promise((resolve) => answers.push(resolve)));
    const [slow, quick] = [click('ad-001'), click('ad-002')];
    const redirects = [clicks.store(slow, 1), clicks.store(quick, 2)];
    answers[1]?.(DURABLE);
    expect(await Promise.all(redirects)).toEqual([1, 2]);
    expect([accepted, await outcomes()]).toEqual([[quick], { kept: 1, recovered: 0, lost: 0 }]);
    const third = clicks.store(click('ad-003'), 3);
    answers[0]?.(DURABLE);
    await third;
    expect(await outcomes()).toEqual({ kept: 2, recovered: 1, lost: 0 });
  });

  it('are retried in order, up to the limit', async () => {
    const { clicks, accepted, logged, outcomes } = open(async (attempt) => {
      if (attempt <= 3) throw new Error('refused');
      return DURABLE;
    });
    const [first, second, third] = [click('ad-001'), click('ad-002'), click('ad-003')];
    for (const one of [first, second, third]) await clicks.store(one, undefined);
    await clicks.drain();
    expect(accepted).toEqual([first, second]);
    expect(await outcomes()).toEqual({ kept: 3, recovered: 2, lost: 1 });
    expect(logged).toEqual([
      { event: 'clicks.pending' },
      { event: 'clicks.lost', clicks: 1, reason: 'MAX_PENDING_CLICKS others were kept already' },
      { event: 'clicks.recovered', clicks: 2 },
    ]);
  });

  it.each([
    ['they waited longer than PENDING_CLICK_SECONDS', { keepMs: 0 }, 'unavailable'],
    ['the process ended', { drainMs: 20 }, 'unavailable'],
    ['their ads were deleted', {}, 'unknown ad'],
  ] as const)('are lost, and logged, if %s', async (reason, limits, state) => {
    let answer: StoreResult = { state: 'unavailable', cause: undefined };
    const { clicks, accepted, logged, outcomes } = open(async () => answer, limits);
    await clicks.store(click('ad-001'), undefined);
    if (state === 'unknown ad') answer = { state };
    await new Promise((resolve) => setTimeout(resolve, 1));
    await clicks.drain();
    expect(await outcomes()).toEqual({ kept: 1, recovered: 0, lost: 1 });
    expect([accepted, logged]).toEqual([
      [],
      [{ event: 'clicks.pending' }, { event: 'clicks.lost', clicks: 1, reason }],
    ]);
  });
});
