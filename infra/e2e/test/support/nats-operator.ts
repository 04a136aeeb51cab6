import { createHash } from 'node:crypto';
import { nkeys } from 'nats';

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** The settings of a NATS server whose accounts are JWTs, and the `.creds` file of a user. */
export interface NatsOperator {
  readonly settings: string;
  readonly creds: string;
}

const UNLIMITED = {
  ...{ subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true },
  ...{ mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
};

/** Makes an operator with an account that has JetStream, and a user of it. */
export function makeNatsOperator(): NatsOperator {
  const [operator, system, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ];
  const accountOf = (key: KeyPair, limits: object) =>
    jwt(operator, key.getPublicKey(), { type: 'account', version: 2, limits });
  const settings = `operator: ${jwt(operator, operator.getPublicKey(), { type: 'operator', version: 2 })}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${system.getPublicKey()}: ${accountOf(system, { ...UNLIMITED, mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 })}
  ${account.getPublicKey()}: ${accountOf(account, UNLIMITED)}
}`;
  const token = jwt(account, user.getPublicKey(), { type: 'user', version: 2, subs: -1, data: -1, payload: -1 });
  const seed = new TextDecoder().decode(user.getSeed());
  const block = (name: string, text: string) => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
  return { settings, creds: `${block('NATS USER JWT', token)}\n${block('USER NKEY SEED', seed)}` };
}

/** A JWT as NATS signs it. */
function jwt(issuer: KeyPair, subject: string, nats: object): string {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iat: Math.floor(Date.now() / 1_000), iss: issuer.getPublicKey(), name: 'test', sub: subject, nats };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const text = `${encoded({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encoded({ jti, ...claims })}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}
