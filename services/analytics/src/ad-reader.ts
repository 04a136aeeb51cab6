import type { Counters, CountersReading, Source } from './counters.js';

/** The counters of one ad, and who they are from. */
export interface AdReading {
  readonly source: Source;
  readonly counters: Counters;
}

/** Ads that are read together. */
interface Group {
  readonly adIds: Set<string>;
  readonly reading: Promise<ReadonlyMap<string, AdReading>>;
}

/** All of a group wait for the last of it: some milliseconds where it comes from Redis. */
const MOST_ADS = 50;

/**
 * Reads one ad for each who asks: all ads that are asked for in one turn of the event loop together, and each once. A
 * round trip costs this process far more than an ad in it.
 *
 * Nobody joins a reading that has begun. It may be of a moment before the question, and whoever asks may have seen a later
 * one: somebody else's answer, or a click that they know is counted.
 *
 * @param read counters of some ads; where it fails, it fails for all who are in that group
 */
export function createAdReader(
  read: (adIds: readonly string[]) => Promise<CountersReading>,
): (adId: string) => Promise<AdReading> {
  /** The one that may still be joined. */
  let open: Group | undefined;

  function begin(): Group {
    const adIds = new Set<string>();
    return { adIds, reading: gather(adIds) };
  }

  async function gather(adIds: ReadonlySet<string>): Promise<ReadonlyMap<string, AdReading>> {
    // Behind everything that was received in this turn.
    await new Promise((resolve) => setImmediate(resolve));
    if (open?.adIds === adIds) open = undefined;
    const { source, counters } = await read([...adIds]);
    return new Map(counters.map((ofAd) => [ofAd.adId, { source, counters: ofAd }]));
  }

  return async (adId) => {
    open ??= begin();
    const { adIds, reading } = open;
    adIds.add(adId);
    if (adIds.size === MOST_ADS) open = undefined;
    const found = (await reading).get(adId);
    if (found === undefined) throw new Error(`no counters were read for ${adId}`);
    return found;
  };
}
