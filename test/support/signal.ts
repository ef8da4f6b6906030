/** Something one part of a test waits for until another part gives it. */
export class Signal {
  readonly given: Promise<void>;
  give: () => void = () => undefined;

  constructor() {
    this.given = new Promise((resolve) => (this.give = resolve));
  }
}
