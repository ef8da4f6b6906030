export interface ServerEvent {
  event: string;
  data: unknown;
}

export const tokenHeader = (token: string): Record<string, string> => ({
  'x-graphql-event-stream-token': token,
});

/** The events of a text/event-stream, one by one. */
export class EventReader {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly decoder = new TextDecoder();
  private text = '';

  constructor(response: Response) {
    if (response.body === null) throw new Error('the answer has no body');
    this.reader = response.body.getReader();
  }

  /** The next event; comments are skipped. */
  async next(): Promise<ServerEvent> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        if (block.startsWith(':')) continue;
        return readEvent(block);
      }
      const { done, value } = await this.reader.read();
      if (done) throw new Error('the stream has ended');
      this.text += this.decoder.decode(value, { stream: true });
    }
  }

  close(): void {
    this.reader.cancel().catch(() => undefined);
  }

  /** Resolves when the server has ended the stream. */
  async toEnd(): Promise<void> {
    while (!(await this.reader.read()).done);
  }
}

function readEvent(block: string): ServerEvent {
  const [first = '', second = ''] = block.split('\n');
  const data = second.replace(/^data: ?/, '');
  return { event: first.replace('event: ', ''), data: data === '' ? null : JSON.parse(data) };
}
