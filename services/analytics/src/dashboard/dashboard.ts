import { ENDPOINTS, notFound } from '@ads/contract';
import type { Request, Response, Router } from 'express';
import { loadPageFiles, type PageFile, type PageFiles } from './page-files.js';

/** Headers of the page. It loads only its own files, talks only to its own address, and turns no text into HTML or code. */
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy':
    'accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
};

/** Browsers check for a new page on each visit, and cache the files that the page names. */
const NEWEST = 'no-cache';
const FOREVER = 'public, max-age=31536000, immutable';

/** The smallest first. */
const ENCODINGS = ['br', 'gzip'] as const;

const PAGE = ENDPOINTS.dashboard.path;

/**
 * Serves the dashboard from memory; the first request reads it (0.3 MB). Each path below `/dashboard`, except those of files, is a
 * view, which the script of the page chooses. `/` redirects browsers to the page.
 */
export function dashboard(router: Router): void {
  let page: Promise<PageFiles> | undefined;
  const open = (): Promise<PageFiles> => {
    if (page === undefined) {
      page = loadPageFiles();
      // The next request retries a failed read.
      page.catch(() => {
        page = undefined;
      });
    }
    return page;
  };
  const sendPage = async (request: Request, response: Response) => {
    send(request, response, (await open()).index, NEWEST);
  };

  router.get(ENDPOINTS.home.path, (request, response) => {
    response.vary('Accept');
    if (request.accepts(['json', 'html']) !== 'html') throw notFound();
    response.redirect(`${request.baseUrl}${PAGE}`);
  });
  router.get(PAGE, sendPage);
  router.get(`${PAGE}/files/:file`, async (request, response) => {
    const file = (await open()).files.get(request.params.file);
    if (file === undefined) throw notFound();
    send(request, response, file, FOREVER);
  });
  router.get(`${PAGE}/*view`, sendPage);
}

function send(request: Request, response: Response, file: PageFile, caching: string): void {
  response.set({ ...PAGE_HEADERS, 'Content-Type': file.type, 'Cache-Control': caching, ETag: file.etag });
  response.vary('Accept-Encoding');
  const encoding = ENCODINGS.find((name) => request.acceptsEncodings(name) === name);
  if (encoding === undefined) response.send(file.plain);
  else response.set('Content-Encoding', encoding).send(file[encoding]);
}
