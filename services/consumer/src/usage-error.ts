/** The arguments are not a valid command. The message is one line. */
export class UsageError extends Error {}
