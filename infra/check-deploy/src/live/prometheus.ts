import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, LocalProcess } from '@ads/local';

export interface PrometheusOptions {
  /** The program and its environment. */
  readonly executable: { readonly path: string; readonly env: Readonly<Record<string, string>> };
  /** The folder for its configuration and its data. */
  readonly folder: string;
  /** The rule files to load. */
  readonly rules: string;
  /** The ports of the processes on 127.0.0.1, by job. */
  readonly jobs: Readonly<Record<string, readonly number[]>>;
}

/** The newest value of a series. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  /** @throws Error with the message of Prometheus when the query is invalid */
  query(expr: string): Promise<Sample[]>;
  end(): Promise<void>;
}

/** Starts a Prometheus with the rules of the project that scrapes the jobs and itself every second. */
export async function startPrometheus({ executable, folder, rules, jobs }: PrometheusOptions): Promise<Prometheus> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const all = { ...jobs, prometheus: [port] };
  // JSON is YAML.
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: Object.entries(all).map(([job, ports]) => ({
      job_name: job,
      static_configs: [{ targets: ports.map((target) => `127.0.0.1:${target}`) }],
    })),
  };
  const file = join(folder, 'prometheus.yml');
  const server = new LocalProcess({
    name: 'Prometheus',
    port,
    env: {},
    logFile: join(folder, 'prometheus.log'),
    launch: async () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, JSON.stringify(config));
      return {
        command: executable.path,
        args: [
          `--config.file=${file}`,
          `--storage.tsdb.path=${join(folder, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--log.level=error',
        ],
        env: { ...process.env, ...executable.env },
      };
    },
    isReady: async () => (await fetch(`${url}/-/ready`)).ok,
  });
  await server.start();

  return {
    end: () => server.kill(),
    async query(expr) {
      const answer = await fetch(`${url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: expr }) });
      const { data, error } = (await answer.json()) as {
        data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
        error?: string;
      };
      if (data === undefined) throw new Error(error ?? `Prometheus answered ${answer.status}`);
      return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
    },
  };
}
