import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@ads/local';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createAdLookUp, type Listing } from '../src/ad-look-up.js';

describe('the look-up of ads', () => {
  /** The ads in the catalogue. */
  let stored: Set<string>;
  /** The ids of each query, in order. */
  let queries: (readonly string[])[];
  let underWay: number;
  let mostUnderWay: number;
  /** Queries wait until this resolves. */
  let gate: Promise<void>;
  let failures: unknown[];
  let find: (adId: string, client: string) => Promise<Listing>;

  beforeEach(() => {
    stored = new Set(['ad-001']);
    queries = [];
    failures = [];
    underWay = 0;
    mostUnderWay = 0;
    gate = Promise.resolve();
    const lookUp = createAdLookUp({
      async lookUp(ids) {
        queries.push(ids);
        underWay += 1;
        mostUnderWay = Math.max(mostUnderWay, underWay);
        await gate.finally(() => {
          underWay -= 1;
        });
        return new Map(ids.filter((id) => stored.has(id)).map((id) => [id, `ad ${id}`]));
      },
      onFound: () => undefined,
      onFailure: (error) => failures.push(error),
      patienceMs: 100,
    });
    find = async (adId, client) => {
      const listing = await lookUp.find(adId, client);
      if (listing.state === 'known') expect(listing.ad).toBe(`ad ${adId}`);
      return listing.state;
    };
  });

  function closeGate(): () => void {
    let open: () => void = () => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }
  const findAll = (ids: readonly string[], client: string): Promise<Listing[]> =>
    Promise.all(ids.map((id) => find(id, client)));
  const numbered = (count: number) => Array.from({ length: count }, (_, i) => `no-${i}`);

  it('reads all ads that are asked for in one turn by one query, each ad once', async () => {
    expect(await findAll(['ad-001', 'no-1', 'ad-001', 'no-2'], 'client')).toEqual([
      'known',
      'unknown',
      'known',
      'unknown',
    ]);
    expect(queries).toEqual([['ad-001', 'no-1', 'no-2']]);
  });

  it('caches a missing ad briefly, and finds it within two seconds of its creation', async () => {
    expect(await find('ad-new', 'client')).toBe('unknown');
    stored.add('ad-new');
    expect(await find('ad-new', 'client')).toBe('unknown');
    expect(queries).toHaveLength(1);
    const addedAt = performance.now();
    await waitFor(async () => (await find('ad-new', 'client')) === 'known', {
      what: 'the ad to be found',
      timeoutMs: 10_000,
    });
    expect(queries).toHaveLength(2);
    // A miss is cached for at most a second; nothing else delays the ad.
    expect(performance.now() - addedAt).toBeGreaterThan(100);
  });

  it('runs one query at a time, of bounded size', async () => {
    await findAll(numbered(2_000), 'client');
    expect(mostUnderWay).toBe(1);
    expect(queries.map(({ length }) => length)).toEqual([500, 500, 500, 500]);
  });

  it('lets clients take turns, so that one with many unknown ads does not delay another', async () => {
    const flood = findAll(numbered(2_000), 'hostile');
    const honest = find('ad-001', 'honest');
    expect(await honest).toBe('known');
    expect(queries).toHaveLength(1);
    expect(new Set(await flood)).toEqual(new Set(['unknown']));
  });

  it('gives a client its own turn for an ad that another client asked for first', async () => {
    const flood = findAll(numbered(2_000), 'hostile');
    expect(await find('no-1999', 'honest')).toBe('unknown');
    expect(queries).toHaveLength(1);
    await flood;
  });

  it('refuses look-ups beyond the limits per client and in all', async () => {
    const open = closeGate();
    const ofOne = findAll(numbered(2_001), 'client-0');
    const ofMany = Promise.all(
      Array.from({ length: 10 }, (_, i) => findAll(numbered(1_001), `client-${i + 1}`)).map((all) => all),
    );
    open();
    const count = (listings: Listing[]) => listings.filter((listing) => listing === 'busy').length;
    expect(count(await ofOne)).toBe(1);
    // 10,000 look-ups may wait, and 2,000 do.
    expect(count((await ofMany).flat())).toBe(10_010 - 8_000);
  });

  it('answers "unverified" at once while a query hangs', async () => {
    const open = closeGate();
    expect(await findAll(['ad-001', 'no-1'], 'client')).toEqual(['unverified', 'unverified']);
    expect(await find('ad-001', 'client')).toBe('unverified');
    expect(queries).toHaveLength(1);
    open();
    await sleep(0);
    expect(await find('ad-001', 'client')).toBe('known');
  });

  it('answers "unverified" when the query fails', async () => {
    gate = Promise.reject(new Error('away'));
    expect(await find('ad-001', 'client')).toBe('unverified');
    expect(failures).toEqual([new Error('away')]);
    gate = Promise.resolve();
    expect(await find('ad-001', 'client')).toBe('known');
  });
});
