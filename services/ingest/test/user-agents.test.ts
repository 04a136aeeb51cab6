import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { isbot } from 'isbot';
import { BUDGET_MS, cpuMs, shortly, withRuns } from '../../../infra/fuzz/test/cpu.js';
import { ISBOT_VERSION } from '../src/invalid-traffic/rules-in-force.js';
import { JUDGED_CHARACTERS, PLAYERS, userAgentReader } from '../src/invalid-traffic/user-agents.js';
import { USER_AGENTS } from './user-agents.js';

const require = createRequire(import.meta.url);
const crawlers: readonly { readonly instances: readonly string[] }[] = require('crawler-user-agents');
const CRAWLERS = [...new Set(crawlers.flatMap(({ instances }) => instances))];

const agentOf = userAgentReader({ include: [], exclude: [] });
const classOf = (userAgent: string) => agentOf(userAgent).class;

/** Crawlers that are no bots on `/t`: okhttp alone is also how SDKs of Android fetch pixels. On `/c` they are bots. */
const ALSO_PLAYERS = ['okhttp/2.5.0', 'okhttp/2.7.5', 'okhttp/3.2.0', 'okhttp/3.5.0', 'okhttp/4.1.0'];

/** Crawlers that isbot does not know. They look like browsers, or they are browsers in apps whose users are people. */
const UNKNOWN_TO_ISBOT = [
  'Instagram 406',
  'Code/1.115.0',
  'MetaIAB Facebook',
  'Trae/1.107.1',
  'Fluid/0.9.6',
  'TSM-turingos',
  'GTmetrix',
  'Miniature.io',
  'YLT Chrome',
];

describe('a user agent', () => {
  const all = Object.values(USER_AGENTS).flat();

  it('of one of 200 browsers, TV sets, SDKs and apps is valid on /t', () => {
    expect(new Set<string>(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(200);
    expect(all.filter((userAgent) => classOf(userAgent) === 'bot')).toEqual([]);
  });

  it('of a browser is valid on /c too, where a library is a bot', () => {
    const { players, ...browsers } = USER_AGENTS;
    const flat = Object.values(browsers).flat();
    expect(flat.filter((userAgent) => classOf(userAgent) !== 'viewer')).toEqual([]);
    expect(players.filter((userAgent) => classOf(userAgent) === 'player')).toEqual(
      players.filter((text) => isbot(text)),
    );
  });

  it('of each crawler that isbot knows is a bot', () => {
    expect(CRAWLERS.length).toBeGreaterThan(2_000);
    const known = CRAWLERS.filter((userAgent) => isbot(userAgent));
    expect(known.filter((userAgent) => classOf(userAgent) !== 'bot')).toEqual(ALSO_PLAYERS);
    const unknown = CRAWLERS.filter((userAgent) => !isbot(userAgent));
    expect(unknown.map((text) => UNKNOWN_TO_ISBOT.find((name) => text.includes(name)) ?? text)).toEqual(
      UNKNOWN_TO_ISBOT,
    );
  });

  it.each(['curl/8.5.0', 'python-requests/2.32.3', 'Go-http-client/2.0', 'node', 'Java/17.0.2', 'Wget/1.21.4'])(
    'of a tool is a bot: %s',
    (userAgent) => expect(classOf(userAgent)).toBe('bot'),
  );

  it('is a viewer or a bot by the lists of the operator, and the list of viewers comes first', () => {
    const read = userAgentReader({ include: ['acme monitor', 'shop'], exclude: ['webview', 'acme'] });
    const judged = (userAgent: string) => read(userAgent).class;
    expect(
      ['Acme Monitor/1.0', 'ACME TV/2.0 (Linux; Android 12)', 'Mozilla/5.0 (X11; WebView) Shop', 'okhttp/4.1 Shop'].map(
        judged,
      ),
    ).toEqual(['viewer', 'bot', 'viewer', 'viewer']);
    expect(judged('okhttp/4.12.0 webview')).toBe('bot');
  });

  it('is judged by its first 512 characters, and the text of another one does not change it', () => {
    const browser = USER_AGENTS.desktop[0] ?? '';
    const padded = browser.padEnd(JUDGED_CHARACTERS, ' x');
    expect([classOf(`${padded} Googlebot/2.1`), classOf(padded), classOf(`Googlebot/2.1 ${padded}`)]).toEqual([
      'viewer',
      'viewer',
      'bot',
    ]);
    expect(agentOf(`${padded} Googlebot/2.1`).fingerprint).toEqual(agentOf(padded).fingerprint);
    // Cached.
    expect([classOf(browser), classOf('curl/8.5.0'), classOf(browser), classOf('')]).toEqual([
      'viewer',
      'bot',
      'viewer',
      'viewer',
    ]);
  });

  it('takes time in proportion to its length', () => {
    const userAgent = 'Mozilla/5.0 (X11; a 1.1;) bot@a.b/1.0';
    const slow = [...withRuns(userAgent)].filter((text) => cpuMs(() => isbot(text)) > BUDGET_MS);
    expect(slow.map(shortly).slice(0, 5)).toEqual([]);
  });

  it('is judged by the version of isbot that the rules in force name', () => {
    expect(require('isbot/package.json').version).toBe(ISBOT_VERSION);
  });

  it('is compared with texts in lower case', () => {
    expect(PLAYERS.filter((part) => part !== part.toLowerCase())).toEqual([]);
  });
});
