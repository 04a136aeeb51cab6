import { readFileSync } from 'node:fs';
import type { ReportQuery } from '@ads/contract';
import type { Database } from '@ads/ledger';
import { AD_LABELS, type AdLabel, type ReportCounts } from '@ads/models';

const READ_REPORT = readFileSync(new URL('../../sql/read-report.sql', import.meta.url), 'utf8');

/** A rollup that reports are summed from. */
interface Rollup {
  readonly table: string;
  readonly column: string;
  readonly milliseconds: number;
  readonly counts: Readonly<Record<keyof ReportCounts, string>>;
}

const sum = (column: string) => `sum(${column})::bigint`;

export const MINUTES: Rollup = {
  table: 'counts_per_minute',
  column: 'minute',
  milliseconds: 60_000,
  counts: { clicks: sum('clicks'), impressions: sum('impressions'), play_times: '0', play_time_ms: '0' },
};
export const QUARTER_HOURS: Rollup = {
  table: 'counts_per_quarter_hour',
  column: 'quarter_hour',
  milliseconds: 900_000,
  counts: {
    clicks: sum('clicks'),
    impressions: sum('impressions'),
    play_times: sum('play_times'),
    play_time_ms: sum('play_time_ms'),
  },
};

/** The condition of each filter that a query has. A query without it gets a plan of its own. */
const FILTERS: Readonly<Record<AdLabel, readonly [condition: string, parameter: string]>> = {
  ad: ['ad_id = ANY($2)', '$2::text[]'],
  campaign: ['ads.campaign = ANY($3)', '$3::text[]'],
  advertiser: ['ads.advertiser = ANY($4)', '$4::text[]'],
};

/** The values of the labels that a row is grouped by. */
export type Group = Readonly<Record<AdLabel, string | null>>;

export interface ReportRow extends ReportCounts, Group {
  /** The place of its part in the range. */
  readonly part: number;
}

/**
 * Reads the sums of a report, in the order of time and of groups.
 *
 * @param bounds the first bucket of each part, ascending, and the bucket after the last part
 * @param most the maximum number of rows
 * @throws DependencyUnavailable when Postgres is unavailable
 */
export async function readReport(
  database: Database,
  rollup: Rollup,
  { ad_id, campaign, advertiser, group_by }: ReportQuery,
  bounds: readonly number[],
  most: number,
): Promise<ReportRow[]> {
  const values = { ad: ad_id, campaign, advertiser };
  const filters = AD_LABELS.map((label) => {
    const [condition, parameter] = FILTERS[label];
    return `AND ${values[label] === undefined ? `${parameter} IS NULL` : condition}`;
  });
  const counts = Object.entries(rollup.counts).map(([name, value]) => `${value} AS ${name}`);
  const text = READ_REPORT.replaceAll(':rollup', rollup.table)
    .replaceAll(':bucket', rollup.column)
    .replaceAll(':counts', counts.join(', '))
    .replaceAll(':filters', filters.join(' '));
  return await database.query<ReportRow>('read_report', text, [
    bounds,
    ad_id ?? null,
    campaign ?? null,
    advertiser ?? null,
    group_by.includes('ad'),
    group_by.includes('campaign'),
    group_by.includes('advertiser'),
    most,
  ]);
}
