// Collects the files of each image from a built project: a folder for each image, as it appears below / in the image.
//   node infra/docker/image-files.mjs FOLDER
// All files get the same time and mode, so that two builds of a commit make the same layers. Source maps and types stay out.

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billOfMaterials, findPackage, librariesOf, licenceTexts, readComponent } from './components.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Folders of packages and services with files that their modules read. */
const DATA = ['help', 'lua', 'migrations', 'sql'];

/** Packages whose files a service finds by name, and these files. */
const FOUND_BY_NAME = {
  ingest: {
    '@ads/player': /^dist\/player\.m?js$/,
    'swagger-ui-dist': /^(swagger-ui\.css|swagger-ui-(bundle|standalone-preset)\.js|favicon-\d+x\d+\.png)$/,
  },
  analytics: { '@ads/dashboard': /^dist\// },
};

const target = process.argv[2];
if (target === undefined) throw new Error('Usage: node infra/docker/image-files.mjs FOLDER');

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
rmSync(target, { recursive: true, force: true });
for (const service of foldersIn(join(root, 'services'))) collectService(service);
copy('infra/postgres', join(target, 'migrate/app/services/consumer/sql'), /\.sql$/);
copy('infra/nats', join(target, 'nats/etc/nats'), /\.conf$/);
// The image of NATS gets this folder with another owner.
mkdirSync(join(target, 'nats-data/data'), { recursive: true });
normalise(target);

/** @param {string} service */
function collectService(service) {
  const app = join(target, service, 'app');
  const folder = join('services', service);
  const inputs = JSON.parse(readFileSync(join(root, folder, 'bundle/inputs.json'), 'utf8'));
  copy(join(folder, 'bundle'), join(app, folder, 'bundle'), /\.(js|txt)$/);
  const ours = inputs
    .map((input) => /^(?:packages|services)\/[\w-]+/.exec(input)?.[0])
    .filter((one) => one !== undefined);
  for (const one of new Set(ours)) {
    for (const data of DATA) if (existsSync(join(root, one, data))) copy(join(one, data), join(app, one, data), /./);
  }
  const libraries = inputs
    .map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0])
    .filter((one) => one !== undefined);
  const folders = libraries.map((library) => join(root, library));
  for (const [name, files] of Object.entries(FOUND_BY_NAME[service] ?? {})) {
    const found = findPackage(join(root, folder), name);
    copy(relative(root, found), join(app, folder, 'node_modules', name), files);
    cpSync(join(found, 'package.json'), join(app, folder, 'node_modules', name, 'package.json'));
    folders.push(...(name.startsWith('@ads/') ? librariesOf(found) : [found]));
  }
  requireFiles(join(app, folder, 'bundle'));

  const components = [...new Set(folders)]
    .map(readComponent)
    .sort((one, other) => (`${one.name} ${one.version}` < `${other.name} ${other.version}` ? -1 : 1));
  const bill = billOfMaterials(`ads-metric-tracker/${service}`, version, components);
  writeFileSync(join(app, 'sbom.cdx.json'), `${JSON.stringify(bill, undefined, 1)}\n`);
  writeFileSync(join(app, 'THIRD-PARTY-LICENSES.txt'), licenceTexts(components));
  cpSync(join(root, 'LICENSE'), join(app, 'LICENSE'));
  cpSync(join(root, 'infra/docker/healthcheck.sh'), join(app, 'healthcheck.sh'));
}

/**
 * Checks that the image has each file and each package whose address is written in a bundle.
 *
 * @param {string} bundle its folder in the image
 */
function requireFiles(bundle) {
  for (const file of readdirSync(bundle).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(join(bundle, file), 'utf8');
    const addresses = text.matchAll(/new URL\("([^"]+)",\s*new URL\("([^"]+)",\s*import\.meta\.url\)/g);
    const packages = text.matchAll(/import\.meta\.resolve\(["'`]((?:@[\w-]+\/)?[\w-]+)\//g);
    const wanted = [
      ...[...addresses].map(([, path, module]) => join(bundle, dirname(module), path)),
      ...[...packages].map(([, name]) => join(bundle, '../node_modules', name)),
    ];
    const missing = wanted.find((path) => !existsSync(path));
    if (missing !== undefined) throw new Error(`${file} reads ${relative(target, missing)}, which the image lacks.`);
  }
}

/**
 * Copies the files whose path below a folder of the project matches.
 *
 * @param {string} from
 * @param {string} to
 * @param {RegExp} wanted
 */
function copy(from, to, wanted) {
  const files = readdirSync(join(root, from), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const { parentPath, name } of files) {
    const path = relative(join(root, from), join(parentPath, name));
    if (wanted.test(path)) cpSync(join(parentPath, name), join(to, path));
  }
}

/** @param {string} folder @returns {string[]} */
function foldersIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** @param {string} path */
function normalise(path) {
  const isFolder = statSync(path).isDirectory();
  if (isFolder) for (const name of readdirSync(path)) normalise(join(path, name));
  chmodSync(path, isFolder ? 0o755 : 0o644);
  utimesSync(path, 0, 0);
}
