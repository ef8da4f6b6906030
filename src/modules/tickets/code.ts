/**
 * Ticket codes: short enough for a QR code, and checked without a database. docs/ticket-code.md tells
 * other teams how.
 *
 *   "U2." + base64url( key id (1 byte) · event (16) · ticket (16) · generation (2) · signature (64) )
 *
 * 135 characters. The signature is Ed25519 over the 35 bytes before it. Ed25519 is deterministic, so a
 * code need not be stored: it is made again, the same, whenever it is asked for. The generation grows
 * when the ticket is transferred, which is what voids the code before. "U2" names this form; another
 * one would get another name. A public key is enough to verify, so a scanner at the door can do it
 * offline, which is why this is no HMAC.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { EventScopedKey } from '../../infra/ids';

const PREFIX = 'U2.';
const UUID_BYTES = 16;
const GENERATION_AT = 1 + 2 * UUID_BYTES;
const PAYLOAD_BYTES = GENERATION_AT + 2;
const SIGNATURE_BYTES = 64;
export const CODE_LENGTH = PREFIX.length + Math.ceil(((PAYLOAD_BYTES + SIGNATURE_BYTES) * 4) / 3);

/** What a code names: a ticket, as it was handed to the person who has it now. */
export interface CodedTicket extends EventScopedKey {
  /** 1 to 65,535. */
  generation: number;
}

export interface SigningKey {
  /** 1 to 255. */
  id: number;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** From PEM texts (PKCS #8 and SPKI). */
export function readSigningKey(row: {
  id: number;
  publicKey: string;
  privateKey: string;
}): SigningKey {
  return {
    id: row.id,
    privateKey: createPrivateKey(row.privateKey),
    publicKey: createPublicKey(row.publicKey),
  };
}

/** Signs and verifies on other threads: scanners come with hundreds at once. */
const signAside = promisify<null, Buffer, KeyObject, Buffer>(sign);
const verifyAside = promisify<null, Buffer, KeyObject, Buffer, boolean>(verify);

export async function signCode(key: SigningKey, ticket: CodedTicket): Promise<string> {
  const payload = Buffer.alloc(PAYLOAD_BYTES);
  payload.writeUInt8(key.id, 0);
  bytesOf(ticket.eventId).copy(payload, 1);
  bytesOf(ticket.id).copy(payload, 1 + UUID_BYTES);
  payload.writeUInt16BE(ticket.generation, GENERATION_AT);
  const signature = await signAside(null, payload, key.privateKey);
  return PREFIX + Buffer.concat([payload, signature]).toString('base64url');
}

export interface UnverifiedCode {
  keyId: number;
  ticket: CodedTicket;
  payload: Buffer;
  signature: Buffer;
}

/** Takes a code apart; undefined where it has not the form of one. Says nothing of its truth. */
export function parseCode(code: string): UnverifiedCode | undefined {
  if (code.length !== CODE_LENGTH || !code.startsWith(PREFIX)) return undefined;
  const text = code.slice(PREFIX.length);
  const bytes = Buffer.from(text, 'base64url');
  // One spelling only: base64url decoders skip what they do not know, and ignore spare bits.
  if (bytes.toString('base64url') !== text) return undefined;
  const payload = bytes.subarray(0, PAYLOAD_BYTES);
  return {
    keyId: payload.readUInt8(0),
    ticket: {
      eventId: uuidOf(payload.subarray(1, 1 + UUID_BYTES)),
      id: uuidOf(payload.subarray(1 + UUID_BYTES, GENERATION_AT)),
      generation: payload.readUInt16BE(GENERATION_AT),
    },
    payload,
    signature: bytes.subarray(PAYLOAD_BYTES),
  };
}

export function isSignedBy(key: SigningKey, code: UnverifiedCode): Promise<boolean> {
  return verifyAside(null, code.payload, key.publicKey, code.signature);
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
