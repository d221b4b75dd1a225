import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventReader } from './event-reader.js';

const STREAM = [
  'data:  liked\n\n',
  ': a comment\n',
  'data:two\ndata:  lines\n\n',
  'event: error\r\ndata: {"message":"no"}\r\n\r\n',
  'event: end\ndata:\n\n',
].join('');

const EVENTS = [
  { name: '', data: ' liked' },
  { name: '', data: 'two\n lines' },
  { name: 'error', data: '{"message":"no"}' },
  { name: 'end', data: '' },
];

describe('EventReader', () => {
  it('reads events wherever the text is split', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 8 }), (cuts) => {
        const reader = new EventReader();
        const places = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const events = places
          .slice(1)
          .flatMap((to, at) => reader.push(STREAM.slice(places[at], to)));
        expect([...events, ...reader.end()]).toEqual(EVENTS);
      }),
    );
  });

  it('gives the last event of a stream that ends without an empty line', () => {
    const reader = new EventReader();
    expect(reader.push('data: a')).toEqual([]);
    expect(reader.end()).toEqual([{ name: '', data: 'a' }]);
  });
});
