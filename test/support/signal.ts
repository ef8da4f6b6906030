/** Something one part of a test waits for until another part gives it. */
export class Signal {
  readonly given: Promise<void>;
  isGiven = false;
  private resolve: () => void = () => undefined;

  constructor() {
    this.given = new Promise((resolve) => (this.resolve = resolve));
  }

  readonly give = (): void => {
    this.isGiven = true;
    this.resolve();
  };
}
