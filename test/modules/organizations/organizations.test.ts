import { codeOf } from '../auth/operations';
import { startHouse, type House } from '../../support/house';
import { membersOf, type MembershipData } from './members';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});
const { persons, create, tryCreate, add, rolesIn } = membersOf(() => house);

const MEMBERS = `query ($id: ID) { organization(id: $id) { id members { role user { id email } } } }`;
const FIND = `query ($id: ID, $slug: String) { organization(id: $id, slug: $slug) { id name slug } }`;

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
    const find = async (variables: Record<string, unknown>): Promise<unknown> =>
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
