import type { Counters, CountersResult, Source } from './counters.js';

/** The counters of one ad, and their source. */
export interface AdResult {
  readonly source: Source;
  readonly counters: Counters;
}

/** Ads that are read together. */
interface Group {
  readonly adIds: Set<string>;
  readonly results: Promise<ReadonlyMap<string, AdResult>>;
}

/** Each caller waits for the whole group: some milliseconds from Redis. */
const MAX_ADS = 50;

/**
 * Reads one ad per call. All calls of one turn of the event loop share one read, with each ad in it once: a round trip
 * costs this process far more than one more ad.
 *
 * A call never joins a read that has begun. That read may return older counts than the caller has seen in another answer or
 * expects after its own click.
 *
 * @param read counters of some ads; a failure is the failure of every call in the group
 */
export function createAdReader(
  read: (adIds: readonly string[]) => Promise<CountersResult>,
): (adId: string) => Promise<AdResult> {
  /** The group that may still be joined. */
  let open: Group | undefined;

  function begin(): Group {
    const adIds = new Set<string>();
    return { adIds, results: gather(adIds) };
  }

  async function gather(adIds: ReadonlySet<string>): Promise<ReadonlyMap<string, AdResult>> {
    // Waits until all requests of this turn have joined.
    await new Promise((resolve) => setImmediate(resolve));
    if (open?.adIds === adIds) open = undefined;
    const { source, counters } = await read([...adIds]);
    return new Map(counters.map((ofAd) => [ofAd.adId, { source, counters: ofAd }]));
  }

  return async (adId) => {
    open ??= begin();
    const { adIds, results } = open;
    adIds.add(adId);
    if (adIds.size === MAX_ADS) open = undefined;
    const found = (await results).get(adId);
    if (found === undefined) throw new Error(`no counters were read for ${adId}`);
    return found;
  };
}
