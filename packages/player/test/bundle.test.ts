import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';

test.each(['player.js', 'player.mjs'])('%s is smaller than 2.5 KB when it is compressed', (name) => {
  const file = fileURLToPath(new URL(`../dist/${name}`, import.meta.url));
  expect(gzipSync(readFileSync(file)).length).toBeLessThan(2_500);
});
