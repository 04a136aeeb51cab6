import type { Answer } from './answer.js';

/** How a request ended. `answers` are those that came whole. */
export type Outcome =
  | { readonly state: 'answered'; readonly answers: readonly Answer[] }
  /** The server closed the connection before all answers that were waited for had come. */
  | { readonly state: 'closed'; readonly answers: readonly Answer[] }
  /** It did neither, for as long as it was waited for. */
  | { readonly state: 'hung'; readonly answers: readonly Answer[] }
  /** We went away. */
  | { readonly state: 'left'; readonly answers: readonly Answer[] }
  | { readonly state: 'unreadable'; readonly answers: readonly Answer[]; readonly problem: string };
