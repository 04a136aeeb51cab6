import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { ANYONE, type RequestContext } from '@ads/http';
import { type AdEvent, addressBytes } from '@ads/models';
import type { Logger } from '@ads/runtime';
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { readWords, V4_WORD, WORDS } from '../src/invalid-traffic/address-words.js';
import { ofBody, ofTag } from '../src/invalid-traffic/circumstances.js';
import { createJudge } from '../src/invalid-traffic/judge.js';
import { userAgentReader } from '../src/invalid-traffic/user-agents.js';
import type { ViewerHash } from '../src/invalid-traffic/viewer-hash.js';
import type { TagQuery } from '../src/tags/tag-query.js';
import { openTagSigning } from '../src/tags/tag-signing.js';
import { click } from './events.js';

/** A list of single IPv4 addresses. */
function listOf(...addresses: readonly string[]) {
  const listed = new Set(addresses.map((address) => addressBytes(address).readUInt32BE(12)));
  return { has: (isV4: boolean, asked: Uint32Array) => isV4 && listed.has(asked[V4_WORD] ?? 0) };
}

const LOGGED: string[] = [];
const LOGGER = { warn: (_: string, { event }: { readonly event: string }) => LOGGED.push(event) } as unknown as Logger;

function signingOf(mode: 'report' | 'enforce', EVENTS_ACCESS: 'public' | 'key' = 'key') {
  const registry = new Registry();
  const TAG_SIGNING_KEYS = [{ id: 'k1', secret: '0123456789abcdef'.repeat(2) }];
  const config = { TAG_SIGNING: mode, TAG_SIGNING_KEYS, TAG_SIGNATURE_HOURS: 1, EVENTS_ACCESS };
  const signing = openTagSigning({ config, metrics: { registry }, logger: LOGGER });
  if (signing === undefined) throw new Error('nothing is signed');
  const counted = async () => (await registry.metrics()).match(/^tag_signatures_total.* [1-9]\d*$/gm);
  return { ...signing, counted };
}

const OPTIONS = {
  lists: { listed_ip: listOf('192.0.2.66', '0.0.0.0'), datacenter: listOf('192.0.2.66', '192.0.2.77') },
  agentOf: userAgentReader({ include: [], exclude: [] }),
  readsProxyHeader: true,
  durationOf: (adId: string) => (adId === 'ad-001' ? 30 : undefined),
  signing: undefined,
  viewerOf: () => undefined,
};
const judge = createJudge(OPTIONS);

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

interface Tag {
  readonly ip?: string;
  readonly userAgent?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isStitcher?: boolean;
  readonly playTimeMs?: number;
  readonly adId?: string;
  readonly query?: TagQuery;
}

function contextOf({ headers = {}, isStitcher = false }: Tag): RequestContext {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  const nothing = () => undefined;
  return {
    request,
    caller: ANYONE,
    clientAddress: nothing,
    isStitcher: () => isStitcher,
    clientKey: () => '',
    charge: nothing,
  };
}

function eventOf({ ip = '203.0.113.9', playTimeMs, adId = 'ad-001' }: Tag): AdEvent {
  return { ...click(adId), ip, ...(playTimeMs === undefined ? {} : { playTimeMs }) };
}

function onTag(tag: Tag, channel: 'pixel' | 'link' = 'pixel', by = judge) {
  const { ip = '203.0.113.9', userAgent = BROWSER, query = {} } = tag;
  return by(eventOf(tag), ofTag(contextOf(tag), { ip, userAgent }, channel, query)).verdict;
}

const inBody = (fields: { readonly ip?: string | null; readonly user_agent?: string | null }, tag: Tag = {}) => {
  const event = eventOf({ ...tag, ip: fields.ip ?? '192.0.2.66' });
  return judge(event, ofBody(event, fields)).verdict;
};

const MARKED = { 'x-invalid-traffic': 'waf-17' };

describe('the verdict on a tag', () => {
  it('is that of the first rule, in the order of the table', () => {
    const all: Tag = { ip: '192.0.2.66', userAgent: 'curl', headers: MARKED, playTimeMs: 32_001 };
    const signing = signingOf('enforce');
    const sid = '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d';
    const tagAt = (time: number) => ({ sid, sg: signing.sign({ adId: 'ad-001', sid, placement: undefined }, time) });
    const { receivedAt } = eventOf({});
    const steps: [Tag, string | undefined][] = [
      [{}, 'listed_ip'],
      [{ ip: '192.0.2.77' }, 'datacenter'],
      [{ ip: '192.0.2.1' }, 'bot'],
      [{ userAgent: '' }, 'no_user_agent'],
      [{ userAgent: BROWSER }, 'proxy_flag'],
      [{ headers: {} }, 'unsigned'],
      [{ query: { ...tagAt(receivedAt), placement: 'home' } }, 'bad_signature'],
      [{ query: tagAt(receivedAt - 3_700_000) }, 'expired'],
      [{ query: tagAt(receivedAt) }, 'impossible'],
      [{ playTimeMs: 32_000 }, undefined],
    ];
    let tag = all;
    const verdicts = steps.map(([change]) => {
      tag = { ...tag, ...change };
      return onTag(tag, 'pixel', createJudge({ ...OPTIONS, signing }));
    });
    expect(verdicts).toEqual(steps.map(([, verdict]) => verdict));
  });

  it.each([
    [7, 'no_user_agent'],
    [8, undefined],
  ])('needs a user agent of 8 characters: %d', (length, verdict) => {
    const withoutBots = createJudge({ ...OPTIONS, agentOf: () => ({ class: 'viewer', fingerprint: [] }) });
    expect(onTag({ userAgent: 'x'.repeat(length) }, 'pixel', withoutBots)).toBe(verdict);
  });

  it('on a library that plays videos depends on whether it fetches a pixel or opens a link', () => {
    const tag = { userAgent: 'okhttp/4.12.0' };
    expect([onTag(tag, 'pixel'), onTag(tag, 'link')]).toEqual([undefined, 'bot']);
  });

  it('never depends on an address that is unknown, nor on the duration of an ad that is not in memory', () => {
    expect(onTag({ ip: '0.0.0.0' })).toBeUndefined();
    expect(onTag({ adId: 'ad-002', playTimeMs: 80_000_000 })).toBeUndefined();
  });

  it('of a stitcher depends only on the viewer whom its headers name', () => {
    const stitcher = { ip: '192.0.2.77', userAgent: 'AWSElementalMediaTailor/1.0', isStitcher: true };
    expect(onTag(stitcher)).toBeUndefined();
    const device = (headers: Tag['headers'], tag: Partial<Tag> = {}) =>
      onTag({ ...stitcher, ...tag, ...(headers && { headers }) });
    expect(device({ 'x-device-ip': '192.0.2.66' }, { ip: '192.0.2.66' })).toBe('listed_ip');
    expect(device({ 'x-device-user-agent': 'curl/8.5.0' })).toBe('bot');
    expect(device({ 'x-device-user-agent': BROWSER })).toBeUndefined();
    expect(device({ 'x-device-user-agent': '' })).toBe('no_user_agent');
  });

  it('counts the outcome of a signature once, and ignores it unless it is enforced', async () => {
    const signing = signingOf('report', 'public');
    const reporting = createJudge({ ...OPTIONS, signing });
    expect(onTag({ query: { sg: 'x' }, playTimeMs: 32_001 }, 'link', reporting)).toBe('impossible');
    expect(
      onTag(
        { query: { sg: signing.signForEver({ adId: 'ad-001', sid: undefined, placement: undefined }) } },
        'pixel',
        reporting,
      ),
    ).toBeUndefined();
    reporting(eventOf({}), ofBody(eventOf({}), {}));
    expect(await signing.counted()).toEqual([
      'tag_signatures_total{outcome="valid",key="k1"} 1',
      'tag_signatures_total{outcome="bad_signature",key="none"} 1',
    ]);
    expect(LOGGED).toEqual([]);
    signingOf('enforce', 'public');
    expect(LOGGED).toEqual(['tags.signing_avoidable']);
  });

  it('ignores the header of proxies unless it is on', () => {
    const off = createJudge({ ...OPTIONS, readsProxyHeader: false });
    expect([onTag({ headers: MARKED }), onTag({ headers: MARKED }, 'pixel', off)]).toEqual(['proxy_flag', undefined]);
  });
});

describe('the verdict on an event in JSON', () => {
  it('depends only on the viewer whom the body names', () => {
    // The address of the event is that of the sender, which is listed.
    expect([inBody({}), inBody({ ip: null, user_agent: null }), inBody({ user_agent: '' })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(inBody({ ip: '192.0.2.77' })).toBe('datacenter');
    expect(inBody({ ip: '203.0.113.1' })).toBeUndefined();
    expect(inBody({ user_agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' })).toBe('bot');
    expect(inBody({ user_agent: 'okhttp/4.12.0' })).toBeUndefined();
    expect(inBody({ user_agent: 'X' })).toBe('bot');
    expect(inBody({}, { playTimeMs: 32_001 })).toBe('impossible');
  });
});

it('an event stays the same object, and gets its viewer if address and user agent are known', () => {
  const event = eventOf({});
  expect(judge(event, ofBody(event, {}))).toBe(event);
  expect(event.viewer).toBeUndefined();
  const address = new Uint32Array(WORDS);
  readWords('203.0.113.9', address);
  const { fingerprint } = OPTIONS.agentOf(BROWSER);
  const viewerOf: ViewerHash = (words, agent, time) => `${words} ${agent.fingerprint} ${time}`;
  const known = createJudge({ ...OPTIONS, viewerOf });
  const viewerIn = (body: { readonly ip?: string; readonly user_agent?: string }) => {
    const sent = eventOf({ ip: body.ip ?? '203.0.113.9' });
    return known(sent, ofBody(sent, body)).viewer;
  };
  const body = { ip: '203.0.113.9', user_agent: BROWSER };
  expect(viewerIn(body)).toBe(`${address} ${fingerprint} ${event.receivedAt}`);
  expect([viewerIn({ ip: body.ip }), viewerIn({ user_agent: BROWSER }), viewerIn({ ...body, ip: '0.0.0.0' })]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
