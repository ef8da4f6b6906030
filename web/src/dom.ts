type Child = Node | string | null | undefined | false;

type Listeners = Partial<Record<keyof HTMLElementEventMap, (event: Event) => void>>;

interface Attributes {
  class?: string;
  text?: string;
  on?: Listeners;
  [attribute: string]: string | number | boolean | null | undefined | Listeners;
}

/** Makes an element; false, null and undefined leave an attribute or a child out. Text goes in as text nodes, never as HTML, so that titles from the API are safe. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  const { text, on, ...rest } = attributes;
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined || value === null || value === false || typeof value === 'object')
      continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  if (text !== undefined) element.textContent = text;
  for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener);
  append(element, children);
  return element;
}

export function replaceChildren(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

function append(parent: Element, children: Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) parent.append(child);
  }
}

/** A small square of a colour, for legends. The colour is plan data, so it goes through the CSSOM. */
export function swatch(color: string | null, kind = ''): HTMLElement {
  const element = h('span', { class: `swatch ${kind}`.trim(), 'aria-hidden': 'true' });
  if (color !== null) element.style.background = color;
  return element;
}
