import type { paths } from 'ads-api';
import createClient from 'openapi-fetch';

const CAMPAIGN = 'typed-client';
const FIELDS =
  'id,title,campaign,target_url,duration_seconds,media_url,media_type,media_width,media_height,media_delivery';
const ADS = [FIELDS, ...['typed-1', 'typed-2'].map(lineOf)].join('\n');

function lineOf(id: string): string {
  const video = `6,https://cdn.example.com/${id}.mp4,video/mp4,1280,720,progressive`;
  return `${id},"Ad ${id}",${CAMPAIGN},https://shop.example.com/?click={click_id},${video}`;
}

/** The numbers of the walk. */
export interface WalkResult {
  readonly created: number;
  readonly accepted: number;
  /** The version that the VAST of an ad names. */
  readonly vast: string | undefined;
  /** The status of its click-through link. */
  readonly link: number;
  /** The sum of the report, read until it has every event. */
  readonly clicks: number;
  readonly status: string;
}

/**
 * Registers a campaign from a CSV, sends a click for each of its ads, gets the tags and the VAST of one, follows its link, reads
 * the report by day, and archives it, with a client whose types are made from the OpenAPI document.
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
  const path = { ad_id: results[0]?.id ?? '' };

  const events = results.map(({ id }) => ({ kind: 'click' as const, ad_id: id ?? '', placement: 'homepage' }));
  const batch = present(await client.POST('/api/v1/ads/events', { body: { events } }));

  const tags = present(
    await client.GET('/api/v1/ads/{ad_id}/tags', { params: { path, query: { placement: 'home' } } }),
  );
  const vast = present(
    await client.GET('/vast/{ad_id}', { params: { path, query: tagParameters(tags.vast_url) }, parseAs: 'text' }),
  );
  // A link is opened by a browser; the user agent of Node is that of a bot.
  const headers = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0' };
  const link = await client.GET('/c/{ad_id}', { params: { path }, headers, parseAs: 'text', redirect: 'manual' });

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
  for (let attempt = 0; clicks < events.length + 1 && attempt < 200; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    clicks = await readClicks();
  }

  const archived = await client.DELETE('/api/v1/ads/{ad_id}', { params: { path } });
  return {
    created,
    accepted: batch.accepted,
    vast: /^<VAST version="([\d.]+)"/m.exec(vast)?.[1],
    link: link.response.status,
    clicks,
    status: present(archived).status,
  };
}

/** The parameters with which a URL of a tag asks for VAST. */
function tagParameters(url: string): { placement: string } {
  return { placement: new URL(url).searchParams.get('placement') ?? '' };
}

function present<Data>({ data, error, response }: { data?: Data; error?: unknown; response: Response }): Data {
  if (data === undefined) throw new Error(`${response.url} returned ${response.status} ${JSON.stringify(error)}`);
  return data;
}
