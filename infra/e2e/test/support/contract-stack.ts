import type { AdAnswer } from '@ads/harness';
import { addAds, type TestServers, type TestStack, waitFor } from '@ads/local';
import type pg from 'pg';
import { type Client, createClient, readDocument } from './client.js';
import { Documented } from './documented.js';
import { openDatabase, type Variables } from './environment.js';

/** The whole tracker behind its gateway, and a connection to its database. */
export interface ContractStack {
  readonly stack: TestStack;
  /** The variables of Postgres, Redis and NATS. */
  readonly servers: Variables;
  readonly documented: Documented;
  readonly client: Client;
  readonly database: pg.Pool;
}

/** The `ADMIN_API_KEY` of the services. */
export const ADMIN_KEY = 'the-key-of-contract-tests';

/** Starts servers and services, with these ads in addition to the sample ads. */
export async function openContractStack(
  testServers: TestServers,
  adIds: readonly string[] = [],
): Promise<ContractStack> {
  const [postgres, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  const database = openDatabase(testServers, postgres);
  // Inserted before the services load the catalogue, so that no test waits for a refresh.
  await addAds(database, adIds);
  const servers = { ...postgres, ...redis.env, ...nats.env };
  const stack = await testServers.stack({ ...servers, ADMIN_API_KEY: ADMIN_KEY });
  const documented = new Documented(await readDocument(stack.url));
  return { stack, servers, documented, client: createClient(stack.url, documented), database };
}

/** Waits until Redis has these counts for an ad. @returns the answer of analytics */
export async function whenCounted(
  client: Client,
  adId: string,
  counts: { readonly clicks?: number; readonly impressions?: number },
): Promise<AdAnswer> {
  const { clicks = 0, impressions = 0 } = counts;
  return await waitFor(
    async () => {
      const answer = (await client.get(`/api/v1/ads/analytics?ad_id=${adId}`)).body as AdAnswer;
      const counted = answer.total_clicks >= clicks && answer.impressions >= impressions;
      return counted && answer.source === 'redis' && answer;
    },
    { timeoutMs: 15_000, what: `${clicks} clicks and ${impressions} impressions of ${adId} to be counted in Redis` },
  );
}
