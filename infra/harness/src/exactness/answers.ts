import { setTimeout as sleep } from 'node:timers/promises';
import { ctr, EVENT_KINDS, minuteOf, secondOf, type TotalColumn, WINDOWS } from '@ads/models';
import { type AdAnswer, askAnalytics } from '../service-answers.js';
import { isValid, type Row } from './rows.js';

/** The time during which answers may come from the other store, because Redis can be slow on a busy machine. */
const OTHER_ANSWERS_MS = 30_000;
const PAUSE_MS = 250;

/**
 * Compares the answers of analytics with the valid stored events, ad by ad, at the second of the answer. Answers from the other
 * store must be right too. After a timeout, they are reported as wrong.
 *
 * @param store the store that answers must come from
 * @returns one line for each ad with a wrong answer
 */
export async function compareAnswers(
  url: string,
  rows: readonly Row[],
  adIds: readonly string[],
  store: 'redis' | 'postgres' = 'redis',
): Promise<string[]> {
  const wrong: string[] = [];
  for (const adId of adIds) {
    const ofAd = rows.filter((row) => row.adId === adId && isValid(row));
    const deadline = performance.now() + OTHER_ANSWERS_MS;
    for (;;) {
      const { source, problem } = await compareAnswer(url, ofAd, adId);
      const late = performance.now() > deadline;
      if (problem !== undefined) wrong.push(problem);
      else if (late) wrong.push(`analytics reads the counts of ${adId} from ${source} instead of ${store}`);
      if (problem !== undefined || late || source === store) break;
      await sleep(PAUSE_MS);
    }
  }
  return wrong;
}

async function compareAnswer(url: string, rows: readonly Row[], adId: string) {
  const first = secondOf(Date.now());
  const answer = await askAnalytics(url, adId);
  const last = secondOf(Date.now());
  const { source, timestamp: _, ...counts } = answer;
  const found = JSON.stringify(counts);
  // The second may change while the request runs.
  const wanted = Array.from({ length: last - first + 1 }, (_unused, passed) =>
    JSON.stringify(answerAt(rows, adId, first + passed)),
  );
  const problem = wanted.includes(found)
    ? undefined
    : `analytics should return ${wanted[0]} but returned ${found} (${source})`;
  return { source, problem };
}

/** The expected answer for an ad at a second, in the form and order of the API. */
function answerAt(rows: readonly Row[], adId: string, second: number): Omit<AdAnswer, 'source'> {
  const counted = (column: TotalColumn) => rows.filter(({ kind }) => EVENT_KINDS[kind].column === column);
  const clicks = counted('clicks');
  const impressions = counted('impressions');
  const minute = minuteOf(second * 1_000);
  const within = (events: readonly Row[], seconds: number) =>
    // The largest window moves in steps of a minute, the others in steps of a second.
    seconds === 86_400
      ? events.filter(({ occurredAt: at }) => minuteOf(at) > minute - 1_440 && minuteOf(at) <= minute).length
      : events.filter(({ occurredAt: at }) => secondOf(at) > second - seconds && secondOf(at) <= second).length;
  const perWindow = <T>(of: (seconds: number) => T) =>
    Object.fromEntries(WINDOWS.map(({ field, seconds }) => [field, of(seconds)]));
  return {
    ad_id: adId,
    total_clicks: clicks.length,
    impressions: impressions.length,
    ctr: ctr(clicks.length, impressions.length),
    time_frames: perWindow((seconds) => within(clicks, seconds)),
    impressions_time_frames: perWindow((seconds) => within(impressions, seconds)),
    ctr_time_frames: perWindow((seconds) => ctr(within(clicks, seconds), within(impressions, seconds))),
  };
}
