import { relative } from 'node:path';
import { localFolder, projectRoot } from '../project.js';

/** The facts that `npm start` prints when everything runs. */
export interface Summary {
  /** The public address, such as http://localhost:8080. */
  url: string;
  /** Name and address of each server and service. */
  addresses: readonly (readonly [name: string, address: string])[];
  /** The key of requests that need one; undefined for a key of the user. */
  key: string | undefined;
  /** One sentence for each missing server. */
  degraded: readonly string[];
}

/** Returns the text that `npm start` prints last. */
export function summaryText({ url, addresses, key, degraded }: Summary): string {
  const folder = relative(projectRoot, localFolder);
  const rows = addresses.map(([name, address]) => `  ${name.padEnd(10)} ${address}`);
  const warnings = degraded.map((sentence) => `⚠ ${sentence}\n`).join('');
  return `
The tracker is ready at ${url}

  Dashboard  ${url}/dashboard
  Swagger    ${url}/swagger/index.html
${rows.join('\n')}
  API key    ${key ?? 'ADMIN_API_KEY of your settings'}
  Data       ${folder}/data      (npm start -- --fresh begins empty)
  Logs       ${folder}/logs      (earlier runs: ${folder}/logs-previous)

${warnings}${warnings && '\n'}Record a click, and read it back:

  curl -X POST ${url}/api/v1/ads/click -H 'Content-Type: application/json' -d '{"ad_id":"ad-001","video_play_time":30}'
  curl '${url}/api/v1/ads/analytics?ad_id=ad-001'
  curl '${url}/api/v1/ads/analytics/events?ad_id=ad-001' -H 'Authorization: Bearer ${key ?? '…'}'

Ctrl-C stops everything.
`;
}
