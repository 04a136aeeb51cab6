import type { Check } from '../check.js';
import { baseManifests } from '../kubernetes/manifests.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { fields } from '../shape.js';

const FOLDER = 'infra/nats';

/** A ConfigMap can't refer to a file of the repository. Its copy of the settings must equal the file. */
export const natsSettings: Check = {
  name: 'settings of NATS',
  run: (repository) => [
    ...checkClusters(repository),
    ...baseManifests(repository)
      .filter(({ kind }) => kind === 'ConfigMap')
      .flatMap(({ value, document }) =>
        Object.entries(fields(value, 'data'))
          .map(([name, content]) => ({ name, content, original: `${FOLDER}/${name}` }))
          .filter(({ content, original }) => repository.has(original) && content !== repository.text(original))
          .map(({ name, original }) => document.problem(['data', name], `is not the same as ${original}`)),
      ),
  ],
};

/** A server that joins a cluster can read and write every subject, so the cluster port must require a password. */
function checkClusters(repository: Repository): Problem[] {
  return repository.files(FOLDER, /\.conf$/).flatMap((file) => {
    const text = repository.text(file);
    const start = text.search(/^cluster \{/m);
    if (start < 0) return [];
    const cluster = text.slice(start, text.indexOf('\n}', start));
    const line = text.slice(0, start).split('\n').length;
    const problems = [];
    if (!/^\s*authorization \{[^}]*password: \$/m.test(cluster)) problems.push('the cluster port requires no password');
    if (!/^\s*no_advertise: true$/m.test(cluster))
      problems.push('clients get the internal addresses of servers (set no_advertise: true)');
    return problems.map((message) => ({ file, line, message }));
  });
}
