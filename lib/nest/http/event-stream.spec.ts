import { EMPTY, NEVER, of, Subject, throwError, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { RequestScope } from '../../serving/runtime/request-scope.js';
import { openEventStream } from './event-stream.js';

const writer = {
  value: (value: unknown): string => {
    if (typeof value !== 'string') throw new TypeError('no string');
    return value;
  },
  failure: (error: unknown): object => ({ message: (error as Error).message }),
};

async function textOf(source: Observable<unknown>, scope = new RequestScope()): Promise<string> {
  const parts: string[] = [];
  for await (const part of await openEventStream(source, scope, writer)) parts.push(part as string);
  return parts.join('');
}

async function* iterable(...values: unknown[]): AsyncGenerator<unknown> {
  for (const value of values) {
    if (value instanceof Error) throw value;
    yield value;
  }
}

const END = 'event: end\ndata: \n\n';

describe('openEventStream', () => {
  it('makes an event of each value, and one at the end', async () => {
    expect(await textOf(of('a', 'b'))).toBe(`data: a\n\ndata: b\n\n${END}`);
    expect(await textOf(of(iterable('a', 'b')))).toBe(`data: a\n\ndata: b\n\n${END}`);
    expect(await textOf(of(iterable(), 'x', iterable('y')))).toBe(`data: x\n\ndata: y\n\n${END}`);
    expect(await textOf(EMPTY)).toBe(END);
    expect(await textOf(of(iterable()))).toBe(END);
  });

  it('keeps line breaks apart from fields', async () => {
    expect(await textOf(of('a\nb\r\nc\rd'))).toBe(`data: a\ndata: b\ndata: c\ndata: d\n\n${END}`);
    expect(await textOf(of('event: end'))).toBe(`data: event: end\n\n${END}`);
  });

  it('rejects if it fails before the first event', async () => {
    await expect(textOf(throwError(() => new Error('first')))).rejects.toThrow('first');
    await expect(textOf(of(iterable(new Error('first'))))).rejects.toThrow('first');
    await expect(textOf(of(7))).rejects.toThrow('no string');
    const scope = new RequestScope();
    scope.end(new Error('late'));
    await expect(textOf(NEVER, scope)).rejects.toThrow('late');
  });

  it('reports a failure after it', async () => {
    const error = 'event: error\ndata: {"message":"second"}\n\n';
    expect(await textOf(of(iterable('a', new Error('second'))))).toBe(`data: a\n\n${error}`);
    expect(await textOf(of('a', 7))).toMatch(/^data: a\n\nevent: error\ndata: .*no string/);
  });

  it('releases its source when the request ends or nobody reads', async () => {
    const source = new Subject<string>();
    const scope = new RequestScope();
    const opening = openEventStream(source, scope, writer);
    source.next('a');
    const stream = await opening;
    const parts: string[] = [];
    const reading = (async () => {
      for await (const part of stream) parts.push(part as string);
    })();
    setTimeout(() => scope.end(new Error('time is over')), 5);
    await reading;
    expect(parts.join('')).toBe('data: a\n\nevent: error\ndata: {"message":"time is over"}\n\n');
    expect(source.observed).toBe(false);

    const again = openEventStream(source, new RequestScope(), writer);
    source.next('b');
    const left = await again;
    expect(source.observed).toBe(true);
    left.destroy();
    await expect.poll(() => source.observed).toBe(false);
  });

  it('ends an async iterable that nobody reads any longer', async () => {
    let ended = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield 'x';
      } finally {
        ended = true;
      }
    }
    const stream = await openEventStream(of(endless()), new RequestScope(), writer);
    for await (const _ of stream) break;
    await expect.poll(() => ended).toBe(true);
  });
});
