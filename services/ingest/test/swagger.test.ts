import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openApiDocument } from '@ads/contract/openapi';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { parse } from 'yaml';
import { swagger } from '../src/swagger.js';

const document = openApiDocument();

describe('the Swagger pages', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    const router = express.Router();
    swagger(router);
    server = createServer(express().use('/under', router).use(router));
    // Client and server share an event loop, which compressing and YAML block: an idle connection would be closed while it is used.
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('give the document as JSON, indented, and as YAML', async () => {
    const json = await (await fetch(`${url}/openapi.json`)).text();
    expect(json).toBe(`${JSON.stringify(document, undefined, 2)}\n`);
    expect(parse(await (await fetch(`${url}/swagger/swagger.yaml`)).text())).toEqual(JSON.parse(json));
  });

  it('contain no inline script, and load nothing from other hosts', async () => {
    for (const path of ['/swagger/index.html', '/under/swagger', '/docs']) {
      const page = await fetch(url + path);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("connect-src 'self';");
      expect(await page.text()).not.toMatch(/<script(?![^>]*\bsrc=)|https?:\/\/(?!www\.w3\.org)/);
    }
    const start = await (await fetch(`${url}/swagger/swagger-ui-init.js`)).text();
    // The badge of the validator would send the address of the document to swagger.io.
    expect(start).toContain('"validatorUrl": null');
    expect(start).toContain('"swaggerUrl": "doc.json"');
  });

  it('have the width of a phone', async () => {
    expect(await (await fetch(`${url}/docs`)).text()).toContain('<meta name="viewport" content="width=device-width');
  });

  it('load compressed files, which are revalidated, at once or after a day', async () => {
    const page = await (await fetch(`${url}/swagger/index.html`)).text();
    const names = [...page.matchAll(/(?:src|href)=["']\.\/([\w.-]+)["']/g)].map(([, name = '']) => name);
    expect(names).toContain('swagger-ui-bundle.js');
    for (const name of [...names, 'doc.json', 'index.html'].filter((name) => name !== 'swagger-ui-init.js')) {
      const file = await fetch(`${url}/swagger/${name}`);
      expect(file.status).toBe(200);
      const isOfLibrary = /^(swagger-ui|favicon)/.test(name);
      expect(file.headers.get('cache-control')).toBe(isOfLibrary ? 'public, max-age=86400' : 'no-cache');
      expect(file.headers.get('content-encoding')).toBe('gzip');
      const plain = await fetch(`${url}/swagger/${name}`, { headers: { 'Accept-Encoding': 'identity' } });
      expect(plain.headers.get('content-encoding')).toBeNull();
      expect(await plain.text()).toBe(await file.text());
      // fetch would send Cache-Control: no-cache by default.
      const headers = { 'If-None-Match': file.headers.get('etag') ?? '', 'Cache-Control': 'max-age=0' };
      expect((await fetch(`${url}/swagger/${name}`, { headers })).status).toBe(304);
    }
  });

  it('serve no other files of the package', async () => {
    for (const name of ['swagger-ui-bundle.js.map', 'swagger-ui-es-bundle.js', 'index.js', '../package.json']) {
      expect((await fetch(`${url}/swagger/${name}`)).status).toBe(404);
    }
  });
});
