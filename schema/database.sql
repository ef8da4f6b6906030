-- The database after all migrations, for reading and for reviews: a change of the schema shows here
-- as a difference. Made by `npm run schema:print`; what is run are the files in migrations/.
-- Left out: the job queue's own schema (graphile_worker), TypeORM's list of migrations and the daily
-- partitions of seat_changes and domain_events, which carry dates.

CREATE TABLE booking_references (
  reference text NOT NULL,
  event_id uuid NOT NULL,
  booking_id uuid NOT NULL,
  CONSTRAINT pk_booking_references PRIMARY KEY (reference),
  CONSTRAINT fk_booking_references_booking FOREIGN KEY (event_id, booking_id) REFERENCES bookings(event_id, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE bookings (
  event_id uuid NOT NULL,
  id uuid NOT NULL,
  reference text NOT NULL,
  reservation_id uuid NOT NULL,
  holder_id uuid NOT NULL,
  holder_kind text NOT NULL,
  customer_email text NOT NULL,
  customer_name text NOT NULL,
  status text DEFAULT 'PENDING'::text NOT NULL,
  one_per_customer boolean DEFAULT false NOT NULL,
  total_minor integer NOT NULL,
  refunded_minor integer DEFAULT 0 NOT NULL,
  created_at timestamp with time zone NOT NULL,
  confirmed_at timestamp with time zone,
  seat_nos integer[] NOT NULL,
  check_at timestamp with time zone NOT NULL,
  decide_by timestamp with time zone NOT NULL,
  cancelled_at timestamp with time zone,
  cancel_origin text,
  warned_at timestamp with time zone,
  email_key text,
  by_staff boolean DEFAULT false NOT NULL,
  CONSTRAINT pk_bookings PRIMARY KEY (event_id, id),
  CONSTRAINT fk_bookings_reservation FOREIGN KEY (event_id, reservation_id) REFERENCES reservations(event_id, id),
  CONSTRAINT ck_bookings_cancel_origin CHECK ((cancel_origin = ANY (ARRAY['BUYER'::text, 'STAFF'::text, 'EVENT_CANCELLED'::text, 'LATE_PAYMENT'::text, 'PROVIDER'::text]))),
  CONSTRAINT ck_bookings_confirmed CHECK (((status <> 'CONFIRMED'::text) OR (confirmed_at IS NOT NULL))),
  CONSTRAINT ck_bookings_email_key CHECK ((email_key = lower((btrim(customer_email) COLLATE "C")))),
  CONSTRAINT ck_bookings_holder_kind CHECK ((holder_kind = ANY (ARRAY['USER'::text, 'GUEST'::text]))),
  CONSTRAINT ck_bookings_refunded CHECK (((refunded_minor >= 0) AND (refunded_minor <= total_minor))),
  CONSTRAINT ck_bookings_status CHECK ((status = ANY (ARRAY['PENDING'::text, 'CONFIRMED'::text, 'FAILED'::text, 'CANCELLED'::text, 'REFUNDED'::text])))
);
CREATE INDEX ix_bookings_email_key ON public.bookings USING btree (event_id, email_key) WHERE (status = ANY (ARRAY['PENDING'::text, 'CONFIRMED'::text]));
CREATE INDEX ix_bookings_holder ON public.bookings USING btree (holder_id, created_at DESC, id);
CREATE INDEX ix_bookings_pending ON public.bookings USING btree (check_at) WHERE (status = 'PENDING'::text);
CREATE INDEX ix_bookings_reservation ON public.bookings USING btree (event_id, reservation_id);
CREATE UNIQUE INDEX uq_bookings_live_reservation ON public.bookings USING btree (event_id, reservation_id) WHERE (status = ANY (ARRAY['PENDING'::text, 'CONFIRMED'::text]));
CREATE UNIQUE INDEX uq_bookings_one_per_customer ON public.bookings USING btree (event_id, holder_id) WHERE (one_per_customer AND (NOT by_staff) AND (status = ANY (ARRAY['PENDING'::text, 'CONFIRMED'::text])));
CREATE UNIQUE INDEX uq_bookings_one_per_email ON public.bookings USING btree (event_id, email_key) WHERE (one_per_customer AND (status = ANY (ARRAY['PENDING'::text, 'CONFIRMED'::text])));

CREATE TABLE caller_keys (
  caller_id uuid NOT NULL,
  operation text NOT NULL,
  key text NOT NULL,
  event_id uuid NOT NULL,
  input_hash bytea NOT NULL,
  answer jsonb NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_caller_keys PRIMARY KEY (caller_id, operation, key)
);
CREATE INDEX ix_caller_keys_created ON public.caller_keys USING btree (created_at);

CREATE TABLE change_log_epoch (
  singleton boolean DEFAULT true NOT NULL,
  epoch uuid DEFAULT gen_random_uuid() NOT NULL,
  pruned_below xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_change_log_epoch PRIMARY KEY (singleton),
  CONSTRAINT ck_change_log_epoch_one_row CHECK (singleton)
);

CREATE TABLE check_ins (
  event_id uuid NOT NULL,
  id uuid NOT NULL,
  ticket_id uuid NOT NULL,
  kind text NOT NULL,
  scanned_at timestamp with time zone NOT NULL,
  recorded_at timestamp with time zone NOT NULL,
  staff_id uuid NOT NULL,
  device_id text,
  scan_id text,
  conflict boolean DEFAULT false NOT NULL,
  CONSTRAINT pk_check_ins PRIMARY KEY (event_id, id),
  CONSTRAINT uq_check_ins_scan UNIQUE (event_id, device_id, scan_id, ticket_id),
  CONSTRAINT fk_check_ins_staff FOREIGN KEY (staff_id) REFERENCES users(id),
  CONSTRAINT fk_check_ins_ticket FOREIGN KEY (event_id, ticket_id) REFERENCES tickets(event_id, id),
  CONSTRAINT ck_check_ins_kind CHECK ((kind = ANY (ARRAY['ADMITTED'::text, 'ALREADY_CHECKED_IN'::text, 'VOID'::text, 'UNDONE'::text]))),
  CONSTRAINT ck_check_ins_scan CHECK (((scan_id IS NULL) OR (device_id IS NOT NULL)))
);
CREATE INDEX ix_check_ins_ticket ON public.check_ins USING btree (event_id, ticket_id, recorded_at);

CREATE TABLE consumed_messages (
  topic text NOT NULL,
  message_id text NOT NULL,
  consumed_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_consumed_messages PRIMARY KEY (topic, message_id)
);
CREATE INDEX ix_consumed_messages_at ON public.consumed_messages USING btree (consumed_at);

CREATE TABLE domain_events (
  event_id uuid,
  id uuid NOT NULL,
  type text NOT NULL,
  schema_version smallint NOT NULL,
  occurred_at timestamp with time zone NOT NULL,
  recorded_at timestamp with time zone NOT NULL,
  xid xid8 NOT NULL,
  correlation_id text NOT NULL,
  actor_kind actor_kind NOT NULL,
  actor_id text,
  organization_id uuid NOT NULL,
  data jsonb NOT NULL
) PARTITION BY RANGE (recorded_at);
CREATE INDEX ix_domain_events_recorded ON ONLY public.domain_events USING brin (recorded_at) WITH (pages_per_range='16');
CREATE INDEX ix_domain_events_xid ON ONLY public.domain_events USING btree (xid);

CREATE TABLE event_cancellations (
  event_id uuid NOT NULL,
  reason text,
  cancelled_by uuid NOT NULL,
  cancelled_at timestamp with time zone NOT NULL,
  worked_at timestamp with time zone NOT NULL,
  finished_at timestamp with time zone,
  CONSTRAINT pk_event_cancellations PRIMARY KEY (event_id),
  CONSTRAINT fk_event_cancellations_event FOREIGN KEY (event_id) REFERENCES events(id) ON DELETE CASCADE
);
CREATE INDEX ix_event_cancellations_open ON public.event_cancellations USING btree (worked_at) WHERE (finished_at IS NULL);

CREATE TABLE events (
  id uuid NOT NULL,
  slug text NOT NULL,
  organization_id uuid NOT NULL,
  venue_id uuid NOT NULL,
  seating_plan_id uuid NOT NULL,
  title text NOT NULL,
  description text DEFAULT ''::text NOT NULL,
  starts_at timestamp with time zone NOT NULL,
  doors_at timestamp with time zone,
  ends_at timestamp with time zone,
  sales_start_at timestamp with time zone,
  sales_end_at timestamp with time zone,
  status text DEFAULT 'DRAFT'::text NOT NULL,
  currency character(3) NOT NULL,
  price_from_minor integer,
  hold_seconds integer NOT NULL,
  seats_per_reservation_max integer NOT NULL,
  one_booking_per_customer boolean DEFAULT false NOT NULL,
  forbid_orphan_seats boolean DEFAULT false NOT NULL,
  version integer DEFAULT 1 NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  refund_deadline_at timestamp with time zone,
  refund_fee_minor integer DEFAULT 0 NOT NULL,
  refund_fee_percent smallint DEFAULT 0 NOT NULL,
  published_at timestamp with time zone,
  CONSTRAINT pk_events PRIMARY KEY (id),
  CONSTRAINT uq_events_slug UNIQUE (slug),
  CONSTRAINT fk_events_organization FOREIGN KEY (organization_id) REFERENCES organizations(id),
  CONSTRAINT fk_events_seating_plan FOREIGN KEY (seating_plan_id) REFERENCES seating_plans(id),
  CONSTRAINT fk_events_venue FOREIGN KEY (venue_id) REFERENCES venues(id),
  CONSTRAINT ck_events_draft_unpublished CHECK (((status <> 'DRAFT'::text) OR (published_at IS NULL))),
  CONSTRAINT ck_events_ends CHECK ((ends_at >= starts_at)),
  CONSTRAINT ck_events_hold_seconds CHECK (((hold_seconds >= 1) AND (hold_seconds <= 7200))),
  CONSTRAINT ck_events_published_at CHECK (((status <> 'PUBLISHED'::text) OR (published_at IS NOT NULL))),
  CONSTRAINT ck_events_refund_fee CHECK (((refund_fee_minor >= 0) AND ((refund_fee_percent >= 0) AND (refund_fee_percent <= 100)))),
  CONSTRAINT ck_events_sales_window CHECK ((sales_end_at > sales_start_at)),
  CONSTRAINT ck_events_seats_per_reservation CHECK (((seats_per_reservation_max >= 1) AND (seats_per_reservation_max <= 500))),
  CONSTRAINT ck_events_status CHECK ((status = ANY (ARRAY['DRAFT'::text, 'PUBLISHED'::text, 'CANCELLED'::text])))
);
CREATE INDEX ix_events_organization ON public.events USING btree (organization_id);
CREATE INDEX ix_events_starts ON public.events USING btree (starts_at, id);
CREATE INDEX ix_events_venue ON public.events USING btree (venue_id);

CREATE TABLE guests (
  id uuid NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_guests PRIMARY KEY (id)
);

CREATE TABLE house_holds (
  event_id uuid NOT NULL,
  no integer NOT NULL,
  reason text,
  blocked_by uuid NOT NULL,
  blocked_at timestamp with time zone NOT NULL,
  CONSTRAINT pk_house_holds PRIMARY KEY (event_id, no),
  CONSTRAINT fk_house_holds_blocked_by FOREIGN KEY (blocked_by) REFERENCES users(id)
);

CREATE TABLE idempotency_keys (
  event_id uuid NOT NULL,
  caller_id uuid NOT NULL,
  operation text NOT NULL,
  key text NOT NULL,
  input_hash bytea NOT NULL,
  answer jsonb NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_idempotency_keys PRIMARY KEY (event_id, caller_id, operation, key)
);
CREATE INDEX ix_idempotency_keys_created ON public.idempotency_keys USING btree (created_at);

CREATE TABLE job_workers (
  id text NOT NULL,
  seen_at timestamp with time zone NOT NULL,
  CONSTRAINT pk_job_workers PRIMARY KEY (id)
);

CREATE TABLE mails (
  event_id uuid NOT NULL,
  fact text NOT NULL,
  kind text NOT NULL,
  subject_id uuid NOT NULL,
  status text NOT NULL,
  claim_id uuid NOT NULL,
  claimed_at timestamp with time zone NOT NULL,
  attempts integer NOT NULL,
  recipient text,
  message_id text,
  failure text,
  sent_at timestamp with time zone,
  CONSTRAINT pk_mails PRIMARY KEY (event_id, fact),
  CONSTRAINT ck_mails_sent CHECK (((status <> 'SENT'::text) OR ((sent_at IS NOT NULL) AND (message_id IS NOT NULL) AND (recipient IS NOT NULL)))),
  CONSTRAINT ck_mails_status CHECK ((status = ANY (ARRAY['CLAIMED'::text, 'SENDING'::text, 'SENT'::text, 'WAITING'::text, 'FAILED'::text, 'UNCERTAIN'::text, 'NEEDLESS'::text])))
);
CREATE INDEX ix_mails_subject ON public.mails USING btree (event_id, subject_id);

CREATE TABLE memberships (
  organization_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_memberships PRIMARY KEY (organization_id, user_id),
  CONSTRAINT fk_memberships_organization FOREIGN KEY (organization_id) REFERENCES organizations(id) ON DELETE CASCADE,
  CONSTRAINT fk_memberships_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  CONSTRAINT ck_memberships_role CHECK ((role = ANY (ARRAY['OWNER'::text, 'MANAGER'::text, 'BOX_OFFICE'::text, 'SCANNER'::text])))
);
CREATE INDEX ix_memberships_user ON public.memberships USING btree (user_id);

CREATE TABLE mock_charges (
  idempotency_key text NOT NULL,
  charge_id text NOT NULL,
  status text NOT NULL,
  amount_minor integer NOT NULL,
  currency character(3) NOT NULL,
  decline_code text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  decline_retryable boolean,
  refunded_minor integer DEFAULT 0 NOT NULL,
  disputed boolean DEFAULT false NOT NULL,
  event_id uuid,
  payment_id uuid,
  redirect boolean DEFAULT false NOT NULL,
  refund_mode text DEFAULT 'made'::text NOT NULL,
  CONSTRAINT pk_mock_charges PRIMARY KEY (idempotency_key),
  CONSTRAINT uq_mock_charges_charge UNIQUE (charge_id),
  CONSTRAINT ck_mock_charges_declined CHECK ((((status = 'DECLINED'::text) = (decline_code IS NOT NULL)) AND ((status = 'DECLINED'::text) = (decline_retryable IS NOT NULL)))),
  CONSTRAINT ck_mock_charges_refund_mode CHECK ((refund_mode = ANY (ARRAY['made'::text, 'refused'::text, 'pending'::text, 'fails'::text, 'lost'::text]))),
  CONSTRAINT ck_mock_charges_refunded CHECK ((((refunded_minor >= 0) AND (refunded_minor <= amount_minor)) AND ((status = 'SUCCEEDED'::text) OR (refunded_minor = 0)))),
  CONSTRAINT ck_mock_charges_status CHECK ((status = ANY (ARRAY['PENDING'::text, 'SUCCEEDED'::text, 'DECLINED'::text])))
);
CREATE INDEX ix_mock_charges_payment ON public.mock_charges USING btree (event_id, payment_id);

CREATE TABLE mock_refunds (
  refund_key text NOT NULL,
  idempotency_key text NOT NULL,
  refund_id text NOT NULL,
  amount_minor integer NOT NULL,
  status text NOT NULL,
  code text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_mock_refunds PRIMARY KEY (refund_key),
  CONSTRAINT uq_mock_refunds_refund UNIQUE (refund_id),
  CONSTRAINT fk_mock_refunds_charge FOREIGN KEY (idempotency_key) REFERENCES mock_charges(idempotency_key),
  CONSTRAINT ck_mock_refunds_amount CHECK ((amount_minor > 0)),
  CONSTRAINT ck_mock_refunds_refused CHECK (((status = 'REFUSED'::text) = (code IS NOT NULL))),
  CONSTRAINT ck_mock_refunds_status CHECK ((status = ANY (ARRAY['PENDING'::text, 'SUCCEEDED'::text, 'REFUSED'::text])))
);
CREATE INDEX ix_mock_refunds_charge ON public.mock_refunds USING btree (idempotency_key);

CREATE TABLE organizations (
  id uuid NOT NULL,
  name text NOT NULL,
  slug text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_organizations PRIMARY KEY (id),
  CONSTRAINT uq_organizations_slug UNIQUE (slug)
);

CREATE TABLE outbox_sinks (
  name text NOT NULL,
  source text NOT NULL,
  seen pg_snapshot NOT NULL,
  cuts pg_snapshot[] DEFAULT '{}'::pg_snapshot[] NOT NULL,
  position_at timestamp with time zone,
  position_id uuid,
  leased_by uuid,
  leased_until timestamp with time zone,
  failures integer DEFAULT 0 NOT NULL,
  retry_at timestamp with time zone,
  last_error text,
  CONSTRAINT pk_outbox_sinks PRIMARY KEY (name),
  CONSTRAINT ck_outbox_sinks_lease CHECK (((leased_by IS NULL) = (leased_until IS NULL))),
  CONSTRAINT ck_outbox_sinks_position CHECK (((position_at IS NULL) = (position_id IS NULL)))
);

CREATE TABLE payment_references (
  event_id uuid NOT NULL,
  payment_id uuid NOT NULL,
  provider text NOT NULL,
  reference text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_payment_references PRIMARY KEY (event_id, payment_id),
  CONSTRAINT ck_payment_references_provider CHECK ((provider = ANY (ARRAY['MOCK'::text, 'STRIPE'::text])))
);
CREATE INDEX ix_payment_references_reference ON public.payment_references USING btree (provider, reference);

CREATE TABLE payments (
  event_id uuid NOT NULL,
  id uuid NOT NULL,
  booking_id uuid NOT NULL,
  provider text NOT NULL,
  provider_reference text,
  status text DEFAULT 'PENDING'::text NOT NULL,
  failure_code text,
  failure_retryable boolean,
  amount_minor integer NOT NULL,
  refunded_minor integer DEFAULT 0 NOT NULL,
  created_at timestamp with time zone NOT NULL,
  settled_at timestamp with time zone,
  next_client_secret text,
  next_redirect_url text,
  refund_reserved_minor integer DEFAULT 0 NOT NULL,
  disputed_at timestamp with time zone,
  compare_at timestamp with time zone,
  CONSTRAINT pk_payments PRIMARY KEY (event_id, id),
  CONSTRAINT fk_payments_booking FOREIGN KEY (event_id, booking_id) REFERENCES bookings(event_id, id),
  CONSTRAINT ck_payments_failed CHECK (((status = 'FAILED'::text) = (failure_code IS NOT NULL))),
  CONSTRAINT ck_payments_next CHECK (((status = 'PENDING'::text) OR ((next_client_secret IS NULL) AND (next_redirect_url IS NULL)))),
  CONSTRAINT ck_payments_provider CHECK ((provider = ANY (ARRAY['MOCK'::text, 'STRIPE'::text]))),
  CONSTRAINT ck_payments_refund_reserved CHECK ((refund_reserved_minor <= amount_minor)),
  CONSTRAINT ck_payments_refunded CHECK (((refunded_minor >= 0) AND (refunded_minor <= refund_reserved_minor))),
  CONSTRAINT ck_payments_settled CHECK (((status = 'PENDING'::text) = (settled_at IS NULL))),
  CONSTRAINT ck_payments_status CHECK ((status = ANY (ARRAY['PENDING'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'REFUNDED'::text, 'PARTIALLY_REFUNDED'::text])))
);
CREATE INDEX ix_payments_booking ON public.payments USING btree (event_id, booking_id);
CREATE INDEX ix_payments_compare ON public.payments USING btree (compare_at) WHERE (compare_at IS NOT NULL);
CREATE INDEX ix_payments_disputed ON public.payments USING btree (disputed_at) WHERE (disputed_at IS NOT NULL);
CREATE INDEX ix_payments_pending ON public.payments USING btree (created_at) WHERE (status = 'PENDING'::text);

CREATE TABLE prices (
  event_id uuid NOT NULL,
  category_no smallint NOT NULL,
  ticket_type_key text NOT NULL,
  price_minor integer NOT NULL,
  CONSTRAINT pk_prices PRIMARY KEY (event_id, category_no, ticket_type_key),
  CONSTRAINT fk_prices_ticket_type FOREIGN KEY (event_id, ticket_type_key) REFERENCES ticket_types(event_id, key) ON DELETE CASCADE,
  CONSTRAINT ck_prices_not_negative CHECK ((price_minor >= 0))
);

CREATE TABLE refresh_tokens (
  token_hash bytea NOT NULL,
  family_id uuid NOT NULL,
  issued_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  spent_at timestamp with time zone,
  CONSTRAINT pk_refresh_tokens PRIMARY KEY (token_hash),
  CONSTRAINT fk_refresh_tokens_family FOREIGN KEY (family_id) REFERENCES session_families(id) ON DELETE CASCADE
);
CREATE INDEX ix_refresh_tokens_expires ON public.refresh_tokens USING btree (expires_at);
CREATE INDEX ix_refresh_tokens_family ON public.refresh_tokens USING btree (family_id);

CREATE TABLE refunds (
  event_id uuid NOT NULL,
  id uuid NOT NULL,
  booking_id uuid NOT NULL,
  payment_id uuid NOT NULL,
  ordinal integer NOT NULL,
  amount_minor integer NOT NULL,
  fee_minor integer DEFAULT 0 NOT NULL,
  status text DEFAULT 'PENDING'::text NOT NULL,
  origin text NOT NULL,
  reason text,
  requested_by uuid,
  provider_reference text,
  failure_code text,
  made_elsewhere boolean DEFAULT false NOT NULL,
  retried_as uuid,
  attempts integer DEFAULT 0 NOT NULL,
  due_at timestamp with time zone NOT NULL,
  created_at timestamp with time zone NOT NULL,
  settled_at timestamp with time zone,
  CONSTRAINT pk_refunds PRIMARY KEY (event_id, id),
  CONSTRAINT uq_refunds_ordinal UNIQUE (event_id, payment_id, ordinal),
  CONSTRAINT fk_refunds_booking FOREIGN KEY (event_id, booking_id) REFERENCES bookings(event_id, id),
  CONSTRAINT fk_refunds_payment FOREIGN KEY (event_id, payment_id) REFERENCES payments(event_id, id),
  CONSTRAINT fk_refunds_retried_as FOREIGN KEY (event_id, retried_as) REFERENCES refunds(event_id, id),
  CONSTRAINT ck_refunds_amount CHECK (((amount_minor >= 0) AND (fee_minor >= 0))),
  CONSTRAINT ck_refunds_failed CHECK (((status = 'FAILED'::text) = (failure_code IS NOT NULL))),
  CONSTRAINT ck_refunds_origin CHECK ((origin = ANY (ARRAY['BUYER'::text, 'STAFF'::text, 'EVENT_CANCELLED'::text, 'LATE_PAYMENT'::text, 'PROVIDER'::text]))),
  CONSTRAINT ck_refunds_retried CHECK (((retried_as IS NULL) OR (status = 'FAILED'::text))),
  CONSTRAINT ck_refunds_settled CHECK (((status = 'PENDING'::text) = (settled_at IS NULL))),
  CONSTRAINT ck_refunds_status CHECK ((status = ANY (ARRAY['PENDING'::text, 'SUCCEEDED'::text, 'FAILED'::text])))
);
CREATE INDEX ix_refunds_booking ON public.refunds USING btree (event_id, booking_id);
CREATE INDEX ix_refunds_failed ON public.refunds USING btree (event_id, booking_id) WHERE ((status = 'FAILED'::text) AND (retried_as IS NULL));
CREATE INDEX ix_refunds_pending ON public.refunds USING btree (due_at) WHERE (status = 'PENDING'::text);

CREATE TABLE reservations (
  event_id uuid NOT NULL,
  id uuid NOT NULL,
  holder_id uuid NOT NULL,
  holder_kind holder_kind NOT NULL,
  status reservation_status DEFAULT 'ACTIVE'::text NOT NULL,
  seat_nos integer[] NOT NULL,
  ticket_type_keys text[] NOT NULL,
  prices_minor payable_prices NOT NULL,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  release_at timestamp with time zone NOT NULL,
  extensions smallint DEFAULT 0 NOT NULL,
  ended_at timestamp with time zone,
  CONSTRAINT pk_reservations PRIMARY KEY (event_id, id),
  CONSTRAINT ck_reservations_ended CHECK ((((status)::text = ANY (ARRAY['BOOKED'::text, 'EXPIRED'::text, 'RELEASED'::text])) = (ended_at IS NOT NULL))),
  CONSTRAINT ck_reservations_items CHECK (((cardinality(seat_nos) >= 1) AND (cardinality(ticket_type_keys) = cardinality(seat_nos)) AND (cardinality((prices_minor)::integer[]) = cardinality(seat_nos)))),
  CONSTRAINT ck_reservations_release CHECK ((release_at >= expires_at))
) WITH (fillfactor=80);
CREATE INDEX ix_reservations_holder ON public.reservations USING btree (holder_id, created_at DESC, id);
CREATE INDEX ix_reservations_open ON public.reservations USING btree (event_id, holder_id) WHERE ((status)::text = ANY (ARRAY['ACTIVE'::text, 'CHECKOUT'::text]));
CREATE INDEX ix_reservations_overdue ON public.reservations USING btree (release_at) WHERE ((status)::text = 'ACTIVE'::text);

CREATE TABLE seat_changes (
  event_id uuid NOT NULL,
  xid xid8 NOT NULL,
  at timestamp with time zone DEFAULT now() NOT NULL,
  kind seat_change_kind NOT NULL,
  status seat_status NOT NULL,
  nos integer[] NOT NULL,
  versions integer[] NOT NULL,
  held_until timestamp with time zone,
  reservation_id uuid
) PARTITION BY RANGE (at);
CREATE INDEX ix_seat_changes_event ON ONLY public.seat_changes USING btree (event_id, xid);

CREATE TABLE seating_plans (
  id uuid NOT NULL,
  venue_id uuid NOT NULL,
  name text NOT NULL,
  version integer NOT NULL,
  capacity integer NOT NULL,
  format text NOT NULL,
  categories jsonb NOT NULL,
  sections jsonb NOT NULL,
  geometry bytea STORAGE EXTERNAL NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_seating_plans PRIMARY KEY (id),
  CONSTRAINT uq_seating_plans_version UNIQUE (venue_id, name, version),
  CONSTRAINT fk_seating_plans_venue FOREIGN KEY (venue_id) REFERENCES venues(id),
  CONSTRAINT ck_seating_plans_capacity CHECK (((capacity >= 1) AND (capacity <= 100000))),
  CONSTRAINT ck_seating_plans_format CHECK ((format = ANY (ARRAY['USHER'::text, 'PRETIX'::text, 'SEATSIO'::text])))
);

CREATE TABLE seats (
  event_id uuid NOT NULL,
  no integer NOT NULL,
  category_no smallint NOT NULL,
  status seat_status DEFAULT 'A'::bpchar NOT NULL,
  version integer DEFAULT 1 NOT NULL,
  reservation_id uuid,
  held_until timestamp with time zone,
  CONSTRAINT pk_seats PRIMARY KEY (event_id, no),
  CONSTRAINT fk_seats_event FOREIGN KEY (event_id) REFERENCES events(id) ON DELETE CASCADE,
  CONSTRAINT ck_seats_claim CHECK ((((status)::bpchar = ANY (ARRAY['H'::bpchar, 'S'::bpchar])) = (reservation_id IS NOT NULL))),
  CONSTRAINT ck_seats_deadline CHECK ((((status)::bpchar = 'H'::bpchar) = (held_until IS NOT NULL)))
) WITH (fillfactor=60, autovacuum_vacuum_scale_factor=0.05);

CREATE TABLE session_families (
  id uuid NOT NULL,
  user_id uuid,
  guest_id uuid,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  ended_at timestamp with time zone,
  end_reason text,
  CONSTRAINT pk_session_families PRIMARY KEY (id),
  CONSTRAINT fk_session_families_guest FOREIGN KEY (guest_id) REFERENCES guests(id) ON DELETE CASCADE,
  CONSTRAINT fk_session_families_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  CONSTRAINT ck_session_families_end_reason CHECK ((end_reason = ANY (ARRAY['LOGOUT'::text, 'TOKEN_REUSED'::text, 'REGISTERED'::text]))),
  CONSTRAINT ck_session_families_ended CHECK (((ended_at IS NULL) = (end_reason IS NULL))),
  CONSTRAINT ck_session_families_one_owner CHECK ((num_nonnulls(user_id, guest_id) = 1))
);
CREATE INDEX ix_session_families_guest ON public.session_families USING btree (guest_id);
CREATE INDEX ix_session_families_user ON public.session_families USING btree (user_id);

CREATE TABLE ticket_keys (
  id smallint NOT NULL,
  public_key text NOT NULL,
  private_key text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  signs_from timestamp with time zone NOT NULL,
  CONSTRAINT pk_ticket_keys PRIMARY KEY (id),
  CONSTRAINT ck_ticket_keys_id CHECK (((id >= 1) AND (id <= 255)))
);

CREATE TABLE ticket_transfers (
  event_id uuid NOT NULL,
  id uuid NOT NULL,
  ticket_id uuid NOT NULL,
  generation integer NOT NULL,
  from_name text NOT NULL,
  to_name text NOT NULL,
  to_email text,
  transferred_by uuid NOT NULL,
  transferred_at timestamp with time zone NOT NULL,
  CONSTRAINT pk_ticket_transfers PRIMARY KEY (event_id, id),
  CONSTRAINT uq_ticket_transfers_generation UNIQUE (event_id, ticket_id, generation),
  CONSTRAINT fk_ticket_transfers_ticket FOREIGN KEY (event_id, ticket_id) REFERENCES tickets(event_id, id)
);

CREATE TABLE ticket_types (
  event_id uuid NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  "position" smallint NOT NULL,
  CONSTRAINT pk_ticket_types PRIMARY KEY (event_id, key),
  CONSTRAINT fk_ticket_types_event FOREIGN KEY (event_id) REFERENCES events(id) ON DELETE CASCADE
);

CREATE TABLE tickets (
  event_id uuid NOT NULL,
  id uuid NOT NULL,
  booking_id uuid NOT NULL,
  no integer NOT NULL,
  ticket_type_key text NOT NULL,
  price_minor integer NOT NULL,
  status text DEFAULT 'VALID'::text NOT NULL,
  holder_name text NOT NULL,
  issued_at timestamp with time zone NOT NULL,
  checked_in_at timestamp with time zone,
  checked_in_by uuid,
  refund_id uuid,
  fee_minor integer DEFAULT 0 NOT NULL,
  voided_at timestamp with time zone,
  generation integer DEFAULT 1 NOT NULL,
  holder_email text,
  checked_in_device text,
  changed_xid bigint DEFAULT 0 NOT NULL,
  CONSTRAINT pk_tickets PRIMARY KEY (event_id, id),
  CONSTRAINT fk_tickets_booking FOREIGN KEY (event_id, booking_id) REFERENCES bookings(event_id, id),
  CONSTRAINT fk_tickets_refund FOREIGN KEY (event_id, refund_id) REFERENCES refunds(event_id, id),
  CONSTRAINT fk_tickets_seat FOREIGN KEY (event_id, no) REFERENCES seats(event_id, no),
  CONSTRAINT ck_tickets_checked_in CHECK (((status <> 'CHECKED_IN'::text) OR (checked_in_at IS NOT NULL))),
  CONSTRAINT ck_tickets_fee CHECK (((fee_minor >= 0) AND (fee_minor <= price_minor))),
  CONSTRAINT ck_tickets_generation CHECK (((generation >= 1) AND (generation <= 65535))),
  CONSTRAINT ck_tickets_refunded CHECK (((refund_id IS NULL) OR (status = 'VOID'::text))),
  CONSTRAINT ck_tickets_status CHECK ((status = ANY (ARRAY['VALID'::text, 'CHECKED_IN'::text, 'VOID'::text])))
);
CREATE INDEX ix_tickets_booking ON public.tickets USING btree (event_id, booking_id);
CREATE INDEX ix_tickets_changes ON public.tickets USING btree (event_id, changed_xid, id);
CREATE INDEX ix_tickets_refund ON public.tickets USING btree (event_id, refund_id) WHERE (refund_id IS NOT NULL);
CREATE UNIQUE INDEX uq_tickets_live_seat ON public.tickets USING btree (event_id, no) WHERE (status <> 'VOID'::text);
CREATE TRIGGER tr_tickets_change BEFORE INSERT OR UPDATE ON public.tickets FOR EACH ROW EXECUTE FUNCTION note_ticket_change();

CREATE TABLE users (
  id uuid NOT NULL,
  email text NOT NULL,
  password_hash text NOT NULL,
  first_name text NOT NULL,
  last_name text NOT NULL,
  platform_admin boolean DEFAULT false NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_users PRIMARY KEY (id),
  CONSTRAINT uq_users_email UNIQUE (email),
  CONSTRAINT ck_users_email_lower CHECK ((email = lower(email)))
);

CREATE TABLE venues (
  id uuid NOT NULL,
  organization_id uuid NOT NULL,
  name text NOT NULL,
  city text,
  country text,
  timezone text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT pk_venues PRIMARY KEY (id),
  CONSTRAINT fk_venues_organization FOREIGN KEY (organization_id) REFERENCES organizations(id)
);
CREATE INDEX ix_venues_organization ON public.venues USING btree (organization_id);

CREATE TABLE webhook_deliveries (
  webhook_id uuid NOT NULL,
  id uuid NOT NULL,
  domain_event_id uuid NOT NULL,
  type text NOT NULL,
  event_id uuid,
  body text NOT NULL,
  status text DEFAULT 'PENDING'::text NOT NULL,
  replay boolean DEFAULT false NOT NULL,
  attempts smallint DEFAULT 0 NOT NULL,
  created_at timestamp with time zone NOT NULL,
  next_attempt_at timestamp with time zone,
  status_code smallint,
  error text,
  duration_ms integer,
  ended_at timestamp with time zone,
  CONSTRAINT pk_webhook_deliveries PRIMARY KEY (webhook_id, id),
  CONSTRAINT fk_webhook_deliveries_webhook FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE,
  CONSTRAINT ck_webhook_deliveries_ended CHECK (((status = 'PENDING'::text) = (ended_at IS NULL))),
  CONSTRAINT ck_webhook_deliveries_next CHECK (((status = 'PENDING'::text) = (next_attempt_at IS NOT NULL))),
  CONSTRAINT ck_webhook_deliveries_status CHECK ((status = ANY (ARRAY['PENDING'::text, 'DELIVERED'::text, 'FAILED'::text])))
);
CREATE INDEX ix_webhook_deliveries_created ON public.webhook_deliveries USING btree (created_at);
CREATE INDEX ix_webhook_deliveries_due ON public.webhook_deliveries USING btree (webhook_id, next_attempt_at, id) WHERE (status = 'PENDING'::text);
CREATE INDEX ix_webhook_deliveries_log ON public.webhook_deliveries USING btree (webhook_id, created_at DESC, id DESC);

CREATE TABLE webhook_receipts (
  provider text NOT NULL,
  webhook_id text NOT NULL,
  about text NOT NULL,
  event_id uuid,
  payment_id uuid,
  occurred_at timestamp with time zone NOT NULL,
  received_at timestamp with time zone NOT NULL,
  CONSTRAINT pk_webhook_receipts PRIMARY KEY (provider, webhook_id),
  CONSTRAINT ck_webhook_receipts_about CHECK ((about = ANY (ARRAY['charge'::text, 'refund'::text, 'dispute'::text]))),
  CONSTRAINT ck_webhook_receipts_payment CHECK (((event_id IS NULL) = (payment_id IS NULL))),
  CONSTRAINT ck_webhook_receipts_provider CHECK ((provider = ANY (ARRAY['MOCK'::text, 'STRIPE'::text])))
);
CREATE INDEX ix_webhook_receipts_received ON public.webhook_receipts USING btree (received_at);

CREATE TABLE webhooks (
  id uuid NOT NULL,
  organization_id uuid NOT NULL,
  url text NOT NULL,
  types text[] NOT NULL,
  active boolean DEFAULT true NOT NULL,
  secret text NOT NULL,
  previous_secret text,
  previous_secret_until timestamp with time zone,
  created_at timestamp with time zone NOT NULL,
  failing_since timestamp with time zone,
  paused_until timestamp with time zone,
  disabled_at timestamp with time zone,
  disabled_reason text,
  leased_by uuid,
  leased_until timestamp with time zone,
  CONSTRAINT pk_webhooks PRIMARY KEY (id),
  CONSTRAINT fk_webhooks_organization FOREIGN KEY (organization_id) REFERENCES organizations(id) ON DELETE CASCADE,
  CONSTRAINT ck_webhooks_disabled CHECK ((active = (disabled_at IS NULL))),
  CONSTRAINT ck_webhooks_previous CHECK (((previous_secret IS NULL) = (previous_secret_until IS NULL))),
  CONSTRAINT ck_webhooks_reason CHECK (((disabled_at IS NULL) = (disabled_reason IS NULL)))
);
CREATE INDEX ix_webhooks_organization ON public.webhooks USING btree (organization_id);

CREATE DOMAIN actor_kind AS text
  CONSTRAINT ck_actor_kind CHECK ((VALUE = ANY (ARRAY['USER'::text, 'GUEST'::text, 'SYSTEM'::text, 'PROVIDER'::text])));

CREATE DOMAIN holder_kind AS text
  CONSTRAINT ck_holder_kind CHECK ((VALUE = ANY (ARRAY['USER'::text, 'GUEST'::text])));

CREATE DOMAIN payable_prices AS integer[]
  CONSTRAINT ck_reservations_total CHECK ((total_of_prices(VALUE) <= 2147483647)) NOT VALID;

CREATE DOMAIN reservation_status AS text
  CONSTRAINT ck_reservation_status CHECK ((VALUE = ANY (ARRAY['ACTIVE'::text, 'CHECKOUT'::text, 'BOOKED'::text, 'EXPIRED'::text, 'RELEASED'::text])));

CREATE DOMAIN seat_change_kind AS text
  CONSTRAINT ck_seat_change_kind CHECK ((VALUE = ANY (ARRAY['HELD'::text, 'EXTENDED'::text, 'PINNED'::text, 'UNPINNED'::text, 'RELEASED'::text, 'EXPIRED'::text, 'SOLD'::text, 'REFUNDED'::text, 'BLOCKED'::text, 'UNBLOCKED'::text])));

CREATE DOMAIN seat_status AS character(1)
  CONSTRAINT ck_seat_status CHECK ((VALUE = ANY (ARRAY['A'::bpchar, 'H'::bpchar, 'S'::bpchar, 'B'::bpchar])));

CREATE OR REPLACE FUNCTION public.block_seats(p_event_id uuid, p_nos integer[], p_reason text, p_blocked_by uuid, p_now timestamp with time zone, p_named_max integer)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
  DECLARE
    v_taken integer[];
    v_found integer;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    -- Look before locking: whoever must be refused anyway shall not hold up buyers meanwhile.
    SELECT array_agg(no ORDER BY no) INTO v_taken FROM seats
    WHERE event_id = p_event_id AND no = ANY (p_nos) AND status <> 'B' AND NOT seat_is_free(status, held_until, p_now);
    IF v_taken IS NULL THEN
      WITH locked AS (
        SELECT no, status, held_until FROM seats
        WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE
      )
      SELECT count(*), array_agg(no ORDER BY no) FILTER (WHERE status <> 'B' AND NOT seat_is_free(status, held_until, p_now))
      INTO v_found, v_taken FROM locked;
      IF v_found <> cardinality(p_nos) THEN
        RAISE EXCEPTION 'event % lacks some of the seats %', p_event_id, p_nos[1:p_named_max];
      END IF;
    END IF;
    IF v_taken IS NOT NULL THEN
      RETURN jsonb_build_object('outcome', 'SEATS_UNAVAILABLE',
        'nos', to_jsonb(v_taken[1:p_named_max]), 'taken', cardinality(v_taken));
    END IF;

    WITH changed AS (
      UPDATE seats SET status = 'B', version = version + 1, reservation_id = NULL, held_until = NULL
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND status <> 'B' RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    IF v_nos IS NOT NULL THEN
      INSERT INTO house_holds (event_id, no, reason, blocked_by, blocked_at)
      SELECT p_event_id, no, p_reason, p_blocked_by, p_now FROM unnest(v_nos) AS no;
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions)
      VALUES (p_event_id, pg_current_xact_id(), 'BLOCKED', 'B', v_nos, v_versions);
    END IF;
    RETURN jsonb_build_object('outcome', 'BLOCKED',
      'nos', to_jsonb(coalesce(v_nos, '{}')), 'versions', to_jsonb(coalesce(v_versions, '{}')));
  END $function$;

CREATE OR REPLACE FUNCTION public.drop_change_log_partitions(p_before timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SET lock_timeout TO '300ms'
AS $function$
      DECLARE
        v_name text;
        v_max xid8;
        v_dropped integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_change_log_partitions', 0));
        FOR v_name IN
          SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'seat_changes'::regclass
            AND c.relname < 'seat_changes_' || to_char(p_before AT TIME ZONE 'UTC', 'YYYYMMDD')
          ORDER BY c.relname
        LOOP
          LOCK TABLE ONLY seat_changes IN ACCESS EXCLUSIVE MODE;
          EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', v_name);
          -- From event to event by the index: the locks are held for as long as this takes.
          EXECUTE format($q$
            WITH RECURSIVE event AS (
              (SELECT event_id AS id FROM %1$I ORDER BY event_id LIMIT 1)
              UNION ALL
              SELECT (SELECT c.event_id FROM %1$I c WHERE c.event_id > e.id ORDER BY c.event_id LIMIT 1)
              FROM event e WHERE e.id IS NOT NULL)
            SELECT max(latest.xid) FROM event e CROSS JOIN LATERAL (
              SELECT c.xid FROM %1$I c WHERE c.event_id = e.id ORDER BY c.xid DESC LIMIT 1) latest
          $q$, v_name) INTO v_max;
          UPDATE change_log_epoch
          SET pruned_below = greatest(pruned_below, (v_max::text::bigint + 1)::text::xid8)
          WHERE v_max IS NOT NULL;
          EXECUTE format('DROP TABLE %I', v_name);
          v_dropped := v_dropped + 1;
        END LOOP;
        RETURN v_dropped;
      EXCEPTION WHEN lock_not_available THEN
        RETURN 0; -- what was dropped before is undone too: this block is one step
      END $function$;

CREATE OR REPLACE FUNCTION public.drop_domain_event_partitions(p_before timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SET lock_timeout TO '300ms'
AS $function$
      DECLARE
        v_name text;
        v_dropped integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_domain_event_partitions', 0));
        FOR v_name IN
          SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'domain_events'::regclass
            AND c.relname < 'domain_events_' || to_char(p_before AT TIME ZONE 'UTC', 'YYYYMMDD')
          ORDER BY c.relname
        LOOP
          EXECUTE format('DROP TABLE %I', v_name);
          v_dropped := v_dropped + 1;
        END LOOP;
        RETURN v_dropped;
      EXCEPTION WHEN lock_not_available THEN
        RETURN 0; -- what was dropped before is undone too: this block is one step
      END $function$;

CREATE OR REPLACE FUNCTION public.end_overdue_reservations(p_event_id uuid, p_ids uuid[], p_now timestamp with time zone)
 RETURNS TABLE(reservation_id uuid, nos integer[], versions integer[])
 LANGUAGE plpgsql
AS $function$
  #variable_conflict use_column
  DECLARE
    v_ids uuid[];
  BEGIN
    SELECT array_agg(id) INTO v_ids FROM (
      SELECT id FROM reservations
      WHERE event_id = p_event_id AND id = ANY (p_ids) AND status = 'ACTIVE' AND release_at <= p_now
      ORDER BY id FOR UPDATE SKIP LOCKED) overdue;
    IF v_ids IS NULL THEN
      RETURN;
    END IF;
    UPDATE reservations SET status = 'EXPIRED', ended_at = p_now WHERE event_id = p_event_id AND id = ANY (v_ids);
    RETURN QUERY
      WITH locked AS (
        SELECT s.no, s.reservation_id FROM seats s
        WHERE s.event_id = p_event_id
          AND s.no = ANY (ARRAY(SELECT unnest(r.seat_nos) FROM reservations r WHERE r.event_id = p_event_id AND r.id = ANY (v_ids)))
          AND s.reservation_id = ANY (v_ids) AND s.status = 'H'
        ORDER BY s.no FOR UPDATE
      ), changed AS (
        UPDATE seats s SET status = 'A', version = s.version + 1, reservation_id = NULL, held_until = NULL
        WHERE s.event_id = p_event_id AND s.no = ANY (ARRAY(SELECT l.no FROM locked l))
        RETURNING s.no AS no, s.version AS version
      ), freed AS (
        SELECT l.reservation_id, array_agg(c.no ORDER BY c.no) AS nos, array_agg(c.version ORDER BY c.no) AS versions
        FROM changed c JOIN locked l ON l.no = c.no GROUP BY l.reservation_id
      ), logged AS (
        INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
        SELECT p_event_id, pg_current_xact_id(), 'EXPIRED', 'A', f.nos, f.versions, f.reservation_id FROM freed f
      )
      SELECT w.id, coalesce(f.nos, '{}'), coalesce(f.versions, '{}')
      FROM unnest(v_ids) w (id) LEFT JOIN freed f ON f.reservation_id = w.id;
  END $function$;

CREATE OR REPLACE FUNCTION public.event_scoped_id(p_prefix text, p_event_id uuid, p_id uuid)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (((p_prefix || '_'::text) || translate(encode(uuid_send(p_event_id), 'base64'::text), '+/='::text, '-_'::text)) || translate(encode(uuid_send(p_id), 'base64'::text), '+/='::text, '-_'::text));

CREATE OR REPLACE FUNCTION public.expire_reservations(p_event_id uuid, p_ids uuid[], p_now timestamp with time zone, p_correlation_id text DEFAULT NULL::text)
 RETURNS TABLE(reservation_id uuid, nos integer[], versions integer[])
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  #variable_conflict use_column
  DECLARE
    v_organization_id uuid;
    v_ended record;
  BEGIN
    SELECT organization_id INTO v_organization_id FROM events WHERE id = p_event_id;
    FOR v_ended IN SELECT * FROM end_overdue_reservations(p_event_id, p_ids, p_now) LOOP
      PERFORM record_domain_event('reservation.expired',
        p_event_id, v_organization_id, p_now, p_correlation_id, 'SYSTEM', NULL,
        jsonb_build_object(
          'reservationId', event_scoped_id('res', p_event_id, v_ended.reservation_id),
          'seatNos', to_jsonb(v_ended.nos)));
      reservation_id := v_ended.reservation_id;
      nos := v_ended.nos;
      versions := v_ended.versions;
      RETURN NEXT;
    END LOOP;
  END $function$;

CREATE OR REPLACE FUNCTION public.extend_reservation(p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_now timestamp with time zone, p_hold_seconds integer, p_extensions_max integer, p_lifetime_seconds integer, p_correlation_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_answer jsonb;
    v_reservation record;
  BEGIN
    v_answer := move_deadline(p_event_id, p_reservation_id, p_holder_id, p_now,
      p_hold_seconds, p_extensions_max, p_lifetime_seconds);
    IF v_answer->>'outcome' <> 'EXTENDED' THEN
      RETURN v_answer;
    END IF;
    SELECT r.holder_kind, e.organization_id INTO v_reservation
    FROM reservations r JOIN events e ON e.id = r.event_id
    WHERE r.event_id = p_event_id AND r.id = p_reservation_id;
    PERFORM record_domain_event('reservation.extended',
      p_event_id, v_reservation.organization_id, p_now, p_correlation_id, v_reservation.holder_kind, p_holder_id::text,
      jsonb_build_object(
        'reservationId', event_scoped_id('res', p_event_id, p_reservation_id),
        'expiresAt', instant_text((v_answer->>'expiresAt')::timestamptz), 'extensions', v_answer->'extensions'));
    RETURN v_answer;
  END $function$;

CREATE OR REPLACE FUNCTION public.give_back_seats(p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_nos integer[], p_now timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
  DECLARE
    v_reservation reservations;
    v_nos integer[];
    v_versions integer[];
    v_ended boolean;
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id AND holder_id = p_holder_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status = 'EXPIRED' OR (v_reservation.status = 'ACTIVE' AND v_reservation.expires_at <= p_now) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
    ELSIF v_reservation.status <> 'ACTIVE' THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    END IF;
    v_nos := coalesce(p_nos, v_reservation.seat_nos);
    IF NOT v_reservation.seat_nos @> v_nos THEN
      RETURN jsonb_build_object('outcome', 'NOT_YOURS', 'nos', to_jsonb(
        ARRAY(SELECT unnest(v_nos) EXCEPT SELECT unnest(v_reservation.seat_nos) ORDER BY 1)));
    END IF;
    v_ended := v_nos @> v_reservation.seat_nos;

    WITH locked AS (
      SELECT no FROM seats WHERE event_id = p_event_id AND no = ANY (v_nos)
        AND reservation_id = p_reservation_id AND status = 'H' ORDER BY no FOR UPDATE
    ), changed AS (
      UPDATE seats s SET status = 'A', version = s.version + 1, reservation_id = NULL, held_until = NULL
      WHERE s.event_id = p_event_id AND s.no = ANY (ARRAY(SELECT no FROM locked)) RETURNING s.no, s.version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;

    IF v_ended THEN
      UPDATE reservations SET status = 'RELEASED', ended_at = p_now
      WHERE event_id = p_event_id AND id = p_reservation_id;
    ELSE
      UPDATE reservations r SET (seat_nos, ticket_type_keys, prices_minor) = (
        SELECT array_agg(i.no ORDER BY i.position), array_agg(i.ticket_type ORDER BY i.position), array_agg(i.price ORDER BY i.position)
        FROM unnest(r.seat_nos, r.ticket_type_keys, r.prices_minor) WITH ORDINALITY i (no, ticket_type, price, position)
        WHERE i.no <> ALL (p_nos))
      WHERE event_id = p_event_id AND id = p_reservation_id;
    END IF;
    -- By a clock ahead of ours somebody may have taken all of them already: then nothing changes.
    IF v_nos IS NOT NULL THEN
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
      VALUES (p_event_id, pg_current_xact_id(), 'RELEASED', 'A', v_nos, v_versions, p_reservation_id);
    END IF;
    RETURN jsonb_build_object('outcome', 'RELEASED',
      'nos', to_jsonb(coalesce(v_nos, '{}')), 'versions', to_jsonb(coalesce(v_versions, '{}')));
  END $function$;

CREATE OR REPLACE FUNCTION public.hold_seats(p_event_id uuid, p_event_version integer, p_nos integer[], p_ticket_types text[], p_prices integer[], p_areas jsonb, p_reservation_id uuid, p_adding boolean, p_holder_id uuid, p_holder_kind text, p_now timestamp with time zone, p_hold_seconds integer, p_limit integer, p_holder_limit integer, p_jitter_ms integer, p_key text, p_input_hash bytea, p_correlation_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_event record;
    v_reservation reservations;
    v_stored record;
    v_places record;
    v_gone integer[];
    v_found integer;
    v_nos integer[] := p_nos;
    v_ticket_types text[] := p_ticket_types;
    v_prices integer[] := p_prices;
    v_fact_id uuid;
    v_answer jsonb;
  BEGIN
    IF p_key IS NOT NULL OR p_holder_limit IS NOT NULL THEN
      -- One call of a holder at a time: a retry that comes while the first call still runs waits here
      -- and then finds its answer, and two calls cannot both count the same open reservations.
      PERFORM pg_advisory_xact_lock(hashtextextended(p_event_id::text || p_holder_id::text, 1));
    END IF;
    IF p_key IS NOT NULL THEN
      SELECT input_hash, answer INTO v_stored FROM idempotency_keys
      WHERE event_id = p_event_id AND caller_id = p_holder_id AND operation = 'holdSeats' AND key = p_key;
      IF FOUND THEN
        IF v_stored.input_hash <> p_input_hash THEN
          RETURN jsonb_build_object('outcome', 'IDEMPOTENCY_CONFLICT');
        END IF;
        RETURN v_stored.answer || jsonb_build_object('replayed', true);
      END IF;
    END IF;

    SELECT organization_id, currency INTO v_event FROM events WHERE id = p_event_id AND version = p_event_version;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'EVENT_CHANGED');
    END IF;

    v_found := cardinality(p_nos);
    IF p_adding THEN
      SELECT * INTO v_reservation FROM reservations
      WHERE event_id = p_event_id AND id = p_reservation_id AND holder_id = p_holder_id FOR UPDATE;
      IF NOT FOUND THEN
        RETURN jsonb_build_object('outcome', 'NOT_FOUND');
      ELSIF v_reservation.status = 'EXPIRED' OR (v_reservation.status = 'ACTIVE' AND v_reservation.expires_at <= p_now) THEN
        RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
      ELSIF v_reservation.status <> 'ACTIVE' THEN
        RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
      ELSIF v_reservation.seat_nos && p_nos THEN
        RETURN jsonb_build_object('outcome', 'ALREADY_YOURS', 'nos', to_jsonb(
          ARRAY(SELECT unnest(p_nos) INTERSECT SELECT unnest(v_reservation.seat_nos) ORDER BY 1)));
      END IF;
      v_found := v_found + cardinality(v_reservation.seat_nos);
    ELSE
      v_reservation.created_at := p_now;
      v_reservation.expires_at := p_now + make_interval(secs => p_hold_seconds);
      v_reservation.release_at := v_reservation.expires_at + make_interval(secs => floor(random() * p_jitter_ms) / 1000);
      v_reservation.extensions := 0;
    END IF;

    IF p_areas IS NOT NULL THEN
      v_found := v_found + (SELECT sum((a->>'quantity')::integer) FROM jsonb_array_elements(p_areas) a);
    END IF;
    IF v_found > p_limit THEN
      RETURN jsonb_build_object('outcome', 'LIMIT_EXCEEDED', 'limit', p_limit);
    END IF;
    IF p_holder_limit IS NOT NULL THEN
      v_found := v_found + coalesce((
        SELECT sum(cardinality(seat_nos)) FROM reservations
        WHERE event_id = p_event_id AND holder_id = p_holder_id AND id <> p_reservation_id
          AND (status = 'CHECKOUT' OR (status = 'ACTIVE' AND expires_at > p_now))), 0);
      IF v_found > p_holder_limit THEN
        RETURN jsonb_build_object('outcome', 'LIMIT_EXCEEDED', 'limit', p_holder_limit);
      END IF;
    END IF;

    IF cardinality(p_nos) > 0 THEN
      -- Look before locking: in a stampede the losers go home without having waited for a lock or
      -- written one, and only those who still have a chance queue.
      SELECT array_agg(no ORDER BY no) INTO v_gone FROM seats
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND NOT seat_is_free(status, held_until, p_now);
      IF v_gone IS NULL AND p_areas IS NULL THEN
        WITH locked AS (
          SELECT no, status, held_until FROM seats
          WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE
        )
        SELECT count(*), array_agg(no ORDER BY no) FILTER (WHERE NOT seat_is_free(status, held_until, p_now))
        INTO v_found, v_gone FROM locked;
        IF v_found <> cardinality(p_nos) THEN
          RAISE EXCEPTION 'event % lacks some of the seats %', p_event_id, p_nos;
        END IF;
      END IF;
      IF v_gone IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'SEATS_UNAVAILABLE', 'nos', to_jsonb(v_gone));
      END IF;
    END IF;

    IF p_areas IS NOT NULL THEN
      SELECT * INTO v_places FROM lock_seats_and_places(p_event_id, p_nos, p_areas, p_now);
      IF v_places.gone IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'SEATS_UNAVAILABLE', 'nos', to_jsonb(v_places.gone));
      ELSIF v_places.full_first IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'AREA_FULL', 'first', v_places.full_first, 'free', v_places.full_free);
      END IF;
      -- An area's places go to its claims as they were named.
      SELECT v_ticket_types || array_agg(a->>'ticketType' ORDER BY (a->>'first')::integer, position),
        v_prices || array_agg((a->>'priceMinor')::integer ORDER BY (a->>'first')::integer, position)
      INTO v_ticket_types, v_prices
      FROM jsonb_array_elements(p_areas) WITH ORDINALITY claim (a, position), generate_series(1, (a->>'quantity')::integer);
      v_nos := v_nos || v_places.picked;
    END IF;

    IF p_adding THEN
      UPDATE reservations SET seat_nos = seat_nos || v_nos, ticket_type_keys = ticket_type_keys || v_ticket_types,
        prices_minor = prices_minor || v_prices
      WHERE event_id = p_event_id AND id = p_reservation_id;
    ELSE
      INSERT INTO reservations (event_id, id, holder_id, holder_kind, seat_nos, ticket_type_keys, prices_minor, created_at, expires_at, release_at)
      VALUES (p_event_id, p_reservation_id, p_holder_id, p_holder_kind, v_nos, v_ticket_types, v_prices,
        v_reservation.created_at, v_reservation.expires_at, v_reservation.release_at);
    END IF;
    v_fact_id := uuid_v7();
    WITH changed AS (
      UPDATE seats SET status = 'H', version = version + 1,
        reservation_id = p_reservation_id, held_until = v_reservation.release_at
      WHERE event_id = p_event_id AND no = ANY (v_nos) RETURNING no, version
    ), sorted AS (
      SELECT array_agg(no ORDER BY no) AS nos, array_agg(version ORDER BY no) AS versions FROM changed
    ), logged AS (
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
      SELECT p_event_id, pg_current_xact_id(), 'HELD', 'H', nos, versions, v_reservation.release_at, p_reservation_id
      FROM sorted
    ), fact AS (
      -- As record_domain_event writes them.
      INSERT INTO domain_events (event_id, id, type, schema_version, occurred_at, recorded_at, xid,
        correlation_id, actor_kind, actor_id, organization_id, data)
      VALUES (p_event_id, v_fact_id, CASE WHEN p_adding THEN 'reservation.seats_added' ELSE 'reservation.created' END, 1,
        p_now, clock_timestamp(), pg_current_xact_id(),
        coalesce(p_correlation_id, v_fact_id::text), p_holder_kind, p_holder_id::text, v_event.organization_id,
        jsonb_build_object(
          'reservationId', event_scoped_id('res', p_event_id, p_reservation_id),
          'seatNos', v_nos, 'ticketTypeKeys', v_ticket_types, 'pricesMinor', v_prices, 'currency', v_event.currency,
          'expiresAt', instant_text(v_reservation.expires_at)))
    )
    SELECT jsonb_build_object('outcome', 'HELD', 'reservationId', p_reservation_id,
      'nos', nos, 'versions', versions,
      'seatNos', v_reservation.seat_nos || v_nos,
      'ticketTypeKeys', v_reservation.ticket_type_keys || v_ticket_types,
      'pricesMinor', v_reservation.prices_minor || v_prices,
      'createdAt', v_reservation.created_at, 'expiresAt', v_reservation.expires_at,
      'releaseAt', v_reservation.release_at, 'extensions', v_reservation.extensions)
    INTO v_answer FROM sorted;

    -- A refusal changed nothing, and asked again it may be a grant: only grants are kept.
    IF p_key IS NOT NULL THEN
      INSERT INTO idempotency_keys (event_id, caller_id, operation, key, input_hash, answer)
      VALUES (p_event_id, p_holder_id, 'holdSeats', p_key, p_input_hash, v_answer);
    END IF;
    RETURN v_answer;
  END $function$;

CREATE OR REPLACE FUNCTION public.hold_seats_beside(p_near integer[], p_far integer[], p_event_id uuid, p_event_version integer, p_nos integer[], p_ticket_types text[], p_prices integer[], p_areas jsonb, p_reservation_id uuid, p_adding boolean, p_holder_id uuid, p_holder_kind text, p_now timestamp with time zone, p_hold_seconds integer, p_limit integer, p_holder_limit integer, p_jitter_ms integer, p_key text, p_input_hash bytea, p_correlation_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
      DECLARE
        v_gone integer[];
      BEGIN
        -- In the order in which hold_seats takes them.
        IF p_key IS NOT NULL OR p_holder_limit IS NOT NULL THEN
          PERFORM pg_advisory_xact_lock(hashtextextended(p_event_id::text || p_holder_id::text, 1));
        END IF;
        IF p_adding THEN
          PERFORM 1 FROM reservations
          WHERE event_id = p_event_id AND id = p_reservation_id AND holder_id = p_holder_id FOR UPDATE;
        END IF;
        -- Who comes too late for the seats themselves waits for nobody: hold_seats tells why.
        SELECT array_agg(no ORDER BY no) INTO v_gone FROM seats
        WHERE event_id = p_event_id AND no = ANY (p_nos) AND NOT seat_is_free(status, held_until, p_now);
        IF v_gone IS NULL THEN
          PERFORM 1 FROM seats
          WHERE event_id = p_event_id AND no = ANY (p_nos || p_far) ORDER BY no FOR UPDATE;
          -- Not by a join, which with a plan that is kept may read all seats of the event.
          SELECT array_agg(no ORDER BY no) INTO v_gone FROM seats
          WHERE event_id = p_event_id AND no = ANY (p_near || p_far) AND NOT seat_is_free(status, held_until, p_now);
          IF EXISTS (
            SELECT 1 FROM unnest(p_near, p_far) AS beside (near, far)
            WHERE far = ANY (v_gone) AND near <> ALL (v_gone)
          ) THEN
            RETURN jsonb_build_object('outcome', 'ROW_CHANGED');
          END IF;
        END IF;
        RETURN hold_seats(p_event_id, p_event_version, p_nos, p_ticket_types, p_prices, p_areas, p_reservation_id,
          p_adding, p_holder_id, p_holder_kind, p_now, p_hold_seconds, p_limit, p_holder_limit, p_jitter_ms, p_key,
          p_input_hash, p_correlation_id);
      END $function$;

CREATE OR REPLACE FUNCTION public.instant_text(p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN to_char((p_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'::text);

CREATE OR REPLACE FUNCTION public.lock_seats_and_places(p_event_id uuid, p_nos integer[], p_areas jsonb, p_now timestamp with time zone, OUT gone integer[], OUT picked integer[], OUT full_first integer, OUT full_free integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
  DECLARE
    v_area record;
    v_places integer[];
    v_from integer := 0;
    v_named integer;
    v_last integer;
  BEGIN
    -- Buyers of an area want any places, so they step past each other's locks and do not wait. Only when
    -- that leaves too few do they wait, since the others may still roll back; and before that they let go
    -- of all they have (by undoing the block), the seats among them: these may stand behind the places.
    BEGIN
      picked := '{}';
      SELECT count(*) INTO v_named FROM (
        SELECT 1 FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE) locked;
      IF v_named <> cardinality(p_nos) THEN
        RAISE EXCEPTION 'event % lacks some of the seats %', p_event_id, p_nos;
      END IF;
      SELECT array_agg(no ORDER BY no) INTO gone FROM seats
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND NOT seat_is_free(status, held_until, p_now);
      IF gone IS NOT NULL THEN
        RETURN;
      END IF;
      FOR v_area IN
        SELECT (a->>'first')::integer AS first, (a->>'last')::integer AS last, sum((a->>'quantity')::integer)::integer AS quantity
        FROM jsonb_array_elements(p_areas) a GROUP BY 1, 2 ORDER BY 1
      LOOP
        v_places := ARRAY(
          SELECT no FROM seats
          WHERE event_id = p_event_id AND no BETWEEN v_area.first AND v_area.last
            AND no <> ALL (p_nos) AND seat_is_free(status, held_until, p_now)
          ORDER BY no LIMIT v_area.quantity FOR UPDATE SKIP LOCKED);
        IF cardinality(v_places) < v_area.quantity THEN
          RAISE EXCEPTION SQLSTATE 'UA001';
        END IF;
        picked := picked || v_places;
      END LOOP;
      RETURN;
    EXCEPTION WHEN SQLSTATE 'UA001' THEN
      picked := '{}';
    END;

    -- In plan order: the seats before each area, the area with the seats in it, and the seats behind all.
    FOR v_area IN
      SELECT (a->>'first')::integer AS first, (a->>'last')::integer AS last, sum((a->>'quantity')::integer)::integer AS quantity
      FROM jsonb_array_elements(p_areas) a GROUP BY 1, 2
      UNION ALL SELECT 2147483647, 2147483647, 0 ORDER BY 1
    LOOP
      PERFORM 1 FROM seats
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND no >= v_from AND no < v_area.first ORDER BY no FOR UPDATE;
      SELECT count(*) INTO v_named FROM unnest(p_nos) AS named (no) WHERE no BETWEEN v_area.first AND v_area.last;
      -- So many are enough also where all the seats named in it stand before the places; the others of
      -- them are locked with the seats before the next area.
      WITH locked AS (
        SELECT no FROM seats
        WHERE event_id = p_event_id AND no BETWEEN v_area.first AND v_area.last
          AND (no = ANY (p_nos) OR seat_is_free(status, held_until, p_now))
        ORDER BY no LIMIT v_area.quantity + v_named FOR UPDATE
      )
      SELECT array_agg(no ORDER BY no) FILTER (WHERE no <> ALL (p_nos)), max(no) INTO v_places, v_last FROM locked;
      IF coalesce(cardinality(v_places), 0) < v_area.quantity THEN
        full_first := v_area.first;
        full_free := coalesce(cardinality(v_places), 0);
        RETURN;
      END IF;
      picked := picked || v_places[1:v_area.quantity];
      v_from := coalesce(v_last + 1, v_area.first);
    END LOOP;
    SELECT array_agg(no ORDER BY no) INTO gone FROM seats
    WHERE event_id = p_event_id AND no = ANY (p_nos) AND NOT seat_is_free(status, held_until, p_now);
  END $function$;

CREATE OR REPLACE FUNCTION public.make_change_log_partitions(p_days_ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
      DECLARE
        v_day date;
        v_name text;
        v_made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_change_log_partitions', 0));
        FOR v_day IN
          SELECT d::date FROM generate_series(
            (now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date + p_days_ahead, interval '1 day') d
        LOOP
          v_name := 'seat_changes_' || to_char(v_day, 'YYYYMMDD');
          IF to_regclass(v_name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE seat_changes INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name);
            EXECUTE format(
              'ALTER TABLE seat_changes ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
              v_name, v_day::timestamp AT TIME ZONE 'UTC', (v_day + 1)::timestamp AT TIME ZONE 'UTC');
            v_made := v_made + 1;
          END IF;
        END LOOP;
        RETURN v_made;
      END $function$;

CREATE OR REPLACE FUNCTION public.make_domain_event_partitions(p_days_ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
      DECLARE
        v_day date;
        v_name text;
        v_made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_domain_event_partitions', 0));
        FOR v_day IN
          SELECT d::date FROM generate_series(
            (now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date + p_days_ahead, interval '1 day') d
        LOOP
          v_name := 'domain_events_' || to_char(v_day, 'YYYYMMDD');
          IF to_regclass(v_name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE domain_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name);
            EXECUTE format(
              'ALTER TABLE domain_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
              v_name, v_day::timestamp AT TIME ZONE 'UTC', (v_day + 1)::timestamp AT TIME ZONE 'UTC');
            v_made := v_made + 1;
          END IF;
        END LOOP;
        RETURN v_made;
      END $function$;

CREATE OR REPLACE FUNCTION public.move_deadline(p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_now timestamp with time zone, p_hold_seconds integer, p_extensions_max integer, p_lifetime_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
  DECLARE
    v_reservation reservations;
    v_expires_at timestamptz;
    v_release_at timestamptz;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id AND holder_id = p_holder_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status = 'EXPIRED' OR (v_reservation.status = 'ACTIVE' AND v_reservation.expires_at <= p_now) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
    ELSIF v_reservation.status <> 'ACTIVE' THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    END IF;
    v_expires_at := least(p_now + make_interval(secs => p_hold_seconds),
      v_reservation.created_at + make_interval(secs => p_lifetime_seconds));
    v_release_at := v_expires_at + (v_reservation.release_at - v_reservation.expires_at);
    IF v_reservation.extensions >= p_extensions_max OR v_expires_at <= v_reservation.expires_at THEN
      RETURN jsonb_build_object('outcome', 'NO_EXTENSION_LEFT');
    END IF;

    -- By a clock ahead of ours somebody may have taken an overdue seat already: then all is lost.
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos)
          AND reservation_id = p_reservation_id AND status = 'H') <> cardinality(v_reservation.seat_nos) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
    END IF;
    WITH changed AS (
      UPDATE seats SET version = version + 1, held_until = v_release_at
      WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET expires_at = v_expires_at, release_at = v_release_at, extensions = extensions + 1
    WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'EXTENDED', 'H', v_nos, v_versions, v_release_at, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'EXTENDED', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions),
      'expiresAt', v_expires_at, 'releaseAt', v_release_at, 'extensions', v_reservation.extensions + 1);
  END $function$;

CREATE OR REPLACE FUNCTION public.note_ticket_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      BEGIN
        NEW.changed_xid := pg_current_xact_id()::text::bigint;
        RETURN NEW;
      END $function$;

CREATE OR REPLACE FUNCTION public.pin_seats(p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_now timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_reservation reservations;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id AND holder_id = p_holder_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status = 'EXPIRED' OR (v_reservation.status = 'ACTIVE' AND v_reservation.expires_at <= p_now) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
    ELSIF v_reservation.status <> 'ACTIVE' THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    END IF;

    -- By a clock ahead of ours somebody may have taken an overdue seat already: then all is lost.
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos)
          AND reservation_id = p_reservation_id AND status = 'H') <> cardinality(v_reservation.seat_nos) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_EXPIRED', 'expiresAt', v_reservation.expires_at);
    END IF;
    WITH changed AS (
      UPDATE seats SET version = version + 1, held_until = 'infinity'
      WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET status = 'CHECKOUT' WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'PINNED', 'H', v_nos, v_versions, 'infinity', p_reservation_id);
    RETURN jsonb_build_object('outcome', 'PINNED', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions));
  END $function$;

CREATE OR REPLACE FUNCTION public.reclaim_seats(p_event_id uuid, p_reservation_id uuid, p_nos integer[], p_now timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_reservation reservations;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status IN ('CHECKOUT', 'BOOKED') THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    ELSIF NOT (v_reservation.seat_nos @> p_nos AND p_nos @> v_reservation.seat_nos) THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CHANGED');
    END IF;
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos)
          AND ((status = 'H' AND reservation_id = p_reservation_id) OR seat_is_free(status, held_until, p_now))
       ) <> cardinality(p_nos) THEN
      RETURN jsonb_build_object('outcome', 'SEATS_LOST');
    END IF;

    WITH changed AS (
      UPDATE seats SET status = 'H', version = version + 1, reservation_id = p_reservation_id, held_until = 'infinity'
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND reservation_id IS DISTINCT FROM p_reservation_id
      RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    IF v_nos IS NOT NULL THEN
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
      VALUES (p_event_id, pg_current_xact_id(), 'HELD', 'H', v_nos, v_versions, 'infinity', p_reservation_id);
    END IF;
    WITH changed AS (
      UPDATE seats SET status = 'S', version = version + 1, held_until = NULL
      WHERE event_id = p_event_id AND no = ANY (p_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET status = 'BOOKED', ended_at = p_now
    WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'SOLD', 'S', v_nos, v_versions, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'SOLD', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions));
  END $function$;

CREATE OR REPLACE FUNCTION public.record_domain_event(p_type text, p_event_id uuid, p_organization_id uuid, p_now timestamp with time zone, p_correlation_id text, p_actor_kind text, p_actor_id text, p_data jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
  DECLARE
    v_id uuid := uuid_v7();
  BEGIN
    INSERT INTO domain_events (event_id, id, type, schema_version, occurred_at, recorded_at, xid,
      correlation_id, actor_kind, actor_id, organization_id, data)
    VALUES (p_event_id, v_id, p_type, 1, p_now, clock_timestamp(), pg_current_xact_id(),
      coalesce(p_correlation_id, v_id::text), p_actor_kind, p_actor_id, p_organization_id, p_data);
  END $function$;

CREATE OR REPLACE FUNCTION public.refund_seats(p_event_id uuid, p_reservation_id uuid, p_nos integer[], p_blocked_by uuid, p_reason text, p_now timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_status char := CASE WHEN p_blocked_by IS NULL THEN 'A' ELSE 'B' END;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos)
          AND reservation_id = p_reservation_id AND status = 'S') <> cardinality(p_nos) THEN
      RETURN jsonb_build_object('outcome', 'NOT_SOLD');
    END IF;
    WITH changed AS (
      UPDATE seats SET status = v_status, version = version + 1, reservation_id = NULL
      WHERE event_id = p_event_id AND no = ANY (p_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    IF p_blocked_by IS NOT NULL THEN
      INSERT INTO house_holds (event_id, no, reason, blocked_by, blocked_at)
      SELECT p_event_id, no, p_reason, p_blocked_by, p_now FROM unnest(v_nos) AS no;
    END IF;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'REFUNDED', v_status, v_nos, v_versions, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'REFUNDED', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions));
  END $function$;

CREATE OR REPLACE FUNCTION public.release_seats(p_event_id uuid, p_reservation_id uuid, p_holder_id uuid, p_nos integer[], p_now timestamp with time zone, p_correlation_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_answer jsonb;
    v_reservation record;
  BEGIN
    v_answer := give_back_seats(p_event_id, p_reservation_id, p_holder_id, p_nos, p_now);
    IF v_answer->>'outcome' <> 'RELEASED' THEN
      RETURN v_answer;
    END IF;
    SELECT r.status, r.holder_kind, e.organization_id INTO v_reservation
    FROM reservations r JOIN events e ON e.id = r.event_id
    WHERE r.event_id = p_event_id AND r.id = p_reservation_id;
    PERFORM record_domain_event('reservation.released',
      p_event_id, v_reservation.organization_id, p_now, p_correlation_id, v_reservation.holder_kind, p_holder_id::text,
      jsonb_build_object(
        'reservationId', event_scoped_id('res', p_event_id, p_reservation_id),
        'seatNos', v_answer->'nos', 'ended', v_reservation.status = 'RELEASED'));
    RETURN v_answer;
  END $function$;

CREATE OR REPLACE FUNCTION public.replace_lost_places(p_event_id uuid, p_reservation_id uuid, p_nos integer[], p_firsts integer[], p_lasts integer[], p_now timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_reservation reservations;
    v_lost integer[];
    v_gone integer[];
    v_found integer[];
    v_old integer[] := '{}';
    v_new integer[] := '{}';
    v_nos integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id FOR UPDATE;
    IF NOT FOUND OR v_reservation.status IN ('CHECKOUT', 'BOOKED')
      OR NOT (v_reservation.seat_nos @> p_nos AND p_nos @> v_reservation.seat_nos) THEN
      RETURN NULL;
    END IF;
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (p_nos) ORDER BY no FOR UPDATE;
    SELECT array_agg(no ORDER BY no) INTO v_lost FROM seats
    WHERE event_id = p_event_id AND no = ANY (p_nos)
      AND NOT ((status = 'H' AND reservation_id = p_reservation_id) OR seat_is_free(status, held_until, p_now));
    IF v_lost IS NULL THEN
      RETURN NULL;
    END IF;
    FOR i IN 1 .. coalesce(cardinality(p_firsts), 0) LOOP
      v_gone := ARRAY(SELECT no FROM unnest(v_lost) AS lost (no) WHERE no BETWEEN p_firsts[i] AND p_lasts[i] ORDER BY no);
      CONTINUE WHEN cardinality(v_gone) = 0;
      v_found := ARRAY(
        SELECT no FROM seats
        WHERE event_id = p_event_id AND no BETWEEN p_firsts[i] AND p_lasts[i] AND no <> ALL (p_nos)
          AND seat_is_free(status, held_until, p_now)
        ORDER BY no LIMIT cardinality(v_gone) FOR UPDATE SKIP LOCKED);
      IF cardinality(v_found) < cardinality(v_gone) THEN
        RETURN NULL;
      END IF;
      v_old := v_old || v_gone;
      v_new := v_new || v_found;
    END LOOP;
    IF cardinality(v_old) < cardinality(v_lost) THEN
      RETURN NULL;
    END IF;
    v_nos := ARRAY(
      SELECT coalesce(swap.new_no, item.no)
      FROM unnest(v_reservation.seat_nos) WITH ORDINALITY AS item (no, position)
      LEFT JOIN unnest(v_old, v_new) AS swap (old_no, new_no) ON swap.old_no = item.no
      ORDER BY item.position);
    UPDATE reservations SET seat_nos = v_nos WHERE event_id = p_event_id AND id = p_reservation_id;
    RETURN to_jsonb(v_nos);
  END $function$;

CREATE OR REPLACE FUNCTION public.seat_is_free(p_status character, p_held_until timestamp with time zone, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((p_status = 'A'::bpchar) OR ((p_status = 'H'::bpchar) AND (p_held_until <= p_now)));

CREATE OR REPLACE FUNCTION public.sell_seats(p_event_id uuid, p_reservation_id uuid, p_now timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_reservation reservations;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status <> 'CHECKOUT' THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    END IF;
    PERFORM 1 FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) ORDER BY no FOR UPDATE;
    IF (SELECT count(*) FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos)
          AND reservation_id = p_reservation_id AND status = 'H') <> cardinality(v_reservation.seat_nos) THEN
      RETURN jsonb_build_object('outcome', 'SEATS_LOST');
    END IF;
    WITH changed AS (
      UPDATE seats SET status = 'S', version = version + 1, held_until = NULL
      WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos) RETURNING no, version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET status = 'BOOKED', ended_at = p_now
    WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'SOLD', 'S', v_nos, v_versions, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'SOLD', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions));
  END $function$;

CREATE OR REPLACE FUNCTION public.total_of_prices(p_prices_minor integer[])
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (SELECT COALESCE(sum(item.price_minor), (0)::bigint) AS "coalesce" FROM unnest(total_of_prices.p_prices_minor) item(price_minor));

CREATE OR REPLACE FUNCTION public.unblock_seats(p_event_id uuid, p_nos integer[])
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
  DECLARE
    v_nos integer[];
    v_versions integer[];
  BEGIN
    WITH locked AS (
      SELECT no FROM seats
      WHERE event_id = p_event_id AND no = ANY (p_nos) AND status = 'B' ORDER BY no FOR UPDATE
    ), changed AS (
      UPDATE seats s SET status = 'A', version = s.version + 1
      WHERE s.event_id = p_event_id AND s.no = ANY (ARRAY(SELECT no FROM locked)) RETURNING s.no, s.version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    IF v_nos IS NOT NULL THEN
      DELETE FROM house_holds WHERE event_id = p_event_id AND no = ANY (v_nos);
      INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions)
      VALUES (p_event_id, pg_current_xact_id(), 'UNBLOCKED', 'A', v_nos, v_versions);
    END IF;
    RETURN jsonb_build_object('outcome', 'UNBLOCKED',
      'nos', to_jsonb(coalesce(v_nos, '{}')), 'versions', to_jsonb(coalesce(v_versions, '{}')));
  END $function$;

CREATE OR REPLACE FUNCTION public.unpin_seats(p_event_id uuid, p_reservation_id uuid, p_now timestamp with time zone, p_grace_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
  DECLARE
    v_reservation reservations;
    v_expires_at timestamptz;
    v_release_at timestamptz;
    v_nos integer[];
    v_versions integer[];
  BEGIN
    SELECT * INTO v_reservation FROM reservations
    WHERE event_id = p_event_id AND id = p_reservation_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN jsonb_build_object('outcome', 'NOT_FOUND');
    ELSIF v_reservation.status <> 'CHECKOUT' THEN
      RETURN jsonb_build_object('outcome', 'RESERVATION_CLOSED', 'status', v_reservation.status);
    END IF;
    v_expires_at := greatest(v_reservation.expires_at, p_now + make_interval(secs => p_grace_seconds));
    v_release_at := v_expires_at + (v_reservation.release_at - v_reservation.expires_at);
    WITH locked AS (
      SELECT no FROM seats WHERE event_id = p_event_id AND no = ANY (v_reservation.seat_nos)
        AND reservation_id = p_reservation_id AND status = 'H' ORDER BY no FOR UPDATE
    ), changed AS (
      UPDATE seats s SET version = s.version + 1, held_until = v_release_at
      WHERE s.event_id = p_event_id AND s.no = ANY (ARRAY(SELECT no FROM locked)) RETURNING s.no, s.version
    )
    SELECT array_agg(no ORDER BY no), array_agg(version ORDER BY no) INTO v_nos, v_versions FROM changed;
    UPDATE reservations SET status = 'ACTIVE', expires_at = v_expires_at, release_at = v_release_at
    WHERE event_id = p_event_id AND id = p_reservation_id;
    INSERT INTO seat_changes (event_id, xid, kind, status, nos, versions, held_until, reservation_id)
    VALUES (p_event_id, pg_current_xact_id(), 'UNPINNED', 'H', v_nos, v_versions, v_release_at, p_reservation_id);
    RETURN jsonb_build_object('outcome', 'UNPINNED', 'nos', to_jsonb(v_nos), 'versions', to_jsonb(v_versions),
      'expiresAt', v_expires_at, 'releaseAt', v_release_at);
  END $function$;

CREATE OR REPLACE FUNCTION public.uuid_v7()
 RETURNS uuid
 LANGUAGE sql
 PARALLEL SAFE
RETURN (encode(set_bit(set_bit(OVERLAY(uuid_send(gen_random_uuid()) PLACING SUBSTRING(int8send((floor((EXTRACT(epoch FROM clock_timestamp()) * (1000)::numeric)))::bigint) FROM 3) FROM 1 FOR 6), (52)::bigint, 1), (53)::bigint, 1), 'hex'::text))::uuid;
