import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { buildGraphQLSchema } from '../../src/app';
import { Deliverer } from '../../src/modules/webhooks/deliverer';
import { webhookSink } from '../../src/modules/webhooks/fan-out';
import { signatureOf } from '../../src/modules/webhooks/signature';
import { Relay } from '../../src/outbox/relay';
import { numbered, record } from '../outbox/facts';
import { openBoxOffice } from '../support/box-office';
import { eventually } from '../support/eventually';
import { startHouse, type House } from '../support/house';
import { webhooksAs } from '../modules/webhooks/operations';

const text = readFileSync(join(__dirname, '../../docs/webhooks.md'), 'utf8');
const blocksOf = (language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );

let house: House;
let folder: string;
let child: ChildProcess | undefined;

beforeAll(async () => {
  house = await startHouse();
  folder = await mkdtemp(join(tmpdir(), 'usher-guide-'));
});
afterAll(async () => {
  child?.kill();
  await rm(folder, { recursive: true });
  await house.close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

it('asks the API for what it has', async () => {
  const schema = await buildGraphQLSchema();
  const documents = blocksOf('graphql');
  expect(documents).toHaveLength(3);
  for (const document of documents) expect(validate(schema, parse(document))).toEqual([]);
});

it('shows a receiver that works: it takes what is genuine, and nothing else', async () => {
  const [code, ...others] = blocksOf('js');
  expect(others).toEqual([]);
  const office = await openBoxOffice(house);
  const api = webhooksAs(house, office.ownerToken);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/usher`;
  const { data } = await api.create({ organizationId: office.organizationId, url });
  const { secret, webhook } = data.createWebhook;

  await writeFile(join(folder, 'receiver.js'), code!);
  const receiver = spawn(process.execPath, [join(folder, 'receiver.js')], {
    env: { PORT: String(port), USHER_WEBHOOK_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = receiver;
  const line = new Promise<string>((done) =>
    receiver.stdout.once('data', (chunk: Buffer) => done(chunk.toString())),
  );
  const send = async (body: string, signature: string): Promise<number> =>
    (await fetch(url, { method: 'POST', body, headers: { 'usher-signature': signature } })).status;
  await eventually(
    () => send('{}', '').catch(() => 0), // nobody listens yet
    (status) => status !== 0,
  );

  const now = new Date();
  const old = new Date(now.getTime() - 600_000);
  expect(await send('{}', signatureOf('{}', ['another secret'], now))).toBe(401);
  expect(await send('{}', signatureOf('{} ', [secret], now))).toBe(401);
  expect(await send('{}', signatureOf('{}', [secret], old))).toBe(401);
  expect(await send('{}', 't=1,v1=00')).toBe(401);

  await record(house, numbered(office.eventUuid, 7));
  await new Relay(webhookSink(house.app), house.app).turn();
  const deliverer = new Deliverer(house.app);
  await deliverer.turn();
  await deliverer.settled();
  expect(await line).toBe('seats.unblocked {"seatNos":[7]}\n');
  expect((await api.log(webhook.id))[0]).toMatchObject({ status: 'DELIVERED', statusCode: 204 });
});
