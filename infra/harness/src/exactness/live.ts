import { API_PREFIX, ENDPOINTS } from '@ads/contract';
import { ctr, secondOf } from '@ads/models';
import { type LiveData, openLiveReader } from '../players/live-reader.js';
import { isValid, type Row } from './rows.js';

/** Maximum number of ads in a stream. */
const ADS = 50;

/**
 * Compares the first message of live streams of some ads with the valid stored events.
 *
 * @returns one line for each ad with wrong counts
 */
export async function compareLive(url: string, rows: readonly Row[], adIds: readonly string[]): Promise<string[]> {
  const wrong: string[] = [];
  for (let first = 0; first < adIds.length; first += ADS) {
    const some = adIds.slice(first, first + ADS);
    const query = some.map((adId) => `ad_id=${encodeURIComponent(adId)}`).join('&');
    const { time, ads = [] } = await firstLiveMessage(url, query);
    const second = secondOf(Date.parse(time));
    for (const [place, adId] of some.entries()) {
      const found = JSON.stringify(ads[place]);
      const ofAd = rows.filter((row) => row.adId === adId && isValid(row));
      // The second may change while the counters are read.
      const wanted = [second - 1, second].map((last) => JSON.stringify(countsAt(ofAd, adId, last)));
      if (!wanted.includes(found)) wrong.push(`the live stream should send ${wanted[0]} but sent ${found}`);
    }
  }
  return wrong;
}

/** Opens a live stream. @returns its first message */
export async function firstLiveMessage(url: string, query: string): Promise<LiveData> {
  const reader = await openLiveReader(`${url}${API_PREFIX}${ENDPOINTS.liveAnalytics.path}?${query}`);
  try {
    return (await reader.until(() => true, `the first message of the live stream of ${query}`)).data;
  } finally {
    reader.close();
  }
}

function countsAt(rows: readonly Row[], adId: string, lastSecond: number) {
  const inLastSecond = rows.filter(({ occurredAt }) => secondOf(occurredAt) === lastSecond);
  const count = (of: readonly Row[], kind: Row['kind']) => of.filter((row) => row.kind === kind).length;
  const [clicks, impressions] = [count(rows, 'click'), count(rows, 'impression')];
  return {
    ad_id: adId,
    total_clicks: clicks,
    impressions,
    ctr: ctr(clicks, impressions),
    last_second: { clicks: count(inLastSecond, 'click'), impressions: count(inLastSecond, 'impression') },
  };
}
