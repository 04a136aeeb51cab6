import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ENDPOINTS, notFound } from '@ads/contract';
import { toExpress } from '@ads/http';
import type { Request, Response, Router } from 'express';

/** Five minutes: pages get a new release of the snippet soon. */
const LATEST = 'public, max-age=300';
const FOREVER = 'public, max-age=31536000, immutable';

/** The bundles that `packages/player/build.mjs` makes. */
const BUNDLES = ['player.js', 'player.mjs'] as const;
type Bundle = (typeof BUNDLES)[number];

interface PlayerFile {
  /** Names the content, in the form of a path: `/player/0f8fad5bd9cb469f.js`. */
  readonly path: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly compressed: Buffer;
}

const compress = promisify(gzip);

/**
 * Serves the browser snippet from memory: the newest one at `/player.js` and `/player.mjs`, and each under a path that names its
 * content, which `Content-Location` tells. The path of another release redirects to the newest snippet, so that every page gets
 * one.
 */
export function playerFiles(router: Router): void {
  const files = new Map<Bundle, Promise<PlayerFile>>();
  const open = (name: Bundle): Promise<PlayerFile> => {
    let file = files.get(name);
    if (file === undefined) {
      file = load(name);
      files.set(name, file);
      // The next request retries a failed read.
      file.catch(() => files.delete(name));
    }
    return file;
  };

  router.get(ENDPOINTS.player.path, async (request, response) => {
    send(request, response, await open('player.js'), LATEST);
  });
  router.get(ENDPOINTS.playerModule.path, async (request, response) => {
    send(request, response, await open('player.mjs'), LATEST);
  });
  router.get(toExpress(ENDPOINTS.playerVersion.path), async (request, response) => {
    const name = BUNDLES.find((one) => request.path.endsWith(one.slice('player'.length)));
    if (name === undefined) throw notFound();
    const file = await open(name);
    if (request.path === file.path) send(request, response, file, FOREVER);
    else
      response
        .set({ ...OPEN, 'Cache-Control': LATEST, Location: `${request.baseUrl}/${name}` })
        .status(302)
        .end();
  });
}

/** The snippet is for every page, also where `CORS_ORIGINS` limits who may read answers. */
const OPEN = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };

function send(request: Request, response: Response, file: PlayerFile, caching: string): void {
  response.set({
    ...OPEN,
    'Content-Type': 'text/javascript; charset=utf-8',
    'Content-Location': `${request.baseUrl}${file.path}`,
    'Cache-Control': caching,
    ETag: file.etag,
  });
  response.vary('Accept-Encoding');
  if (request.acceptsEncodings('gzip') === 'gzip') response.set('Content-Encoding', 'gzip').send(file.compressed);
  else response.send(file.plain);
}

async function load(name: Bundle): Promise<PlayerFile> {
  const plain = await readFile(fileURLToPath(import.meta.resolve(`@ads/player/${name}`)));
  const version = createHash('sha256').update(plain).digest('hex').slice(0, 16);
  return {
    path: `/player/${version}${name.slice('player'.length)}`,
    etag: `W/"${version}"`,
    plain,
    compressed: await compress(plain),
  };
}
