/**
 * Lets a crowd through a few at a time, with a turn of the event loop between them. Each takes little, and
 * thousands at once are one long turn in which nobody else is heard, the health checks among them.
 */
export class Turns {
  private begun = 0;
  private readonly waiting: (() => void)[] = [];
  private turnEnds = false;

  constructor(private readonly most: number) {}

  /** Does the work, at once where few have come in this turn, else in one of the next, in order. */
  run(work: () => void): void {
    if (this.begun < this.most && this.waiting.length === 0) {
      this.begun++;
      this.awaitEnd();
      work();
    } else this.waiting.push(work);
  }

  /** Resolves when it is one's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => this.run(resolve));
  }

  private awaitEnd(): void {
    if (this.turnEnds) return;
    this.turnEnds = true;
    setImmediate(() => {
      this.turnEnds = false;
      const next = this.waiting.splice(0, this.most);
      this.begun = next.length;
      if (next.length > 0) this.awaitEnd();
      for (const work of next) work();
    });
  }
}
