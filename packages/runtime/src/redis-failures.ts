import { ReplyError } from 'ioredis';
import { isNetworkError } from './resilience.js';

/** True if Redis or the way to it is to blame; false if the command is. */
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
