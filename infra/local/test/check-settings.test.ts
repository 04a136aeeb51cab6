import { expect, test } from '@jest/globals';
import { checkSettings } from '../src/launcher/check-settings.js';

test('the bad variables of all services are listed in one message, each once', async () => {
  const bad = {
    HTTP_PORT: '99999',
    POSTGRES_HOST: 'postgres://db',
    NATS_URL: 'nats://user:100%@nats',
    INGEST_QUEUE_EVENTS: 'many',
    CONSUMER_BATCH_EVENTS: '0',
    LIST_MAX_AGE_MS: '-1',
  };
  const message = await checkSettings(bad).then(
    () => 'nothing',
    (error: Error) => error.message,
  );
  expect(message).toMatch(/^Bad configuration:\n/);
  const names = message
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(':')[0] ?? '');
  expect(names.sort()).toEqual(Object.keys(bad).sort());
});

test('valid settings are accepted', async () => {
  await checkSettings({ POSTGRES_HOST: 'db', HTTP_PORT: '0' });
});
