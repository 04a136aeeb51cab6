/** The version of this release, which `npm run release` sets in all files that name it. */
export const VERSION = '1.0.0';
