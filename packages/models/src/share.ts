/** The fields of a share that its creator sets: either `ad_id` or `campaign` is null. */
export interface ShareFields {
  /** For people: who gets the link, and what for. */
  readonly name: string;
  readonly ad_id: string | null;
  readonly campaign: string | null;
  /** The only advertiser whose ads the share opens; null for all ads. */
  readonly advertiser: string | null;
  /** ISO 8601 in UTC. */
  readonly expires_at: string;
}

/** A share, without its secret. */
export interface Share extends ShareFields {
  readonly id: string;
  /** ISO 8601 in UTC. */
  readonly created_at: string;
  /** The name of the key that created it. */
  readonly created_by: string;
}

/** The prefix of the secret of a share, which has the form of a key otherwise. */
export const SHARE_PREFIX = 'ams_';
