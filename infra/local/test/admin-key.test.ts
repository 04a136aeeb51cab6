import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { localFolder } from '../src/index.js';
import { adminKey } from '../src/launcher/admin-key.js';

const file = join(process.env.TEST_FOLDER ?? join(localFolder, 'test'), randomBytes(4).toString('hex'), 'key');

test('a start makes a key that only its user can read, later starts keep it, and a key of the settings replaces it', () => {
  const { made, env } = adminKey({}, file);
  expect(made).toMatch(/^[\w-]{32}$/);
  expect(env).toEqual({ ADMIN_API_KEY: made });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(adminKey({}, file)).toEqual({ made, env });
  for (const name of ['ADMIN_API_KEY', 'ADMIN_API_KEY_FILE']) {
    expect(adminKey({ [name]: 'own' }, file)).toEqual({ made: undefined, env: {} });
  }
});
