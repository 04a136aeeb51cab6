import { readDockerfile } from '../dockerfile.js';
import type { Repository } from '../repository.js';
import { at, fields, text } from '../shape.js';
import { commitOf, digestOf, type Send } from './registries.js';

const COMPOSE = 'docker-compose.prod.yaml';
const DOCKERFILE = 'infra/docker/Dockerfile';
/** A second file for Compose and for bake, which replaces tags by digests. */
export const DIGESTS = 'infra/docker/digests.yaml';
export const WORKFLOWS = '.github/workflows';

/** An action in a workflow: `uses: owner/name@commit # tag`. */
export const ACTION = /(uses: *)([\w.-]+\/[\w./-]+)@(\S+)(?: +# *(\S+))?/g;

/** The new text of each file that names digests of images or commits of actions. */
export async function renewed(repository: Repository, send: Send): Promise<Map<string, string>> {
  const files = new Map([[DIGESTS, await digestsFile(repository, send)]]);
  for (const file of repository.files(WORKFLOWS, /\.ya?ml$/)) {
    files.set(file, await withCommits(repository.text(file), send));
  }
  return files;
}

async function digestsFile(repository: Repository, send: Send): Promise<string> {
  const pinned = async (image: string) => `${image}@${await digestOf(image, send)}`;
  const services = Object.entries(fields(repository.yaml(COMPOSE).documents[0]?.value, 'services'));
  const lines = ['# Digests of the images. Written by `npm run digests`.', 'services:'];
  const bases: string[] = [];
  for (const [name, image] of baseImages(repository.text(DOCKERFILE))) bases.push(`${name}: "${await pinned(image)}"`);
  for (const [name, service] of services) {
    lines.push(`  ${name}:`);
    if (at(service, 'build') === undefined) lines.push(`    image: ${await pinned(text(service, 'image'))}`);
    else lines.push(`    build: { args: { ${bases.join(', ')} } }`);
  }
  return `${lines.join('\n')}\n`;
}

/** The arguments of a Dockerfile that name a base image, such as `ARG NODE=node:24.11-trixie-slim`. */
function baseImages(dockerfile: string): (readonly [name: string, image: string])[] {
  const bases = new Set(readDockerfile(dockerfile).stages.map(({ base }) => base));
  const values = [...dockerfile.matchAll(/^ARG (\w+)=(\S+)$/gm)];
  return values.map(([, name = '', value = '']) => [name, value] as const).filter(([, value]) => bases.has(value));
}

async function withCommits(workflow: string, send: Send): Promise<string> {
  let renewedText = workflow;
  for (const [whole, uses, action = '', reference = '', tag = reference] of workflow.matchAll(ACTION)) {
    renewedText = renewedText.replace(whole, `${uses}${action}@${await commitOf(action, tag, send)} # ${tag}`);
  }
  return renewedText;
}
