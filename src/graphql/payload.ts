import type { ExecutionResult } from 'graphql';

/** Up to here copying is cheaper than a second buffer in the write. */
const COPIED_BYTES_MAX = 16 * 1024;
const TEXT_FRAME = 0x81;
const CLOSING = Buffer.from('}');
const EVENT_END = Buffer.from('\n\n');

/** A result as it travels: made into text once, however many it goes to. */
export class Payload {
  /** The JSON, and a brace behind it that closes the envelope round it. */
  private readonly closed: Buffer;
  private lastEnvelope = '';
  private lastFrame: Buffer | undefined;
  private lastEventEnvelope = '';
  private lastEvent: Buffer | undefined;

  constructor(result: ExecutionResult) {
    this.closed = Buffer.from(`${JSON.stringify(result)}}`);
  }

  /** Of the JSON alone. */
  get byteLength(): number {
    return this.closed.length - CLOSING.length;
  }

  get json(): Buffer {
    return this.closed.subarray(0, -CLOSING.length);
  }

  /**
   * The JSON as a server-sent event, in an envelope where there is one (`{"id":…,"payload":`). Clients
   * with the same envelope share the very buffer.
   */
  asEvent(envelope: string): Buffer {
    if (this.lastEvent === undefined || this.lastEventEnvelope !== envelope) {
      const data = envelope === '' ? this.json : this.closed;
      this.lastEvent = Buffer.concat([
        Buffer.from(`event: next\ndata: ${envelope}`),
        data,
        EVENT_END,
      ]);
      this.lastEventEnvelope = envelope;
    }
    return this.lastEvent;
  }

  /**
   * The JSON in an envelope (`{"id":…,"payload":`, which is closed here) as a whole WebSocket frame of a
   * server, in one buffer or two. Clients that choose the same ids share the very buffer.
   */
  framed(envelope: string): readonly Buffer[] {
    if (this.lastFrame !== undefined && this.lastEnvelope === envelope) return [this.lastFrame];
    const envelopeBytes = Buffer.byteLength(envelope);
    const messageBytes = envelopeBytes + this.closed.length;
    const headBytes = messageBytes < 126 ? 2 : messageBytes < 65_536 ? 4 : 10;
    const copies = messageBytes <= COPIED_BYTES_MAX;
    const frame = Buffer.allocUnsafe(headBytes + (copies ? messageBytes : envelopeBytes));
    frame[0] = TEXT_FRAME;
    if (headBytes === 2) {
      frame[1] = messageBytes;
    } else if (headBytes === 4) {
      frame[1] = 126;
      frame.writeUInt16BE(messageBytes, 2);
    } else {
      frame[1] = 127;
      frame.writeUInt32BE(0, 2);
      frame.writeUInt32BE(messageBytes, 6);
    }
    frame.write(envelope, headBytes);
    if (!copies) return [frame, this.closed];
    this.closed.copy(frame, headBytes + envelopeBytes);
    this.lastEnvelope = envelope;
    this.lastFrame = frame;
    return [frame];
  }
}
