import { queryOf, ROW_FORMATS, ROW_TYPES, type RowFormat, RULES_HEADER } from '@ads/contract';
import { callerOf, clientKey, isKnown, revalidated, setHeaders, weakTag } from '@ads/http';
import { readOldestMinute } from '@ads/ledger';
import type { Request, RequestHandler, Response } from 'express';
import { rowWriter } from '../row-formats.js';
import type { Streaming } from '../streaming.js';
import type { DayOffsets } from './day-offsets.js';
import { readFinalUntil } from './final.js';
import { formatMoment } from './intervals.js';
import { readInvalidTraffic } from './invalid-traffic.js';
import { planReport, type ReportPlan } from './plan-report.js';
import { type ReportDependencies, wholeReport } from './report.js';
import { type ReportStreamDependencies, streamReport } from './stream-report.js';

export interface ReportHandlerDependencies extends ReportDependencies, ReportStreamDependencies {
  /** Minutes for which counts per minute are kept. */
  readonly minutesKept: number;
  readonly stream: Streaming;
  readonly wantDays: DayOffsets;
}

/** `GET /api/v1/ads/analytics/report` */
export function reportHandler(dependencies: ReportHandlerDependencies): RequestHandler {
  const { database, minutesKept, now } = dependencies;
  return async (request, response) => {
    const { advertiser, share } = callerOf(response);
    const plan = await planReport(queryOf(request.originalUrl), {
      now: now(),
      advertiser,
      share,
      preferred: preferredFormat(request),
      readOldestMinute: () => readOldestMinute(database, minutesKept),
    });
    dependencies.wantDays(plan.days);
    response.vary('Accept');
    if (plan.format === 'json') await sendWhole(request, response, dependencies, plan);
    else await sendRows(request, response, dependencies, plan, plan.format);
  };
}

async function sendWhole(request: Request, response: Response, dependencies: ReportDependencies, plan: ReportPlan) {
  const body = await wholeReport(dependencies, plan);
  const etag = weakTag(body);
  setHeaders(response, revalidated(etag, callerOf(response)));
  if (isKnown(request, etag)) response.status(304).end();
  else response.type('json').send(body);
}

async function sendRows(
  request: Request,
  response: Response,
  dependencies: ReportHandlerDependencies,
  plan: ReportPlan,
  format: RowFormat,
): Promise<void> {
  const { database, maxEventAgeDays, stream } = dependencies;
  const [from, to] = [plan.from, plan.to].map((time) => formatMoment(time, plan.query.tz).slice(0, 10));
  const { hash } = await readInvalidTraffic(database, plan);
  await stream(response, {
    client: clientKey(request.ip, request.socket),
    isAdmitted: callerOf(response).isAdmitted,
    headers: {
      'Content-Type': rowWriter(format, []).contentType,
      [RULES_HEADER]: hash,
      'Content-Disposition': `attachment; filename="report-${from}-${to}.${format}"`,
    },
    open: async (signal) => {
      const finalUntil = await readFinalUntil(database, maxEventAgeDays);
      return await streamReport(dependencies, plan, format, finalUntil, signal);
    },
  });
}

function preferredFormat(request: Request): RowFormat | 'json' {
  const type = request.accepts(['application/json', ...Object.values(ROW_TYPES)]);
  return ROW_FORMATS.find((format) => ROW_TYPES[format] === type) ?? 'json';
}
