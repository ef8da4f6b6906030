import { OrganizationRole } from '../../../src/modules/organizations/organization.entity';
import {
  POLICY,
  roleMay,
  type Action,
} from '../../../src/modules/organizations/organization.rules';

const { OWNER, MANAGER, BOX_OFFICE, SCANNER } = OrganizationRole;

/** Written out once more, by role instead of by action: a slip in one of the two tables shows. */
const RIGHTS: Record<OrganizationRole, readonly Action[]> = {
  [OWNER]: [
    'viewMembers',
    'manageMembers',
    'manageVenues',
    'manageEvents',
    'blockSeats',
    'viewDrafts',
    'viewSales',
    'sell',
    'checkIn',
    'manageWebhooks',
    'readWebhookSecrets',
  ],
  [MANAGER]: [
    'viewMembers',
    'manageVenues',
    'manageEvents',
    'blockSeats',
    'viewDrafts',
    'viewSales',
    'checkIn',
    'manageWebhooks',
  ],
  [BOX_OFFICE]: ['viewMembers', 'blockSeats', 'viewDrafts', 'viewSales', 'sell', 'checkIn'],
  [SCANNER]: ['viewMembers', 'viewDrafts', 'checkIn'],
};
const actions = Object.keys(POLICY) as Action[];

test.each(Object.values(OrganizationRole))('%s may exactly what the table says', (role) => {
  expect(actions.filter((action) => roleMay(role, action))).toEqual(RIGHTS[role]);
});

test('who has no role may nothing', () => {
  expect(actions.filter((action) => roleMay(undefined, action))).toEqual([]);
});
