import { SERVICE_NAMES } from '@ads/local';
import type { Check } from '../check.js';
import { defaultOf } from '../service-variables.js';
import { items, text } from '../shape.js';

const FILE = 'infra/monitoring/prometheus.yml';

/** Prometheus scrapes each service by its name at its port, in a job with the name of the service. */
export const scrapes: Check = {
  name: 'what Prometheus scrapes',
  run(repository) {
    if (!repository.has(FILE)) return { problems: [] };
    const { documents, problems } = repository.yaml(FILE);
    return {
      problems: [
        ...problems,
        ...documents.flatMap(({ value, lineOf }) =>
          SERVICE_NAMES.flatMap((service) => {
            const index = items(value, 'scrape_configs').findIndex((job) => text(job, 'job_name') === service);
            const path = ['scrape_configs', index, 'dns_sd_configs', 0];
            const expected = { name: service, port: String(defaultOf(service, 'HTTP_PORT')) };
            const [name, port] = [text(value, ...path, 'names', 0), text(value, ...path, 'port')];
            if (index < 0 || (name === expected.name && port === expected.port)) return [];
            const message = `asks ${name}:${port}; ${service} is at ${expected.name}:${expected.port}`;
            return [{ file: FILE, line: lineOf([...path, 'port']), message }];
          }),
        ),
      ],
    };
  },
};
