import { ACCESS_SCOPES } from '../access.js';
import { type EndpointAccess, endpointOf } from '../paths.js';
import { shared } from './shared-responses.js';

/** Text, security and responses of an operation that follow from the access to its endpoint. */
interface Added {
  /** A sentence for the description. */
  readonly text?: string;
  readonly security?: readonly object[];
  readonly responses: object;
}

function added(access: EndpointAccess): Added {
  if (access === 'everybody') return { responses: {} };
  const scopes = ACCESS_SCOPES[access];
  const names = scopes.map((scope) => `\`${scope}\``).join(' or ');
  const withKey = { key: scopes };
  if (access === 'admin') {
    return {
      text: 'Only `ADMIN_API_KEY` may do this.',
      security: [withKey],
      responses: { 401: shared('NoKey'), 403: shared('AdminKeyRequired') },
    };
  }
  if (access === 'share') {
    return {
      text: 'The secret of a share is required.',
      security: [withKey],
      responses: { 401: shared('NoKey'), 403: shared('ShareRequired') },
    };
  }
  if (access === 'manage') {
    return {
      text: `An API key with the scope ${names} is required.`,
      security: [withKey],
      responses: { 401: shared('NoKey'), 403: shared('ManageKeyForbidden') },
    };
  }
  const variable = access === 'events' ? 'EVENTS_ACCESS' : 'READ_ACCESS';
  return {
    text: `With \`${variable}=key\`, an API key with the scope ${names} is required.`,
    security: [{}, withKey],
    responses: { 401: shared('NoKey'), 403: shared('KeyForbidden') },
  };
}

/** The parts of an operation that this code reads. */
export interface Operation {
  readonly description: string;
  readonly responses: object;
}

type Operations = Readonly<Record<string, Operation>>;

/** Adds to each operation whether it needs a key, and the errors of a request without a valid one. */
export function withAccess(paths: Readonly<Record<string, object>>): Record<string, Operations> {
  const secured = (path: string, method: string, operation: Operation) => {
    const { text, security, responses } = added(endpointOf(method, path)?.access ?? 'everybody');
    return {
      ...operation,
      description: text === undefined ? operation.description : `${operation.description}\n\n${text}`,
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
