import { RequestContext, type Viewer } from '../../../src/graphql/context';
import { newId, requireId } from '../../../src/infra/ids';
import type { Action } from '../../../src/modules/organizations/organization.rules';
import { mayDo, requirePermission } from '../../../src/modules/organizations/permissions';
import { startHouse, type House } from '../../support/house';
import { membersOf, type Person } from './members';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});
const { persons, create, add } = membersOf(() => house);

describe('permissions', () => {
  const asking = (viewer: Viewer) =>
    new RequestContext(house.app, () => viewer, 'test', '192.0.2.1');
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
    await add(ann, organization, sam.email, 'SCANNER');
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
