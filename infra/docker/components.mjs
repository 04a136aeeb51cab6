import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A library in an image.
 *
 * @typedef {{ name: string, version: string, license: string, texts: string[] }} Component
 */

/** @param {string} folder @returns {Component} */
export function readComponent(folder) {
  const { name, version, license = 'NOASSERTION' } = readPackage(folder);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  return { name, version, license, texts: files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim()) };
}

/**
 * The folders of the libraries that a package depends on, directly or not.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function librariesOf(folder) {
  const names = Object.keys(readPackage(folder).dependencies ?? {}).filter((name) => !name.startsWith('@ads/'));
  return names.flatMap((name) => {
    const library = findPackage(folder, name);
    return [library, ...librariesOf(library)];
  });
}

/**
 * The real folder of a package that code in another folder imports.
 *
 * @param {string} from
 * @param {string} name
 * @returns {string}
 */
export function findPackage(from, name) {
  for (let folder = realpathSync(from); ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(found)) return realpathSync(found);
    if (folder === dirname(folder)) throw new Error(`${from} cannot import ${name}: it is not installed.`);
  }
}

/** @param {string} folder */
function readPackage(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/**
 * The list of components in the format of CycloneDX, without the time and the random number that it may have: two builds of a
 * commit make the same.
 *
 * @param {string} image
 * @param {string} version
 * @param {readonly Component[]} components
 */
export function billOfMaterials(image, version, components) {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': image,
        name: image,
        version,
        licenses: [{ expression: 'MIT' }],
      },
    },
    components: components.map(({ name, version: of, license }) => {
      const purl = `pkg:npm/${name.replace('@', '%40')}@${of}`;
      const [group, short] = name.startsWith('@') ? name.split('/') : [undefined, name];
      return {
        type: 'library',
        'bom-ref': purl,
        group,
        name: short,
        version: of,
        licenses: [{ expression: license }],
        purl,
      };
    }),
  };
}

/**
 * The licences that the libraries require to be distributed with them. Each text appears once.
 *
 * @param {readonly Component[]} components
 */
export function licenceTexts(components) {
  const namesByText = new Map();
  for (const { name, version, license, texts } of components) {
    const text = texts.join('\n\n') || `Licence: ${license}`;
    namesByText.set(text, [...(namesByText.get(text) ?? []), `${name} ${version}`]);
  }
  return [...namesByText].map(([text, names]) => `${names.join(', ')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}
