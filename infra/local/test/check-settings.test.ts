import { expect, test } from '@jest/globals';
import { checkSettings } from '../src/launcher/check-settings.js';

test('every bad variable of all services is named at once, each of them once', async () => {
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

test('good settings pass', async () => {
  await checkSettings({ POSTGRES_HOST: 'db', HTTP_PORT: '0' });
});
