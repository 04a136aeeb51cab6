/**
 * Returns a new UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits.
 *
 * @param now milliseconds since the Unix epoch; of earlier times, the epoch is used
 */
export function uuidv7(now: number): string {
  let digits = Math.max(0, Math.floor(now)).toString(16).padStart(12, '0');
  crypto.getRandomValues(new Uint8Array(10)).forEach((byte, index) => {
    const versionOrVariant = index === 0 ? (byte & 0x0f) | 0x70 : index === 2 ? (byte & 0x3f) | 0x80 : byte;
    digits += versionOrVariant.toString(16).padStart(2, '0');
  });
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
