/** The reader's own part of an event: seats marked, seats held, how long for, and giving them back. */
import { ApiError, request } from './api';
import { CheckoutPanel } from './checkout-panel';
import { h, replaceChildren } from './dom';
import { formatCountdown, formatMoney } from './format';
import { guestAccessToken } from './guest-session';
import { newIdempotencyKey } from './idempotency-key';
import {
  holdSeats,
  releaseReservation,
  showReservation,
  type EventDetails,
  type Reservation,
} from './operations';

export interface HoldPanelListener {
  /** What the map should mark: seats chosen, and seats held for the reader. */
  onMarks(selected: ReadonlySet<number>, mine: ReadonlySet<number>): void;
  /** The seats that go together with this one, itself among them. */
  heldTogether(no: number): number[];
  labelOf(no: number): string;
  areaName(sectionKey: string): string;
}

const tickMs = 500;

export class HoldPanel {
  readonly element = h('section', { class: 'panel hold-panel', 'aria-label': 'Your seats' });
  readonly #message = h('p', { class: 'message', role: 'status' });
  readonly #body = h('div');
  readonly #checkout: CheckoutPanel;
  readonly #seats = new Set<number>();
  readonly #areas = new Map<string, number>();
  readonly #storageKey: string;
  #ticketTypeKey: string | null;
  #reservation: Reservation | undefined;
  /** Server's clock minus this machine's, in milliseconds. */
  #clockOffsetMs = 0;
  #timer: number | undefined;
  #isBusy = false;

  constructor(
    private readonly event: EventDetails,
    private readonly listener: HoldPanelListener,
  ) {
    this.#storageKey = `usher.reservation.${event.id}`;
    this.#ticketTypeKey = event.ticketTypes[0]?.key ?? null;
    this.#checkout = new CheckoutPanel(event, {
      onBooked: () => {
        this.#forget();
        this.#say('');
        this.#render();
      },
      // A declined payment gives the reservation back with another deadline.
      onRefused: (message) =>
        void this.#attempt(() => this.#recall()).then(() => this.#say(message)),
    });
    this.element.append(
      h('h2', { text: 'Your seats' }),
      this.#body,
      this.#checkout.element,
      this.#message,
    );
    this.#render();
    void this.#attempt(async () => {
      if (!(await this.#checkout.recall())) await this.#recall();
    });
  }

  /** Marks a free seat and those that go with it, or takes the marks away. */
  toggleSeat(no: number): void {
    if (this.#reservation || this.#isBusy) return;
    const nos = this.listener.heldTogether(no);
    if (this.#seats.has(no)) this.#unmark([no]);
    else if (!this.#hasRoomFor(nos.length)) this.#say(this.#limitSentence());
    else {
      for (const seat of nos) this.#seats.add(seat);
      this.#say('');
    }
    this.#render();
  }

  /** One more (or, with -1, one fewer) place in a general-admission area. */
  changeArea(sectionKey: string, by: 1 | -1): void {
    if (this.#reservation || this.#isBusy) return;
    if (by > 0 && !this.#hasRoomFor(1)) this.#say(this.#limitSentence());
    else {
      const quantity = (this.#areas.get(sectionKey) ?? 0) + by;
      if (quantity > 0) this.#areas.set(sectionKey, quantity);
      else this.#areas.delete(sectionKey);
      this.#say('');
    }
    this.#render();
  }

  /** Marked seats that somebody else has taken meanwhile lose their mark. */
  dropTaken(isTaken: (no: number) => boolean): void {
    const lost = [...this.#seats].filter(isTaken);
    if (lost.length === 0 || this.#isBusy) return;
    this.#unmark(lost);
    this.#say(
      `Just taken by somebody else: ${lost.map((no) => this.listener.labelOf(no)).join(', ')}.`,
    );
    this.#render();
  }

  destroy(): void {
    clearInterval(this.#timer);
    this.#checkout.destroy();
  }

  /** Half a table cannot be held: who loses one of its seats loses the mark on all. */
  #unmark(nos: readonly number[]): void {
    for (const no of nos) {
      for (const seat of this.listener.heldTogether(no)) this.#seats.delete(seat);
    }
  }

  #hasRoomFor(places: number): boolean {
    const inAreas = [...this.#areas.values()].reduce((sum, quantity) => sum + quantity, 0);
    return this.#seats.size + inAreas + places <= this.event.seatsPerReservationMax;
  }

  #limitSentence(): string {
    return `At most ${this.event.seatsPerReservationMax} places can be held at a time.`;
  }

  #say(message: string): void {
    this.#message.textContent = message;
  }

  /** Runs one request at a time; what goes wrong is said in the panel. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#say('');
    this.#render();
    try {
      await action();
    } catch (error) {
      this.#say(error instanceof ApiError ? error.message : 'That did not work. Please try again.');
    } finally {
      this.#isBusy = false;
      this.#render();
    }
  }

  async #hold(): Promise<void> {
    const ticketTypeKey = this.#ticketTypeKey;
    const input = {
      eventId: this.event.id,
      seats: [...this.#seats].map((no) => ({ no, ticketTypeKey })),
      areas: [...this.#areas].map(([sectionKey, quantity]) => ({
        sectionKey,
        quantity,
        ticketTypeKey,
      })),
      idempotencyKey: newIdempotencyKey(),
    };
    const accessToken = await guestAccessToken();
    const { holdSeats: result } = await request(holdSeats, { input }, { accessToken });
    if (result.__typename === 'Reservation') {
      this.#seats.clear();
      this.#areas.clear();
      this.#keep(result);
      return;
    }
    if (result.__typename === 'SeatsUnavailable') {
      this.#unmark(result.seats.map(({ no }) => no));
    }
    const named = 'seats' in result ? result.seats.map(({ label }) => label).join(', ') : '';
    this.#say(named === '' ? result.message : `${result.message} (${named})`);
  }

  async #release(id: string): Promise<void> {
    const accessToken = await guestAccessToken();
    await request(releaseReservation, { id }, { accessToken });
    this.#forget();
  }

  /** After a reload the reader's reservation is still theirs. */
  async #recall(): Promise<void> {
    const id = sessionStorage.getItem(this.#storageKey);
    if (id === null) return;
    const accessToken = await guestAccessToken();
    const { reservation } = await request(showReservation, { id }, { accessToken });
    if (reservation?.status === 'ACTIVE') this.#keep(reservation);
    else this.#forget();
  }

  #keep(reservation: Reservation): void {
    this.#reservation = reservation;
    this.#clockOffsetMs = Date.parse(reservation.serverTime) - Date.now();
    sessionStorage.setItem(this.#storageKey, reservation.id);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#checkout.offer(reservation);
  }

  #forget(): void {
    this.#reservation = undefined;
    sessionStorage.removeItem(this.#storageKey);
    clearInterval(this.#timer);
    this.#checkout.withdraw();
  }

  #remainingMs(reservation: Reservation): number {
    return Date.parse(reservation.expiresAt) - (Date.now() + this.#clockOffsetMs);
  }

  #tick(): void {
    if (!this.#reservation) return;
    const remaining = this.#remainingMs(this.#reservation);
    const clock = this.#body.querySelector('.countdown');
    if (clock) clock.textContent = formatCountdown(remaining);
    if (remaining > 0 || this.#isBusy) return;
    this.#forget();
    this.#say('The time is up, and the seats are free again.');
    this.#render();
  }

  #render(): void {
    const mine = new Set(this.#reservation?.items.map(({ seat }) => seat.no));
    this.listener.onMarks(this.#seats, mine);
    if (this.#reservation) this.#renderReservation(this.#reservation);
    else this.#renderSelection();
  }

  #renderSelection(): void {
    const isEmpty = this.#seats.size === 0 && this.#areas.size === 0;
    if (isEmpty && this.#checkout.isShowing) {
      this.#body.replaceChildren();
      return;
    }
    if (isEmpty) {
      const text = this.event.onSale
        ? 'Choose free places on the map.'
        : 'This event is not on sale at the moment.';
      replaceChildren(this.#body, h('p', { class: 'muted', text }));
      return;
    }
    const seatItems = [...this.#seats].map((no) =>
      this.#item(this.listener.labelOf(no), () => this.toggleSeat(no)),
    );
    const areaItems = [...this.#areas].map(([key, quantity]) =>
      this.#item(`${this.listener.areaName(key)} × ${quantity}`, () => this.changeArea(key, -1)),
    );
    replaceChildren(
      this.#body,
      h('ul', { class: 'items' }, ...seatItems, ...areaItems),
      this.#ticketTypeChoice(),
      h('button', {
        class: 'primary',
        type: 'button',
        disabled: this.#isBusy || !this.event.onSale,
        text: this.#isBusy ? 'Holding …' : 'Hold these places',
        on: { click: () => void this.#attempt(() => this.#hold()) },
      }),
    );
  }

  #item(label: string, remove: () => void): HTMLElement {
    const button = h('button', {
      type: 'button',
      class: 'quiet',
      'aria-label': `Leave out ${label}`,
      text: '×',
      on: { click: remove },
    });
    return h('li', {}, h('span', { text: label }), button);
  }

  #ticketTypeChoice(): HTMLElement | null {
    if (this.event.ticketTypes.length < 2) return null;
    const select = h('select', {
      on: { change: () => (this.#ticketTypeKey = select.value) },
    });
    for (const { key, name } of this.event.ticketTypes) {
      select.append(h('option', { value: key, selected: key === this.#ticketTypeKey, text: name }));
    }
    return h('label', { class: 'field' }, 'Ticket', select);
  }

  #renderReservation(reservation: Reservation): void {
    const items = reservation.items.map(({ seat, ticketType, price }) =>
      h(
        'li',
        {},
        h('span', {}, seat.label, h('small', { class: 'muted', text: ` ${ticketType.name}` })),
        h('span', { class: 'figure', text: formatMoney(price) }),
      ),
    );
    replaceChildren(
      this.#body,
      h(
        'p',
        { class: 'held-for' },
        'Held for you for ',
        h('strong', { class: 'countdown', text: formatCountdown(this.#remainingMs(reservation)) }),
      ),
      h('ul', { class: 'items' }, ...items),
      h('p', { class: 'total' }, 'Total', h('strong', { text: formatMoney(reservation.total) })),
      h('button', {
        type: 'button',
        disabled: this.#isBusy,
        text: 'Release',
        on: { click: () => void this.#attempt(() => this.#release(reservation.id)) },
      }),
    );
  }
}
