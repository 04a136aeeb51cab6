import type { Check } from '../check.js';
import type { Problem } from '../problem.js';
import { CHANGELOG, newestRelease } from '../release/changelog.js';
import { VERSION_SOURCE, versionPlaces } from '../release/version-places.js';

/** Checks that all files name the version of the root `package.json`, and that the changelog ends with its section. */
export const versions: Check = {
  name: 'versions',
  run(repository) {
    const { places, missing } = versionPlaces(repository);
    const version = places.find(({ file }) => file === VERSION_SOURCE)?.version ?? '';
    const newest = newestRelease(repository.text(CHANGELOG));
    const wrong = [...places, { file: CHANGELOG, line: 1, version: '', ...newest }].filter(
      (place) => place.version !== version,
    );
    return [
      ...missing.map((file): Problem => ({ file, line: 1, message: 'does not name the version' })),
      ...wrong.map(
        ({ file, line, version: found }): Problem => ({
          file,
          line,
          message: `has the version ${found}, but ${VERSION_SOURCE} has ${version}: run \`npm run release\``,
        }),
      ),
    ];
  },
};
