import { type KeyScope, SHARE_PREFIX } from '@ads/models';
import type { EndpointAccess } from './paths.js';

/** The scopes of which a key needs one. `ADMIN_API_KEY` has all of them. */
export const ACCESS_SCOPES: Readonly<Record<EndpointAccess, readonly KeyScope[]>> = {
  everybody: [],
  events: ['events'],
  catalogue: ['read', 'manage'],
  read: ['read'],
  manage: ['manage'],
  share: [],
  admin: [],
};

export { type KeyScope, SHARE_PREFIX };
