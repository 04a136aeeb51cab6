import { useEffect, useState } from 'preact/hooks';
import type { LiveState, Report, ReportRow } from '../api/answers.js';
import { read } from '../api/client.js';
import { apiKey } from '../api/key.js';
import { followLive } from '../api/live.js';
import { type ApiProblem, problemOf } from '../api/problem.js';
import { addDays, dateIn } from '../format/times.js';
import { link } from '../shell/connection.js';
import { ARRIVAL_METRICS, type Arrival, arrivalsBetween } from './arrivals.js';

/** Events that came at about the same time. */
export interface Arrivals {
  /** Milliseconds since the epoch, by the clock of this device. */
  readonly at: number;
  readonly events: readonly Arrival[];
}

export interface Watch {
  /** Newest first. */
  readonly arrivals: readonly Arrivals[];
  /** False until the counts are known that events are told apart from. */
  readonly isReady: boolean;
  readonly problem: ApiProblem | undefined;
}

/** The live stream has valid clicks and impressions only, so the counts are read also without a sign. */
const EVERY_MS = 3_000;
const MOST_SHOWN = 20;

/** Reads the counts of the ad of all events that are not older than a day. */
async function readRows(id: string, signal: AbortSignal): Promise<readonly ReportRow[]> {
  const from = addDays(dateIn(Date.now(), 'UTC'), -1);
  const query = { from, interval: 'total', group_by: 'verdict', metrics: ARRIVAL_METRICS, ad_id: id };
  return (await read<Report>('/ads/analytics/report', query, signal)).rows;
}

/** Watches the events of an ad while the view is open. */
export function useArrivals(id: string): Watch {
  const [arrivals, setArrivals] = useState<readonly Arrivals[]>([]);
  const [isReady, setIsReady] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const key = apiKey.value;

  useEffect(() => {
    const abort = new AbortController();
    let rows: readonly ReportRow[] | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isReading = false;
    let isAsked = false;

    const look = async () => {
      clearTimeout(timer);
      isAsked = isReading;
      if (isReading) return;
      isReading = true;
      try {
        const next = document.hidden && rows !== undefined ? rows : await readRows(id, abort.signal);
        const events = rows === undefined ? [] : arrivalsBetween(rows, next);
        rows = next;
        setIsReady(true);
        setProblem(undefined);
        if (events.length > 0) {
          setArrivals((before) => [{ at: Date.now(), events }, ...before].slice(0, MOST_SHOWN));
        }
      } catch (error) {
        if (!abort.signal.aborted) setProblem(problemOf(error));
      }
      isReading = false;
      if (abort.signal.aborted) return;
      timer = setTimeout(() => void look(), isAsked ? 0 : EVERY_MS);
    };
    let totals = '';
    const stop = followLive([id], {
      onState({ ads }: LiveState) {
        const now = JSON.stringify(ads.map(({ total_clicks, impressions }) => [total_clicks, impressions]));
        if (now !== totals) void look();
        totals = now;
      },
      onLink(state) {
        link.value = state;
      },
      // The counts are read without the stream too.
      onUnavailable: () => undefined,
    });
    void look();
    return () => {
      abort.abort();
      clearTimeout(timer);
      stop();
      link.value = undefined;
    };
  }, [id, key]);

  return { arrivals, isReady, problem };
}
