import { join } from 'node:path';
import { Environment, singleServers, UNLIMITED } from '@ads/harness';
import { type LocalProcess, SERVICE_NAMES } from '@ads/local';
import { AD_IDS } from './generate/endpoints.js';
import type { Target } from './generate/request.js';

const COLLECT = new URL('./collect-on-signal.js', import.meta.url).href;

/** The whole tracker behind its gateway. */
export class FuzzStack extends Environment {
  constructor(folder: string) {
    super({
      folder,
      openServers: singleServers,
      // ad-002 gets no events.
      adIds: [...AD_IDS, 'ad-002'],
      nodeArgs: ['--expose-gc', '--import', COLLECT],
      env: {
        TRUST_PROXY: 'loopback',
        IVT_PROXY_HEADER: 'on',
        TAG_SIGNING: 'report',
        TAG_SIGNING_KEYS: `fuzz:${'0123456789abcdef'.repeat(2)}`,
        ...UNLIMITED,
        // The service waits this long for the rest of a request. With the default limits a run would take hours.
        HTTP_HEADERS_TIMEOUT_MS: '1500',
        HTTP_REQUEST_TIMEOUT_MS: '3000',
      },
    });
  }

  async start(): Promise<void> {
    await this.startServers();
    await this.startServices(...SERVICE_NAMES);
    await this.startGateway();
  }

  /** Servers and services. */
  get processes(): readonly LocalProcess[] {
    const { postgres, redis, nats } = this.servers;
    return [postgres, ...redis, ...nats, ...this.services];
  }

  get logFolder(): string {
    return join(this.folder, 'logs');
  }

  urlOf(target: Target): string {
    return target === 'gateway' ? this.url : `http://127.0.0.1:${this.portsOf(target)[0]}`;
  }

  portOf(target: Target): number {
    return Number(new URL(this.urlOf(target)).port);
  }
}
