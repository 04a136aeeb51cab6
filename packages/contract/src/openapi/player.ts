import { notFound } from '../errors.js';
import { API_PREFIX, ENDPOINTS } from '../paths.js';
import { rateLimitHeaders, requestIdHeader } from './headers.js';
import { empty, error, withCaching } from './parts.js';
import { requestErrors, shared } from './shared-responses.js';

const SCRIPT = 'text/javascript';

function script(description: string, example: string) {
  const response = withCaching({
    description,
    headers: {
      ...requestIdHeader,
      ...rateLimitHeaders,
      'Content-Location': {
        description: 'The path that names this content, which caches may keep for a year.',
        schema: { type: 'string' },
        example: '/player/0f8fad5bd9cb469f.js',
      },
    },
  });
  return { ...response, content: { [SCRIPT]: { schema: { type: 'string' }, example } } };
}

const unchanged = { 304: shared('NotModified') };

const CALL = "track(document.querySelector('video'), { adId: 'ad-001', endpoint: 'https://ads.example.com' });";

/** The browser snippet. */
export const playerPaths = {
  [ENDPOINTS.player.path]: {
    get: {
      operationId: 'player',
      tags: ['events'],
      summary: 'Get the browser snippet for a script element',
      description:
        'Returns a script that defines `AdsMetricTracker.track`, which reports what a video element plays. Any origin may load it. Caches keep it for five minutes.',
      responses: { 200: script('The script.', `AdsMetricTracker.${CALL}`), ...unchanged, ...requestErrors },
    },
  },
  [ENDPOINTS.playerModule.path]: {
    get: {
      operationId: 'playerModule',
      tags: ['events'],
      summary: 'Get the browser snippet as a module',
      description:
        'Returns the snippet as a JavaScript module that exports `track`. It is otherwise the same as `/player.js`.',
      responses: {
        200: script('The module.', `import { track } from '/player.mjs'; ${CALL}`),
        ...unchanged,
        ...requestErrors,
      },
    },
  },
  [`${API_PREFIX}${ENDPOINTS.playerVersion.path}`]: {
    get: {
      operationId: 'playerVersion',
      tags: ['events'],
      summary: 'Get one version of the browser snippet',
      description:
        'Returns the script or the module under a path that names its content: the `Content-Location` of `/player.js` or `/player.mjs`. Caches may keep it for a year. The path of another release redirects to the newest one.',
      parameters: [
        {
          name: 'file',
          in: 'path',
          required: true,
          description: 'Version of the content, with the extension `.js` or `.mjs`.',
          schema: { type: 'string', examples: ['0f8fad5bd9cb469f.js'] },
        },
      ],
      responses: {
        200: script('The script or the module.', `AdsMetricTracker.${CALL}`),
        302: {
          ...empty('The service has no such version. The newest one is elsewhere.'),
          headers: {
            ...requestIdHeader,
            ...rateLimitHeaders,
            Location: {
              description: 'The path of the newest version.',
              required: true,
              schema: { type: 'string' },
              example: '/player.js',
            },
          },
        },
        ...unchanged,
        404: error('The name has another extension.', notFound()),
        ...requestErrors,
      },
    },
  },
};
