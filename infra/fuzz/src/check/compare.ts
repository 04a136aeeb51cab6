import { waitFor } from '@ads/local';
import { ctr, type EventKind } from '@ads/models';
import type pg from 'pg';
import { AD_IDS } from '../generate/endpoints.js';
import { eventKey, type Journal } from './journal.js';

interface Row {
  readonly kind: EventKind;
  readonly id: string;
  readonly adId: string;
}

/** One line for each event or number that is not as it must be. */
export interface Comparison {
  readonly stored: number;
  readonly miscounted: readonly string[];
}

const SETTLED_MS = 60_000;

/** Event by event, what was acknowledged against what is stored; ad by ad, what is stored against what is answered. */
export async function compare(database: pg.Pool, url: string, journal: Journal): Promise<Comparison> {
  const rows = await settledRows(database, journal);
  const answers = await Promise.all(AD_IDS.map((adId) => answerProblem(url, adId, rows)));
  return { stored: rows.length, miscounted: [...rowProblems(journal, rows), ...answers.flat()] };
}

/** The rows, when nothing that was acknowledged is missing any more, and nothing more comes. */
async function settledRows(database: pg.Pool, journal: Journal): Promise<Row[]> {
  let rows = await readRows(database);
  let before = -1;
  const deadline = performance.now() + SETTLED_MS;
  await waitFor(
    async () => {
      rows = await readRows(database);
      const there = new Set(rows.map(({ kind, id }) => eventKey(kind, id)));
      const isWhole = [...journal.acknowledged.keys()].every((key) => there.has(key)) || performance.now() > deadline;
      const isQuiet = rows.length === before;
      before = rows.length;
      return isWhole && isQuiet;
    },
    { timeoutMs: SETTLED_MS + 10_000, intervalMs: 500, what: 'the events to be recorded' },
  );
  return rows;
}

async function readRows(database: pg.Pool): Promise<Row[]> {
  const { rows } = await database.query<Row>('SELECT kind, id, ad_id AS "adId" FROM ad_events');
  return rows;
}

function rowProblems(journal: Journal, rows: readonly Row[]): string[] {
  const there = new Set(rows.map(({ kind, id }) => eventKey(kind, id)));
  const lost = [...journal.acknowledged.keys()].filter((key) => !there.has(key)).map((key) => `${key} is lost`);
  const strange = rows.flatMap(({ kind, id, adId }) => {
    const ads = journal.acknowledged.get(eventKey(kind, id));
    if (ads === undefined)
      return journal.mayBeStored(id) ? [] : [`${kind} ${id} of ${adId} was refused, and is stored`];
    return ads.has(adId) ? [] : [`${kind} ${id} of ${[...ads].join()} is stored for ${adId}`];
  });
  return [...lost, ...strange];
}

async function answerProblem(url: string, adId: string, rows: readonly Row[]): Promise<string[]> {
  const ofAd = rows.filter((row) => row.adId === adId);
  const clicks = ofAd.filter(({ kind }) => kind === 'click').length;
  const impressions = ofAd.length - clicks;
  const wanted = JSON.stringify([adId, clicks, impressions, ctr(clicks, impressions)]);
  let found = '';
  const isRight = async () => {
    const response = await fetch(`${url}/api/v1/ads/analytics?ad_id=${encodeURIComponent(adId)}`);
    const answer = (await response.json()) as Record<string, unknown>;
    found = JSON.stringify([answer.ad_id, answer.total_clicks, answer.impressions, answer.ctr]);
    return found === wanted && answer.source === 'redis';
  };
  try {
    await waitFor(isRight, { timeoutMs: 15_000, intervalMs: 100, what: adId });
    return [];
  } catch {
    return [`analytics should say ${wanted} from Redis, and says ${found}`];
  }
}
