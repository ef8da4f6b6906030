import { codeOf, LOGIN } from '../auth/operations';
import { startHouse, type House } from '../../support/house';
import { ADD, membersOf, type OrganizationData, type Person } from './members';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});
const { persons, create, add, remove, rolesIn } = membersOf(() => house);

describe('addMember', () => {
  test('adds by address in whatever case, and changes the role of who is in', async () => {
    const { ann, bob } = await persons('ann', 'bob');
    const organization = await create(ann, { name: 'Adding' });
    const added = await add(ann, organization, bob.email.toUpperCase(), 'SCANNER');
    expect(added.data.addMember).toMatchObject({ role: 'SCANNER', user: { id: bob.id } });
    const changed = await add(ann, organization, bob.email, 'MANAGER');
    expect(changed.data.addMember).toMatchObject({ role: 'MANAGER', user: { id: bob.id } });
    expect(await rolesIn(organization)).toEqual({ [ann.email]: 'OWNER', [bob.email]: 'MANAGER' });
  });

  test('is for owners: members are FORBIDDEN, to strangers there is no such organization', async () => {
    const { ann, bob, eve } = await persons('ann', 'bob', 'eve');
    const organization = await create(ann, { name: 'Guarded' });
    for (const role of ['MANAGER', 'BOX_OFFICE', 'SCANNER']) {
      await add(ann, organization, bob.email, role);
      expect(codeOf(await add(bob, organization, eve.email, 'SCANNER'))).toBe('FORBIDDEN');
      expect(codeOf(await add(bob, organization, bob.email, 'OWNER'))).toBe('FORBIDDEN');
    }
    const stranger = await add(eve, organization, eve.email, 'OWNER');
    const unknown = await add(eve, { id: 'org_AAAAAAAAAAAAAAAAAAAAAA' }, eve.email, 'OWNER');
    expect(codeOf(stranger)).toBe('NOT_FOUND');
    expect(unknown.errors).toEqual(stranger.errors);
    expect(await rolesIn(organization)).toEqual({ [ann.email]: 'OWNER', [bob.email]: 'SCANNER' });
  });

  test('the owner of one organization is a stranger in another', async () => {
    const { ann, eve } = await persons('ann', 'eve');
    const organization = await create(ann, { name: 'Mine' });
    await create(eve, { name: 'Yours' });
    expect(codeOf(await add(eve, organization, eve.email, 'OWNER'))).toBe('NOT_FOUND');
    expect(codeOf(await remove(eve, organization, ann))).toBe('NOT_FOUND');
    expect(await rolesIn(organization)).toEqual({ [ann.email]: 'OWNER' });
  });

  test('a platform admin may as well', async () => {
    const { ann, bob } = await persons('ann', 'bob');
    const organization = await create(ann, { name: 'Helped' });
    const { token } = await house.given.admin();
    const answer = await add({ ...ann, token }, organization, bob.email, 'OWNER');
    expect(answer.data.addMember.role).toBe('OWNER');
  });

  test('the last owner cannot step down', async () => {
    const { ann, bob } = await persons('ann', 'bob');
    const organization = await create(ann, { name: 'Captain' });
    expect(codeOf(await add(ann, organization, ann.email, 'MANAGER'))).toBe('CONFLICT');
    await add(ann, organization, bob.email, 'OWNER');
    expect(codeOf(await add(ann, organization, ann.email, 'MANAGER'))).toBeUndefined();
    expect(await rolesIn(organization)).toEqual({ [ann.email]: 'MANAGER', [bob.email]: 'OWNER' });
  });

  test.each([
    ['an address nobody has', { email: 'nobody@example.org' }, 'NOT_FOUND'],
    ['no address', { email: 'nobody' }, 'BAD_USER_INPUT'],
    ['an unknown role', { role: 'EMPEROR' }, 'BAD_USER_INPUT'],
    ['a malformed id', { organizationId: 'nonsense' }, 'NOT_FOUND'],
    ['an id of another type', { organizationId: 'usr_AAAAAAAAAAAAAAAAAAAAAA' }, 'NOT_FOUND'],
  ])('refuses %s', async (_, wrong, code) => {
    const { ann, bob } = await persons('ann', 'bob');
    const organization = await create(ann, { name: 'Strict' });
    const input = { organizationId: organization.id, email: bob.email, role: 'SCANNER', ...wrong };
    const answer = await house.gql(ADD, { input }, { token: ann.token, expectErrors: true });
    expect(codeOf(answer)).toBe(code);
    expect(await rolesIn(organization)).toEqual({ [ann.email]: 'OWNER' });
  });
});

describe('removeMember', () => {
  test('owners remove anybody, members themselves and nobody else', async () => {
    const { ann, bob, cat } = await persons('ann', 'bob', 'cat');
    const organization = await create(ann, { name: 'Leaving' });
    await add(ann, organization, bob.email, 'MANAGER');
    await add(ann, organization, cat.email, 'SCANNER');
    expect(codeOf(await remove(cat, organization, bob))).toBe('FORBIDDEN');
    expect((await remove(cat, organization, cat)).data.removeMember).toBe(true);
    expect((await remove(ann, organization, bob)).data.removeMember).toBe(true);
    expect(await rolesIn(organization)).toEqual({ [ann.email]: 'OWNER' });
    // Whoever is out is a stranger from the next request on.
    expect(codeOf(await add(bob, organization, bob.email, 'MANAGER'))).toBe('NOT_FOUND');
  });

  test('who is no member cannot be removed', async () => {
    const { ann, eve } = await persons('ann', 'eve');
    const organization = await create(ann, { name: 'Empty' });
    expect(codeOf(await remove(ann, organization, eve))).toBe('NOT_FOUND');
    expect(codeOf(await remove(eve, organization, eve))).toBe('NOT_FOUND');
    expect(codeOf(await remove(ann, organization, { id: 'usr_nonsense' }))).toBe('NOT_FOUND');
    expect(codeOf(await remove(ann, { id: ann.id }, ann))).toBe('NOT_FOUND');
  });

  test('the last owner stays', async () => {
    const { ann } = await persons('ann');
    const organization = await create(ann, { name: 'Alone' });
    expect(codeOf(await remove(ann, organization, ann))).toBe('CONFLICT');
    expect(await rolesIn(organization)).toEqual({ [ann.email]: 'OWNER' });
  });
});

describe('two owners at once', () => {
  const owners = async (organization: OrganizationData): Promise<number> =>
    Object.values(await rolesIn(organization)).filter((role) => role === 'OWNER').length;

  test.each([
    [
      'demote each other',
      (ann: Person, bob: Person, at: OrganizationData) => [
        add(ann, at, bob.email, 'SCANNER').then(codeOf),
        add(bob, at, ann.email, 'SCANNER').then(codeOf),
      ],
    ],
    [
      'step down',
      (ann: Person, bob: Person, at: OrganizationData) => [
        add(ann, at, ann.email, 'SCANNER').then(codeOf),
        add(bob, at, bob.email, 'SCANNER').then(codeOf),
      ],
    ],
    [
      'leave',
      (ann: Person, bob: Person, at: OrganizationData) => [
        remove(ann, at, ann).then(codeOf),
        remove(bob, at, bob).then(codeOf),
      ],
    ],
    [
      'remove each other',
      (ann: Person, bob: Person, at: OrganizationData) => [
        remove(ann, at, bob).then(codeOf),
        remove(bob, at, ann).then(codeOf),
      ],
    ],
  ])('%s: one stays', async (_, both) => {
    const { ann, bob } = await persons('ann', 'bob');
    for (let round = 1; round <= 5; round++) {
      const organization = await create(ann, { name: 'Rivals' });
      await add(ann, organization, bob.email, 'OWNER');
      const codes = await Promise.all(both(ann, bob, organization));
      expect(codes.filter((code) => code === undefined)).toHaveLength(1);
      expect(await owners(organization)).toBe(1);
    }
  });
});

describe('memberships', () => {
  const MINE = `{ me { memberships { role organization { slug } } } }`;

  test('a user sees all of their own, also in the answer to a login', async () => {
    const { ann, bob } = await persons('ann', 'bob');
    const { slug } = await create(ann, { name: 'Own' });
    const theirs = await create(bob, { name: 'Theirs' });
    await add(bob, theirs, ann.email, 'BOX_OFFICE');
    const expected = [
      { role: 'OWNER', organization: { slug } },
      { role: 'BOX_OFFICE', organization: { slug: theirs.slug } },
    ];
    const me = await house.gql<{ me: { memberships: unknown[] } }>(MINE, {}, { token: ann.token });
    expect(me.data.me.memberships).toHaveLength(2);
    expect(me.data.me.memberships).toEqual(expect.arrayContaining(expected));

    const login = LOGIN.replace('user {', 'user { memberships { role organization { slug } }');
    const { data } = await house.gql<{ login: { user: { memberships: unknown[] } } }>(login, {
      input: { email: ann.email, password: ann.password },
    });
    expect(data.login.user.memberships).toEqual(me.data.me.memberships);
  });

  test('of a colleague one sees those one shares', async () => {
    const { ann, bob } = await persons('ann', 'bob');
    const shared = await create(ann, { name: 'Shared' });
    await create(ann, { name: 'Secret' });
    await add(ann, shared, bob.email, 'SCANNER');
    const { data } = await house.gql<{
      organization: { members: { user: { id: string; memberships: unknown[] } }[] };
    }>(
      `query ($id: ID) { organization(id: $id) { members { user { id memberships { organization { slug } } } } } }`,
      { id: shared.id },
      { token: bob.token },
    );
    const seen = data.organization.members.find(({ user }) => user.id === ann.id);
    expect(seen?.user.memberships).toEqual([{ organization: { slug: shared.slug } }]);
  });
});
