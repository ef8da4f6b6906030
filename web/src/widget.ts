/**
 * <usher-seat-map event="grand-theatre">: the live seat map as an element for anybody's page, from
 * /widget.js. It shows and lets choose; holding and paying are the page's, with the seats' `no`.
 *
 * Attributes: `event` (an event's slug or id), `src` (Usher's address; where the script came from if
 * absent), `max` (seats that may be chosen; what one reservation may have if absent), `readonly`.
 * Events, all of which bubble: usher-ready, usher-select, usher-area, usher-update, usher-connection,
 * usher-error; their `detail` is told beside `tell` below.
 */
import { ApiError, request, subscribe, type Connection } from './api';
import { h } from './dom';
import type { Geometry } from './geometry';
import { readGeometry } from './read-geometry';
import { followSeatMap, showSeatMap, type Availability, type WidgetEvent } from './operations';
import { SeatMap } from './seat-map';
import type { StatusLetter } from './seat-map-paint';
import css from './widget.css?inline';

/** Known only while the script runs for the first time. */
const scriptSource = (document.currentScript as HTMLScriptElement | null)?.src;

const statusWords: Record<StatusLetter, string> = {
  A: 'Free',
  H: 'Held by somebody',
  S: 'Sold',
  B: 'Not on sale',
};

/** What a page is told of a chosen seat: `no` is what holdSeats takes. */
interface ChosenSeat {
  no: number;
  label: string;
  section: string;
  row: string | null;
  number: string | null;
  categoryKey: string;
  accessible: boolean;
}

interface WidgetNews {
  /** The plan is drawn and the map is complete. */
  'usher-ready': { eventId: string; title: string; availability: Availability };
  /** The selection, whole, after each change; `lost` were chosen and have been taken by others. */
  'usher-select': { seats: ChosenSeat[]; lost: ChosenSeat[] };
  /** A general-admission area was clicked: its places are asked for by number, not chosen. */
  'usher-area': { sectionKey: string; name: string };
  /** Counts after each update. */
  'usher-update': { availability: Availability };
  'usher-connection': { state: Connection };
  /** The map cannot be shown; `code` as in the API's errors. */
  'usher-error': { code: string; message: string };
}

class UsherSeatMap extends HTMLElement {
  static readonly observedAttributes = ['event', 'src'];

  readonly #frame = h('div', { class: 'map-frame' });
  readonly #notice = h('p', { class: 'notice', role: 'status' });
  readonly #tooltip = h('div', { class: 'tooltip', hidden: true });
  readonly #selected = new Set<number>();
  #mine: ReadonlySet<number> = new Set();
  #opening: AbortController | undefined;
  #map: SeatMap | undefined;
  #geometry: Geometry | undefined;
  #seatsMax = 0;
  #unsubscribe: (() => void) | undefined;

  constructor() {
    super();
    const style = document.createElement('style');
    style.textContent = css;
    this.attachShadow({ mode: 'open' }).append(style, this.#frame, this.#tooltip, this.#notice);
  }

  connectedCallback(): void {
    void this.#open();
  }

  disconnectedCallback(): void {
    this.#close();
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (this.isConnected && before !== after) void this.#open();
  }

  /** The positions of the chosen seats, ascending: what holdSeats takes as `no`. */
  get selected(): number[] {
    return [...this.#selected].sort((a, b) => a - b);
  }

  clearSelection(): void {
    this.#selected.clear();
    this.#showSelection([]);
  }

  /** Shows seats as the buyer's own: those of a reservation, say. */
  markMine(nos: Iterable<number>): void {
    this.#mine = new Set(nos);
    this.#map?.setMarks(this.#selected, this.#mine);
  }

  async #open(): Promise<void> {
    this.#close();
    const wanted = this.getAttribute('event');
    if (wanted === null || wanted === '') return;
    const opening = new AbortController();
    this.#opening = opening;
    const { signal } = opening;
    this.#notice.textContent = 'Setting out the seats …';
    try {
      const base = new URL(this.getAttribute('src') ?? scriptSource ?? location.href, location.href)
        .href;
      const variables = wanted.startsWith('evt_') ? { id: wanted } : { slug: wanted };
      const { event } = await request(showSeatMap, variables, { signal, base });
      if (!event) throw new ApiError('There is no such event.', 'NOT_FOUND');
      const geometry = await readGeometry(event.seatMap.plan.geometryUrl, base, signal);
      if (signal.aborted) return;
      this.#notice.textContent = '';
      this.#show(event, geometry, base);
    } catch (error) {
      if (signal.aborted) return;
      const known = error instanceof ApiError ? error : undefined;
      const message = known?.message ?? 'The seat map cannot be shown.';
      this.#notice.textContent = message;
      this.#tell('usher-error', { code: known?.code ?? 'INTERNAL', message });
    }
  }

  #close(): void {
    this.#opening?.abort();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#map?.destroy();
    this.#map = undefined;
    this.#selected.clear();
    this.#mine = new Set();
    this.#tooltip.hidden = true;
  }

  #show(event: WidgetEvent, geometry: Geometry, base: string): void {
    const map = new SeatMap(this.#frame, {
      onPick: (no) => this.#pick(no),
      onHover: (no, x, y) => this.#describe(no, x, y),
    });
    this.#map = map;
    this.#geometry = geometry;
    this.#seatsMax = event.seatsPerReservationMax;
    map.setGeometry(geometry);
    map.setStatuses(event.seatMap.statuses);
    this.style.setProperty('--plan-aspect', String(map.aspectRatio()));
    const { id: eventId, title, seatMap } = event;
    this.#tell('usher-ready', { eventId, title, availability: seatMap.availability });
    let cursor = seatMap.cursor;
    const variables = {
      eventId,
      get after() {
        return cursor;
      },
    };
    this.#unsubscribe = subscribe(
      followSeatMap,
      variables,
      {
        onConnection: (state) => this.#tell('usher-connection', { state }),
        onRefusal: ({ code, message }) => this.#tell('usher-error', { code, message }),
        onData: ({ seatMapUpdates: update }) => {
          if (update.snapshot) map.setStatuses(update.snapshot.statuses);
          map.applyChanges(update.changes);
          cursor = update.cursor;
          this.#dropTaken(map);
          this.#tell('usher-update', { availability: update.availability });
        },
      },
      { base },
    );
  }

  #pick(no: number): void {
    const section = this.#geometry?.sections[this.#geometry.seats.section[no] ?? -1];
    if (section?.generalAdmission) {
      this.#tell('usher-area', { sectionKey: section.key, name: section.name });
    } else if (!this.hasAttribute('readonly') && this.#toggle(no)) {
      this.#showSelection([]);
    }
  }

  /** Whether the selection changed. */
  #toggle(no: number): boolean {
    if (this.#selected.delete(no)) return true;
    const max = Number(this.getAttribute('max') ?? this.#seatsMax);
    if (this.#map?.statusOf(no) !== 'A' || this.#selected.size >= max) return false;
    this.#selected.add(no);
    return true;
  }

  #dropTaken(map: SeatMap): void {
    const lost = this.selected.filter((no) => map.statusOf(no) !== 'A');
    if (lost.length === 0) return;
    for (const no of lost) this.#selected.delete(no);
    this.#showSelection(lost);
  }

  #showSelection(lost: readonly number[]): void {
    this.#map?.setMarks(this.#selected, this.#mine);
    this.#tell('usher-select', {
      seats: this.selected.flatMap((no) => this.#seat(no)),
      lost: lost.flatMap((no) => this.#seat(no)),
    });
  }

  #seat(no: number): ChosenSeat[] {
    const geometry = this.#geometry;
    if (!geometry) return [];
    const { seats, sections, categories } = geometry;
    return [
      {
        no,
        label: seats.label[no] ?? String(no),
        section: sections[seats.section[no] ?? -1]?.name ?? '',
        row: seats.row[no] ?? null,
        number: seats.number[no] ?? null,
        categoryKey: categories[seats.category[no] ?? -1]?.key ?? '',
        accessible: seats.accessible[no] === 1,
      },
    ];
  }

  #describe(no: number | undefined, x: number, y: number): void {
    this.#tooltip.hidden = no === undefined;
    if (no === undefined || !this.#geometry || !this.#map) return;
    const { seats, sections } = this.#geometry;
    const section = sections[seats.section[no] ?? -1];
    const name = section?.generalAdmission ? section.name : (seats.label[no] ?? '');
    const state = section?.generalAdmission ? 'Standing' : statusWords[this.#map.statusOf(no)];
    this.#tooltip.replaceChildren(h('strong', { text: name }), state);
    const { offsetWidth: width, offsetHeight: height } = this.#tooltip;
    const left = Math.max(4, Math.min(x + 12, this.clientWidth - width - 4));
    const top = Math.max(4, Math.min(y + 12, this.clientHeight - height - 4));
    this.#tooltip.style.transform = `translate(${left}px, ${top}px)`;
  }

  #tell<Name extends keyof WidgetNews>(name: Name, detail: WidgetNews[Name]): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

// A page that includes the script twice keeps the first.
if (!customElements.get('usher-seat-map')) customElements.define('usher-seat-map', UsherSeatMap);
