import { ctr, minuteOf, secondOf, WINDOWS } from '@ads/models';
import type { AdAnswer } from '../load/viewers.js';
import type { Row } from './recorded-rows.js';

/** A few times: the clock may go on to the next second between the question and the answer. */
const TRIES = 4;

/**
 * Ad by ad: what analytics answers against what the rows add up to at that second. The answers must come from Redis.
 *
 * @returns one line for each ad that is answered wrongly
 */
export async function compareAnswers(url: string, rows: readonly Row[], adIds: readonly string[]): Promise<string[]> {
  const wrong = adIds.map(async (adId) => {
    const ofAd = rows.filter((row) => row.adId === adId);
    let difference = '';
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const before = secondOf(Date.now());
      const answer = (await (await fetch(`${url}/api/v1/ads/analytics?ad_id=${adId}`)).json()) as AdAnswer;
      const after = secondOf(Date.now());
      const { source, timestamp: _, ...counts } = answer;
      const found = JSON.stringify(counts);
      const wanted = [...new Set([before, after])].map((second) => JSON.stringify(answerAt(ofAd, adId, second)));
      if (source === 'redis' && wanted.includes(found)) return [];
      difference = `analytics should say ${wanted[0]} and says ${found} (${source})`;
    }
    return [difference];
  });
  return (await Promise.all(wrong)).flat();
}

/** What the rows of an ad add up to at a second, in the form and order of the API. */
function answerAt(rows: readonly Row[], adId: string, second: number): AdAnswer {
  const clicks = rows.filter((row) => row.kind === 'click');
  const impressions = rows.length - clicks.length;
  const minute = minuteOf(second * 1_000);
  const within = (seconds: number) =>
    // The widest window slides to the minute, the others to the second.
    seconds === 86_400
      ? clicks.filter(({ occurredAt: at }) => minuteOf(at) > minute - 1_440 && minuteOf(at) <= minute)
      : clicks.filter(({ occurredAt: at }) => secondOf(at) > second - seconds && secondOf(at) <= second);
  return {
    ad_id: adId,
    total_clicks: clicks.length,
    impressions,
    ctr: ctr(clicks.length, impressions),
    time_frames: Object.fromEntries(WINDOWS.map(({ field, seconds }) => [field, within(seconds).length])),
  };
}
