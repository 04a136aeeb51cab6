/** Sends a request; `fetch`, or recorded answers. */
export type Send = (url: string, init: { method?: string; headers: Record<string, string> }) => Promise<Response>;

/** Media types of a list of images, one for each platform. */
const LISTS = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];

/**
 * Asks the registry for the digest of an image such as `redis:8.2` or `registry.example.com/team/redis:8.2`.
 *
 * @throws Error if the registry does not know it, or has it for one platform only
 */
export async function digestOf(image: string, send: Send): Promise<string> {
  const { host, repository, tag } = placeOf(image);
  const url = `https://${host}/v2/${repository}/manifests/${tag}`;
  const accept = { Accept: LISTS.join(', ') };
  let response = await send(url, { method: 'HEAD', headers: accept });
  if (response.status === 401) {
    const token = await tokenFor(response.headers.get('WWW-Authenticate') ?? '', send);
    response = await send(url, { method: 'HEAD', headers: { ...accept, Authorization: `Bearer ${token}` } });
  }
  if (!response.ok) throw new Error(`${image}: ${host} answered ${response.status}.`);
  const type = response.headers.get('Content-Type') ?? '';
  if (!LISTS.includes(type)) throw new Error(`${image}: ${host} has an image for one platform, not a list (${type}).`);
  const digest = response.headers.get('Docker-Content-Digest') ?? '';
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`${image}: ${host} sent the digest "${digest}".`);
  return digest;
}

/** A name whose first part is not a host is one of Docker Hub. */
function placeOf(image: string): { host: string; repository: string; tag: string } {
  const [, name = '', tag = ''] = /^(.*):([^:/]+)$/.exec(image) ?? [];
  if (tag === '') throw new Error(`${image} has no tag.`);
  const [first = '', ...rest] = name.split('/');
  if (rest.length > 0 && /[.:]|^localhost$/.test(first)) return { host: first, repository: rest.join('/'), tag };
  return { host: 'registry-1.docker.io', repository: rest.length > 0 ? name : `library/${name}`, tag };
}

/** Gets a token as the answer 401 asks for: `Bearer realm="https://…",service="…",scope="…"`. */
async function tokenFor(challenge: string, send: Send): Promise<string> {
  const { realm, ...query } = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  if (realm === undefined) throw new Error(`The registry asks for "${challenge}", which is not a token.`);
  const response = await send(`${realm}?${new URLSearchParams(query)}`, { headers: {} });
  if (!response.ok) throw new Error(`${realm} answered ${response.status}.`);
  const { token, access_token } = (await response.json()) as { token?: string; access_token?: string };
  return token ?? access_token ?? '';
}

/** Asks GitHub for the commit of a tag of an action such as `actions/checkout`. @throws Error if there is none */
export async function commitOf(action: string, tag: string, send: Send): Promise<string> {
  const [owner, name] = action.split('/');
  const url = `https://api.github.com/repos/${owner}/${name}/commits/${tag}`;
  const response = await send(url, { headers: { Accept: 'application/vnd.github.sha' } });
  const commit = (await response.text()).trim();
  if (!response.ok || !/^[0-9a-f]{40}$/.test(commit))
    throw new Error(`${action}@${tag}: GitHub answered ${response.status}.`);
  return commit;
}
