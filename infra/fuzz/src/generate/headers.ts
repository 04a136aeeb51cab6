import fc from 'fast-check';
import { oneOf, weighted } from './choices.js';
import { anyPath, anyTarget, eventTarget } from './endpoints.js';
import { eventBytes, validEvent } from './events.js';
import { hostileHeaderValue } from './hostile-strings.js';
import { head, headOf, type RawRequest, raw } from './request.js';

const headerName = oneOf`
  X-Request-ID X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto Forwarded X-Real-IP Origin Idempotency-Key Cookie
  Authorization Accept Accept-Encoding Accept-Language Referer Date Range If-Range If-Match If-None-Match
  If-Modified-Since If-Unmodified-Since Cache-Control X-HTTP-Method-Override X-Original-URL X-Rewrite-URL Via
  Max-Forwards Trailer Keep-Alive __proto__ constructor Access-Control-Request-Method Access-Control-Request-Headers
  TE Nats-Msg-Id User-Agent X-Invalid-Traffic X-Device-IP X-Device-User-Agent
`;

const knownValue = oneOf`
  bytes=0-0 bytes=999999999- bytes=-1 bytes=5-1 bytes=0-0,1-1,2-2 bytes=abc "x" W/"x" * -1 0 timeout=99999999 null
  ::1%eth0 [::1]:80 for="[::1]";proto=http ${'Thu, 01 Jan 1970 00:00:00 GMT'} ${'Fri, 31 Dec 9999 23:59:59 GMT'}
  ${'1.2.3.4, 5.6.7.8'} ${'127.0.0.1, '.repeat(200)}
`;

const oddHeader = fc
  .tuple(headerName, weighted([3, hostileHeaderValue], [2, knownValue]))
  .map(([name, value]) => `${name}: ${value}`);
const oddLines = fc.array(oddHeader, { minLength: 1, maxLength: 6 });

/** Generates a read of any path, with headers that other programs would act on. */
const oddHeadersOfReads = fc
  .tuple(anyTarget, anyPath, oneOf`GET HEAD OPTIONS`, oddLines)
  .map(([to, path, method, lines]) =>
    raw('odd headers', to, headOf(method, path, ...lines), { toHead: method === 'HEAD' }),
  );

const oddHeadersOfEvents = fc
  .tuple(eventTarget, validEvent, oddLines)
  .map(([to, event, lines]) => raw('odd headers', to, eventBytes(event, ...lines)));

export const oddHeaders: fc.Arbitrary<RawRequest> = fc.oneof(oddHeadersOfReads, oddHeadersOfEvents);

/** Generates requests with very many or very long header lines. Above a limit the response is 431. */
export const headerFloods: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    event: validEvent,
    lines: fc.constantFrom(1, 50, 200, 1_000, 2_000, 5_000),
    length: fc.constantFrom(0, 1, 50, 300, 4_000, 15_000, 60_000),
    same: fc.boolean(),
  })
  .map(({ to, event, lines, length, same }) => {
    const count = Math.max(1, Math.min(lines, Math.floor(200_000 / (length + 10))));
    const flood = Array.from({ length: count }, (_, index) => `X-${same ? 'Same' : index}: ${'y'.repeat(length)}`);
    return raw('header floods', to, eventBytes(event, ...flood));
  });

const host = oneOf`${''} localhost:99999 evil.example/@127.0.0.1 ${'a b'} \xff\xfe http://evil.example [::1 __proto__`;
const hostLine = fc.oneof(
  host.map((value) => `Host: ${value}`),
  fc.constantFrom('', 'Host:', 'Host: a\r\nHost: b', 'host : localhost', 'Host\t: localhost', 'Host:\x00'),
);

const brokenName = oneOf`${''} ${'Sp ace'} ${' X-Folded'} X-\xe9 () "quoted" X@Y`;
const brokenValue = fc.constantFrom('a\r\n b\r\n\tc', 'a\x00b', '\x07', 'a\rb', 'a\nInjected: b', '\x7f');
const brokenLine = weighted(
  [7, brokenName.map((name) => `${name}: x`)],
  [6, brokenValue.map((value) => `X-Odd: ${value}`)],
  [3, fc.constantFrom('No colon here', 'X-Empty:', '\r')],
  [
    3,
    fc
      .constantFrom('close, X-Request-ID', 'Content-Length, Content-Type, Host', 'keep-alive, close')
      .map((names) => `Connection: ${names}`),
  ],
  [2, fc.constantFrom('Proxy-Connection: close', 'Keep-Alive: timeout=0, max=0')],
  [2, fc.constantFrom('X-Request-ID: a\r\nX-Request-ID: b', 'Content-Type: text/html')],
);

/** Generates heads with lines that are not valid headers, or that inject a second header. */
export const brokenHeads: fc.Arbitrary<RawRequest> = fc
  .record({ to: eventTarget, path: anyPath, host: hostLine, lines: fc.array(brokenLine, { maxLength: 3 }) })
  .map(({ to, path, host, lines }) =>
    raw('broken heads', to, head(`GET ${path} HTTP/1.1`, ...(host === '' ? [] : [host]), ...lines)),
  );

const upgradeLines = fc.constantFrom(
  [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ],
  ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
  ['Connection: upgrade', 'Upgrade: TLS/1.0, HTTP/3, __proto__'],
  ['Upgrade: websocket'],
  ['Connection: Upgrade'],
  ['Expect: 100-continue'],
  ['Expect: 200-ok'],
  ['Expect: '],
  ['Expect: 100-continue, 100-continue'],
  ['Expect: 100-CONTINUE', 'Connection: close'],
);

/** Generates requests with `Upgrade` and `Expect` headers. */
export const upgrades: fc.Arbitrary<RawRequest> = fc
  .record({ to: eventTarget, event: validEvent, lines: upgradeLines, path: anyPath, isEvent: fc.boolean() })
  .map(({ to, event, lines, path, isEvent }) =>
    raw('upgrades', to, isEvent ? eventBytes(event, ...lines) : headOf('GET', path, ...lines)),
  );
