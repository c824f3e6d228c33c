/** Making elements. Text only ever goes in as text. */

type Child = Node | string | null;

interface Attributes {
  readonly [name: string]: string | boolean | undefined;
}

/** Make an element; `class`, ARIA and other attributes by name, children in order. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child): child is Node | string => child !== null));
  return element;
}

/** Shapes of the icons, drawn on a 16 × 16 grid. */
const ICONS = {
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9M10.3 10.3L14 14",
  light: "M8 5a3 3 0 1 0 0 6a3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M3 13l1.1-1.1M11.9 4.1L13 3",
  dark: "M13.5 9.6A6 6 0 0 1 6.4 2.5A6 6 0 1 0 13.5 9.6Z",
  help: "M5.7 6a2.3 2.3 0 1 1 3.4 2C8.300 8.500 8 9 8 9.800M8 12.400v.1",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
  outlines: "M2.500 2.500h6.500v5h4.500v6h-11Z",
  heads: "M3 2.500h10v11H3ZM3 6.200h10M3 9.800h10",
  panel: "M2 3h12v10H2ZM6.500 3v10",
  legend: "M2.500 4h2M2.500 8h2M2.500 12h2M7 4h6.500M7 8h6.500M7 12h6.500",
  minimap: "M2 3.500h12v9H2ZM8 8h6v4.500H8Z",
  sliders: "M2.500 4.500h6M12.500 4.500h1M10.500 2.800v3.400M2.500 11.500h1M7.500 11.500h6M5.500 9.800v3.400",
  split: "M2 3h12v10H2ZM8 3v10",
  camera: "M2 5h3l1.200-1.800h3.600L11 5h3v8H2ZM8 6.700a2.100 2.100 0 1 0 0 4.200a2.100 2.100 0 0 0 0-4.200",
  link: "M6.500 9.500l3-3M7 4.800l1.700-1.700a3 3 0 0 1 4.200 4.200L11.200 9M9 11.200l-1.700 1.700a3 3 0 0 1-4.200-4.200L4.800 7",
  hex: "M5.500 2.500L4 13.500M12 2.500l-1.500 11M2.500 5.800h11.500M2 10.200h11.500",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.500 5.500h8v8h-8ZM10.500 5.500v-3h-8v8h3",
  pin: "M8 14.500s4.500-4.600 4.500-8a4.500 4.500 0 1 0-9 0c0 3.400 4.500 8 4.500 8ZM8 5v3M6.500 6.500h3",
  warning: "M8 2L15 14H1ZM8 6.500v3.500M8 12v.1",
} as const;

export type Icon = keyof typeof ICONS;

export function icon(name: Icon): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon, a name for those who cannot see it, and its key. */
export function iconButton(name: Icon, label: string, key: string, act: () => void): HTMLButtonElement {
  const title = key ? `${label} (${key})` : label;
  const button = el("button", { type: "button", class: "tool", "aria-label": label, title }, icon(name));
  if (key) button.setAttribute("aria-keyshortcuts", key);
  button.addEventListener("click", act);
  return button;
}

/** Copy text, also where the page is not served from a secure place. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** Remember a choice, where the browser allows it for this page. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`arbvis.${key}`, value);
  } catch {
    // Pages opened from disk may be refused storage; the choice then lasts until the page closes.
  }
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`arbvis.${key}`);
  } catch {
    return null;
  }
}

export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Let only the last of many calls happen, once there was a moment of rest. */
export function rested<A extends unknown[]>(milliseconds: number, act: (...given: A) => void): (...given: A) => void {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => act(...given), milliseconds);
  };
}
