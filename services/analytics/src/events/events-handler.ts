import { readFileSync } from 'node:fs';
import { type PostgresConfig, readByCursor } from '@ads/connections';
import { type EventsQuery, invalidFields, queryOf, ROW_FORMATS, ROW_TYPES, readEventsQuery } from '@ads/contract';
import { callerOf, clientKey } from '@ads/http';
import type { Metrics } from '@ads/runtime';
import type { Request, RequestHandler } from 'express';
import type { AdsOf } from '../ads-of.js';
import { formatMoment } from '../report/intervals.js';
import { type Range, readRange } from '../report/range.js';
import { requireAd } from '../require-ad.js';
import { type RowWriter, rowWriter } from '../row-formats.js';
import type { Streaming } from '../streaming.js';
import { EVENT_COLUMNS, eventCells } from './event-columns.js';

const EXPORT_EVENTS = readFileSync(new URL('../../sql/export-events.sql', import.meta.url), 'utf8');

export interface EventsDependencies {
  readonly postgres: PostgresConfig;
  readonly metrics: Metrics;
  readonly stream: Streaming;
  readonly adsOf: AdsOf;
  /** The longest time of an export. */
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** `GET /api/v1/ads/analytics/events` */
export function eventsHandler(dependencies: EventsDependencies): RequestHandler {
  const { stream, now, adsOf } = dependencies;
  return async (request, response) => {
    const parsed = readEventsQuery(queryOf(request.originalUrl));
    if (parsed.state === 'invalid') throw invalidFields(parsed.details);
    const { query } = parsed;
    const range = readRange(query, { now: now(), wholeMs: 1 });
    const format = query.format ?? preferredFormat(request);
    const writer = rowWriter(format, EVENT_COLUMNS);
    const client = clientKey(request.ip, request.socket);
    const { advertiser, isAdmitted } = callerOf(response);
    // Without this rule, an ad that was deleted could not be exported.
    if (advertiser !== undefined) {
      await Promise.all(query.ad_id.map((adId) => requireAd(adsOf(advertiser), adId, client)));
    }
    await stream(response, {
      client,
      isAdmitted,
      headers: {
        'Content-Type': writer.contentType,
        'Content-Disposition': `attachment; filename="events-${dayOf(range.from, query)}-${dayOf(range.to, query)}.${format}"`,
      },
      open: (signal) => open(dependencies, query, range, writer, signal),
    });
  };
}

async function open(
  { postgres, metrics, timeoutMs }: EventsDependencies,
  { ad_id, kind }: EventsQuery,
  { from, to }: Range,
  { head, write }: RowWriter,
  signal: AbortSignal,
): Promise<AsyncIterable<string>> {
  const batches = await readByCursor(
    postgres,
    { service: 'analytics', metrics },
    { operation: 'export_events', text: EXPORT_EVENTS, values: [ad_id, from, to, kind ?? null], timeoutMs, signal },
  );
  return (async function* () {
    yield head;
    for await (const rows of batches) yield write(rows.map(eventCells));
  })();
}

function preferredFormat(request: Request) {
  const type = request.accepts(Object.values(ROW_TYPES));
  return ROW_FORMATS.find((format) => ROW_TYPES[format] === type) ?? 'ndjson';
}

/** `2026-11-01`, in the time zone of the query. */
function dayOf(time: number, { tz }: EventsQuery): string {
  return formatMoment(time, tz).slice(0, 10);
}
