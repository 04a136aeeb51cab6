import type { Check } from '../check.js';
import type { Problem } from '../problem.js';
import { bytesOf, JETSTREAM_FILE, queueProblems } from '../queue-limits.js';
import type { Repository } from '../repository.js';
import { fields, items, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';
import { composeFiles } from './compose.js';

const SETTINGS = `infra/nats/${JETSTREAM_FILE}`;

/** In Compose the streams fit into JetStream, and JetStream into its volume where that has a size. */
export const queueLimits: Check = {
  name: 'limits of JetStream',
  run: (repository) => ({
    problems: composeFiles(repository)
      .flatMap((file) => repository.yaml(file).documents)
      .flatMap((document) => checkFile(repository, document)),
  }),
};

function checkFile(repository: Repository, document: YamlDocument): Problem[] {
  const services = Object.entries(fields(document.value, 'services'));
  const nats = services.find(([name]) => name === 'nats');
  const publisher = services.find(([, service]) => text(service, 'image').startsWith('ads-metric-tracker/ingest:'));
  // A file without our services runs NATS for services that are elsewhere.
  if (nats === undefined || publisher === undefined) return [];
  const [name, service] = publisher;
  const environment = fields(service, 'environment');
  const problems = queueProblems({
    settings: repository.text(SETTINGS),
    limitOf: (variable) => text(environment, variable),
    volume: volumeOf(document.value, nats[1]),
  });
  return problems.map(({ at, message }) =>
    at === 'settings'
      ? { file: SETTINGS, line: 1, message }
      : { file: document.file, line: document.lineOf(['services', name, 'environment', at]), message },
  );
}

/** A named volume has a size where a driver limits it; else it has the disk of the host. */
function volumeOf(file: unknown, service: unknown): number | undefined {
  const [mount] = items(service, 'volumes')
    .map(String)
    .filter((one) => one.endsWith(':/data'));
  const options = text(file, 'volumes', mount?.split(':')[0] ?? '', 'driver_opts', 'o');
  const [, size] = /(?:^|,)size=(\w+)/.exec(options) ?? [];
  return size === undefined ? undefined : bytesOf(size);
}
