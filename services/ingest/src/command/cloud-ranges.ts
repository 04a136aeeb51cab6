/** A part of parsed JSON; any other value has no fields. */
type Json = Readonly<Record<string, unknown>>;

/** The formats in which clouds publish the ranges of their addresses. Each returns the values where it expects ranges. */
const FORMATS: readonly ((file: Json) => unknown[])[] = [
  // AWS: ip-ranges.json
  ({ prefixes, ipv6_prefixes }) => [
    ...itemsOf(prefixes).map(({ ip_prefix }) => ip_prefix),
    ...itemsOf(ipv6_prefixes).map(({ ipv6_prefix }) => ipv6_prefix),
  ],
  // Google: cloud.json, goog.json
  ({ prefixes }) => itemsOf(prefixes).map(({ ipv4Prefix, ipv6Prefix }) => ipv4Prefix ?? ipv6Prefix),
  // Azure: ServiceTags_Public_….json
  ({ values }) =>
    itemsOf(values).flatMap(({ properties }) => {
      const { addressPrefixes } = (properties ?? {}) as Json;
      return Array.isArray(addressPrefixes) ? addressPrefixes : [];
    }),
  // Oracle: public_ip_ranges.json
  ({ regions }) => itemsOf(regions).flatMap(({ cidrs }) => itemsOf(cidrs).map(({ cidr }) => cidr)),
];

/**
 * The ranges in a file of a cloud: JSON in one of {@link FORMATS}, or lines whose first column, before a comma, is a range.
 * `#` begins a comment in a line.
 *
 * @throws Error if the file has none of these formats
 */
export function rangesIn(text: string): string[] {
  // Some of the files begin with a byte order mark.
  const content = text.replace(/^\ufeff/, '').trim();
  const found = /^[{[]/.test(content) ? rangesInJson(content) : rangesInLines(content);
  if (found.length > 0) return found;
  throw new Error('has no ranges of a known format: AWS, Google Cloud, Azure, Oracle Cloud, CSV, or a range per line');
}

function rangesInJson(content: string): string[] {
  const file = JSON.parse(content) as Json;
  const isText = (value: unknown): value is string => typeof value === 'string';
  return FORMATS.map((read) => read(file).filter(isText)).find(({ length }) => length > 0) ?? [];
}

function rangesInLines(content: string): string[] {
  return content.split('\n').flatMap((line) => {
    const [first = ''] = line.split(/[#,]/, 1);
    return first.trim() === '' ? [] : [first.trim()];
  });
}

function itemsOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
}
