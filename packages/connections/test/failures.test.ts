import { describe, expect, it } from '@jest/globals';
import { ReplyError } from 'ioredis';
import { NatsError } from 'nats';
import pg from 'pg';
import { isNatsFailure } from '../src/nats/nats.js';
import { isDataError, isPostgresFailure } from '../src/postgres/postgres.js';
import { isRedisFailure } from '../src/redis/redis-failures.js';

function sqlError(code: string): Error {
  const error = new pg.DatabaseError('refused', 0, 'error');
  error.code = code;
  return error;
}

function netError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

describe('isPostgresFailure and isDataError', () => {
  it.each(['08006', '28P01', '53300', '57014', '57P01', '57P03', '58030', '40001', '40P01', '25006', 'XX000'])(
    '%s is a failure of Postgres',
    (code) => {
      expect(isPostgresFailure(sqlError(code))).toBe(true);
      expect(isDataError(sqlError(code))).toBe(false);
    },
  );

  it.each(['22P02', '22003', '23505', '23502', '23514'])('%s is an error of the data', (code) => {
    expect(isPostgresFailure(sqlError(code))).toBe(false);
    expect(isDataError(sqlError(code))).toBe(true);
  });

  it.each(['42P01', '42601'])(
    '%s is neither a failure of Postgres nor an error of the data: an operator must correct it',
    (code) => {
      expect(isPostgresFailure(sqlError(code))).toBe(false);
      expect(isDataError(sqlError(code))).toBe(false);
    },
  );

  it('treat network errors as failures of Postgres', () => {
    expect(isPostgresFailure(netError('ECONNREFUSED'))).toBe(true);
    expect(isPostgresFailure(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isPostgresFailure(new Error('timeout exceeded when trying to connect'))).toBe(true);
    expect(isPostgresFailure(new TypeError('x is undefined'))).toBe(false);
  });
});

describe('isRedisFailure', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', true],
    ['READONLY You can not write against a read only replica.', true],
    ['OOM command not allowed', true],
    ['MOVED 3999 127.0.0.1:6381', true],
    ['ASK 3999 127.0.0.1:6381', true],
    ['TRYAGAIN Multiple keys request during rehashing of slot', true],
    ['CLUSTERDOWN The cluster is down', true],
    ["CROSSSLOT Keys in request don't hash to the same slot", false],
    ['WRONGTYPE Operation against a key', false],
    ['ERR unknown command', false],
    ['NOSCRIPT No matching script', false],
  ])('%s', (message, failure) => {
    expect(isRedisFailure(new ReplyError(message))).toBe(failure);
  });

  it('treats network errors as failures, and no other errors', () => {
    expect(isRedisFailure(new Error('Command timed out'))).toBe(true);
    expect(isRedisFailure(netError('ECONNRESET'))).toBe(true);
    expect(isRedisFailure(new TypeError('x is undefined'))).toBe(false);
  });
});

describe('isNatsFailure', () => {
  it.each([
    ['TIMEOUT', true],
    ['503', true],
    ['CONNECTION_CLOSED', true],
    ['DISCONNECT', true],
    ['MAX_PAYLOAD_EXCEEDED', false],
    ['BAD_SUBJECT', false],
  ])('%s', (code, failure) => {
    expect(isNatsFailure(new NatsError('refused', code))).toBe(failure);
  });

  it('reads the reason for a refusal from the answer of JetStream', () => {
    const refused = (code: number, err_code: number): NatsError => {
      const error = new NatsError('refused', String(code));
      error.api_error = { code, err_code, description: '' };
      return error;
    };
    expect(isNatsFailure(refused(503, 10_023))).toBe(true);
    expect(isNatsFailure(refused(404, 10_059))).toBe(true);
    expect(isNatsFailure(refused(400, 10_071))).toBe(false);
  });
});
