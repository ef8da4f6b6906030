import { randomBytes } from 'node:crypto';
import type { App } from '../../src/app.types';
import { createUser } from '../../src/modules/auth/account.service';
import { issueSession, startGuestSession } from '../../src/modules/auth/session.service';
import { createOrganization } from '../../src/modules/organizations/organization.service';

export interface GivenUser {
  /** As clients see it. */
  id: string;
  uuid: string;
  email: string;
  password: string;
  token: string;
  refreshToken: string;
}

/** Builders for what a test takes for granted; they go through the services, not the API. */
export class Given {
  constructor(private readonly app: App) {}

  async user(account: { platformAdmin?: boolean } = {}): Promise<GivenUser> {
    const email = `u${randomBytes(6).toString('hex')}@example.org`;
    const password = 'Password123';
    const user = await createUser(this.app, {
      email,
      password,
      firstName: 'Ada',
      lastName: 'Test',
      ...account,
    });
    const session = await issueSession(this.app, { kind: 'user', user });
    return {
      id: user.publicId,
      uuid: user.id,
      email,
      password,
      token: session.accessToken,
      refreshToken: session.refreshToken,
    };
  }

  admin(): Promise<GivenUser> {
    return this.user({ platformAdmin: true });
  }

  async guest(): Promise<{ token: string; refreshToken: string }> {
    const session = await startGuestSession(this.app, '127.0.0.1');
    return { token: session.accessToken, refreshToken: session.refreshToken };
  }

  async organization(founder: {
    owner: GivenUser;
  }): Promise<{ id: string; publicId: string; slug: string }> {
    const { id, publicId, slug } = await createOrganization(
      this.app,
      { id: founder.owner.uuid },
      { name: `Stage ${randomBytes(4).toString('hex')}` },
    );
    return { id, publicId, slug };
  }
}
