/** How numbers and names are written. */

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/** 1234567 as "1,234,567". */
export function count(value: number): string {
  return whole.format(value);
}

/** 1234567 as "0x12d687". */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/** A number of bytes, with three figures. */
export function bytes(value: number): string {
  if (value < 1024) return value === 1 ? "1 byte" : `${value} bytes`;
  let scaled = value;
  let unit = -1;
  while (scaled >= 1024 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  const digits = scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${UNITS[unit]}`;
}

/** A share between 0 and 1 as a percentage that is never rounded to nothing or to all. */
export function share(value: number): string {
  const percent = value * 100;
  if (percent === 0) return "0 %";
  if (percent < 0.1) return "< 0.1 %";
  if (percent > 99.9 && percent < 100) return "> 99.9 %";
  return `${percent.toFixed(percent >= 9.95 ? 0 : 1)} %`;
}

/** Figures that are a part of a whole. */
const SHARES: ReadonlySet<string> = new Set(["zeros", "changed"]);

/** A figure of a tensor by its name, with four significant digits; a dash where there is none. */
export function figure(name: string, value: unknown): string {
  if (typeof value === "number") return SHARES.has(name) ? share(value) : significant(value);
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return `[${value.map((one) => figure("", one)).join(", ")}]`;
  return printable(String(value));
}

/** A number with four significant digits, whole numbers with all of theirs. */
export function significant(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value).replace("-", "−");
  const small = size !== 0 && size < 1e-3;
  if (small || size >= 1e15) return value.toExponential(3).replaceAll("-", "−");
  const written = Number.isInteger(value) || size >= 1e4 ? count(value) : value.toPrecision(4);
  return written.replace("-", "−");
}

/** The name of a figure, in words. */
export function figureName(name: string): string {
  return printable(name.replace(/^non_/, "non-").replaceAll("_", " "));
}

/** One noun or many. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

// Control characters, line and paragraph separators, what turns the direction of text, and
// characters without a width: a name must not be able to disguise itself.
const INVISIBLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A name with everything invisible made visible. */
export function printable(name: string): string {
  return name.replace(INVISIBLE, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    // Undecodable bytes of file names arrive as lone low surrogates.
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The last component of a path. */
export function basename(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("/") + 1) || path;
}

/** Shorten to a number of characters, keeping both ends: names differ at either. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) * 0.45);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`;
}
