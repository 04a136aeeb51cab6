import { setTimeout as sleep } from 'node:timers/promises';
import { ctr, EVENT_KINDS, minuteOf, secondOf, type TotalColumn, WINDOWS } from '@ads/models';
import { type AdAnswer, askAnalytics } from '../service-answers.js';
import type { Row } from './rows.js';

/** Time during which answers may come from Postgres, as Redis can be slow on a busy machine. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;

/**
 * Compares the answers of analytics with the stored events, ad by ad, at the second of the answer. An answer from Postgres
 * must be right, too; in the end the answer must come from Redis.
 *
 * @returns one line for each ad with a wrong answer
 */
export async function compareAnswers(url: string, rows: readonly Row[], adIds: readonly string[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const adId of adIds) {
    const ofAd = rows.filter((row) => row.adId === adId);
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { source, problem } = await compareAnswer(url, ofAd, adId);
      const late = performance.now() > deadline;
      if (problem !== undefined) wrong.push(problem);
      else if (late) wrong.push(`analytics answers about ${adId} from ${source} instead of redis`);
      if (problem !== undefined || late || source === 'redis') break;
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
  // The request may take from one second into the next.
  const wanted = Array.from({ length: last - first + 1 }, (_unused, passed) =>
    JSON.stringify(answerAt(rows, adId, first + passed)),
  );
  const problem = wanted.includes(found)
    ? undefined
    : `analytics should answer ${wanted[0]} and answers ${found} (${source})`;
  return { source, problem };
}

/** The right answer about an ad at a second, in the form and order of the API. */
function answerAt(rows: readonly Row[], adId: string, second: number): Omit<AdAnswer, 'source'> {
  const counted = (column: TotalColumn) => rows.filter(({ kind }) => EVENT_KINDS[kind].total === column);
  const clicks = counted('clicks');
  const impressions = counted('impressions').length;
  const windowed = rows.filter(({ kind }) => EVENT_KINDS[kind].inWindows);
  const minute = minuteOf(second * 1_000);
  const within = (seconds: number) =>
    // The widest window slides to the minute, the others to the second.
    seconds === 86_400
      ? windowed.filter(({ occurredAt: at }) => minuteOf(at) > minute - 1_440 && minuteOf(at) <= minute)
      : windowed.filter(({ occurredAt: at }) => secondOf(at) > second - seconds && secondOf(at) <= second);
  return {
    ad_id: adId,
    total_clicks: clicks.length,
    impressions,
    ctr: ctr(clicks.length, impressions),
    time_frames: Object.fromEntries(WINDOWS.map(({ field, seconds }) => [field, within(seconds).length])),
  };
}
