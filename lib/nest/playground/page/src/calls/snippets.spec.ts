import { execFileSync } from 'node:child_process';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { Body, Call } from './call.js';
import { snippetOf } from './snippets.js';

const HOSTILE = `it's "quoted" $(id) \`id\` \\n ${'${x}'}\n</script> %s`;

const call = (body: Body, accept = 'application/json'): Call => ({
  url: new URL("http://localhost:3000/models/it's/predict?a=1&b=2"),
  accept,
  body,
});
const text: Body = { type: 'text', text: HOSTILE, mediaType: 'text/plain' };
const json: Body = { type: 'json', value: { text: HOSTILE, age: null } };

/** What a shell gives to curl. */
function words(snippet: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${snippet}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

/** The call that the code makes. */
async function fetched(snippet: string): Promise<{ url: string; init: RequestInit }> {
  const { outputText, diagnostics } = ts.transpileModule(snippet, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  expect(diagnostics).toEqual([]);
  let made: { url: string; init: RequestInit } | undefined;
  const fake = async (url: string, init: RequestInit) => {
    made = { url, init };
    return Response.json({});
  };
  const code = outputText.replace(/^import .*$/gm, '').replace('export {};', '');
  const AsyncFunction = Object.getPrototypeOf(fetched).constructor as FunctionConstructor;
  await (
    new AsyncFunction('fetch', 'console', code) as unknown as (
      ...values: unknown[]
    ) => Promise<void>
  )(fake, { log: () => undefined });
  return made!;
}

describe('a call as code', () => {
  it('is one shell command, whatever the text contains', () => {
    expect(words(snippetOf(call(text), 'curl'))).toEqual([
      "http://localhost:3000/models/it's/predict?a=1&b=2",
      '-H',
      'content-type: text/plain',
      '--data-binary',
      HOSTILE,
    ]);
    expect(words(snippetOf(call(json, 'text/event-stream'), 'curl'))).toEqual([
      '-N',
      "http://localhost:3000/models/it's/predict?a=1&b=2",
      '-H',
      'content-type: application/json',
      '-H',
      'accept: text/event-stream',
      '--data-binary',
      JSON.stringify(json.value),
    ]);
  });

  it('names files, and the parts of a form', () => {
    const file = new File(['x'], "it's.png");
    const parts: Body = {
      type: 'parts',
      parts: [
        { name: 'picture', value: file },
        { name: 'note', value: '@a;type=b' },
      ],
    };
    expect(words(snippetOf(call(parts), 'curl')).slice(1)).toEqual([
      '-F',
      "picture=@it's.png",
      '--form-string',
      'note=@a;type=b',
    ]);
    const body: Body = { type: 'file', file, name: file.name, mediaType: 'image/png' };
    expect(words(snippetOf(call(body), 'curl')).at(-1)).toBe("@it's.png");
  });

  it('is TypeScript that makes the same call', async () => {
    const made = await fetched(snippetOf(call(text), 'TypeScript'));
    expect(made.url).toBe(call(text).url.href);
    expect(made.init).toEqual({
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: HOSTILE,
    });
    const { init } = await fetched(snippetOf(call(json), 'TypeScript'));
    expect(init.body).toBe(JSON.stringify(json.value));
  });

  it('is Python with literals that JSON and Python share', () => {
    const snippet = snippetOf(call(json), 'Python');
    expect(snippet).toContain(`data=${JSON.stringify(JSON.stringify(json.value))}.encode(),`);
    expect(snippet).toContain('headers={\'content-type\': "application/json"},');
    expect(snippet).toContain('print(response.json())');
  });

  it('cuts long bodies', () => {
    const long: Body = { type: 'text', text: 'x'.repeat(100_000), mediaType: 'text/plain' };
    expect(snippetOf(call(long), 'curl').length).toBeLessThan(21_000);
  });
});
