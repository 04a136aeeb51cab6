/** True for a host that is reachable only from the same machine. */
function isLocal({ hostname }: URL): boolean {
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || hostname.startsWith('127.')
  );
}

/** A note about the address of tags. */
export interface AddressNote {
  readonly text: string;
  /** False if such an address is usual on the machine of a developer. */
  readonly isProblem: boolean;
}

/**
 * Explains why players may not reach the address of a tag; undefined if no problem is known.
 *
 * @param tag a URL of a tag @param page the URL of this page
 */
export function addressNote(tag: string, page: string): AddressNote | undefined {
  const [tags, here] = [new URL(tag), new URL(page)];
  if (isLocal(tags)) {
    const text = `These tags work on this machine only: they begin with ${tags.origin}. For other machines set PUBLIC_URL.`;
    return { text, isProblem: !isLocal(here) };
  }
  if (tags.protocol === 'http:' && here.protocol === 'https:') {
    const text = `These tags begin with ${tags.origin}, and pages on https do not load them. Set PUBLIC_URL to an address with https.`;
    return { text, isProblem: true };
  }
  return undefined;
}

/** The address in a tag of HTML; the tag itself if it is an address. */
export function addressIn(tag: string): string | undefined {
  const [, attribute] = /(?:src|href)="([^"]*)"/.exec(tag) ?? [];
  const text = attribute
    ?.replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  return [text, tag].find((one) => one !== undefined && URL.canParse(one));
}
