import { queryOf } from '@ads/contract';
import { type FastPathHandler, weakTag } from '@ads/http';
import type { createReports } from './report.js';

/** `GET /api/v1/ads/analytics/report` */
export function reportHandler(report: ReturnType<typeof createReports>): FastPathHandler {
  return async ({ request: { url = '' } }) => {
    const body = JSON.stringify(await report(queryOf(url)));
    return { status: 200, body, etag: weakTag(body) };
  };
}
