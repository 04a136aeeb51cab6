// Plays a VAST tag with @dailymotion/vast-client, without a browser and a video: as fast as it can, to the end, with one click.
// Fetches each tracking URL twice, like a player that retries. Usage: node infra/e2e/play-vast.mjs URL

import { VASTClient, VASTTracker } from '@dailymotion/vast-client';

const [url] = process.argv.slice(2);
if (url === undefined || url.startsWith('-')) {
  console.error('Usage: node infra/e2e/play-vast.mjs URL');
  process.exit(url === '--help' ? 0 : 2);
}

const client = new VASTClient();
const { ads } = await client.get(url);
const creative = ads[0]?.creatives.find(({ type }) => type === 'linear');
if (creative === undefined) throw new Error(`${url} has no video: is the ad paused, archived or out of its dates?`);

// vast-client fetches its URLs as images of a browser. The user agent of Node is that of a bot.
const request = {
  redirect: 'manual',
  headers: { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0' },
};
const fetched = [];
globalThis.window = {};
globalThis.Image = class {
  set src(pixel) {
    fetched.push(fetchTwice(pixel));
  }
};

async function fetchTwice(target) {
  const answers = await Promise.all([fetch(target, request), fetch(target, request)]);
  const [{ status, headers }] = answers;
  console.log(answers.map((answer) => answer.status).join(' '), target.replace(/[?].*/, ''));
  if (status === 302) console.log(`The click leads to ${headers.get('location')}`);
  if (answers.some((answer) => answer.status >= 400)) process.exitCode = 1;
}

const tracker = new VASTTracker(client, ads[0], creative);
tracker.on('clickthrough', (target) => fetched.push(fetchTwice(target)));
tracker.trackImpression();
for (let second = 0; second <= creative.duration; second += 1) tracker.setProgress(second);
tracker.click();
tracker.complete();
await Promise.all(fetched);
