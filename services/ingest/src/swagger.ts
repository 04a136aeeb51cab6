import { labelled } from '@ads/http';
import type { Router } from 'express';
import { serve, setup } from 'swagger-ui-express';
import { stringify } from 'yaml';

/** What the page needs beyond the policy of an API: its own styles and icons. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The API's document at `/swagger/doc.json` and `/swagger/swagger.yaml`, and a page to try it at `/swagger/index.html`. */
export function swagger(router: Router, document: object): void {
  const yaml = stringify(document);
  const page = setup(undefined, { swaggerUrl: 'doc.json', customSiteTitle: 'Ads Metric Tracker' });
  router.get('/swagger/doc.json', (_request, response) => {
    response.json(document);
  });
  router.get('/swagger/swagger.yaml', (_request, response) => {
    response.type('application/yaml').send(yaml);
  });
  router.get(['/swagger', '/swagger/'], (request, response) => {
    response.redirect(`${request.baseUrl}/swagger/index.html`);
  });
  router.get('/swagger/index.html', (request, response, next) => {
    response.set('Content-Security-Policy', PAGE_POLICY);
    page(request, response, next);
  });
  router.use('/swagger', labelled('/swagger'), ...serve);
}
