/**
 * The only reader of process.env. Names and defaults are documented in .env.example; a wrong value
 * stops the start with a sentence that names the variable.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { cleanEnv, makeExactValidator, makeValidator, str } from 'envalid';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface StripeConfig {
  readonly secretKey: string;
  /** Undefined: its webhooks are refused, and what they would tell is found out by asking. */
  readonly webhookSecret: string | undefined;
  /** Undefined: Stripe's own. */
  readonly apiBase: string | undefined;
}

/** PEM texts. Absent: the authorities that Node trusts, and no certificate of our own. */
export interface KafkaTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** What one address may do, an IPv6 network (/64) being one; 0: no bound. */
export interface AddressLimits {
  /** In a minute, as all that do not say otherwise. */
  readonly logins: number;
  readonly registrations: number;
  readonly guests: number;
  readonly refreshes: number;
  /** By all its guests. */
  readonly guestHolds: number;
  /** One for ten seats looked for. */
  readonly searches: number;
  /** Reservations of its guests that run out unpaid, in ten minutes. */
  readonly guestExpiries: number;
}

export interface Config {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  /** Undefined: an embedded PostgreSQL is started. */
  readonly databaseUrl: string | undefined;
  /** Empty: an embedded Redis is started; several form a Redis Cluster. */
  readonly redisUrls: readonly string[];
  readonly dataDir: string;
  readonly seed: 'demo' | 'none';
  /** Undefined: made on the first start and kept in the data folder. */
  readonly jwtSecret: string | undefined;
  readonly corsOrigins: readonly string[];
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly rateLimits: boolean;
  /** WebSockets and event streams open from one address at most; 0: no bound. */
  readonly connectionsPerAddress: number;
  readonly perAddress: AddressLimits;
  readonly inlineWorkers: boolean;
  /** Undefined: no STRIPE. */
  readonly stripe: StripeConfig | undefined;
  readonly mockPayments: boolean;
  /** Undefined: the MOCK provider is in our own process. */
  readonly mockPaymentsUrl: string | undefined;
  /** Undefined: made on the first start and kept in the data folder. */
  readonly mockWebhookSecret: string | undefined;
  /** host:port each; empty: no Kafka. */
  readonly kafkaBrokers: readonly string[];
  /** Undefined: connections to Kafka are not encrypted. */
  readonly kafkaTls: KafkaTls | undefined;
  /** Undefined: Kafka does not ask who we are, or goes by our certificate. */
  readonly kafkaSasl: KafkaSasl | undefined;
  /** Topics are named after it: usher.events, usher.payments, usher.payments.dlq. */
  readonly kafkaTopicPrefix: string;
  /** Undefined: mails are written into the data folder. */
  readonly smtpUrl: string | undefined;
  /** The sender's address; set where there is an SMTP server. */
  readonly mailFrom: string | undefined;
  /** Where clients reach us, where that is not where we listen. */
  readonly publicUrl: string | undefined;
  /** Whether webhooks may be sent to addresses that are not on the internet. */
  readonly webhooksAllowPrivate: boolean;
  readonly logLevel: LogLevel;
}

/** Thrown when the environment is unusable; its message is meant for the operator's terminal. */
export class ConfigError extends Error {}

const port = makeValidator<number>((input) => {
  const value = Number(input);
  // 0 asks the system for a free port: tests do.
  if (!Number.isInteger(value) || value < 0 || value > 65535) {
    throw new TypeError('must be a port number from 0 to 65535');
  }
  return value;
});

const wholeNumber = makeValidator<number>((input) => {
  const value = Number(input);
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError('must be a whole number');
  return value;
});

/** envalid's own `choices` say "not in choices" where an operator wants to read what to put in. */
const oneOf = <Choice extends string>(...choices: readonly Choice[]) =>
  makeExactValidator<Choice>((input) => {
    const choice = choices.find((each) => each === input);
    if (choice === undefined) throw new TypeError(`must be one of ${choices.join(', ')}`);
    return choice;
  });

const urlOf =
  (...protocols: string[]) =>
  (input: string): string => {
    const expected = `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`;
    if (!URL.canParse(input) || !protocols.includes(new URL(input).protocol)) {
      throw new TypeError(expected);
    }
    return input;
  };

const httpUrl = makeValidator<string>(urlOf('http:', 'https:'));
const databaseUrl = makeValidator<string>(urlOf('postgres:', 'postgresql:'));
const redisUrls = makeValidator<string[]>((input) =>
  input.split(',').map((url) => urlOf('redis:', 'rediss:')(url.trim())),
);
const origins = makeValidator<string[]>((input) =>
  input
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '')
    .map((origin) => {
      if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
        throw new TypeError(
          'must be origins separated by commas, each like https://tickets.example.org',
        );
      }
      return origin;
    }),
);
const networks = makeValidator<string[]>((input) => {
  const named = input.split(',').map((network) => network.trim());
  for (const network of named) {
    const [address = '', bits = '0', ...more] = network.split('/');
    const isPrefix = /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 4 ? 32 : 128);
    if (isIP(address) === 0 || !isPrefix || more.length > 0)
      throw new TypeError(`"${network}" is neither an address nor a network like 10.0.0.0/8`);
  }
  return named;
});
const brokers = makeValidator<string[]>((input) =>
  input.split(',').map((broker) => {
    const address = broker.trim();
    if (!/^[^\s:/]+:\d{1,5}$/.test(address))
      throw new TypeError(
        'must be addresses separated by commas, each like kafka.example.org:9092',
      );
    return address;
  }),
);
const topicPrefix = makeValidator<string>((input) => {
  if (!/^[\w-]{1,100}$/.test(input))
    throw new TypeError('must be 1 to 100 letters, digits, hyphens and underscores');
  return input;
});
/** The text of a PEM file; `check` throws where it is none of its kind. */
const pemFile = (what: string, check: (pem: string) => unknown) =>
  makeValidator<string>((path) => {
    try {
      const pem = readFileSync(path, 'utf8');
      check(pem);
      return pem;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TypeError(`must be a file with ${what} in PEM: ${reason}`, { cause: error });
    }
  });
const certificateFile = pemFile('certificates', (pem) => new X509Certificate(pem));
const keyFile = pemFile('a private key without a password', createPrivateKey);
const smtpUrl = makeValidator<string>(urlOf('smtp:', 'smtps:'));
const mailAddress = makeValidator<string>((input) => {
  if (!/^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}$/.test(input)) {
    throw new TypeError('must be an address and nothing else, like tickets@example.org');
  }
  return input;
});
const publicUrl = makeValidator<string>((input) => {
  if (!URL.canParse(input) || !/^https?:$/.test(new URL(input).protocol)) {
    throw new TypeError('must be a URL that starts with http:// or https://');
  }
  return input.replace(/\/+$/, '');
});
const secret = makeValidator<string>((input) => {
  if (input.length < 32) throw new TypeError('must be at least 32 characters long');
  return input;
});

/** Reads and validates the environment. Throws ConfigError, naming each wrong variable. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable is an unset one: `docker compose` hands over `NAME=` for what is not filled in.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const env = cleanEnv(
    given,
    {
      NODE_ENV: oneOf('development', 'test', 'production')({ default: 'development' }),
      PORT: port({ default: 4000 }),
      HOST: str({ default: '127.0.0.1' }),
      DATABASE_URL: databaseUrl({ default: undefined }),
      REDIS_URL: redisUrls({ default: undefined }),
      USHER_DATA_DIR: str({ default: '.usher' }),
      USHER_SEED: oneOf('demo', 'none')({ default: 'demo' }),
      JWT_SECRET: secret({ default: undefined }),
      CORS_ORIGINS: origins({ default: [] }),
      TRUSTED_PROXIES: networks({ default: [] }),
      RATE_LIMITS: oneOf('on', 'off')({ default: 'on' }),
      CONNECTIONS_PER_ADDRESS: wholeNumber({ default: 1_000 }),
      LOGINS_PER_ADDRESS: wholeNumber({ default: 300 }),
      REGISTRATIONS_PER_ADDRESS: wholeNumber({ default: 300 }),
      GUESTS_PER_ADDRESS: wholeNumber({ default: 600 }),
      REFRESHES_PER_ADDRESS: wholeNumber({ default: 600 }),
      GUEST_HOLDS_PER_ADDRESS: wholeNumber({ default: 1_200 }),
      SEARCHES_PER_ADDRESS: wholeNumber({ default: 6_000 }),
      GUEST_EXPIRIES_PER_ADDRESS: wholeNumber({ default: 100 }),
      WORKERS: oneOf('inline', 'off')({ default: 'inline' }),
      PAYMENTS_MOCK: oneOf('on', 'off')({ default: undefined }),
      STRIPE_SECRET_KEY: str({ default: undefined }),
      STRIPE_WEBHOOK_SECRET: str({ default: undefined }),
      STRIPE_API_BASE: httpUrl({ default: undefined }),
      PAYMENTS_MOCK_URL: httpUrl({ default: undefined }),
      MOCK_WEBHOOK_SECRET: secret({ default: undefined }),
      KAFKA_BROKERS: brokers({ default: [] }),
      KAFKA_TOPIC_PREFIX: topicPrefix({ default: 'usher' }),
      KAFKA_TLS: oneOf('on', 'off')({ default: 'off' }),
      KAFKA_TLS_CA_FILE: certificateFile({ default: undefined }),
      KAFKA_TLS_CERT_FILE: certificateFile({ default: undefined }),
      KAFKA_TLS_KEY_FILE: keyFile({ default: undefined }),
      KAFKA_SASL_MECHANISM: oneOf(
        'plain',
        'scram-sha-256',
        'scram-sha-512',
      )({ default: undefined }),
      KAFKA_SASL_USERNAME: str({ default: undefined }),
      KAFKA_SASL_PASSWORD: str({ default: undefined }),
      SMTP_URL: smtpUrl({ default: undefined }),
      MAIL_FROM: mailAddress({ default: undefined }),
      PUBLIC_URL: publicUrl({ default: undefined }),
      WEBHOOKS_ALLOW_PRIVATE: oneOf('on', 'off')({ default: undefined }),
      LOG_LEVEL: oneOf(
        'fatal',
        'error',
        'warn',
        'info',
        'debug',
        'trace',
        'silent',
      )({ default: 'info' }),
    },
    {
      reporter: ({ errors }) => {
        const problems = Object.entries(errors).map(([name, error]) => `${name} ${error.message}`);
        if (problems.length > 0) throw unusable(...problems);
      },
    },
  );
  const production = env.NODE_ENV === 'production';
  if (production && env.JWT_SECRET === undefined) {
    throw unusable('JWT_SECRET must be set (at least 32 characters) when NODE_ENV=production');
  }
  if (env.SMTP_URL !== undefined && env.MAIL_FROM === undefined) {
    throw unusable('MAIL_FROM must be set where SMTP_URL is: the address that mails come from');
  }
  return Object.freeze({
    production,
    port: env.PORT,
    host: env.HOST,
    databaseUrl: env.DATABASE_URL,
    redisUrls: Object.freeze(env.REDIS_URL ?? []),
    dataDir: env.USHER_DATA_DIR,
    seed: env.USHER_SEED,
    jwtSecret: env.JWT_SECRET,
    corsOrigins: Object.freeze(env.CORS_ORIGINS),
    trustedProxies: env.TRUSTED_PROXIES,
    rateLimits: env.RATE_LIMITS === 'on',
    connectionsPerAddress: env.CONNECTIONS_PER_ADDRESS,
    perAddress: Object.freeze({
      logins: env.LOGINS_PER_ADDRESS,
      registrations: env.REGISTRATIONS_PER_ADDRESS,
      guests: env.GUESTS_PER_ADDRESS,
      refreshes: env.REFRESHES_PER_ADDRESS,
      guestHolds: env.GUEST_HOLDS_PER_ADDRESS,
      searches: env.SEARCHES_PER_ADDRESS,
      guestExpiries: env.GUEST_EXPIRIES_PER_ADDRESS,
    }),
    inlineWorkers: env.WORKERS === 'inline',
    stripe:
      env.STRIPE_SECRET_KEY === undefined
        ? undefined
        : Object.freeze({
            secretKey: env.STRIPE_SECRET_KEY,
            webhookSecret: env.STRIPE_WEBHOOK_SECRET,
            apiBase: env.STRIPE_API_BASE,
          }),
    mockPayments: env.PAYMENTS_MOCK === undefined ? !production : env.PAYMENTS_MOCK === 'on',
    mockPaymentsUrl: env.PAYMENTS_MOCK_URL,
    mockWebhookSecret: env.MOCK_WEBHOOK_SECRET,
    kafkaBrokers: Object.freeze(env.KAFKA_BROKERS),
    kafkaTls: kafkaTlsOf(env),
    kafkaSasl: kafkaSaslOf(env),
    kafkaTopicPrefix: env.KAFKA_TOPIC_PREFIX,
    smtpUrl: env.SMTP_URL,
    mailFrom: env.MAIL_FROM,
    publicUrl: env.PUBLIC_URL,
    webhooksAllowPrivate:
      env.WEBHOOKS_ALLOW_PRIVATE === undefined ? !production : env.WEBHOOKS_ALLOW_PRIVATE === 'on',
    logLevel: env.LOG_LEVEL,
  });
}

function kafkaTlsOf(env: {
  KAFKA_TLS: 'on' | 'off';
  KAFKA_TLS_CA_FILE: string | undefined;
  KAFKA_TLS_CERT_FILE: string | undefined;
  KAFKA_TLS_KEY_FILE: string | undefined;
}): KafkaTls | undefined {
  const { KAFKA_TLS_CA_FILE: ca, KAFKA_TLS_CERT_FILE: cert, KAFKA_TLS_KEY_FILE: key } = env;
  if (env.KAFKA_TLS === 'off') {
    // Whoever names certificates believes that they are used.
    if (ca !== undefined || cert !== undefined || key !== undefined)
      throw unusable('KAFKA_TLS must be on where KAFKA_TLS_CA_FILE or another of its files is set');
    return undefined;
  }
  if ((cert === undefined) !== (key === undefined))
    throw unusable('KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE must be set together');
  return Object.freeze({ ca, cert, key });
}

function kafkaSaslOf(env: {
  KAFKA_SASL_MECHANISM: KafkaSasl['mechanism'] | undefined;
  KAFKA_SASL_USERNAME: string | undefined;
  KAFKA_SASL_PASSWORD: string | undefined;
}): KafkaSasl | undefined {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
  } = env;
  if (mechanism === undefined && username === undefined && password === undefined) return undefined;
  if (mechanism === undefined || username === undefined || password === undefined) {
    throw unusable(
      'KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must be set together',
    );
  }
  return Object.freeze({ mechanism, username, password });
}

function unusable(...problems: string[]): ConfigError {
  return new ConfigError(`Usher cannot start with this environment:\n  ${problems.join('\n  ')}`);
}
