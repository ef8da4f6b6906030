import { newId, publicId } from '../../../src/infra/ids';
import { isPublicAddress } from '../../../src/modules/webhooks/private-addresses';
import { post } from '../../../src/modules/webhooks/post';
import { nextAttemptAt, pauseMs, WEBHOOKS_MAX } from '../../../src/modules/webhooks/webhook.rules';
import { openBoxOffice, type BoxOffice } from '../../support/box-office';
import { startHouse, type Answer, type House } from '../../support/house';
import { webhooksAs } from './operations';
import { startReceiver } from './receiver';

const URL_OUTSIDE = 'https://hooks.example.org/usher';

let house: House;
let office: BoxOffice;

beforeAll(async () => {
  house = await startHouse({ config: { webhooksAllowPrivate: false } });
});
afterAll(() => house.close());

const owner = () => webhooksAs(house, office.ownerToken);
const input = (more: Record<string, unknown> = {}) => ({
  organizationId: office.organizationId,
  url: URL_OUTSIDE,
  ...more,
});
const codeOf = (answer: Answer<unknown>) => answer.errors?.[0]?.extensions.code;
const problemsOf = (answer: Answer<unknown>) =>
  answer.errors?.[0]?.extensions['fields'] as { path: string; message: string }[];

async function member(role: string) {
  const user = await house.given.user();
  await house.gql(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: office.organizationId, email: user.email, role } },
    { token: office.ownerToken },
  );
  return webhooksAs(house, user.token);
}

describe('webhooks of an organization', () => {
  beforeEach(async () => {
    office = await openBoxOffice(house);
  });

  it('are made, seen, changed, switched off and deleted', async () => {
    const { data } = await owner().create(
      input({ types: ['booking.confirmed', 'booking.confirmed'] }),
    );
    const { webhook, secret } = data.createWebhook;
    expect(secret).toMatch(/^whsec_[\w-]{43}$/);
    expect(webhook).toMatchObject({ url: URL_OUTSIDE, types: ['booking.confirmed'], active: true });
    const changed = await owner().update({ id: webhook.id, types: [], active: false });
    expect(changed.data.updateWebhook).toMatchObject({
      url: URL_OUTSIDE,
      types: [],
      active: false,
      disabledReason: 'It was switched off.',
    });
    const { data: seen } = await owner().see(webhook.id);
    expect(seen.webhook).toEqual(changed.data.updateWebhook);
    expect(seen.node?.id).toBe(webhook.id);
    const { data: listed } = await owner().list(office.organizationId);
    expect(listed.organization.webhooks).toEqual([seen.webhook]);
    expect((await owner().remove(webhook.id)).data.deleteWebhook).toBe(true);
    expect((await owner().see(webhook.id)).data.webhook).toBeNull();
    expect(codeOf(await owner().remove(webhook.id))).toBe('NOT_FOUND');
  });

  it('show their secret to the owner at any time, and to a manager when it is made', async () => {
    const manager = await member('MANAGER');
    const { data } = await manager.create(input());
    const { webhook, secret } = data.createWebhook;
    expect(webhook.secret).toBeNull();
    expect((await manager.see(webhook.id)).data.webhook?.secret).toBeNull();
    expect((await owner().see(webhook.id)).data.webhook?.secret).toBe(secret);
    const rotated = (await manager.rotate(webhook.id)).data.rotateWebhookSecret;
    expect(rotated.secret).not.toBe(secret);
    expect(rotated.webhook.previousSecretUntil).not.toBeNull();
    expect((await owner().see(webhook.id)).data.webhook?.secret).toBe(rotated.secret);
  });

  it('are nothing for strangers, and for members without the right', async () => {
    const { id } = (await owner().create(input())).data.createWebhook.webhook;
    const stranger = webhooksAs(house, (await openBoxOffice(house)).ownerToken);
    const boxOffice = await member('BOX_OFFICE');
    const anonymous = webhooksAs(house, undefined);
    for (const [who, code] of [
      [stranger, 'NOT_FOUND'],
      [boxOffice, 'FORBIDDEN'],
      [anonymous, 'UNAUTHENTICATED'],
    ] as const) {
      expect(codeOf(await who.create(input()))).toBe(code);
      expect(codeOf(await who.update({ id, active: false }))).toBe(code);
      expect(codeOf(await who.rotate(id))).toBe(code);
      expect(codeOf(await who.replay({ webhookId: id, fromTime: '2026-01-01T00:00:00Z' }))).toBe(
        code,
      );
      expect(codeOf(await who.remove(id))).toBe(code);
      const seen = await who.see(id);
      expect(seen.data).toEqual({ webhook: null, node: null });
      const listed = await who.list(office.organizationId);
      expect(codeOf(listed)).toBe(code);
    }
    expect((await owner().see(id)).data.webhook?.active).toBe(true);
    const nobody = publicId('Webhook', newId());
    expect(codeOf(await owner().rotate(nobody))).toBe('NOT_FOUND');
    expect(codeOf(await owner().rotate('whk_x'))).toBe('NOT_FOUND');
  });

  it('are so many at most, also when the last ones are asked for at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: WEBHOOKS_MAX + 4 }, () => owner().create(input())),
    );
    expect(answers.filter((answer) => answer.errors === undefined)).toHaveLength(WEBHOOKS_MAX);
    expect(answers.map(codeOf).filter((code) => code === 'CONFLICT')).toHaveLength(4);
  });

  it('refuse addresses and types that cannot be', async () => {
    const refused = async (url: string) => codeOf(await owner().create(input({ url })));
    for (const url of [
      'ftp://example.org/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'https://user:secret@example.org/',
      `https://example.org/${'x'.repeat(2_000)}`,
      'not a url',
      'http://127.0.0.1:5432/',
      'http://2130706433/',
      'http://0x7f.1/',
      'http://[::1]/',
      'http://[::ffff:10.0.0.1]/',
      'http://169.254.169.254/latest/meta-data/',
      'http://10.1.2.3/',
      'http://192.168.1.1/',
      'http://172.20.0.1/',
    ])
      expect([url, await refused(url)]).toEqual([url, 'BAD_USER_INPUT']);
    const unknown = await owner().create(input({ types: ['booking.confirmed', 'booking.eaten'] }));
    expect(problemsOf(unknown)).toEqual([
      { path: 'input.types.1', message: 'is not a type of domain event' },
    ]);
    expect(await refused(URL_OUTSIDE)).toBeUndefined();
  });
});

describe('sending to an address that a stranger has chosen', () => {
  const send = (url: string, allowPrivate: boolean) =>
    post({ url, body: '{}', headers: {}, allowPrivate });

  it('stays on the internet, whatever a name leads to', async () => {
    const inner = await startReceiver();
    const { port } = new URL(inner.url);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '0.0.0.0'])
      expect(await send(`http://${host}:${port}/`, false)).toMatchObject({
        statusCode: null,
        error: 'leads to an address that is not on the internet',
      });
    expect(inner.received).toEqual([]);
    // The very same goes through where it is allowed: it was not the network that refused.
    expect(await send(`http://localhost:${port}/`, true)).toMatchObject({ statusCode: 200 });
    await inner.close();
  });

  it.each([
    ['8.8.8.8', true],
    ['93.184.216.34', true],
    ['2606:4700::1111', true],
    ['127.8.8.8', false],
    ['100.64.1.1', false],
    ['172.31.255.255', false],
    ['172.32.0.1', true],
    ['0.0.0.0', false],
    ['255.255.255.255', false],
    ['224.0.0.1', false],
    ['::', false],
    ['::1', false],
    ['::ffff:8.8.8.8', false],
    ['::ffff:127.0.0.1', false],
    ['64:ff9b::7f00:1', false],
    ['::ffff:0:7f00:1', false],
    ['64:ff9b:1::7f00:1', false],
    ['2002:7f00:1::', false],
    ['2001:0:7f00:1::', false],
    ['2001:2::1', false],
    ['2001:db8::1', false],
    ['3fff::1', false],
    ['4000::1', false],
    ['192.88.99.1', false],
    ['2001:4860:4860::8888', true],
    ['fe80::1', false],
    ['fe80::1%eth0', false],
    ['fd00::1', false],
    ['ff02::1', false],
    ['localhost', false],
    ['', false],
  ])('takes %s for one of the internet: %s', (address, isPublic) => {
    expect(isPublicAddress(address)).toBe(isPublic);
  });
});

describe('the pauses between attempts', () => {
  it('grow from seconds to hours, and end after three days', () => {
    expect([1, 2, 3, 20].map((attempts) => pauseMs(attempts, 1) / 1000)).toEqual([
      5, 10, 20, 21_600,
    ]);
    expect(pauseMs(3, 0)).toBe(10_000);
    const createdAt = new Date('2027-01-01T00:00:00Z');
    const at = (hours: number) => new Date(createdAt.getTime() + hours * 3_600_000);
    expect(nextAttemptAt({ createdAt, attempts: 20 }, at(65), 1)).toEqual(at(71));
    expect(nextAttemptAt({ createdAt, attempts: 20 }, at(67), 1)).toBeNull();
  });
});
