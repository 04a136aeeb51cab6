import type { Counters, CountersReading, Source } from './counters.js';

/** The counters of one ad, and who they are from. */
export interface AdReading {
  readonly source: Source;
  readonly counters: Counters;
}

/** What is asked for in this turn of the event loop. */
interface Turn {
  readonly adIds: Set<string>;
  readonly reading: Promise<ReadonlyMap<string, AdReading>>;
}

/**
 * Reads one ad for each who asks: all ads that are asked for in one turn of the event loop together, and each once. A
 * round trip costs this process as much as some twenty ads in it.
 *
 * Nobody joins a reading that has begun. It may be of a moment before the question, and whoever asks may have seen a later
 * one: somebody else's answer, or a click that they know is counted.
 *
 * @param read counters of some ads; where it fails, it fails for all who asked in that turn
 */
export function createAdReader(
  read: (adIds: readonly string[]) => Promise<CountersReading>,
): (adId: string) => Promise<AdReading> {
  let turn: Turn | undefined;

  function begin(): Turn {
    const adIds = new Set<string>();
    return { adIds, reading: gather(adIds) };
  }

  async function gather(adIds: ReadonlySet<string>): Promise<ReadonlyMap<string, AdReading>> {
    // Behind everything that was received in this turn.
    await new Promise((resolve) => setImmediate(resolve));
    turn = undefined;
    const { source, counters } = await read([...adIds]);
    return new Map(counters.map((ofAd) => [ofAd.adId, { source, counters: ofAd }]));
  }

  return async (adId) => {
    turn ??= begin();
    turn.adIds.add(adId);
    const found = (await turn.reading).get(adId);
    if (found === undefined) throw new Error(`no counters were read for ${adId}`);
    return found;
  };
}
