import type { InvalidVerdict } from '@ads/models';

/** The verdicts in the words of the page. */
const REASONS: Readonly<Record<InvalidVerdict, string>> = {
  listed_ip: 'Address on the deny list',
  datacenter: 'Address of a data center',
  bot: 'Bot or program',
  no_user_agent: 'No user agent',
  proxy_flag: 'Marked by a trusted proxy',
  unsigned: 'Tag without a signature',
  bad_signature: 'Wrong signature of the tag',
  expired: 'Expired signature of the tag',
  impossible: 'Contradicts the ad',
  double_click: 'Double click',
  flood: 'Too many clicks of one viewer',
};

/** Why an event is invalid, for people. @param verdict of a report; a newer service may have others */
export function reasonOf(verdict: string | null | undefined): string {
  return verdict != null && Object.hasOwn(REASONS, verdict) ? REASONS[verdict as InvalidVerdict] : String(verdict);
}
