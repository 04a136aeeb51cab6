import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';
import { generateHTML, type SwaggerUiOptions, serveFiles } from 'swagger-ui-express';

interface Source {
  readonly type: string;
  readonly caching: string;
  read(): Promise<string | Buffer>;
}

interface StaticFile {
  readonly etag: string;
  readonly plain: Buffer;
  readonly compressed: Buffer;
}

/** The files of the library change only with its version. */
const FOR_A_DAY = 'public, max-age=86400';
const REVALIDATED = 'no-cache';

const ofLibrary = (name: string, type: string): Source => ({
  type,
  caching: FOR_A_DAY,
  read: () => readFile(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`))),
});

const OPTIONS: SwaggerUiOptions = {
  // Relative, so that the page works below /api/v1 too.
  swaggerUrl: 'doc.json',
  customSiteTitle: 'Ads Metric Tracker: API',
  // The document has no links between operations, and phones need the room of their column.
  customCss: '.swagger-ui .response-col_links { display: none }',
  // By default the page sends the address of the document to a validator on the internet.
  swaggerOptions: { validatorUrl: null, displayRequestDuration: true },
};

/** The page of the library has no viewport, so phones would show it at the width of a desktop. */
function pageForPhones(): string {
  const viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">';
  return generateHTML(undefined, OPTIONS).replace('<head>', `<head>\n  ${viewport}`);
}

/** Sends the script that starts the page. The other handlers of the library would serve its whole package. */
export const startScript = serveFiles(undefined, OPTIONS)[0] as RequestHandler;

/** The package of the library also has other bundles and source maps of several megabytes. */
const SOURCES: Readonly<Record<string, Source>> = {
  'index.html': { type: 'text/html; charset=utf-8', caching: REVALIDATED, read: async () => pageForPhones() },
  'swagger-ui.css': ofLibrary('swagger-ui.css', 'text/css; charset=utf-8'),
  'swagger-ui-bundle.js': ofLibrary('swagger-ui-bundle.js', 'text/javascript; charset=utf-8'),
  'swagger-ui-standalone-preset.js': ofLibrary('swagger-ui-standalone-preset.js', 'text/javascript; charset=utf-8'),
  'favicon-16x16.png': ofLibrary('favicon-16x16.png', 'image/png'),
  'favicon-32x32.png': ofLibrary('favicon-32x32.png', 'image/png'),
  'doc.json': {
    type: 'application/json; charset=utf-8',
    caching: REVALIDATED,
    read: async () => (await import('./api-document.js')).apiDocumentAsJson(),
  },
  'swagger.yaml': {
    type: 'application/yaml; charset=utf-8',
    caching: REVALIDATED,
    read: async () => (await import('./api-document.js')).apiDocumentAsYaml(),
  },
};

/** Sends a file of the Swagger page. */
export interface SwaggerFiles {
  /** @returns false if there is no such file, and then sends nothing */
  send(name: string, request: Request, response: Response): Promise<boolean>;
}

/**
 * Serves the Swagger page and the OpenAPI document from memory (3 MB in all); the first request for each file reads or makes it.
 * Sending the largest file from disk took 8 ms of CPU on the thread that accepts clicks.
 */
export function swaggerFiles(): SwaggerFiles {
  const files = new Map<string, Promise<StaticFile>>();
  const open = (name: string, source: Source): Promise<StaticFile> => {
    let file = files.get(name);
    if (file === undefined) {
      file = load(source);
      files.set(name, file);
      // The next request retries a failed read.
      file.catch(() => files.delete(name));
    }
    return file;
  };
  return {
    async send(name, request, response) {
      const source = Object.hasOwn(SOURCES, name) ? SOURCES[name] : undefined;
      if (source === undefined) return false;
      const { etag, plain, compressed } = await open(name, source);
      response.set({ 'Content-Type': source.type, ETag: etag, 'Cache-Control': source.caching });
      response.vary('Accept-Encoding');
      if (request.acceptsEncodings('gzip') === 'gzip') response.set('Content-Encoding', 'gzip').send(compressed);
      else response.send(plain);
      return true;
    },
  };
}

const compress = promisify(gzip);

async function load(source: Source): Promise<StaticFile> {
  const plain = Buffer.from(await source.read());
  const etag = `W/"${createHash('sha256').update(plain).digest('base64url')}"`;
  return { etag, plain, compressed: await compress(plain) };
}
