import { keysDisabled, unauthorized } from '../errors.js';
import { ALL_ENDPOINTS, API_PREFIX, type EndpointAccess } from '../paths.js';
import { error } from './parts.js';

const missing = error('The key is missing or not valid.', unauthorized(false));

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

/** What an operation has beside its own fields. */
const ADDED: Readonly<Record<EndpointAccess, { readonly security?: readonly object[]; readonly responses: object }>> = {
  everybody: { responses: {} },
  events: { security: OPTIONAL, responses: { 401: unauthorizedResponse } },
  catalogue: { security: OPTIONAL, responses: { 401: unauthorizedResponse } },
  read: { security: OPTIONAL, responses: { 401: unauthorizedResponse } },
  manage: {
    security: REQUIRED,
    responses: { 401: unauthorizedResponse, 403: error('The service has no key.', keysDisabled()) },
  },
  admin: {
    security: REQUIRED,
    responses: { 401: unauthorizedResponse, 403: error('The service has no key.', keysDisabled()) },
  },
};

type Operations = Readonly<Record<string, { readonly responses: object }>>;

/** Adds to each operation whether it needs a key, and the errors of a request without a valid one. */
export function withAccess(paths: Readonly<Record<string, object>>): Record<string, Operations> {
  const secured = (path: string, method: string, operation: { readonly responses: object }) => {
    const endpoint = ALL_ENDPOINTS.find(
      (one) => one.method.toLowerCase() === method && [one.path, `${API_PREFIX}${one.path}`].includes(path),
    );
    const { security, responses } = ADDED[endpoint?.access ?? 'everybody'];
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
