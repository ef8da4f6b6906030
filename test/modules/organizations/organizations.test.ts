import { RequestContext, type Viewer } from '../../../src/graphql/context';
import { newId, requireId } from '../../../src/infra/ids';
import { OrganizationRole } from '../../../src/modules/organizations/organization.entity';
import type { Action } from '../../../src/modules/organizations/organization.rules';
import { mayDo, requirePermission } from '../../../src/modules/organizations/permissions';
import { codeOf, LOGIN } from '../auth/operations';
import { startHouse, type House } from '../../support/house';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

interface OrganizationData {
  id: string;
  name: string;
  slug: string;
}
interface MembershipData {
  role: string;
  user: { id: string; email: string };
}

const CREATE = `mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { id name slug } }`;
const ADD = `mutation ($input: AddMemberInput!) { addMember(input: $input) { role user { id email } organization { slug } } }`;
const REMOVE = `mutation ($organizationId: ID!, $userId: ID!) { removeMember(organizationId: $organizationId, userId: $userId) }`;
const MEMBERS = `query ($id: ID) { organization(id: $id) { id members { role user { id email } } } }`;
const FIND = `query ($id: ID, $slug: String) { organization(id: $id, slug: $slug) { id name slug } }`;

type Person = Awaited<ReturnType<House['given']['user']>>;

const people = (count: number): Promise<Person[]> =>
  Promise.all(Array.from({ length: count }, () => house.given.user()));

/** As many users as the test names; TypeScript cannot count them. */
async function persons<const Names extends readonly string[]>(
  ...names: Names
): Promise<Record<Names[number], Person>> {
  const made = await people(names.length);
  return Object.fromEntries(names.map((name, index) => [name, made[index]])) as Record<
    Names[number],
    Person
  >;
}

async function create(owner: Person, input: object): Promise<OrganizationData> {
  const { data } = await house.gql<{ createOrganization: OrganizationData }>(
    CREATE,
    { input },
    { token: owner.token },
  );
  return data.createOrganization;
}
const tryCreate = (token: string | undefined, input: object) =>
  house.gql<unknown>(
    CREATE,
    { input },
    { ...(token !== undefined && { token }), expectErrors: true },
  );

const add = (actor: Person, organization: { id: string }, email: string, role: string) =>
  house.gql<{ addMember: MembershipData }>(
    ADD,
    { input: { organizationId: organization.id, email, role } },
    { token: actor.token, expectErrors: true },
  );
const remove = (actor: Person, organization: { id: string }, user: { id: string }) =>
  house.gql<{ removeMember: boolean }>(
    REMOVE,
    { organizationId: organization.id, userId: user.id },
    { token: actor.token, expectErrors: true },
  );
async function rolesIn(organization: { id: string }): Promise<Record<string, string>> {
  const rows = await house.app.db.query<{ email: string; role: string }>(
    `SELECT email, role FROM memberships JOIN users ON users.id = user_id WHERE organization_id = $1`,
    [requireId('Organization', organization.id)],
  );
  return Object.fromEntries(rows.map((row) => [row.email, row.role]));
}

describe('createOrganization', () => {
  test('makes its founder the owner', async () => {
    const { ann } = await persons('ann');
    const organization = await create(ann, { name: '  The Old Mill ', slug: 'old-mill' });
    expect(organization).toMatchObject({ name: 'The Old Mill', slug: 'old-mill' });
    expect(await rolesIn(organization)).toEqual({ [ann.email]: 'OWNER' });
  });

  test('derives a slug, numbered where others have it', async () => {
    const { ann, bob } = await persons('ann', 'bob');
    const name = 'Café Größe';
    expect((await create(ann, { name })).slug).toBe('cafe-grosse');
    expect((await create(bob, { name })).slug).toBe('cafe-grosse-2');
    expect((await create(ann, { name, slug: null })).slug).toBe('cafe-grosse-3');
  });

  test('ten of one name at once get ten slugs', async () => {
    const { ann } = await persons('ann');
    const made = await Promise.all(
      Array.from({ length: 10 }, () => create(ann, { name: 'Crowd' })),
    );
    expect(new Set(made.map(({ slug }) => slug)).size).toBe(10);
  });

  test('a given slug that is taken is a CONFLICT', async () => {
    const { ann, bob } = await persons('ann', 'bob');
    await create(ann, { name: 'First', slug: 'only-one' });
    expect(codeOf(await tryCreate(bob.token, { name: 'Second', slug: 'only-one' }))).toBe(
      'CONFLICT',
    );
  });

  test.each([
    ['a blank name', { name: '  ' }],
    ['a name of 121 characters', { name: 'x'.repeat(121) }],
    ['a NUL in the name', { name: 'a\u0000b' }],
    ['a slug of one letter', { name: 'Good', slug: 'x' }],
    ['a slug of 61 letters', { name: 'Good', slug: 'x'.repeat(61) }],
    ['a slug with capitals', { name: 'Good', slug: 'Good' }],
    ['a slug that ends with a hyphen', { name: 'Good', slug: 'good-' }],
  ])('refuses %s', async (_, input) => {
    const { ann } = await persons('ann');
    const [before] = await house.app.db.query<{ count: string }>(
      'SELECT count(*) FROM organizations',
    );
    expect(codeOf(await tryCreate(ann.token, input))).toBe('BAD_USER_INPUT');
    expect(await house.app.db.query('SELECT count(*) FROM organizations')).toEqual([before]);
  });

  test('is for users: guests and strangers are UNAUTHENTICATED', async () => {
    const { token } = await house.given.guest();
    expect(codeOf(await tryCreate(token, { name: 'Ghosts' }))).toBe('UNAUTHENTICATED');
    expect(codeOf(await tryCreate(undefined, { name: 'Nobody' }))).toBe('UNAUTHENTICATED');
  });
});

describe('organization', () => {
  test('is found by id and by slug, by anybody', async () => {
    const { ann } = await persons('ann');
    const organization = await create(ann, { name: 'Public', slug: 'public-name' });
    const find = async (variables: object): Promise<unknown> =>
      (await house.gql<{ organization: unknown }>(FIND, variables)).data.organization;
    expect(await find({ id: organization.id })).toEqual(organization);
    expect(await find({ slug: 'public-name' })).toEqual(organization);
    expect(
      (
        await house.gql<{ node: unknown }>('query ($id: ID!) { node(id: $id) { __typename id } }', {
          id: organization.id,
        })
      ).data.node,
    ).toEqual({ __typename: 'Organization', id: organization.id });
  });

  test.each([
    ['an unknown id', { id: 'org_AAAAAAAAAAAAAAAAAAAAAA' }],
    ['a malformed id', { id: 'org_nonsense' }],
    ['an id of another type', { id: 'usr_AAAAAAAAAAAAAAAAAAAAAA' }],
    ['an unknown slug', { slug: 'nobody-has-this' }],
    ['a slug with a NUL', { slug: 'a\u0000b' }],
    ['an oversized slug', { slug: 'x'.repeat(100_000) }],
  ])('is null for %s', async (_, variables) => {
    const { data } = await house.gql<{ organization: unknown }>(FIND, variables);
    expect(data.organization).toBeNull();
  });

  test.each([
    ['neither id nor slug', {}],
    ['both', { id: 'org_AAAAAAAAAAAAAAAAAAAAAA', slug: 'both' }],
  ])('refuses %s', async (_, variables) => {
    expect(codeOf(await house.gql(FIND, variables, { expectErrors: true }))).toBe('BAD_USER_INPUT');
  });

  test('shows its members to each of them and to a platform admin, to nobody else', async () => {
    const { ann, sam, eve } = await persons('ann', 'sam', 'eve');
    const organization = await create(ann, { name: 'Members' });
    await add(ann, organization, sam.email, 'SCANNER');
    const ask = (token?: string) =>
      house.gql<{ organization: { members: MembershipData[] } }>(
        MEMBERS,
        { id: organization.id },
        { ...(token !== undefined && { token }), expectErrors: true },
      );
    const all = [
      { role: 'OWNER', user: { id: ann.id, email: ann.email } },
      { role: 'SCANNER', user: { id: sam.id, email: sam.email } },
    ];
    for (const { token } of [ann, sam, await house.given.admin()]) {
      const { members } = (await ask(token)).data.organization;
      expect(members).toHaveLength(2);
      expect(members).toEqual(expect.arrayContaining(all));
    }
    expect(codeOf(await ask(eve.token))).toBe('FORBIDDEN');
    expect(codeOf(await ask((await house.given.guest()).token))).toBe('UNAUTHENTICATED');
    expect(codeOf(await ask())).toBe('UNAUTHENTICATED');
  });
});

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
        add(ann, at, bob.email, 'SCANNER'),
        add(bob, at, ann.email, 'SCANNER'),
      ],
    ],
    [
      'step down',
      (ann: Person, bob: Person, at: OrganizationData) => [
        add(ann, at, ann.email, 'SCANNER'),
        add(bob, at, bob.email, 'SCANNER'),
      ],
    ],
    [
      'leave',
      (ann: Person, bob: Person, at: OrganizationData) => [
        remove(ann, at, ann),
        remove(bob, at, bob),
      ],
    ],
    [
      'remove each other',
      (ann: Person, bob: Person, at: OrganizationData) => [
        remove(ann, at, bob),
        remove(bob, at, ann),
      ],
    ],
  ])('%s: one stays', async (_, both) => {
    const { ann, bob } = await persons('ann', 'bob');
    for (let round = 1; round <= 5; round++) {
      const organization = await create(ann, { name: 'Rivals' });
      await add(ann, organization, bob.email, 'OWNER');
      const codes = (
        await Promise.all<{ errors?: never }>(both(ann, bob, organization) as never)
      ).map(codeOf);
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

describe('permissions', () => {
  const asking = (viewer: Viewer) => new RequestContext(house.app, viewer, 'test', '192.0.2.1');
  const outcome = async (
    viewer: Viewer,
    organizationId: string,
    action: Action,
  ): Promise<unknown> => {
    const refused = await requirePermission(asking(viewer), organizationId, action, 'venue').then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(await mayDo(asking(viewer), organizationId, action)).toBe(refused === undefined);
    return (refused as { code?: unknown } | undefined)?.code;
  };

  test('are asked of the role, in the organization at hand', async () => {
    const { ann, sam, eve } = await persons('ann', 'sam', 'eve');
    const organization = await create(ann, { name: 'Asked' });
    await add(ann, organization, sam.email, OrganizationRole.SCANNER);
    const id = requireId('Organization', organization.id);
    const user = ({ id: publicId }: Person): Viewer => ({
      kind: 'user',
      id: requireId('User', publicId),
      platformAdmin: false,
    });
    expect(await outcome(user(ann), id, 'manageVenues')).toBeUndefined();
    expect(await outcome(user(sam), id, 'checkIn')).toBeUndefined();
    expect(await outcome(user(sam), id, 'manageVenues')).toBe('FORBIDDEN');
    expect(await outcome(user(eve), id, 'manageVenues')).toBe('NOT_FOUND');
    expect(await outcome({ kind: 'guest', id: newId() }, id, 'viewDrafts')).toBe('UNAUTHENTICATED');
    expect(await outcome({ kind: 'anonymous' }, id, 'viewDrafts')).toBe('UNAUTHENTICATED');
    expect(
      await outcome({ kind: 'user', id: newId(), platformAdmin: true }, id, 'sell'),
    ).toBeUndefined();
  });

  test('a platform admin finds no organization where there is none', async () => {
    const admin = asking({ kind: 'user', id: newId(), platformAdmin: true });
    await expect(requirePermission(admin, newId(), 'sell', 'venue')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('many organizations cost one statement', async () => {
    const { ann } = await persons('ann');
    const made = await Promise.all(Array.from({ length: 5 }, () => create(ann, { name: 'Batch' })));
    const viewer: Viewer = { kind: 'user', id: requireId('User', ann.id), platformAdmin: false };
    const query = jest.spyOn(house.app.db.pool, 'connect');
    const ctx = asking(viewer);
    const answers = await Promise.all(
      made.map(({ id }) => mayDo(ctx, requireId('Organization', id), 'sell')),
    );
    expect(answers).toEqual([true, true, true, true, true]);
    expect(query).toHaveBeenCalledTimes(1);
    query.mockRestore();
  });
});
