import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const folder = fileURLToPath(new URL('../dist', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });

test('the whole page is smaller than 80 KB when it is compressed by gzip', () => {
  const sizes = files.filter((name) => name.endsWith('.gz')).map((name) => statSync(`${folder}/${name}`).size);
  expect(sizes).toHaveLength(4);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(80_000);
});

test('the page names no other address, and has no script or style of its own in the HTML', () => {
  const html = readFileSync(`${folder}/index.html`, 'utf8');
  const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
  expect(addresses).toHaveLength(3);
  for (const address of addresses) expect(files).toContain(address?.replace('/dashboard/', ''));
  expect(html).not.toMatch(/<style|style=|<script(?! type="module" src=)/);
});
