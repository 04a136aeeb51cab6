import fc from 'fast-check';
import { anyPath, anyTarget, eventTarget } from './endpoints.js';
import { eventBytes, validEvent } from './events.js';
import { hostileHeaderValue } from './hostile-strings.js';
import { head, type RawRequest, raw } from './request.js';

const headerName = fc.constantFrom(
  ...['X-Request-ID', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded', 'X-Real-IP', 'Origin'],
  ...['Idempotency-Key', 'Cookie', 'Authorization', 'Accept', 'Accept-Encoding', 'Accept-Language', 'Referer', 'Date'],
  ...['Range', 'If-Range', 'If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'Cache-Control'],
  ...['X-HTTP-Method-Override', 'X-Original-URL', 'X-Rewrite-URL', 'Via', 'Max-Forwards', 'Trailer', 'Keep-Alive'],
  ...[
    '__proto__',
    'constructor',
    'Access-Control-Request-Method',
    'Access-Control-Request-Headers',
    'TE',
    'Nats-Msg-Id',
  ],
);

const headerValue = fc.oneof(
  { weight: 3, arbitrary: hostileHeaderValue },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        'bytes=0-0',
        'bytes=999999999-',
        'bytes=-1',
        'bytes=5-1',
        'bytes=0-0,1-1,2-2',
        'bytes=abc',
        '"x"',
        'W/"x"',
        '*',
      ],
      ...['Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT', '-1', '0', 'timeout=99999999', 'null'],
      ...['1.2.3.4, 5.6.7.8', '::1%eth0', '[::1]:80', 'for="[::1]";proto=http', '127.0.0.1, '.repeat(200)],
    ),
  },
);

const oddHeader = fc.tuple(headerName, headerValue).map(([name, value]) => `${name}: ${value}`);

/** Any path with headers that other programs would act on. */
const oddHeadersOfReads = fc
  .record({
    to: anyTarget,
    path: anyPath,
    method: fc.constantFrom('GET', 'HEAD', 'OPTIONS'),
    lines: fc.array(oddHeader, { minLength: 1, maxLength: 6 }),
  })
  .map(({ to, path, method, lines }) =>
    raw('odd headers', to, head(`${method} ${path} HTTP/1.1`, 'Host: localhost', ...lines), {
      toHead: method === 'HEAD',
    }),
  );

const oddHeadersOfEvents = fc
  .record({ to: eventTarget, event: validEvent, lines: fc.array(oddHeader, { minLength: 1, maxLength: 6 }) })
  .map(({ to, event, lines }) => raw('odd headers', to, eventBytes(event, ...lines)));

export const oddHeaders: fc.Arbitrary<RawRequest> = fc.oneof(oddHeadersOfReads, oddHeadersOfEvents);

/** Very many or very long lines. Above a limit the response is 431. */
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

const hostLine = fc.constantFrom(
  ...[
    '',
    'Host:',
    'Host: ',
    'Host: a\r\nHost: b',
    'Host: localhost:99999',
    'Host: evil.example/@127.0.0.1',
    'Host: a b',
  ],
  ...[
    'Host: \xff\xfe',
    'Host: http://evil.example',
    'host : localhost',
    'Host\t: localhost',
    'Host:\x00',
    'Host: [::1',
    'Host: __proto__',
  ],
);

const brokenLine = fc.constantFrom(
  ...[
    'No colon here',
    ': no name',
    'Sp ace: x',
    ' X-Folded: first',
    'X-Folded: a\r\n b\r\n\tc',
    'X-Null: a\x00b',
    'X-Bell: \x07',
  ],
  ...[
    'X-Bare: a\rb',
    'X-Bare: a\nInjected: b',
    'X-\xe9: x',
    '(): x',
    '"quoted": x',
    'X@Y: x',
    'X-Long: \x7f',
    'X-Empty:',
    '\r',
  ],
  ...[
    'Connection: close, X-Request-ID',
    'Connection: Content-Length, Content-Type, Host',
    'Connection: keep-alive, close',
  ],
  ...[
    'Proxy-Connection: close',
    'Keep-Alive: timeout=0, max=0',
    'X-Request-ID: a\r\nX-Request-ID: b',
    'Content-Type: text/html',
  ],
);

/** Head lines that are no header, or that smuggle a second one. */
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

/** `Upgrade` and `Expect` headers. */
export const upgrades: fc.Arbitrary<RawRequest> = fc
  .record({ to: eventTarget, event: validEvent, lines: upgradeLines, path: anyPath, isEvent: fc.boolean() })
  .map(({ to, event, lines, path, isEvent }) =>
    raw(
      'upgrades',
      to,
      isEvent ? eventBytes(event, ...lines) : head(`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines),
    ),
  );
