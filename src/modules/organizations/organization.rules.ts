import { OrganizationRole } from './organization.entity';

export type Action =
  | 'viewMembers'
  | 'manageMembers'
  | 'manageVenues'
  | 'manageEvents'
  | 'blockSeats'
  | 'viewDrafts'
  | 'viewSales'
  | 'sell'
  | 'checkIn'
  | 'manageWebhooks'
  | 'readWebhookSecrets';

const { OWNER, MANAGER, BOX_OFFICE, SCANNER } = OrganizationRole;

/**
 * Who may do what in an organization; the only place that says so. A platform admin may do all of it
 * everywhere. Colleagues see each other and what is being prepared. Money given back is the box
 * office's and the owner's, so `sell` (sales by staff, refunds) leaves the manager out; everybody can
 * help at the door; names and sums of sales are no business of whoever only scans.
 */
export const POLICY: Record<Action, readonly OrganizationRole[]> = {
  viewMembers: [OWNER, MANAGER, BOX_OFFICE, SCANNER],
  manageMembers: [OWNER],
  manageVenues: [OWNER, MANAGER],
  manageEvents: [OWNER, MANAGER],
  blockSeats: [OWNER, MANAGER, BOX_OFFICE],
  viewDrafts: [OWNER, MANAGER, BOX_OFFICE, SCANNER],
  viewSales: [OWNER, MANAGER, BOX_OFFICE],
  sell: [OWNER, BOX_OFFICE],
  checkIn: [OWNER, MANAGER, BOX_OFFICE, SCANNER],
  manageWebhooks: [OWNER, MANAGER],
  readWebhookSecrets: [OWNER],
};

/** Members of one organization at most: they are listed whole. */
export const MEMBERS_MAX = 1_000;
/** Organizations one user may own: these, too, are listed whole. */
export const OWNED_MAX = 1_000;

export function roleMay(role: OrganizationRole | undefined, action: Action): boolean {
  return role !== undefined && POLICY[action].includes(role);
}
