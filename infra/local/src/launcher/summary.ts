import { relative } from 'node:path';
import { localFolder, projectRoot } from '../project.js';
import type { LanUrl } from './lan-url.js';
import { terminal } from './progress.js';

/** The facts that `npm start` prints when everything runs. */
export interface Summary {
  /** The public address, such as http://localhost:8080. */
  url: string;
  lanUrl: LanUrl | undefined;
  /** The address with which tags begin: `PUBLIC_URL`. */
  tagsUrl: string;
  /** Name and address of each server and service. */
  addresses: readonly (readonly [name: string, address: string])[];
  /** The key of requests that need one; undefined for a key of the user. */
  key: string | undefined;
  /** True if the data are those of the demo. */
  demo: boolean;
  /** One sentence for each missing server. */
  degraded: readonly string[];
}

/** Returns the text that `npm start` prints last. It fits 60 columns, except for long addresses. */
export function summaryText({ url, lanUrl, tagsUrl, addresses, key, degraded, demo }: Summary): string {
  const folder = relative(projectRoot, localFolder);
  const bold = (text: string) => terminal.paint('bold', text);
  const warnings = degraded.map((sentence) => `⚠ ${sentence}\n`).join('');
  return `
The tracker is ready. Open this page in a browser:

  ${bold(`${url}/dashboard`)}

  Admin key  ${key ?? 'ADMIN_API_KEY of your settings'}
  API        ${url}/swagger/index.html
  Phone      ${phoneText(lanUrl)}
  Tags       begin with ${tagsUrl}
  Logs       npm run logs, or files in ${folder}/logs
  Data       ${folder}/${demo ? 'demo-data' : 'data, empty: npm start -- --fresh'}
${addresses.map(([name, address]) => `  ${name.padEnd(10)} ${address}`).join('\n')}

${demo ? DEMO_TEXT : ''}${warnings}${warnings && '\n'}Next, in another terminal:

  1. Report a click; the page shows it at once
${bold(`     curl ${url}/ads/click \\
       -H 'Content-Type: application/json' \\
       -d '{"ad_id":"ad-001","video_play_time":30}'`)}
  2. Register an ad of your own
${bold(`     npm run ads -- add --target-url https://example.com`)}
  3. Read the clicks of the last 24 hours
${bold(`     curl '${url}/ads/analytics?ad_id=ad-001'`)}

Ctrl-C stops everything.
`;
}

const DEMO_TEXT = `These numbers are a demo: a made-up advertiser, and viewers
that do not exist. Your own data: npm start
Delete the demo: npm start -- --no-demo

`;

function phoneText(lan: LanUrl | undefined): string {
  if (lan === undefined) return 'start with HTTP_HOST=0.0.0.0 to serve the network';
  const page = `${lan.url}/dashboard`;
  return lan.isOpen ? page : `HTTP_HOST=0.0.0.0 npm start\n${' '.repeat(13)}${page}`;
}
