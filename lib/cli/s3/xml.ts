/** Answers of S3 do not have deeper elements. */
const MOST_DEPTH = 16;
const TOKEN = /<(\/?)([A-Za-z_][\w.:-]{0,100})(\s[^<>]*)?>|[^<]+/y;
const DECLARATION = /^\ufeff?\s*<\?xml[^<>]{0,200}\?>/;
const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

/**
 * Reads answers of S3: elements and texts. It ignores attributes. S3 does not send comments, CDATA
 * sections or entity declarations, so they are refused.
 *
 * @param onEnd Called at the end of each element with its path, such as `Error/Code`, and its own
 *   text.
 * @throws SyntaxError
 */
export function readXml(xml: string, onEnd: (path: string, text: string) => void): void {
  const open: { readonly path: string; readonly name: string; text: string }[] = [];
  const end = (): void => {
    const { path, text } = open.pop()!;
    onEnd(path, text);
  };
  let roots = 0;
  TOKEN.lastIndex = DECLARATION.exec(xml)?.[0].length ?? 0;
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(xml);
    if (token === null) throw new SyntaxError(`it is not valid XML at ${at}`);
    const [all, slash, name, attributes] = token;
    const last = open.at(-1);
    if (name === undefined) {
      if (last) last.text += decoded(all);
      else if (all.trim() !== '') throw new SyntaxError('it has text outside its root');
    } else if (slash === '/') {
      if (last?.name !== name) throw new SyntaxError(`</${name}> ends another element`);
      end();
    } else {
      if (last === undefined && ++roots > 1) throw new SyntaxError('it has two roots');
      if (open.length >= MOST_DEPTH) throw new SyntaxError('its elements are nested too deeply');
      open.push({ name, path: last ? `${last.path}/${name}` : name, text: '' });
      if (attributes?.endsWith('/') === true || all.endsWith('/>')) end();
    }
  }
  if (open.length > 0 || roots === 0) throw new SyntaxError('it is not complete');
}

function decoded(text: string): string {
  return text.replace(/&([^;&]{0,10};?)/g, (all, name: string) => {
    const [, hexadecimal, decimal, known] =
      /^(?:#x([\da-f]{1,6})|#(\d{1,7})|([a-z]+));$/i.exec(name) ?? [];
    const code = hexadecimal === undefined ? Number(decimal ?? NaN) : parseInt(hexadecimal, 16);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    const sign = Object.hasOwn(ENTITIES, known ?? '') ? ENTITIES[known!] : undefined;
    if (sign === undefined) throw new SyntaxError(`it has the entity ${all}`);
    return sign;
  });
}
