import { requireId } from '../../../src/infra/ids';
import type { House } from '../../support/house';

export interface OrganizationData {
  id: string;
  name: string;
  slug: string;
}
export interface MembershipData {
  role: string;
  user: { id: string; email: string };
}
export type Person = Awaited<ReturnType<House['given']['user']>>;

const CREATE = `mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { id name slug } }`;
export const ADD = `mutation ($input: AddMemberInput!) { addMember(input: $input) { role user { id email } organization { slug } } }`;
const REMOVE = `mutation ($organizationId: ID!, $userId: ID!) { removeMember(organizationId: $organizationId, userId: $userId) }`;

/** Founding organizations and changing who is in them, in the house that stands by then. */
export function membersOf(house: () => House) {
  return {
    /** A user for each name. */
    persons: async <const Names extends readonly string[]>(
      ...names: Names
    ): Promise<Record<Names[number], Person>> => {
      const made = await Promise.all(names.map(async (name) => [name, await house().given.user()]));
      return Object.fromEntries(made) as Record<Names[number], Person>;
    },

    create: async (owner: Person, input: object): Promise<OrganizationData> => {
      const { data } = await house().gql<{ createOrganization: OrganizationData }>(
        CREATE,
        { input },
        { token: owner.token },
      );
      return data.createOrganization;
    },

    tryCreate: (token: string | undefined, input: object) =>
      house().gql<unknown>(
        CREATE,
        { input },
        { ...(token !== undefined && { token }), expectErrors: true },
      ),

    add: (actor: { token: string }, organization: { id: string }, email: string, role: string) =>
      house().gql<{ addMember: MembershipData }>(
        ADD,
        { input: { organizationId: organization.id, email, role } },
        { token: actor.token, expectErrors: true },
      ),

    remove: (actor: { token: string }, organization: { id: string }, user: { id: string }) =>
      house().gql<{ removeMember: boolean }>(
        REMOVE,
        { organizationId: organization.id, userId: user.id },
        { token: actor.token, expectErrors: true },
      ),

    /** Role by e-mail address, from the table itself. */
    rolesIn: async (organization: { id: string }): Promise<Record<string, string>> => {
      const rows = await house().app.db.query<{ email: string; role: string }>(
        `SELECT email, role FROM memberships JOIN users ON users.id = user_id WHERE organization_id = $1`,
        [requireId('Organization', organization.id)],
      );
      return Object.fromEntries(rows.map((row) => [row.email, row.role]));
    },
  };
}
