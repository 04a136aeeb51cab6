/**
 * The parameters that `/vast` carries into every URL of a response: labels of the events, and five free values. The names in these
 * URLs are the values of the record.
 */
export const CARRIED = {
  placement: 'pl',
  source: 'src',
  sub1: 'sub1',
  sub2: 'sub2',
  sub3: 'sub3',
  sub4: 'sub4',
  sub5: 'sub5',
} as const;
export type CarriedName = keyof typeof CARRIED;
export const CARRIED_NAMES = Object.keys(CARRIED) as readonly CarriedName[];
export type Carried = { readonly [Name in CarriedName]?: string };

/** One VAST response. */
export interface TagSession {
  /** A UUIDv7. Events of one session and kind count once. */
  readonly sid: string;
  /** Undefined if tags are not signed. */
  readonly signature?: string | undefined;
  readonly carried: Carried;
}

/** The query that every URL of the response has. */
export function sessionQuery({ sid, signature, carried }: TagSession): string {
  return `sid=${sid}${signatureQuery(signature)}${carriedQuery(carried)}`;
}

/** The signature as a further parameter of a query, after an ampersand. */
export const signatureQuery = (signature: string | undefined): string =>
  signature === undefined ? '' : `&sg=${signature}`;

/** The carried values as further parameters of a query, each after an ampersand. */
export function carriedQuery(carried: Carried): string {
  let query = '';
  for (const name of CARRIED_NAMES) {
    const value = carried[name];
    if (value !== undefined) query += `&${CARRIED[name]}=${encodeURIComponent(value)}`;
  }
  return query;
}
