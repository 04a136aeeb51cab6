import type { Check } from '../check.js';
import { baseManifests } from '../kubernetes/manifests.js';
import { fields } from '../shape.js';

const FOLDER = 'infra/nats';

/** A ConfigMap can't point at a file: it holds a copy, which must stay one. */
export const natsSettings: Check = {
  name: 'settings of NATS',
  run(repository) {
    const copies = baseManifests(repository)
      .filter(({ kind }) => kind === 'ConfigMap')
      .flatMap(({ document }) =>
        Object.entries(fields(document.value, 'data'))
          .filter(([name]) => repository.has(`${FOLDER}/${name}`))
          .map(([name, content]) => ({ name, content: String(content), document })),
      );
    return {
      problems: copies
        .filter(({ name, content }) => content !== repository.text(`${FOLDER}/${name}`))
        .map(({ name, document }) => ({
          file: document.file,
          line: document.lineOf(['data', name]),
          message: `is not the same as ${FOLDER}/${name}`,
        })),
    };
  },
};
