import { ReplyError } from 'ioredis';
import { isNetworkError } from '../resilience/network-errors.js';

/** Errors about the state of the whole server, which a ping finds too, and NOSCRIPT, which the driver handles. */
const PASSING = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|UNBLOCKED|NOAUTH|WRONGPASS|NOSCRIPT)\b/;

/** True if Redis answers and refuses this command: no memory, no disk, missing permission. */
export function isRedisRefusal(error: unknown): boolean {
  return error instanceof Error && error instanceof ReplyError && !PASSING.test(error.message);
}

/** True if Redis or the network is at fault; false if the command is. */
export function isRedisFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ReplyError) {
    return /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|OOM|NOAUTH|WRONGPASS|NOPERM|BUSY|MISCONF|NOREPLICAS|UNBLOCKED)\b/.test(
      error.message,
    );
  }
  return (
    isNetworkError(error) ||
    ['MaxRetriesPerRequestError', 'AbortError'].includes(error.name) ||
    /^Command timed out|^Connection is closed|^Stream isn't writeable|^Socket timeout|^connect ETIMEDOUT/.test(
      error.message,
    )
  );
}
