/**
 * Running digest of domain events: two 32-bit lanes mixed with the murmur3 round (Appleby, public
 * domain), fast and not cryptographic. Two runs with one digest went through the same events in the
 * same order.
 */
export class TraceDigest {
  #a: number;
  #b: number;
  #count = 0;

  constructor(a = 0x243f6a88, b = 0x85a308d3) {
    this.#a = a | 0;
    this.#b = b | 0;
  }

  /** Adds one event: its time (whole microseconds), a kind and one number that says which. */
  add(time: number, kind: number, subject: number): void {
    this.#count++;
    let a = this.#a;
    a ^= Math.imul(time | 0, 0xcc9e2d51);
    a = Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64;
    a ^= Math.imul(kind ^ (subject << 8), 0x1b873593);
    this.#a = Math.imul((a << 15) | (a >>> 17), 5) | 0;
    let b = this.#b ^ Math.imul(subject ^ a, 0x85ebca6b);
    b = (b << 11) | (b >>> 21);
    this.#b = (Math.imul(b, 5) + 0x561ccd1b) | 0;
  }

  /** Adds text, for rare events whose names matter (decisions and their reasons). */
  addText(time: number, text: string): void {
    for (let i = 0; i < text.length; i++) this.add(time, 0x7e, text.charCodeAt(i));
  }

  get count(): number {
    return this.#count;
  }

  /** 16 hex digits. */
  hex(): string {
    return `${hex8(finish(this.#a ^ this.#count))}${hex8(finish(this.#b + this.#a))}`;
  }

  state(): readonly [number, number, number] {
    return [this.#a, this.#b, this.#count];
  }

  restore([a, b, count]: readonly [number, number, number]): void {
    this.#a = a;
    this.#b = b;
    this.#count = count;
  }
}

/** Digest of a text, 16 hex digits: for whole results and scenario files. */
export function digestText(text: string): string {
  const digest = new TraceDigest();
  for (let i = 0; i < text.length; i++) digest.add(i, 1, text.charCodeAt(i));
  return digest.hex();
}

function finish(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const hex8 = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
