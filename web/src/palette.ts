/** The map's colours: the categories' from the plan, all others from the page's style sheet. */
import type { Geometry } from './geometry';

export interface Palette {
  categories: string[];
  held: string;
  sold: string;
  blocked: string;
  hatch: string;
  accent: string;
  text: string;
  mutedText: string;
  surface: string;
  isDark: boolean;
}

/** For plans whose categories bring no colour; told apart also by people who see red and green alike. */
const categoryFallbacks = [
  '#4f6bed',
  '#2a9d8f',
  '#b5489c',
  '#7a5af8',
  '#0e8fc6',
  '#8a6d3b',
  '#d1495b',
  '#5c7c2f',
];

export function categoryColor(color: string | null, index: number): string {
  return color ?? categoryFallbacks[index % categoryFallbacks.length] ?? '#4f6bed';
}

export function readPalette(element: Element, categories: Geometry['categories']): Palette {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    categories: categories.map(({ color }, index) => categoryColor(color, index)),
    held: read('--seat-held'),
    sold: read('--seat-sold'),
    blocked: read('--seat-blocked'),
    hatch: read('--seat-hatch'),
    accent: read('--accent'),
    text: read('--text'),
    mutedText: read('--muted'),
    surface: read('--surface'),
    isDark: matchMedia('(prefers-color-scheme: dark)').matches,
  };
}

/** Red, green, blue of 0–255, through the browser's own colour parser. */
function channelsOf(color: string): [number, number, number] {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return [128, 128, 128];
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red = 128, green = 128, blue = 128] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** White or near-black, whichever reads better on `color` (relative luminance as WCAG 2 defines it). */
export function readableOn(color: string): string {
  const [red, green, blue] = channelsOf(color).map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.4 ? '#14171f' : '#ffffff';
}

/**
 * Plans are drawn for white paper. On a dark page their stages and walls keep their hue and have
 * their lightness turned over, dimmed so that the seats stay the brightest thing.
 */
export function forDarkPage(color: string): string {
  const [red, green, blue] = channelsOf(color).map((channel) => channel / 255) as [
    number,
    number,
    number,
  ];
  const max = Math.max(red, green, blue);
  const min = Math.min(red, green, blue);
  const lightness = (max + min) / 2;
  const chroma = max - min;
  const saturation = chroma === 0 ? 0 : chroma / (1 - Math.abs(2 * lightness - 1));
  let hue = 0;
  if (chroma > 0) {
    if (max === red) hue = ((green - blue) / chroma + 6) % 6;
    else if (max === green) hue = (blue - red) / chroma + 2;
    else hue = (red - green) / chroma + 4;
  }
  const turned = 0.14 + (1 - lightness) * 0.66;
  return `hsl(${Math.round(hue * 60)} ${Math.round(saturation * 70)}% ${Math.round(turned * 100)}%)`;
}
