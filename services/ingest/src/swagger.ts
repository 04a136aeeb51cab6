import { labelled, notFound } from '@ads/http';
import type { RequestHandler, Router } from 'express';
import { serve, setup } from 'swagger-ui-express';
import { stringify } from 'yaml';
import { swaggerFiles } from './swagger-files.js';

/** What the page needs beyond the policy of an API: its own styles and icons. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The API's document at `/swagger/doc.json` and `/swagger/swagger.yaml`, and a page to try it at `/swagger/index.html`. */
export function swagger(router: Router, document: object): void {
  // Parts that are used twice are written twice: many readers refuse a file with so many references.
  const yaml = stringify(document, { aliasDuplicateObjects: false });
  const page = setup(undefined, {
    swaggerUrl: 'doc.json',
    customSiteTitle: 'Ads Metric Tracker',
    // Else the page shows the address of the document to a validator on the internet.
    swaggerOptions: { validatorUrl: null },
  });
  router.get('/swagger/doc.json', (_request, response) => {
    response.json(document);
  });
  router.get('/swagger/swagger.yaml', (_request, response) => {
    response.type('application/yaml').send(yaml);
  });
  router.get('/swagger', forBrowsers, (request, response) => {
    response.redirect(`${request.baseUrl}/swagger/index.html`);
  });
  router.get('/swagger/index.html', forBrowsers, page);
  // The library refuses any path that ends so, whatever the method, in words that are not those of an API.
  router.use('/swagger', (request, _response, next) => {
    next(request.path.endsWith('/package.json') ? notFound() : undefined);
  });
  // The first of the library's handlers makes the script that starts the page. The others serve its whole package.
  router.use('/swagger', labelled('/swagger'), ...serve.slice(0, 1), swaggerFiles());
}

const forBrowsers: RequestHandler = (_request, response, next) => {
  response.set('Content-Security-Policy', PAGE_POLICY);
  response.set('Referrer-Policy', 'no-referrer');
  next();
};
