import { tooLong } from './body.js';
import { brokenAnswer } from './failures.js';

/**
 * The data of server-sent events, however their bytes are split.
 *
 * @param most The limit on the characters of an event.
 * @throws InferenceError
 */
export async function* readEvents(
  what: string,
  body: AsyncIterable<Uint8Array>,
  most: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (error) {
      throw brokenAnswer(what, 'the stream is not UTF-8.', error);
    }
  };
  let rest = '';
  /** Whether the last chunk ended with a carriage return, whose line feed may follow. */
  let returned = false;
  let data: string[] = [];
  let length = 0;

  /** Whether the line ends an event. */
  const takesLine = (line: string): boolean => {
    if (line === '') return data.length > 0;
    if (line !== 'data' && !line.startsWith('data:')) return false;
    const value = line.slice('data:'.length);
    data.push(value.startsWith(' ') ? value.slice(1) : value);
    length += line.length;
    return false;
  };

  for await (const chunk of body) {
    let text = decode(chunk);
    if (text === '') continue;
    if (returned && text.startsWith('\n')) text = text.slice(1);
    returned = text.endsWith('\r');
    // Only new text can contain a line end: the rest of the last chunk has none.
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = rest + (lines[0] as string);
    rest = lines.pop() as string;
    for (const line of lines) {
      if (length + line.length > most) throw tooLong(what, most);
      if (!takesLine(line)) continue;
      yield data.join('\n');
      data = [];
      length = 0;
    }
    if (length + rest.length > most) throw tooLong(what, most);
  }
  rest += decode();
  if (rest !== '' || data.length > 0) {
    throw brokenAnswer(what, 'the stream ended within an event.');
  }
}
