import type { RequestContext } from '@ads/http';
import { expect, test } from '@jest/globals';
import { playTimeHandler } from '../src/play-time-handler.js';

test('play times of an ad whose owner is not known are refused to a limited caller', async () => {
  const query = async () => [];
  const handler = playTimeHandler({ adsOf: () => ({ find: async () => 'unverified' }), database: { query } });
  const read = (caller: object) =>
    handler(
      { request: { url: '/?ad_id=foreign' }, clientKey: () => 'client', caller } as unknown as RequestContext,
      undefined,
    );
  await expect(read({ advertiser: 'A' })).rejects.toMatchObject({ status: 503 });
  await expect(read({ share: { adId: 'own', expiresAt: 0 } })).rejects.toMatchObject({ status: 503 });
  await expect(read({})).resolves.toMatchObject({ status: 200 });
});
