import type { TextStyle } from "../../reports/terminal/index.ts";

/**
 * The streams of the program and what they can show. Results go to `out`, everything else to `err`.
 */
export interface Console {
  readonly out: TextStyle;
  readonly err: TextStyle;
  /** Standard error is a terminal: lines may be redrawn. */
  readonly redraws: boolean;
  readonly quiet: boolean;
  print(text: string): void;
  note(text: string): void;
}

const NARROWEST = 40;
const WIDEST = 100;
const USUAL = 80;
/** A progress line takes this much; in less room it would wrap, and then not go away. */
const REDRAW_WIDTH = 60;

/**
 * `color` is false for `--no-color`; else the environment and the stream decide, for each stream on
 * its own.
 */
export function createConsole(options: {
  readonly color?: boolean | undefined;
  readonly quiet: boolean;
}): Console {
  const { stdout, stderr } = process;
  return {
    out: styleOf(stdout, options.color),
    err: styleOf(stderr, options.color),
    redraws: stderr.isTTY && process.env["TERM"] !== "dumb" && columnsOf(stderr) >= REDRAW_WIDTH,
    quiet: options.quiet,
    print: (text) => {
      stdout.write(withEnd(text));
    },
    note: (text) => {
      stderr.write(withEnd(text));
    },
  };
}

/** Whoever reads a scenario again shows its notes once, not for every reading. */
export const muted = (console: Console): Console => ({
  ...console,
  quiet: true,
  note: () => undefined,
});

const withEnd = (text: string): string => (text.endsWith("\n") ? text : `${text}\n`);

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Some terminals do not know their width, and say 0. */
const columnsOf = ({ isTTY, columns }: Stream): number => (isTTY === true && columns) || USUAL;

function styleOf(stream: Stream, flag: boolean | undefined): TextStyle {
  return {
    color: flag !== false && colorWanted(stream.isTTY === true),
    unicode: isUtf8(),
    width: Math.max(NARROWEST, Math.min(columnsOf(stream), WIDEST)),
  };
}

/** https://no-color.org and https://force-color.org; the second wins, as in Node. */
function colorWanted(isTerminal: boolean): boolean {
  const { NO_COLOR = "", FORCE_COLOR = "", TERM } = process.env;
  if (FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return NO_COLOR === "" && isTerminal && TERM !== "dumb";
}

/**
 * The first of the locale's variables that is set decides; none at all is taken for UTF-8, as in
 * containers.
 */
function isUtf8(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== "");
  return locale === undefined || /utf-?8/i.test(locale);
}
