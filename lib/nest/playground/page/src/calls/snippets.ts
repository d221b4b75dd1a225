import { readCredentials } from '../state/credentials.js';
import { mediaTypeOf, type Body, type Call } from './call.js';

export type Language = 'curl' | 'TypeScript' | 'Python';

/** Bodies longer than this are cut in code. */
const LONGEST = 20_000;

/** A call as code that a user can paste. Keys are left out: a variable of the environment has them. */
export function snippetOf(call: Call, language: Language): string {
  switch (language) {
    case 'curl':
      return curl(call);
    case 'TypeScript':
      return typescript(call);
    case 'Python':
      return python(call);
  }
}

/** The headers that the code must name, with a placeholder for the key. */
function headers(call: Call, key: string): [string, string][] {
  const credentials = readCredentials();
  const type = mediaTypeOf(call.body);
  return [
    ...(type === undefined ? [] : [['content-type', type] as [string, string]]),
    ...(call.accept === 'application/json' ? [] : [['accept', call.accept] as [string, string]]),
    ...(credentials ? [[credentials.header, key] as [string, string]] : []),
  ];
}

function curl(call: Call): string {
  const { body, url } = call;
  const stream = call.accept === 'text/event-stream' ? ' -N' : '';
  const lines = [
    `curl${stream} ${shell(url.href)}`,
    ...headers(call, '$VTS_API_KEY').map(([name, value]) => `-H ${inShell(`${name}: ${value}`)}`),
    ...curlBody(body),
  ];
  return lines.join(' \\\n  ');
}

function inShell(header: string): string {
  const [before = '', after] = header.split('$VTS_API_KEY');
  return after === undefined ? shell(header) : `"${before}$VTS_API_KEY"`;
}

function curlBody(body: Body): string[] {
  switch (body.type) {
    case 'text':
      return [`--data-binary ${shell(textOf(body.text))}`];
    case 'json':
      return [`--data-binary ${shell(jsonOf(body.value))}`];
    case 'file':
      return [`--data-binary ${shell(`@${body.name}`)}`];
    case 'parts':
      return body.parts.map(({ name, value }) =>
        typeof value === 'string'
          ? `--form-string ${shell(`${name}=${textOf(value)}`)}`
          : `-F ${shell(`${name}=@${value.name}`)}`,
      );
  }
}

/** One word of a POSIX shell. */
function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function typescript(call: Call): string {
  const { body, url } = call;
  const before: string[] = [];
  let value = '';
  switch (body.type) {
    case 'text':
      value = JSON.stringify(textOf(body.text));
      break;
    case 'json':
      value = `JSON.stringify(${jsonOf(body.value)})`;
      break;
    case 'file':
      before.push("import { readFile } from 'node:fs/promises';", '');
      value = `await readFile(${JSON.stringify(body.name)})`;
      break;
    case 'parts':
      if (body.parts.some((part) => typeof part.value !== 'string')) {
        before.push("import { openAsBlob } from 'node:fs';", '');
      }
      before.push('const form = new FormData();');
      for (const { name, value: part } of body.parts) {
        const given =
          typeof part === 'string'
            ? JSON.stringify(textOf(part))
            : `await openAsBlob(${JSON.stringify(part.name)}), ${JSON.stringify(part.name)}`;
        before.push(`form.append(${JSON.stringify(name)}, ${given});`);
      }
      value = 'form';
  }
  const named = headers(call, '').map(([name, text]) =>
    text === '' ? `'${name}': process.env.VTS_API_KEY!` : `'${name}': ${JSON.stringify(text)}`,
  );
  const lines = [
    ...before,
    `const response = await fetch(${JSON.stringify(url.href)}, {`,
    `  method: 'POST',`,
    ...(named.length > 0 ? [`  headers: { ${named.join(', ')} },`] : []),
    `  body: ${value},`,
    '});',
    'if (!response.ok) throw new Error(await response.text());',
    ...(call.accept === 'text/event-stream'
      ? [
          'for await (const events of response.body!.pipeThrough(new TextDecoderStream())) {',
          '  process.stdout.write(events);',
          '}',
        ]
      : [`console.log(await response.${isJson(call) ? 'json' : 'text'}());`]),
  ];
  return lines.join('\n');
}

function isJson({ accept }: Call): boolean {
  return accept === 'application/json';
}

function python(call: Call): string {
  const { body, url } = call;
  const streamed = call.accept === 'text/event-stream';
  const needs = readCredentials() ? ['import os', 'import requests', ''] : ['import requests', ''];
  const named = headers(call, '').map(([name, text]) =>
    text === '' ? `'${name}': os.environ['VTS_API_KEY']` : `'${name}': ${literal(text)}`,
  );
  const lines = [
    ...needs,
    'response = requests.post(',
    `    ${literal(url.href)},`,
    ...(named.length > 0 ? [`    headers={${named.join(', ')}},`] : []),
    ...pythonBody(body).map((line) => `    ${line}`),
    ...(streamed ? ['    stream=True,'] : []),
    ')',
    'response.raise_for_status()',
    ...(streamed
      ? ['for line in response.iter_lines(decode_unicode=True):', '    print(line)']
      : [`print(response.${isJson(call) ? 'json()' : 'text'})`]),
  ];
  return lines.join('\n');
}

function pythonBody(body: Body): string[] {
  switch (body.type) {
    case 'text':
      return [`data=${literal(textOf(body.text))}.encode(),`];
    case 'json':
      return [`data=${literal(jsonOf(body.value))}.encode(),`];
    case 'file':
      return [`data=open(${literal(body.name)}, 'rb'),`];
    case 'parts': {
      const parts = body.parts.map(({ name, value }) =>
        typeof value === 'string'
          ? `${literal(name)}: (None, ${literal(textOf(value))})`
          : `${literal(name)}: open(${literal(value.name)}, 'rb')`,
      );
      return [`files={${parts.join(', ')}},`];
    }
  }
}

/** A Python string: JSON's escapes are Python's, except for surrogate pairs. */
function literal(text: string): string {
  return JSON.stringify(text);
}

function textOf(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}

function jsonOf(value: unknown): string {
  return textOf(JSON.stringify(value));
}
