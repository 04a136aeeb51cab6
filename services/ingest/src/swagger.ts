import { ENDPOINTS, type Endpoint } from '@ads/contract';
import { labelled } from '@ads/http';
import type { Router } from 'express';
import { startScript, swaggerFiles } from './swagger-files.js';

const { docs, openApi, openApiJson, openApiYaml, swagger: root, swaggerPage } = ENDPOINTS;

/** The policy of an API, extended by the page's own scripts, styles and icons. */
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

/** Serves the OpenAPI document at `/swagger/doc.json` and `/swagger/swagger.yaml`, and the Swagger page. */
export function swagger(router: Router): void {
  const files = swaggerFiles();
  const nameOf = ({ path }: Endpoint) => path.slice(`${root.path}/`.length);

  for (const endpoint of [openApiJson, openApiYaml]) {
    router.get(endpoint.path, async (request, response) => {
      await files.send(nameOf(endpoint), request, response);
    });
  }
  router.get(swaggerPage.path, async (request, response) => {
    response.set(PAGE_HEADERS);
    await files.send(nameOf(swaggerPage), request, response);
  });
  router.get(`${root.path}/swagger-ui-init.js`, labelled(root.path), startScript);
  for (const [from, to] of [
    [root, swaggerPage],
    [docs, swaggerPage],
    [openApi, openApiJson],
  ] as const) {
    router.get(from.path, (request, response) => response.redirect(`${request.baseUrl}${to.path}`));
  }
  router.use(root.path, labelled(root.path), async (request, response, next) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || !(await files.send(request.path.slice(1), request, response))) next();
  });
}
