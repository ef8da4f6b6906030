import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users, guests and their sessions; organizations and who is who in them. */
export class Accounts1700000100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE users (
        id uuid NOT NULL,
        email text NOT NULL,
        password_hash text NOT NULL,
        first_name text NOT NULL,
        last_name text NOT NULL,
        platform_admin boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_users PRIMARY KEY (id),
        CONSTRAINT uq_users_email UNIQUE (email),
        CONSTRAINT ck_users_email_lower CHECK (email = lower(email))
      );

      -- A guest who registers becomes the user of the same id, and so keeps what the guest holds.
      CREATE TABLE guests (
        id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_guests PRIMARY KEY (id)
      );

      -- One login on one device. Its refresh tokens follow each other; two uses of one token end it.
      CREATE TABLE session_families (
        id uuid NOT NULL,
        user_id uuid,
        guest_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        end_reason text,
        CONSTRAINT pk_session_families PRIMARY KEY (id),
        CONSTRAINT fk_session_families_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT fk_session_families_guest FOREIGN KEY (guest_id) REFERENCES guests (id) ON DELETE CASCADE,
        CONSTRAINT ck_session_families_one_owner CHECK (num_nonnulls(user_id, guest_id) = 1),
        CONSTRAINT ck_session_families_end_reason CHECK (end_reason IN ('LOGOUT', 'TOKEN_REUSED', 'REGISTERED')),
        CONSTRAINT ck_session_families_ended CHECK ((ended_at IS NULL) = (end_reason IS NULL))
      );
      CREATE INDEX ix_session_families_user ON session_families (user_id);
      CREATE INDEX ix_session_families_guest ON session_families (guest_id);

      -- Only SHA-256 hashes: whoever reads this table cannot log in with it.
      CREATE TABLE refresh_tokens (
        token_hash bytea NOT NULL,
        family_id uuid NOT NULL,
        issued_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        spent_at timestamptz,
        CONSTRAINT pk_refresh_tokens PRIMARY KEY (token_hash),
        CONSTRAINT fk_refresh_tokens_family FOREIGN KEY (family_id) REFERENCES session_families (id) ON DELETE CASCADE
      );
      CREATE INDEX ix_refresh_tokens_family ON refresh_tokens (family_id);
      CREATE INDEX ix_refresh_tokens_expires ON refresh_tokens (expires_at);

      CREATE TABLE organizations (
        id uuid NOT NULL,
        name text NOT NULL,
        slug text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_organizations PRIMARY KEY (id),
        CONSTRAINT uq_organizations_slug UNIQUE (slug)
      );

      CREATE TABLE memberships (
        organization_id uuid NOT NULL,
        user_id uuid NOT NULL,
        role text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_memberships PRIMARY KEY (organization_id, user_id),
        CONSTRAINT fk_memberships_organization FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
        CONSTRAINT fk_memberships_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT ck_memberships_role CHECK (role IN ('OWNER', 'MANAGER', 'BOX_OFFICE', 'SCANNER'))
      );
      CREATE INDEX ix_memberships_user ON memberships (user_id);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE memberships, organizations, refresh_tokens, session_families, guests, users;
    `);
  }
}
