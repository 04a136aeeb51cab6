import { projectRoot } from '@ads/local';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { DIGESTS, renewed } from '../src/digests/pins.js';
import { digestOf, type Send } from '../src/digests/registries.js';
import { openRepository } from '../src/repository.js';

const DIGEST = `sha256:${'0f'.repeat(32)}`;
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const LIST = 'application/vnd.oci.image.index.v1+json';
const CHALLENGE =
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/redis:pull"';

/** The answers of Docker Hub and GitHub, as they were recorded. */
function recorded(asked: string[], type = LIST): Send {
  return async (url, { headers }) => {
    asked.push(url);
    if (url.startsWith('https://auth.docker.io/')) return Response.json({ token: 'a-token', expires_in: 300 });
    if (url.startsWith('https://api.github.com/')) return new Response(COMMIT);
    if (headers.Authorization !== 'Bearer a-token')
      return new Response(null, { status: 401, headers: { 'WWW-Authenticate': CHALLENGE } });
    return new Response(null, { headers: { 'Content-Type': type, 'Docker-Content-Digest': DIGEST } });
  };
}

it('asks the registry for the digest of a list of platforms, with the token that it demands', async () => {
  const asked: string[] = [];
  expect(await digestOf('redis:8.2', recorded(asked))).toBe(DIGEST);
  expect(asked).toEqual([
    'https://registry-1.docker.io/v2/library/redis/manifests/8.2',
    'https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Fredis%3Apull',
    'https://registry-1.docker.io/v2/library/redis/manifests/8.2',
  ]);
  await digestOf('quay.io:443/prometheus/prometheus:v3.5.0', recorded(asked));
  expect(asked.at(-1)).toBe('https://quay.io:443/v2/prometheus/prometheus/manifests/v3.5.0');
});

it('refuses an image for one platform, and a missing image', async () => {
  const single = recorded([], 'application/vnd.oci.image.manifest.v1+json');
  await expect(digestOf('redis:8.2', single)).rejects.toThrow(/for one platform/);
  await expect(digestOf('redis:8.2', async () => new Response(null, { status: 404 }))).rejects.toThrow(/answered 404/);
});

it('writes a digest for each image of Compose and each base image, and a commit for each action', async () => {
  const repository = openRepository(projectRoot);
  const files = await renewed(repository, recorded([]));
  const { services } = parse(files.get(DIGESTS) ?? '');
  expect(services.postgres).toEqual({ image: `postgres:17.6@${DIGEST}` });
  expect(services.ingest.build.args).toEqual({
    NODE: expect.stringMatching(/^node:[\w.-]+@sha256:/),
    NATS: expect.stringMatching(/^nats:[\w.-]+@sha256:/),
  });
  const workflow = files.get('.github/workflows/ci.yaml') ?? '';
  expect(workflow).toContain(`uses: actions/checkout@${COMMIT} # v4\n`);
  expect(workflow.split('\n').length).toBe(repository.text('.github/workflows/ci.yaml').split('\n').length);
});
