import type { GivenUser } from './given';
import type { Hall } from './hall';
import type { House } from './house';

/** Somebody new with this role in the organization of the hall. */
export async function staffOf(house: House, hall: Hall, role: string): Promise<GivenUser> {
  const user = await house.given.user();
  await house.gql(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: hall.organizationId, email: user.email, role } },
    { token: hall.owner.token },
  );
  return user;
}
