/**
 * Paying for a reservation, and the tickets that come of it. The demo's provider is MOCK: its cards are
 * words. A payment that takes its time is followed live; a reload finds the booking again.
 */
import { ApiError, request, subscribe } from './api';
import { h, replaceChildren } from './dom';
import { formatMoney } from './format';
import { guestAccessToken } from './guest-session';
import {
  confirmBooking,
  followBooking,
  showBooking,
  type Booking,
  type EventDetails,
  type Reservation,
} from './operations';
import { newIdempotencyKey } from './idempotency-key';

export interface CheckoutListener {
  /** The reservation is a booking now, and nothing is left to hold or to release. */
  onBooked(): void;
  /** It is no booking, for the reason given; the reservation may still stand. */
  onRefused(message: string): void;
}

const demoCards = [
  ['tok_ok', 'A good card'],
  ['tok_declined', 'A card that is declined'],
  ['tok_pending', 'A bank that takes a moment'],
] as const;

const ticketWords: Record<Booking['tickets'][number]['status'], string> = {
  VALID: '',
  CHECKED_IN: 'Used',
  VOID: 'No longer valid',
};

export class CheckoutPanel {
  readonly element = h('div', { class: 'checkout' });
  readonly #storageKey: string;
  /** One for each attempt to pay, so that a second click repeats the first. */
  #attemptKey = newIdempotencyKey();
  /** Who pays, as typed: a declined card does not make one type it again. */
  #customer = { name: '', email: '' };
  #isShowing = false;
  #unsubscribe: (() => void) | undefined;

  constructor(
    event: EventDetails,
    private readonly listener: CheckoutListener,
  ) {
    this.#storageKey = `usher.booking.${event.id}`;
  }

  /** Whether there is a booking to look at. */
  get isShowing(): boolean {
    return this.#isShowing;
  }

  /** Shows the booking that was made here before, if there is one. */
  async recall(): Promise<boolean> {
    const id = sessionStorage.getItem(this.#storageKey);
    if (id === null) return false;
    const accessToken = await guestAccessToken();
    const { booking } = await request(showBooking, { id }, { accessToken });
    if (!booking || booking.status === 'FAILED') {
      sessionStorage.removeItem(this.#storageKey);
      return false;
    }
    this.#follow(booking);
    return true;
  }

  /** The form in which `reservation` is paid for. */
  offer(reservation: Reservation): void {
    this.#isShowing = false;
    const name = h('input', {
      name: 'name',
      autocomplete: 'name',
      required: true,
      maxlength: 200,
      value: this.#customer.name,
    });
    const email = h('input', {
      name: 'email',
      type: 'email',
      autocomplete: 'email',
      required: true,
      maxlength: 254,
      value: this.#customer.email,
    });
    const card = h('select', { name: 'card' });
    for (const [value, text] of demoCards) card.append(h('option', { value, text }));
    const pay = h('button', {
      class: 'primary',
      type: 'submit',
      text: `Pay ${formatMoney(reservation.total)}`,
    });
    const submit = (event: Event): void => {
      event.preventDefault();
      this.#customer = { name: name.value, email: email.value };
      pay.disabled = true;
      pay.textContent = 'Paying …';
      void this.#pay(reservation, card.value).finally(() => {
        pay.disabled = false;
        pay.textContent = `Pay ${formatMoney(reservation.total)}`;
      });
    };
    replaceChildren(
      this.element,
      h(
        'form',
        { class: 'pay-form', on: { submit } },
        h('label', {}, 'Name', name),
        h('label', {}, 'E-mail', email),
        h('label', {}, 'Card (demo: no money moves)', card),
        pay,
      ),
    );
  }

  /** There is nothing to pay for any more; a booking that is shown stays. */
  withdraw(): void {
    this.element.querySelector('.pay-form')?.remove();
  }

  destroy(): void {
    this.#unsubscribe?.();
  }

  async #pay(reservation: Reservation, token: string): Promise<void> {
    try {
      const accessToken = await guestAccessToken();
      const input = {
        reservationId: reservation.id,
        payment: { provider: 'MOCK' as const, token },
        customerName: this.#customer.name,
        customerEmail: this.#customer.email,
        idempotencyKey: this.#attemptKey,
      };
      const { confirmBooking: result } = await request(confirmBooking, { input }, { accessToken });
      if (result.__typename === 'Booking') {
        this.#follow(result);
        this.listener.onBooked();
        return;
      }
      this.#attemptKey = newIdempotencyKey();
      this.listener.onRefused(result.message);
    } catch (error) {
      // Without an answer the key stays: asked again, the same attempt goes on.
      const isRefused = error instanceof ApiError && error.code !== 'UNREACHABLE';
      if (isRefused) this.#attemptKey = newIdempotencyKey();
      this.listener.onRefused(
        error instanceof ApiError ? error.message : 'That did not work. Please try again.',
      );
    }
  }

  #follow(booking: Booking): void {
    sessionStorage.setItem(this.#storageKey, booking.id);
    this.#show(booking);
    if (booking.status !== 'PENDING') return;
    this.#unsubscribe?.();
    this.#unsubscribe = subscribe(
      followBooking,
      { id: booking.id },
      {
        onConnection: () => undefined,
        onRefusal: ({ message }) => this.listener.onRefused(message),
        onData: ({ bookingUpdates: update }) => {
          if (update.status === 'PENDING') return;
          this.#unsubscribe?.();
          if (update.status !== 'FAILED') {
            this.#show(update);
            return;
          }
          sessionStorage.removeItem(this.#storageKey);
          this.#isShowing = false;
          this.element.replaceChildren();
          this.listener.onRefused('The payment did not go through. Nothing was charged.');
        },
      },
      { accessToken: guestAccessToken },
    );
  }

  #show(booking: Booking): void {
    this.#isShowing = true;
    const isPending = booking.status === 'PENDING';
    replaceChildren(
      this.element,
      h(
        'p',
        { class: 'booked', 'data-status': booking.status },
        h('strong', { text: isPending ? 'Waiting for the payment …' : headingOf(booking) }),
        h('span', { class: 'muted', text: `Booking ${booking.reference}` }),
      ),
      h('ul', { class: 'tickets' }, ...booking.tickets.map(ticketItem)),
    );
  }
}

function headingOf({ status }: Booking): string {
  if (status === 'CONFIRMED') return 'Booked. See you there!';
  return status === 'REFUNDED' ? 'Refunded' : 'Cancelled';
}

function ticketItem(ticket: Booking['tickets'][number]): HTMLElement {
  const { pathname } = new URL(ticket.pdfUrl);
  return h(
    'li',
    {},
    h('img', {
      src: ticket.qrCode,
      alt: `Code of the ticket for ${ticket.seat.label}`,
      width: 72,
      height: 72,
    }),
    h(
      'span',
      { class: 'grow' },
      ticket.seat.label,
      h('small', {
        class: 'muted',
        text: [ticket.ticketType.name, ticketWords[ticket.status]].filter(Boolean).join(' · '),
      }),
    ),
    ticket.status === 'VOID'
      ? null
      : h('a', { href: pathname, target: '_blank', rel: 'noopener', text: 'PDF' }),
  );
}
