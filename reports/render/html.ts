/** Markup that is already safe to put into a page. Only `html` and `trusted` make it. */
export class SafeHtml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type HtmlValue = SafeHtml | string | number | null | undefined | false | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Controls that a page cannot hold, and those that would turn the direction of what follows. */
const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

export function withoutControls(text: string): string {
  return text.replace(CONTROL, (sign) => ("\t\n\r".includes(sign) ? sign : "\ufffd"));
}

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return withoutControls(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");
}

function rendered(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof SafeHtml) return value.text;
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return value.map(rendered).join("");
}

/** A template whose values are escaped, unless they are markup of this template themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): SafeHtml {
  const text = parts.map((part, index) => `${part}${rendered(values[index])}`);
  return new SafeHtml(text.join(""));
}

/** Markup from a source that escapes by itself: the style sheet, the SVG of the renderer. */
export function trusted(text: string): SafeHtml {
  return new SafeHtml(text);
}

/** Keeps a number and its unit on one line. */
export function tied(markup: SafeHtml): SafeHtml {
  return new SafeHtml(
    markup.text.replace(/(\d) (?=(?:%|ms|s|pp|min|h|million|thousand)(?!\w))/g, "$1\u00a0"),
  );
}

/** Keeps an option and its value on one line, which would break after its dashes. */
export function withOptions(text: string): SafeHtml {
  const parts = text.split(/((?<![\w-])--[\w-]+(?: \d+)?)/);
  return html`${parts.map((part, index) => (index % 2 === 0 ? part : nowrap(part)))}`;
}

/** A command of which no word is broken unless it is longer than a line. */
export function commandHtml(command: string): SafeHtml {
  const words = command.split(" ");
  return html`${words.map((word, index) => html`${index === 0 ? "" : " "}${nowrap(word)}`)}`;
}

const nowrap = (text: string): SafeHtml => html`<span class="nb">${text}</span>`;

export const nothing = new SafeHtml("");

export function isEmpty(value: SafeHtml): boolean {
  return value.text === "";
}
