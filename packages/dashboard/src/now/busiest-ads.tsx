import type { AdCounters, AllCounters, Report } from '../api/answers.js';
import { read } from '../api/client.js';
import { type Refresh, useReading } from '../api/use-reading.js';
import { formatCount, formatRate } from '../format/numbers.js';
import { AdLink } from '../parts/ad-name.js';
import { Spark } from '../parts/spark.js';
import { Loaded } from '../parts/states.js';
import { type Column, Table } from '../parts/table.js';

const SHOWN = 8;
const MINUTE_MS = 60_000;
const MINUTES = 60;

interface BusyAd extends AdCounters {
  /** Clicks of each of the last 60 minutes. */
  readonly minutes: readonly number[];
}

async function readBusiest(signal: AbortSignal): Promise<readonly BusyAd[]> {
  const { analytics } = await read<AllCounters>('/ads/analytics', { timeframe: '1h', limit: SHOWN }, signal);
  const busy = analytics.filter((ad) => ad.time_frames.last_1_hour + ad.impressions_time_frames.last_1_hour > 0);
  const ids = busy.map(({ ad_id }) => ad_id);
  if (ids.length === 0) return [];
  const from = new Date((Math.ceil(Date.now() / MINUTE_MS) - MINUTES) * MINUTE_MS).toISOString();
  const query = { from, interval: 'minute', group_by: 'ad', metrics: 'clicks', ad_id: ids };
  const { rows } = await read<Report>('/ads/analytics/report', query, signal);
  return busy.map((ad) => ({
    ...ad,
    minutes: rows.filter((row) => row.ad === ad.ad_id).map(({ clicks }) => clicks ?? 0),
  }));
}

const COLUMNS: readonly Column<BusyAd>[] = [
  { key: 'ad', label: 'Ad', cell: ({ ad_id }) => <AdLink id={ad_id} /> },
  { key: 'minutes', label: 'Trend', isExtra: true, cell: ({ minutes }) => <Spark values={minutes} /> },
  { key: 'clicks', label: 'Clicks', isNumeric: true, cell: ({ time_frames }) => formatCount(time_frames.last_1_hour) },
  {
    key: 'impressions',
    label: 'Impressions',
    isNumeric: true,
    cell: ({ impressions_time_frames }) => formatCount(impressions_time_frames.last_1_hour),
  },
  { key: 'ctr', label: 'CTR', isNumeric: true, cell: ({ ctr_time_frames }) => formatRate(ctr_time_frames.last_1_hour) },
];

/** The ads with the most clicks in the last hour. */
export function BusiestAds({ refresh }: { readonly refresh: Refresh }) {
  const reading = useReading(readBusiest, [], refresh);
  return (
    <section class="card">
      <h2>Busiest ads, last hour</h2>
      <Loaded reading={reading}>
        {(ads) =>
          ads.length === 0 ? (
            <p class="muted">No ad was shown or clicked in the last hour.</p>
          ) : (
            <Table caption="Busiest ads, last hour" columns={COLUMNS} rows={ads} keyOf={({ ad_id }) => ad_id} />
          )
        }
      </Loaded>
    </section>
  );
}
