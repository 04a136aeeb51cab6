import { stringify } from 'node:querystring';
import * as contract from '@ads/contract';
import * as models from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { BUDGET_MS, cpuMs, shortly, withRuns } from './cpu.js';

/** The description of a schema by joi. */
interface Description {
  readonly type: string;
  readonly flags?: { readonly only?: boolean };
  readonly preferences?: { readonly abortEarly?: boolean };
  readonly rules?: readonly { readonly name: string }[];
  readonly keys?: Readonly<Record<string, Description>>;
}

/** The schemas of requests; the other schemas are named after the response that they describe. */
const requests = models.ENDPOINT_KINDS.map((kind) => [`${kind}Request`, models.eventRequests[kind]] as const);
const schemas = [...Object.entries(models), ...Object.entries(contract), ...requests].flatMap(
  ([name, value]): [string, Description][] => {
    const isSchema = typeof value === 'object' && 'describe' in value && typeof value.describe === 'function';
    return isSchema && !name.endsWith('Response') ? [[name, value.describe() as Description]] : [];
  },
);
const fields = schemas.flatMap(([schema, { keys = {} }]) =>
  Object.entries(keys).map(([field, description]) => ({ schema, field, description })),
);
const strings = fields.filter(({ description: { type } }) => type === 'string');

/** A valid value per field. Fields without an entry use the first value. */
const VALID: Readonly<Record<string, string>> = {
  ad_id: 'ad-001',
  ip: '2001:db8::ffff:203.0.113.9',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0)',
  timestamp: '2024-01-01T10:10:10.123Z',
  ...Object.fromEntries(
    models.ENDPOINT_KINDS.map((kind) => [models.EVENT_KINDS[kind].idField, 'f47ac10b-58cc-4372-a567-0e02b2c3d479']),
  ),
  event_id: 'f47ac10b-58cc-4372-a567-0e02b2c3d479',
  kind: 'firstQuartile',
  session_id: 'Größe',
  placement: 'home – top',
  country: 'NP',
  limit: '10.0e1',
  cursor: 'WzEsImFkLTAwMSJd',
  timeframe: '15m',
  from: '2026-11-01T10:00:00+01:00',
  to: '2026-11-02',
  format: 'ndjson',
  tz: 'America/Argentina/Buenos_Aires',
  group_by: 'ad,campaign',
  metrics: 'clicks,impressions,ctr',
  order: '-average_play_time',
  campaign: 'summer',
  advertiser: 'Example Shop',
  source: 'newsletter',
  verdict: 'double_click',
  mode: 'valid',
  sort: 'newest',
  title: 'Frühling – 20 s',
  id: 'ad_001~x.y',
  image_url: 'https://cdn.example.com/%7Ea/b.png?x=[CB]#y',
  target_url: 'HTTPS://shop.example.com:443/sale?sid=[SID]',
  status: 'paused',
  skip_offset: '00:00:05.500',
  vast_url: 'https://ads.example.com/vast?cb=[CACHEBUSTING]',
  click_mode: 'tracking',
  starts_at: '2026-11-01T10:00:00+01:00',
  ends_at: '2026-11-02',
  name: 'Frühling',
  expires_at: '2026-11-01T10:00:00+01:00',
};

const receipt = {
  idempotencyKey: undefined,
  callerIp: () => '203.0.113.9',
  now: 1_700_000_000_000,
  maxClockSkew: 0,
  maxAge: Number.POSITIVE_INFINITY,
  maxIdAge: Number.POSITIVE_INFINITY,
};

/** A kind that has the field; an error has all others. */
const KIND_WITH: Readonly<Record<string, models.EventKind>> = {
  click_id: 'click',
  video_play_time: 'click',
  impression_id: 'impression',
};

type Reading = { readonly state: string; readonly details?: readonly models.Detail[] };

/** The function that reads each schema. A schema without an entry fails its tests. */
const READERS: Readonly<Record<string, (field: string, text: string) => Reading>> = {
  adsQuery: (field, text) => contract.readAdsQuery(stringify({ [field]: text })),
  analyticsQuery: (field, text) => contract.readAnalyticsQuery(stringify({ [field]: text })),
  liveQuery: (field, text) => contract.readLiveQuery(stringify({ [field]: text })),
  playTimeQuery: (field, text) => contract.readPlayTimeQuery(stringify({ ad_id: 'ad-001', [field]: text })),
  qualityQuery: (field, text) => contract.readQualityQuery(stringify({ ad_id: 'ad-001', [field]: text })),
  eventsQuery: (field, text) => contract.readEventsQuery(stringify({ ad_id: 'ad-001', [field]: text })),
  adHistoryQuery: (field, text) => contract.readAdHistoryQuery(stringify({ [field]: text })),
  adTagsQuery: (field, text) => contract.readAdTagsQuery(stringify({ [field]: text })),
  adImportQuery: (field, text) => contract.readAdImportQuery(stringify({ [field]: text })),
  newAd: (field, text) => contract.readNewAd({ target_url: 'https://example.com/', [field]: text }),
  adChange: (field, text) => contract.readAdChange({ [field]: text }),
  newKey: (field, text) => contract.readNewKey({ name: 'x', scopes: ['read'], [field]: text }, 0),
  newShare: (field, text) =>
    contract.readNewShare({ name: 'x', ...(field === 'campaign' ? {} : { ad_id: 'ad-001' }), [field]: text }, 0),
  sharesQuery: (field, text) => contract.readSharesQuery(stringify({ [field]: text })),
  keysQuery: (field, text) => contract.readKeysQuery(stringify({ [field]: text })),
  reportQuery: (field, text) => contract.readReportQuery(stringify({ [field]: text })),
  batchedEvent: (field, text) =>
    models.batchedEventReader(receipt)({ kind: KIND_WITH[field] ?? 'error', ad_id: 'ad-001', [field]: text }),
  ...Object.fromEntries(
    models.ENDPOINT_KINDS.map((kind) => [
      `${kind}Request`,
      (field: string, text: string) =>
        models.readEventRequest({ ad_id: 'ad-001', [field]: text }, { ...receipt, kind }),
    ]),
  ),
};

/** The errors for a request with this text in this field, from the schema and from the checks before it. */
function complaints(schema: string, field: string, text: string): readonly models.Detail[] {
  const read = READERS[schema];
  if (read === undefined) throw new Error(`No reader for ${schema}: add it to READERS`);
  return read(field, text).details ?? [];
}

it('the test finds all schemas of requests', () => {
  expect(schemas.map(([name]) => name)).toEqual(expect.arrayContaining(['clickRequest', 'impressionRequest']));
  expect(fields.length).toBeGreaterThan(10);
});

describe('a field', () => {
  it.each(strings)('has its length checked before its other rules: $schema.$field', ({ description }) => {
    const { flags, rules = [], preferences } = description;
    // A list of values needs no limit, as a text is looked up in it.
    if (flags?.only === true) return;
    expect(rules[0]?.name).toBe('max');
    // Without this option joi checks the other rules after the first has failed.
    expect(preferences?.abortEarly === true || rules.length === 1).toBe(true);
  });

  it.each(fields)('takes time in proportion to the length of a text: $schema.$field', ({ schema, field }) => {
    const slow: string[] = [];
    for (const text of withRuns(VALID[field] ?? 'ad-001')) {
      const ms = cpuMs(() => complaints(schema, field, text));
      if (ms > BUDGET_MS) slow.push(`${shortly(text)}: ${ms} ms`);
    }
    expect(slow).toEqual([]);
  });

  it.each(fields)('is not repeated in the error message: $schema.$field', ({ schema, field }) => {
    const found = complaints(schema, field, `<script>${'x'.repeat(2_000)}`);
    expect(found).toEqual([{ path: field, message: expect.not.stringMatching(/<script>|xxx/) }]);
    for (const { message } of found) expect(message.length).toBeLessThan(200);
  });
});

describe('a header', () => {
  it('takes time in proportion to its length: Idempotency-Key', () => {
    for (const text of withRuns(`"${VALID.click_id}"`)) {
      const read = () => models.readEventRequest({ ad_id: 'a' }, { ...receipt, kind: 'click', idempotencyKey: text });
      expect([shortly(text), cpuMs(read) < BUDGET_MS]).toEqual([shortly(text), true]);
    }
  });

  it.each(['203.0.113.9:4711', '[2001:db8::1%eth0]:443', '::ffff:203.0.113.9'])(
    'takes time in proportion to its length: X-Forwarded-For like %s',
    (address) => {
      for (const text of withRuns(address)) {
        expect([shortly(text), cpuMs(() => models.readAddress(text)) < BUDGET_MS]).toEqual([shortly(text), true]);
      }
    },
  );
});
