import type { Report } from '../api/answers.js';
import { type Query, read } from '../api/client.js';
import { type Reading, useReading } from '../api/use-reading.js';
import type { Choice } from '../report/choice.js';
import { boundsOf, daysOf } from '../report/ranges.js';
import { refreshOf } from '../report/read-report.js';

/** The ad, and the choice of range and zone, that each part of its view shows. */
export interface AdPartProps {
  readonly id: string;
  readonly choice: Choice;
}

/** Reads a report without intervals about the ad and the range of a choice. @param query its metrics and groups */
export function useTotals({ id, choice }: AdPartProps, query: Query): Reading<Report> {
  const { range, from, to, tz } = choice;
  return useReading(
    async (signal) => {
      const now = Date.now();
      const bounds = boundsOf(daysOf(choice, now), tz, now);
      return await read<Report>(
        '/ads/analytics/report',
        { ...bounds, tz, interval: 'total', ad_id: id, ...query },
        signal,
      );
    },
    [id, range, from, to, tz, query],
    refreshOf(choice),
  );
}
