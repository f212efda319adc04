/** Text into HTML, and no other way. */

/** A piece of HTML, as opposed to a text that has yet to become one. */
export interface Html {
  readonly html: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML with texts in it, each escaped; pieces and lists of pieces go in as they are. */
export function markup(
  strings: TemplateStringsArray,
  ...values: readonly (string | Html | readonly Html[])[]
): Html {
  const parts = strings.map((literal, index) => literal + textOf(values[index] ?? ''));
  return { html: parts.join('') };
}

function textOf(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string') return value.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
  return 'html' in value ? value.html : value.map((piece) => piece.html).join('');
}

/** A sentence in which `code` is marked as in Markdown. */
export function sentence(words: string): Html {
  const pieces = words.split(/`([^`]+)`/);
  return markup`${pieces.map((piece, index) => (index % 2 === 1 ? markup`<code>${piece}</code>` : markup`${piece}`))}`;
}
