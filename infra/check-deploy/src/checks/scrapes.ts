import { SERVICE_NAMES } from '@ads/local';
import { yamlCheck } from '../check.js';
import { defaultOf } from '../service-variables.js';
import { placesAt, text } from '../shape.js';

/** Prometheus scrapes each service by its name at its port, in a job with the name of the service. */
export const scrapes = yamlCheck(
  'scrape targets of Prometheus',
  () => ['infra/monitoring/prometheus.yml'],
  ({ value, problem }) =>
    placesAt(value, 'scrape_configs', '*').flatMap(({ path, value: job }) => {
      const service = SERVICE_NAMES.find((name) => name === text(job, 'job_name'));
      if (service === undefined) return [];
      const target = ['dns_sd_configs', 0];
      const asked = `${text(job, ...target, 'names', 0)}:${text(job, ...target, 'port')}`;
      const expected = `${service}:${defaultOf(service, 'HTTP_PORT')}`;
      if (asked === expected) return [];
      return [problem([...path, ...target, 'port'], `scrapes ${asked}; ${service} is at ${expected}`)];
    }),
);
