import type { Check } from '../check.js';
import { ACTION, WORKFLOWS } from '../digests/pins.js';
import { matchesIn } from '../shape.js';

/** Each action of a workflow is pinned to a commit, because a tag can be moved, and names the tag for people. */
export const actions: Check = {
  name: 'GitHub actions',
  run: (repository) =>
    repository.files(WORKFLOWS, /\.ya?ml$/).flatMap((file) =>
      matchesIn(repository.text(file), ACTION)
        .filter(({ groups: [, , , reference = '', tag] }) => !/^[0-9a-f]{40}$/.test(reference) || tag === '')
        .map(({ groups: [, , action], line }) => ({
          file,
          line,
          message: `${action} is not pinned to a commit with its tag in a comment: run \`npm run digests\``,
        })),
    ),
};
