import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adIdsOf, Environment, type SlotName, singleServers } from '@ads/harness';
import { addAds, type LocalProcess, programProcess, type Variables } from '@ads/local';
import { type Place, runAt } from './cores.js';

/** Rate limits that are on, so that their cost is measured, but too high to be reached. */
const UNREACHED_LIMIT = String(1_000_000_000);

const SETTINGS = {
  NODE_ENV: 'production',
  RATE_LIMIT_EVENTS_PER_MINUTE: UNREACHED_LIMIT,
  RATE_LIMIT_READS_PER_MINUTE: UNREACHED_LIMIT,
};

/** The programs that the tracker is compared with. */
export type ContenderName = 'bare' | 'fastify' | 'express' | 'same-bytes' | 'bare-tag';

/** An environment that pins its processes to cores and can start contenders. */
export class BenchStack extends Environment {
  constructor(folder: string, ads: number) {
    super({ folder, adIds: adIdsOf(ads), openServers: singleServers, env: SETTINGS });
  }

  async fillCatalogue(adIds: readonly string[]): Promise<void> {
    const { database } = this.admin;
    await database.query('DELETE FROM ads');
    await addAds(database, adIds);
  }

  async startServiceAt(place: Place, name: SlotName, env?: Variables): Promise<LocalProcess> {
    const service = await this.startService(name, env);
    runAt(place, service.pid);
    return service;
  }

  async startContender(name: ContenderName, place: Place, env?: Variables): Promise<LocalProcess> {
    const contender = await this.startProcess(
      await programProcess({
        name,
        main: fileURLToPath(new URL(`./contenders/${name}.js`, import.meta.url)),
        logFolder: join(this.folder, 'logs', name),
        env: { ...SETTINGS, ...this.servers.envOf(name), ...env },
      }),
    );
    runAt(place, contender.pid);
    return contender;
  }
}
