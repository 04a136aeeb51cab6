import { adIdsOf, Environment, Load, type RequestSettings, type SlotName, singleServers } from '@ads/harness';
import { step } from '@ads/local';

/** An environment whose services have default settings, except for the heap size and the trusted proxy. */
export class LimitsStack extends Environment {
  /**
   * @param ads the number of ads in the catalogue
   * @param capMegabytes the memory of each service; half of it is its heap, as the README recommends
   */
  constructor(folder: string, ads: number, capMegabytes: number) {
    const heap = `--max-old-space-size=${Math.floor(capMegabytes / 2)}`;
    const env = { TRUST_PROXY: 'loopback', NODE_OPTIONS: heap };
    super({ folder, adIds: adIdsOf(ads), openServers: singleServers, env });
  }

  get analyticsUrl(): string {
    return `http://127.0.0.1:${this.portsOf('analytics')[0]}`;
  }

  /** The path of `GET /api/v1/ads/analytics` for each ad. */
  get questions(): RequestSettings {
    return { kind: 'get', paths: this.adIds.map((adId) => `/api/v1/ads/analytics?ad_id=${adId}`) };
  }

  /** Sends clicks and analytics requests, each at a fixed rate per second. */
  startLiveTraffic(clicks: number, questions: number): Load {
    const request: RequestSettings = { kind: 'click', adIds: this.adIds };
    const [ingest, analytics] = [this.portsOf('ingest'), this.portsOf('analytics')];
    return new Load([
      { request, ports: ingest, traced: true, connections: 20, perSecond: clicks },
      { request: this.questions, ports: analytics, traced: true, connections: 10, perSecond: questions },
    ]);
  }

  override async startServers(): Promise<void> {
    await step(`Postgres, Redis, NATS; ${this.adIds.length} ads`, () => super.startServers());
  }

  override async startServices(...names: readonly SlotName[]): Promise<void> {
    await step(names.join(', '), () => super.startServices(...names));
  }
}
