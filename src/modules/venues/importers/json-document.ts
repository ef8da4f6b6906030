import { PLAN_LIMITS, quote, refuseDocument } from '../seating-plan.rules';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a value is, in the words of JSON. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'undefined') return 'nothing';
  return `a ${typeof value}`;
}

/**
 * The object in a document of text. JSON.parse does not recurse and keeps "__proto__" as a plain key, so
 * neither deep nesting nor clever keys do harm here; readers look only at the keys they know.
 * @throws DomainError BAD_USER_INPUT
 */
export function parseDocument(document: string): JsonObject {
  const bytes = Buffer.byteLength(document);
  if (bytes > PLAN_LIMITS.documentBytes) {
    const mebibytes = PLAN_LIMITS.documentBytes / 1024 / 1024;
    refuseDocument(`has ${bytes} bytes; a document may have at most ${mebibytes} MB`);
  }
  let value: unknown;
  try {
    value = JSON.parse(document.startsWith('\uFEFF') ? document.slice(1) : document);
  } catch (error) {
    // The engine's message quotes the document; quote() keeps what it quotes short and printable.
    const reason = error instanceof Error ? quote(error.message) : 'it cannot be read';
    refuseDocument(`is not JSON: ${reason}`);
  }
  if (!isJsonObject(value)) refuseDocument(`must be a JSON object, not ${kindOf(value)}`);
  return value;
}
