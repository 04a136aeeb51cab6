import {
  type ApiError,
  createInbox,
  ErrorCode,
  Events,
  type Msg,
  type NatsConnection,
  NatsError,
  type Subscription,
} from 'nats';

interface Waiting {
  readonly token: string;
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Publishes to one subject of JetStream over one connection, and takes all acknowledgements at one subscription. The
 * client's own `jetstream().publish()` makes for each message a JetStream client, headers and an error that nobody sees:
 * 48 µs, of which this takes 24. It checks the same, and its errors have the same codes.
 */
export class AckInbox {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #prefix = `${createInbox()}.`;
  readonly #subscription: Subscription;
  /**
   * Few at a time, so a list. A map to which each message is added, and from which it is taken, is copied again and again,
   * and each copy keeps what waited then, with all its requests: 50 MB.
   */
  readonly #waiting: Waiting[] = [];
  #published = 0;
  /** How many answers came: none since a message was sent means that nobody answers. */
  #answers = 0;

  constructor(connection: NatsConnection, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
    this.#subscription = connection.subscribe(`${this.#prefix}*`, {
      callback: (error, message) => (error === null ? this.#take(message) : this.#rejectAll(error)),
    });
    void this.#subscription.closed.then(() => this.#rejectAll(NatsError.errorForCode(ErrorCode.ConnectionClosed)));
    void this.#watchRefusals();
  }

  /** False of another connection, and when this one or its user may not subscribe any more. */
  serves(connection: NatsConnection): boolean {
    return connection === this.#connection && !this.#subscription.isClosed();
  }

  /**
   * Resolves when JetStream has stored the message. When one times out and nothing was answered since it was sent, those
   * behind it are given up as well: waiting for each of them would only hold up their callers.
   *
   * @throws NatsError when it refused, when nobody can say, or when `timeoutMs` have passed
   */
  publish(message: Uint8Array, timeoutMs: number): Promise<void> {
    this.#published += 1;
    const token = this.#published.toString(36);
    return new Promise((resolve, reject) => {
      this.#connection.publish(this.#subject, message, { reply: this.#prefix + token });
      const answersBefore = this.#answers;
      const timer = setTimeout(() => {
        const late = NatsError.errorForCode(ErrorCode.Timeout);
        if (this.#answers === answersBefore) this.#rejectAll(late);
        else this.#end(token)?.reject(late);
      }, timeoutMs);
      this.#waiting.push({ token, timer, resolve, reject });
    });
  }

  #take(message: Msg): void {
    this.#answers += 1;
    const waiting = this.#end(message.subject.slice(this.#prefix.length));
    // What comes too late was refused already.
    if (waiting === undefined) return;
    const refusal = refusalIn(message);
    if (refusal === undefined) waiting.resolve();
    else waiting.reject(refusal);
  }

  #end(token: string): Waiting | undefined {
    const index = this.#waiting.findIndex((waiting) => waiting.token === token);
    if (index === -1) return undefined;
    const [waiting] = this.#waiting.splice(index, 1);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #rejectAll(error: Error): void {
    for (const { token } of [...this.#waiting]) this.#end(token)?.reject(error);
  }

  /** Of what it may not publish the server tells the connection, not the inbox. */
  async #watchRefusals(): Promise<void> {
    for await (const { type, permissionContext } of this.#connection.status()) {
      if (this.#subscription.isClosed()) return;
      if (type !== Events.Error || permissionContext?.subject !== this.#subject) continue;
      this.#rejectAll(new NatsError(`may not publish to ${this.#subject}`, ErrorCode.PermissionsViolation));
    }
  }
}

/** Undefined for an acknowledgement: it names the stream that has the message. */
function refusalIn(message: Msg): NatsError | undefined {
  if (message.data.length === 0 && message.headers?.code === 503) {
    return NatsError.errorForCode(ErrorCode.NoResponders);
  }
  let answer: { readonly stream?: unknown; readonly error?: ApiError } | null;
  try {
    answer = JSON.parse(message.string());
  } catch (error) {
    return NatsError.errorForCode(ErrorCode.BadJson, error as Error);
  }
  if (answer?.error !== undefined) {
    const refusal = new NatsError(answer.error.description, String(answer.error.code));
    refusal.api_error = answer.error;
    return refusal;
  }
  const { stream } = answer ?? {};
  return typeof stream === 'string' && stream !== ''
    ? undefined
    : NatsError.errorForCode(ErrorCode.JetStreamInvalidAck);
}
