import { yamlCheck } from '../check.js';
import { bytesOf } from '../containers.js';
import { JETSTREAM_FILE, queueProblems } from '../queue-limits.js';
import { programOf } from '../service-variables.js';
import { at, fields, items, text } from '../shape.js';
import { composeFiles } from './compose.js';

const SETTINGS = `infra/nats/${JETSTREAM_FILE}`;

/** Checks in Compose files that the streams fit into JetStream, and JetStream into its volume if the volume has a size. */
export const queueLimits = yamlCheck('limits of JetStream', composeFiles, ({ value, problem }, repository) => {
  const services = Object.entries(fields(value, 'services'));
  const nats = at(value, 'services', 'nats');
  const publisher = services.find(([, service]) => programOf(service) === 'ingest');
  // A file without our services runs NATS for services that are deployed elsewhere.
  if (nats === undefined || publisher === undefined) return [];
  const [name, service] = publisher;
  const problems = queueProblems({
    settings: repository.text(SETTINGS),
    limitOf: (variable) => text(service, 'environment', variable),
    volume: volumeOf(value, nats),
  });
  return problems.map(({ key, message }) =>
    key === JETSTREAM_FILE
      ? { file: SETTINGS, line: 1, message }
      : problem(['services', name, 'environment', key], message),
  );
});

/** The size of a named volume; undefined if its driver sets no limit, because it can then use the whole disk. */
function volumeOf(file: unknown, service: unknown): number | undefined {
  const mount = items(service, 'volumes').find((one) => String(one).endsWith(':/data'));
  const options = text(file, 'volumes', String(mount).split(':')[0] ?? '', 'driver_opts', 'o');
  const [, size] = /(?:^|,)size=(\w+)/.exec(options) ?? [];
  return size === undefined ? undefined : bytesOf(size);
}
