import { API_PREFIX, type ApiError } from '@ads/contract';
import type { LimitName } from './rate-limiter.js';
import type { RequestContext } from './request-context.js';
import type { Answer, Content } from './response.js';

/** The parts of the URL that a tag reads. */
export interface TagTarget {
  /** The decoded parameter of the path. Any text, not empty. */
  readonly parameter: string;
  /** The query without the question mark, percent-encoded. Any text, such as `ad_id=ad-001&cb=%5BCB%5D`. */
  readonly query: string;
}

/** A URL that players and browsers fetch: a tracking pixel, a click-through link, or a VAST document. */
export interface TagRoute {
  readonly limit: LimitName;
  /** True if POST is answered like GET, for `sendBeacon`. Its body is ignored. */
  readonly takesPosts: boolean;
  /**
   * Answers GET, HEAD and, with `takesPosts`, POST; `context.request.method` tells which. The answer to HEAD has the headers of
   * GET, and its body is not sent.
   *
   * @throws an error for `toApiError`
   */
  readonly handler: (context: RequestContext, target: TagTarget) => Answer | Promise<Answer>;
  /**
   * Returns the body of an error response, also of 405, 413, 414 and 429; JSON by default. The headers of the error, such as
   * `Retry-After`, are added.
   */
  readonly errorContent?: (error: ApiError) => Content;
}

/** A route, and what a request asks of it. */
interface Found<Route> {
  readonly route: Route;
  /** Percent-encoded. */
  readonly parameter: string;
  readonly query: string;
}

const SLASH = '/'.charCodeAt(0);

/**
 * Routes like `/t/{event}`: one segment, then a parameter. Finding one takes 0.1 µs however many routes there are; the router of
 * Express matches an expression for each route.
 */
export class TagRoutes<Route> {
  /** By the path before the parameter, such as `/t/`. */
  readonly #routes = new Map<string, Route>();

  /** @param path such as `/t/{event}` */
  add(path: string, route: Route): void {
    const [, start] = /^(\/[\w.-]+\/)\{\w+\}$/.exec(path) ?? [];
    if (start === undefined) throw new Error(`${path} must be a segment and a parameter, such as /t/{event}`);
    this.#routes.set(start, route);
  }

  /** @returns undefined for a URL without a route: the parameter is empty, or has further segments */
  find(url: string): Found<Route> | undefined {
    if (this.#routes.size === 0) return undefined;
    const from = url.startsWith(PREFIX) ? API_PREFIX.length : 0;
    const start = url.indexOf('/', from + 1) + 1;
    const route = start === 0 ? undefined : this.#routes.get(url.slice(from, start));
    if (route === undefined) return undefined;
    const question = url.indexOf('?', start);
    const pathEnd = question === -1 ? url.length : question;
    const end = url.charCodeAt(pathEnd - 1) === SLASH ? pathEnd - 1 : pathEnd;
    const parameter = url.slice(start, end);
    if (parameter === '' || parameter.includes('/')) return undefined;
    return { route, parameter, query: question === -1 ? '' : url.slice(question + 1) };
  }
}

const PREFIX = `${API_PREFIX}/`;
