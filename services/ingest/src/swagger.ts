import { ENDPOINTS, notFound } from '@ads/contract';
import { labelled } from '@ads/http';
import type { RequestHandler, Router } from 'express';
import { serve, setup } from 'swagger-ui-express';
import { swaggerFiles } from './swagger-files.js';

/** The policy of an API, extended by the page's own scripts, styles and icons. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the OpenAPI document at `/swagger/doc.json` and `/swagger/swagger.yaml`, and the Swagger page. */
export function swagger(router: Router): void {
  const page = setup(undefined, {
    swaggerUrl: 'doc.json',
    customSiteTitle: 'Ads Metric Tracker',
    // By default the page sends the address of the document to a validator on the internet.
    swaggerOptions: { validatorUrl: null },
  });
  router.get(ENDPOINTS.openApiJson.path, async (_request, response) => {
    const { apiDocument } = await import('./api-document.js');
    response.json(apiDocument);
  });
  router.get(ENDPOINTS.openApiYaml.path, async (_request, response) => {
    const { apiDocumentAsYaml } = await import('./api-document.js');
    response.type('application/yaml').send(apiDocumentAsYaml());
  });
  router.get(ENDPOINTS.swagger.path, forBrowsers, (request, response) => {
    response.redirect(`${request.baseUrl}${ENDPOINTS.swaggerPage.path}`);
  });
  router.get(ENDPOINTS.swaggerPage.path, forBrowsers, page);
  // The library would answer these paths with an error that is not in the form of the API.
  router.use(ENDPOINTS.swagger.path, (request, _response, next) => {
    next(request.path.endsWith('/package.json') ? notFound() : undefined);
  });
  // Uses only the first handler of the library, which generates the start script. The others serve its whole package.
  router.use(ENDPOINTS.swagger.path, labelled(ENDPOINTS.swagger.path), ...serve.slice(0, 1), swaggerFiles());
}

const forBrowsers: RequestHandler = (_request, response, next) => {
  response.set('Content-Security-Policy', PAGE_POLICY);
  response.set('Referrer-Policy', 'no-referrer');
  next();
};
