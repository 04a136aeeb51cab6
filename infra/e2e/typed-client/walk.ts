import type { paths } from 'ads-api';
import createClient from 'openapi-fetch';

const CAMPAIGN = 'typed-client';
const ADS = ['id,title,campaign,target_url', ...['typed-1', 'typed-2'].map(lineOf)].join('\n');

function lineOf(id: string): string {
  return `${id},"Ad ${id}",${CAMPAIGN},https://shop.example.com/?click={click_id}`;
}

/** The numbers of the walk. */
export interface WalkResult {
  readonly created: number;
  readonly accepted: number;
  /** The sum of the report, read until it has every event. */
  readonly clicks: number;
  readonly status: string;
}

/**
 * Registers a campaign from a CSV, sends a click for each of its ads, reads the report by day, and archives an ad, with a client
 * whose types are made from the OpenAPI document.
 *
 * @param key of the scope `manage`
 * @throws Error if a response is not the documented success
 */
export async function walk(baseUrl: string, key: string): Promise<WalkResult> {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

  const imported = await client.POST('/api/v1/ads/import', {
    params: { query: { mode: 'all' } },
    body: ADS,
    bodySerializer: String,
    headers: { 'Content-Type': 'text/csv' },
  });
  const { created, results } = present(imported);

  const events = results.map(({ id }) => ({ kind: 'click' as const, ad_id: id ?? '', placement: 'homepage' }));
  const batch = present(await client.POST('/api/v1/ads/events', { body: { events } }));

  const readClicks = async (): Promise<number> => {
    const report = present(
      await client.GET('/api/v1/ads/analytics/report', {
        params: { query: { interval: 'day', group_by: 'ad', campaign: [CAMPAIGN], metrics: 'clicks' } },
      }),
    );
    if (typeof report === 'string') throw new Error('The report is no JSON.');
    return report.rows.reduce((sum, { clicks }) => sum + (clicks ?? 0), 0);
  };
  let clicks = 0;
  for (let attempt = 0; clicks < events.length && attempt < 200; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    clicks = await readClicks();
  }

  const archived = await client.DELETE('/api/v1/ads/{ad_id}', { params: { path: { ad_id: results[0]?.id ?? '' } } });
  return { created, accepted: batch.accepted, clicks, status: present(archived).status };
}

function present<Data>({ data, error, response }: { data?: Data; error?: unknown; response: Response }): Data {
  if (data === undefined) throw new Error(`${response.url} returned ${response.status} ${JSON.stringify(error)}`);
  return data;
}
