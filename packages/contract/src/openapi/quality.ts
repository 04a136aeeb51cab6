import { DIAGNOSTIC_NAMES, DIAGNOSTICS, type DiagnosticName, diagnosticLevel } from '@ads/models';
import { invalidFields, unavailable } from '../errors.js';
import { qualityQuery } from '../quality-query.js';
import { error, json, noPostgres, queryParameters, retryLater } from './parts.js';
import { requestErrors, shared } from './shared-responses.js';

const examples: Readonly<Record<DiagnosticName, readonly [value: number, of: number]>> = {
  invalid_clicks: [140, 1_190],
  invalid_impressions: [310, 50_310],
  ctr: [1_050, 50_000],
  sessions_without_impression: [12, 1_020],
  clicks_at_start: [31, 980],
  clicks_of_one_viewer: [9, 1_050],
  impressions_of_one_viewer: [84, 50_000],
  reused_sessions: [3_900, 51_400],
  funnel_gaps: [410, 41_000],
  events_without_session: [0, 205_000],
};

const diagnostics = Object.fromEntries(
  DIAGNOSTIC_NAMES.map((name) => {
    const [value, of] = examples[name];
    const { message } = DIAGNOSTICS[name];
    return [name, { value, of, share: value / of, level: diagnosticLevel(name, value, of), message }];
  }),
);

/** `GET /api/v1/ads/analytics/quality` */
export const qualityOperation = {
  operationId: 'readQuality',
  tags: ['analytics'],
  summary: 'Get diagnostics of the traffic of an ad',
  description:
    'Returns the invalid traffic of an ad, and diagnostics of its valid events. Diagnostics are signs of players that report wrongly, of cached VAST documents, and of fraud. They change no count. A viewer is recognised by a hash of address and user agent, which changes on each UTC day and is not returned. One answer reads at most `QUALITY_MAX_EVENTS` stored events of all ads, the newest of the range; `sample` describes what was read. Events are removed after `EVENT_RETENTION_DAYS`.',
  parameters: queryParameters(qualityQuery, {
    ad_id: 'ad-001',
    from: '2026-03-28T00:00:00Z',
    to: '2026-03-29T00:00:00Z',
  }),
  responses: {
    200: json('The diagnostics.', 'Quality', {
      ad_id: 'ad-001',
      from: '2026-03-28T00:00:00.000Z',
      to: '2026-03-29T00:00:00.000Z',
      counts: {
        gross_clicks: 1_190,
        clicks: 1_050,
        invalid_clicks: 140,
        gross_impressions: 50_310,
        impressions: 50_000,
        invalid_impressions: 310,
        verdicts: [
          { verdict: 'bot', clicks: 128, impressions: 310 },
          { verdict: 'double_click', clicks: 12, impressions: 0 },
        ],
      },
      sample: {
        from: '2026-03-28T00:00:00.000Z',
        is_complete: true,
        sessions_from: '2026-03-28T00:15:00.000Z',
        events: 205_000,
        clicks: 1_050,
        impressions: 50_000,
      },
      diagnostics,
    }),
    400: error(
      'A query parameter is missing, invalid or unknown, or the range is too long.',
      invalidFields([{ path: 'from', message: 'from must be at most 7 days before to' }]),
    ),
    404: shared('UnknownAd'),
    503: retryLater(
      'Postgres is unavailable, or too many diagnostics are being read: a client may read one at a time, all clients together half of `MAX_EXPORTS`.',
      noPostgres,
      unavailable('Too many diagnostics are being read; retry later.', undefined, 5),
    ),
    ...requestErrors,
  },
};
