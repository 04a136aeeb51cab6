/**
 * Returns what is wrong with the name of an image; undefined when it is pinned to a version.
 * `${VERSION:-1.2}` counts as its default.
 */
export function imageProblem(image: string): string | undefined {
  if (image === '') return 'has no image';
  const plain = image.replace(/\$\{\w+:?-([^}]*)\}/g, '$1').replace(/\$\{\w+:?\?[^}]*\}/g, '1.0');
  const [, tag] = /:([^:/@]+)(?:@sha256:[0-9a-f]{64})?$/.exec(plain) ?? [];
  if (tag === undefined) return `the image ${image} has no tag`;
  return /\d+\.\d+/.test(tag) || /^\d+-[a-z]/.test(tag) ? undefined : `the image ${image} is not pinned to a version`;
}
