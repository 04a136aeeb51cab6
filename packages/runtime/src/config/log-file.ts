import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type Joi from 'joi';

/** Characters that winston-daily-rotate-file refuses in a folder, and in the name of a file. */
const FORBIDDEN_IN_FOLDER = /["<>|\p{Cc}]/u;
const FORBIDDEN_IN_NAME = /[:*?\\]/;

/**
 * A joi rule: a path that names a file. It does not check whether the file can be written, because a service must start with a
 * full or missing disk too.
 */
export function toLogFile(path: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  const name = basename(path);
  if (/[/\\]$/.test(path) || name === '.' || name === '..' || isFolder(path)) {
    return helpers.message({ custom: 'must name a file, such as logs/ads.log, not a folder' });
  }
  if (path.includes('%DATE%')) {
    return helpers.message({ custom: 'must not contain %DATE%: the service and the date are added to the name' });
  }
  if (FORBIDDEN_IN_FOLDER.test(path) || FORBIDDEN_IN_NAME.test(name) || !isExpression(path)) {
    return helpers.message({
      custom: 'must not contain control characters, unpaired brackets, or " < > |, nor : * ? \\ in the file name',
    });
  }
  return path;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The rotation uses the path as a regular expression when it continues a file. */
function isExpression(path: string): boolean {
  try {
    return new RegExp(path) instanceof RegExp;
  } catch {
    return false;
  }
}
