import type { Answer } from './answer.js';

/** How a request ended. `answers` are the complete ones. */
export type Outcome =
  | { readonly state: 'answered'; readonly answers: readonly Answer[] }
  /** The server closed the connection before all expected responses arrived. */
  | { readonly state: 'closed'; readonly answers: readonly Answer[] }
  /** The server neither answered nor closed the connection in time. */
  | { readonly state: 'hung'; readonly answers: readonly Answer[] }
  /** The client disconnected. */
  | { readonly state: 'left'; readonly answers: readonly Answer[] }
  | { readonly state: 'unreadable'; readonly answers: readonly Answer[]; readonly problem: string };
