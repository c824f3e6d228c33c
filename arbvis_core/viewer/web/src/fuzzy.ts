/** Fuzzy matching of names: letters in order, whole words and starts first. */

export interface Match {
  readonly index: number;
  readonly score: number;
}

const BOUNDARY = /[\s/\\._\-:]/;

/**
 * How well a name fits a query, both in lower case; null if it does not.
 *
 * Each word of the query has to fit. A run of letters counts more than letters apart, the last path
 * component more than its folders, a short name more than a long one.
 */
export function score(name: string, query: string): number | null {
  const words = query.split(/\s+/).filter(Boolean);
  let total = 0;
  for (const word of words) {
    const value = scoreWord(name, word);
    if (value === null) return null;
    total += value / words.length;
  }
  return total;
}

function scoreWord(name: string, query: string): number | null {
  const base = name.lastIndexOf("/", name.length - 2) + 1;
  const inBase = name.indexOf(query, base);
  const found = inBase >= 0 ? inBase : name.indexOf(query);
  if (found >= 0) {
    const fit = fitOf(name, query);
    const starts = found === base ? 40 : fit.starts ? 20 : 0;
    return 100 + starts + (fit.whole ? 25 : 0) + (found >= base ? 30 : 0) - name.length / 100;
  }
  return scattered(name, query, base);
}

/** Whether a query stands anywhere at the start of a word, and as a whole one: `7` is none in `17`. */
function fitOf(name: string, query: string): { readonly starts: boolean; readonly whole: boolean } {
  let starts = false;
  for (let at = name.indexOf(query); at >= 0; at = name.indexOf(query, at + 1)) {
    if (at > 0 && !BOUNDARY.test(name[at - 1]!)) continue;
    const end = at + query.length;
    if (end === name.length || BOUNDARY.test(name[end]!)) return { starts: true, whole: true };
    starts = true;
  }
  return { starts, whole: false };
}

function scattered(name: string, query: string, base: number): number | null {
  let total = 0;
  let at = -1;
  for (const letter of query) {
    const next = name.indexOf(letter, at + 1);
    if (next < 0) return null;
    if (next === at + 1) total += 3;
    if (next === 0 || BOUNDARY.test(name[next - 1]!)) total += 4;
    if (next >= base) total += 1;
    at = next;
  }
  return (total * 8) / query.length - name.length / 100;
}

/** Searches one list of names; a longer query is looked for among the matches of the shorter. */
export class Index {
  private readonly names: readonly string[];
  private lastQuery = "";
  private lastFound: readonly number[] | null = null;

  constructor(names: readonly string[]) {
    this.names = names.map((name) => name.toLowerCase());
  }

  search(text: string, most: number): Match[] {
    const query = text.trim().toLowerCase();
    const narrowing = this.lastFound !== null && this.lastQuery !== "" && query.startsWith(this.lastQuery);
    const candidates = narrowing ? this.lastFound! : this.names.keys();
    const matches: Match[] = [];
    for (const index of candidates) {
      const value = score(this.names[index]!, query);
      if (value !== null) matches.push({ index, score: value });
    }
    this.lastQuery = query;
    this.lastFound = matches.map(({ index }) => index);
    return matches.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, most);
  }
}
