/** Kafka's protocol spoken by a real implementation of it: librdkafka's mock cluster, started by kcat. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Undefined where there is no kcat: then the tests that need it are skipped, and say so. */
export const hasKcat = spawnSync('kcat', ['-V']).error === undefined;
if (!hasKcat) console.warn('There is no kcat here: the tests against a Kafka broker are skipped.');

export interface TestMessage {
  key: string;
  value: string;
  headers: Record<string, string>;
  partition: number;
}

export interface MockBroker {
  readonly address: string;
  /** All there is in a topic, each partition in its order. */
  read(topic: string): Promise<TestMessage[]>;
  /** Stops answering, and goes on: what it has taken it keeps. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL: it forgets everything. */
  kill(): Promise<void>;
}

export async function startMockBroker(): Promise<MockBroker> {
  const child = spawn(
    'kcat',
    ['-b', 'x', '-X', 'test.mock.num.brokers=1', '-d', 'mock', '-C', '-t', 'unused', '-q'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const address = await new Promise<string>((found, fail) => {
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (text.length < 10_000) text += chunk.toString();
      const [, servers] = /bootstrap\.servers=([\d.]+:\d+)/.exec(text) ?? [];
      if (servers !== undefined) found(servers);
    });
    void gone.then(() => fail(new Error(`kcat did not start a broker: ${text}`)));
  });
  return {
    address,
    read: (topic) => readTopic(address, topic),
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function readTopic(address: string, topic: string): Promise<TestMessage[]> {
  const format = '%p\\x1f%k\\x1f%h\\x1f%s\\x1e';
  const { stdout } = await run(
    'kcat',
    ['-b', address, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-f', format],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout
    .split('\x1e')
    .filter((text) => text !== '')
    .map((text) => {
      const [partition = '', key = '', headers = '', value = ''] = text.split('\x1f');
      const pairs = headers === '' ? [] : headers.split(',').map((pair) => pair.split('='));
      return {
        partition: Number(partition),
        key,
        value,
        headers: Object.fromEntries(pairs) as Record<string, string>,
      };
    });
}

/** An address that stays while what is behind it comes and goes. */
export interface Front {
  readonly address: string;
  lead(to: string | undefined): void;
  close(): Promise<void>;
}

export async function startFront(): Promise<Front> {
  let target: string | undefined;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    if (target === undefined) return void client.destroy();
    const [host, port] = target.split(':');
    const upstream = connect(Number(port), host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('error', () => undefined);
      from.once('close', () => {
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lead: (to) => {
      target = to;
      for (const socket of open) socket.destroy();
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
