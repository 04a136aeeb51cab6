/** The name of `ADMIN_API_KEY` in the history of ads. */
export const ADMIN = 'admin';
