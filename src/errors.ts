/**
 * The closed list of codes a client can meet in `extensions.code`. Anything a buyer's screen must
 * tell apart is a refusal instead: a member of the operation's result union (see RefusalError).
 */
export const ERROR_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'VERSION_CONFLICT',
  'CONFLICT',
  'IDEMPOTENCY_CONFLICT',
  'EMAIL_TAKEN',
  'INVALID_CREDENTIALS',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'INTERNAL',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * A wrong that has a name: thrown anywhere, mapped once, in graphql/errors.ts. What is thrown and is
 * not a DomainError is a bug, and the caller learns nothing of it but a correlation id.
 */
export class DomainError extends Error {
  /** graphql-js copies these into the response's `extensions` when it wraps a thrown error. */
  readonly extensions: Record<string, unknown>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'DomainError';
    this.extensions = { ...details, code };
  }
}

/** One wrong input field; `path` is the dotted path inside the operation's input. */
export interface FieldProblem {
  path: string;
  message: string;
}

/** BAD_USER_INPUT that names every wrong field in `extensions.fields`. */
export function badInput(fields: FieldProblem[]): DomainError {
  const summary = fields.map((field) => `${field.path}: ${field.message}`).join('; ');
  return new DomainError('BAD_USER_INPUT', summary, { fields });
}

export function notFound(what: string): DomainError {
  return new DomainError('NOT_FOUND', `There is no such ${what}.`);
}

/** The object types of the schema that implement `Refusal`. */
export type RefusalType =
  | 'SeatsUnavailable'
  | 'ReservationLimitExceeded'
  | 'SalesClosed'
  | 'OrphanSeats'
  | 'AdmissionRequired'
  | 'ReservationExpired'
  | 'AlreadyBooked'
  | 'PaymentDeclined'
  | 'TicketRefused';

/**
 * A foreseen no. Where the operation's result is a union that has `type`, the client gets it as data;
 * elsewhere it is an error with code CONFLICT and `extensions.refusal` naming the type.
 */
export class RefusalError extends DomainError {
  constructor(
    readonly type: RefusalType,
    message: string,
    readonly fields: Record<string, unknown> = {},
  ) {
    super('CONFLICT', message, { refusal: type });
    this.name = 'RefusalError';
  }
}
