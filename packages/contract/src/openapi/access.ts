import { ACCESS_SCOPES } from '../access.js';
import {
  keyMissing,
  keysDisabled,
  otherAdvertiser,
  scopeMissing,
  shareForbidden,
  shareMissing,
} from '../access-errors.js';
import { type Endpoint, type EndpointAccess, endpointOf } from '../paths.js';
import { error } from './parts.js';

const missing = error('The key is missing, or it does not work.', keyMissing());

const unauthorizedResponse = {
  ...missing,
  headers: {
    ...missing.headers,
    'WWW-Authenticate': {
      description: 'The scheme of `Authorization`.',
      required: true,
      schema: { type: 'string' },
      example: 'Bearer',
    },
  },
};

const REQUIRED = [{ key: [] }];
const OPTIONAL = [{}, ...REQUIRED];

/** The security and the errors that the access to an endpoint adds to its operation. */
function added(endpoint: Endpoint | undefined): { readonly security?: readonly object[]; readonly responses: object } {
  const access: EndpointAccess = endpoint?.access ?? 'everybody';
  if (access === 'everybody') return { responses: {} };
  if (access === 'share') {
    const forbidden = error('The key is not that of a share.', shareMissing());
    return { security: REQUIRED, responses: { 401: unauthorizedResponse, 403: forbidden } };
  }
  const lacking = scopeMissing(ACCESS_SCOPES[access]);
  if (access !== 'manage' && access !== 'admin') {
    return {
      security: OPTIONAL,
      responses: {
        401: unauthorizedResponse,
        403: error(
          'The key lacks the scope, or is for another advertiser, ad or campaign.',
          lacking,
          otherAdvertiser('Example Shop'),
          shareForbidden(),
        ),
      },
    };
  }
  const forbidden = error(
    'The key lacks the scope, or is for another advertiser, or the service has no `ADMIN_API_KEY`.',
    lacking,
    ...(access === 'manage' ? [otherAdvertiser('Example Shop')] : []),
    keysDisabled(),
  );
  return { security: REQUIRED, responses: { 401: unauthorizedResponse, 403: forbidden } };
}

type Operations = Readonly<Record<string, { readonly responses: object }>>;

/** Adds to each operation whether it needs a key, and the errors of a request without a valid one. */
export function withAccess(paths: Readonly<Record<string, object>>): Record<string, Operations> {
  const secured = (path: string, method: string, operation: { readonly responses: object }) => {
    const { security, responses } = added(endpointOf(method, path));
    return {
      ...operation,
      ...(security === undefined ? {} : { security }),
      responses: { ...operation.responses, ...responses },
    };
  };
  return Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations as Operations).map(([method, operation]) => [
          method,
          secured(path, method, operation),
        ]),
      ),
    ]),
  );
}
