/** Kafka behind TLS, and with a login: as far as the messages that no broker is needed for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { ConfigError, readConfig } from '../../src/config';
import { createLogger } from '../../src/infra/logger';
import { Kafka, type KafkaOptions } from '../../src/outbox/kafka';

/** Signed by itself, for localhost and 127.0.0.1: its own authority. */
const CERTIFICATE = join(__dirname, '../support/certificates/kafka.pem');
const KEY = join(__dirname, '../support/certificates/kafka-key.pem');
const pem = (file: string): string => readFileSync(file, 'utf8');

describe('the settings', () => {
  const problemOf = (environment: Record<string, string>): string => {
    try {
      readConfig(environment);
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    return '';
  };

  it('are nothing where nothing is set', () => {
    expect(readConfig({})).toMatchObject({ kafkaTls: undefined, kafkaSasl: undefined });
  });

  it('hold what is in the files, and the login', () => {
    const config = readConfig({
      KAFKA_TLS: 'on',
      KAFKA_TLS_CA_FILE: CERTIFICATE,
      KAFKA_TLS_CERT_FILE: CERTIFICATE,
      KAFKA_TLS_KEY_FILE: KEY,
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'usher',
      KAFKA_SASL_PASSWORD: 'a secret',
    });
    expect(config.kafkaTls).toEqual({
      ca: pem(CERTIFICATE),
      cert: pem(CERTIFICATE),
      key: pem(KEY),
    });
    expect(config.kafkaSasl).toEqual({
      mechanism: 'scram-sha-512',
      username: 'usher',
      password: 'a secret',
    });
    expect(readConfig({ KAFKA_TLS: 'on' }).kafkaTls).toEqual({});
  });

  it.each<[string, Record<string, string>]>([
    ['KAFKA_TLS must be one of on, off', { KAFKA_TLS: 'yes' }],
    ['KAFKA_TLS must be on where', { KAFKA_TLS_CA_FILE: CERTIFICATE }],
    [
      'KAFKA_TLS_CA_FILE must be a file with certificates in PEM',
      { KAFKA_TLS: 'on', KAFKA_TLS_CA_FILE: '/nowhere.pem' },
    ],
    [
      'KAFKA_TLS_CA_FILE must be a file with certificates in PEM',
      { KAFKA_TLS: 'on', KAFKA_TLS_CA_FILE: __filename },
    ],
    [
      'KAFKA_TLS_KEY_FILE must be a file with a private key',
      { KAFKA_TLS: 'on', KAFKA_TLS_CERT_FILE: CERTIFICATE, KAFKA_TLS_KEY_FILE: CERTIFICATE },
    ],
    [
      'KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE must be set together',
      { KAFKA_TLS: 'on', KAFKA_TLS_CERT_FILE: CERTIFICATE },
    ],
    ['KAFKA_SASL_MECHANISM must be one of plain', { KAFKA_SASL_MECHANISM: 'gssapi' }],
    ['KAFKA_SASL_PASSWORD must be set together', { KAFKA_SASL_USERNAME: 'usher' }],
    [
      'KAFKA_SASL_PASSWORD must be set together',
      { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'usher' },
    ],
  ])('are refused with a sentence: %s', (sentence, environment) => {
    expect(problemOf(environment)).toContain(sentence);
  });
});

describe('a broker that speaks TLS', () => {
  let broker: Server;
  let address: string;
  /** What it was told to log in with; undefined for each connection that did not. */
  let logins: (string | undefined)[];
  let certified: boolean[];
  const clients: Kafka[] = [];

  beforeEach(async () => {
    logins = [];
    certified = [];
    broker = createServer(
      {
        cert: pem(CERTIFICATE),
        key: pem(KEY),
        ca: pem(CERTIFICATE),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (socket) => {
        certified.push(socket.authorized);
        socket.on('error', () => undefined);
        answerUntilLogin(socket, (login) => logins.push(login));
      },
    );
    broker.on('tlsClientError', () => undefined);
    broker.listen(0, '127.0.0.1');
    await once(broker, 'listening');
    address = `127.0.0.1:${(broker.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await new Promise((done) => broker.close(done));
  });

  const send = (options: Partial<KafkaOptions>): Promise<void> => {
    const kafka = new Kafka({ brokers: [address], log: createLogger('silent'), ...options });
    clients.push(kafka);
    return kafka.send('usher.events', [{ key: null, value: '{}', headers: {} }]);
  };
  const trusting = { ca: pem(CERTIFICATE), cert: undefined, key: undefined };

  it('is asked in TLS, and told the login', async () => {
    const sasl = { mechanism: 'plain', username: 'usher', password: 'a secret' } as const;
    await expect(send({ tls: trusting, sasl })).rejects.toThrow();
    expect(logins).toContain('\0usher\0a secret');
    expect(certified).not.toContain(true);
  });

  it('sees our certificate where we have one', async () => {
    const tls = { ca: pem(CERTIFICATE), cert: pem(CERTIFICATE), key: pem(KEY) };
    await expect(send({ tls })).rejects.toThrow();
    expect(certified).toContain(true);
    expect(logins).not.toContain('\0usher\0a secret');
  });

  it('with a certificate that we do not trust is told nothing', async () => {
    const sasl = { mechanism: 'plain', username: 'usher', password: 'a secret' } as const;
    const tls = { ca: undefined, cert: undefined, key: undefined };
    await expect(send({ tls, sasl })).rejects.toThrow(/self-signed certificate/);
    expect(logins).toEqual([]);
  });
});

const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
/** int16 key, lowest and highest version of each request that it knows. */
const KNOWN = [
  [API_VERSIONS, 0, 2],
  [SASL_HANDSHAKE, 1, 1],
  [SASL_AUTHENTICATE, 0, 0],
];

/** Says which requests it knows and how one may log in; hangs up once told, or asked anything else. */
function answerUntilLogin(socket: TLSSocket, told: (login: string | undefined) => void): void {
  socket.on('data', (request: Buffer) => {
    const key = request.readInt16BE(4);
    const clientId = request.readInt16BE(12);
    const answer = answerTo(key);
    if (key === SASL_AUTHENTICATE) told(request.subarray(14 + clientId + 4).toString());
    else if (answer === undefined) told(undefined);
    if (answer === undefined) return void socket.destroy();
    const head = Buffer.alloc(8);
    head.writeInt32BE(4 + answer.length, 0);
    request.copy(head, 4, 8, 12); // the correlation id
    socket.write(Buffer.concat([head, answer]));
  });
}

function answerTo(key: number): Buffer | undefined {
  if (key === API_VERSIONS) {
    const list = Buffer.alloc(2 + 4 + KNOWN.length * 6 + 4);
    list.writeInt32BE(KNOWN.length, 2);
    KNOWN.flat().forEach((number, i) => list.writeInt16BE(number, 6 + i * 2));
    return list;
  }
  if (key !== SASL_HANDSHAKE) return undefined;
  const name = Buffer.from('PLAIN');
  const mechanisms = Buffer.alloc(8);
  mechanisms.writeInt32BE(1, 2);
  mechanisms.writeInt16BE(name.length, 6);
  return Buffer.concat([mechanisms, name]);
}
