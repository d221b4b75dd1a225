import { describe, expect, it } from 'vitest';
import { InputError } from '../../learner/errors/index.js';
import { InvalidBodyError, InvalidDescriptorError, UnsupportedBodyError } from './errors.js';
import { File } from './file.js';
import { Multipart } from './multipart.js';
import { NumpyNdarray } from './numpy-ndarray.js';
import { parseContentType } from './request-body.js';
import { Text } from './text.js';

const form = new Multipart({
  note: Text,
  file: new File({ mimeType: 'application/pdf', maxBytes: 100 }),
  numbers: Multipart.optional(NumpyNdarray),
});

const pdf = (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes], { type: 'application/pdf' });

async function body(fill: (data: FormData) => void): Promise<Uint8Array> {
  const data = new FormData();
  fill(data);
  return new Uint8Array(await new Response(data).arrayBuffer());
}

const parse = (bytes: Uint8Array | undefined, contentType = declaredIn(bytes)) =>
  form.parse({ bytes, mediaType: 'multipart/form-data', charset: undefined, contentType });

/** The content type that declares the boundary a body begins with. */
function declaredIn(bytes: Uint8Array = new Uint8Array(0)): string {
  const [, boundary = 'b'] = /^--([^\r\n]+)/.exec(Buffer.from(bytes).toString('latin1')) ?? [];
  return `multipart/form-data; boundary=${boundary}`;
}

describe('Multipart', () => {
  it('reads each part by its name, in any order', async () => {
    const bytes = Uint8Array.of(0, 13, 10, 13, 10, 45, 45, 255);
    const input = await parse(
      await body((data) => {
        data.set('ignored', 'x');
        data.set('file', pdf(bytes), 'a"b.pdf');
        data.set('numbers', new Blob(['[1, 2.5]'], { type: 'application/json' }));
        data.set('note', 'naïve 🎬');
      }),
    );
    expect(input.note).toBe('naïve 🎬');
    expect([...input.file]).toEqual([...bytes]);
    expect(input.numbers?.dims).toEqual([2]);
  });

  it('lets optional parts be missing', async () => {
    const input = await parse(
      await body((data) => {
        data.set('note', '');
        data.set('file', pdf(new Uint8Array(0)));
      }),
    );
    expect(input).toEqual({ note: '', file: expect.objectContaining({ length: 0 }) });
    expect('numbers' in input).toBe(false);
  });

  it('names a part that is missing, duplicate or too large', async () => {
    const file = pdf(new Uint8Array(3));
    const cases: [(data: FormData) => void, string][] = [
      [(data) => data.set('note', 'a'), 'the part "file" is missing'],
      [
        (data) => {
          data.append('note', 'a');
          data.append('note', 'b');
          data.set('file', file);
        },
        'the part "note" appears twice',
      ],
      [
        (data) => {
          data.set('note', 'a');
          data.set('file', pdf(new Uint8Array(101)));
        },
        'the part "file" has 101 bytes, but at most 100 are allowed',
      ],
    ];
    for (const [fill, message] of cases) {
      const parsing = parse(await body(fill));
      await expect(parsing).rejects.toThrow(InvalidBodyError);
      await expect(parse(await body(fill))).rejects.toThrow(message);
    }
  });

  it('refuses a part of another media type', async () => {
    const bytes = await body((data) => {
      data.set('note', 'a');
      data.set('file', new Blob(['{}'], { type: 'application/json' }));
    });
    await expect(parse(bytes)).rejects.toThrow(UnsupportedBodyError);
  });

  it('refuses a body that is not a form, is cut off or has too many parts', async () => {
    const whole = await body((data) => {
      data.set('note', 'a');
      data.set('file', pdf(new Uint8Array(9)));
    });
    const many = Array.from({ length: 1001 }, () => '--b\r\n\r\nx\r\n').join('');
    const bad = [
      Buffer.from('text'),
      Buffer.from('--b'),
      Buffer.from('--b\r\nname: x\r\n--b--\r\n'),
      new Uint8Array(0),
      whole.subarray(0, whole.length - 10),
      Buffer.from(`${many}--b--\r\n`),
    ];
    for (const bytes of bad) await expect(parse(bytes)).rejects.toThrow(InputError);
    await expect(parse(undefined)).rejects.toThrow('body parser');
  });

  describe('at the boundary that the content type declares', () => {
    const form = new Multipart({ note: Text, 'a"b': Multipart.optional(Text) });
    const part = (name: string, text: string): string =>
      `content-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
    const parse = async (text: string, contentType?: string) =>
      form.parse({
        bytes: Buffer.from(text),
        mediaType: 'multipart/form-data',
        charset: undefined,
        contentType,
      });

    it('splits the body, whatever other lines look like one', async () => {
      const text = `before\r\n--b\r\n${part('note', '--c\r\nx')}--b--\r\nafter\r\n--b\r\n`;
      for (const type of ['form-data; boundary=b', 'form-data; charset=utf-8; Boundary="b"']) {
        expect(await parse(text, `multipart/${type}`)).toEqual({ note: '--c\r\nx' });
      }
    });

    it('reads names as browsers write them', async () => {
      const text = `--b\r\n${part('a%22b', 'x')}--b\r\n${part('note', 'y')}--b--`;
      expect(await parse(text, 'multipart/form-data; boundary=b')).toEqual({
        'a"b': 'x',
        note: 'y',
      });
    });

    it.each([
      ['is missing', 'multipart/form-data', 'has no boundary'],
      ['is too long', `multipart/form-data; boundary=${'b'.repeat(71)}`, '1 to 70 characters'],
      ['is not in the body', 'multipart/form-data; boundary=c', 'not contain the boundary "c"'],
    ])('refuses a body whose boundary %s', async (_what, contentType, message) => {
      const parsing = parse(`--b\r\n${part('note', 'x')}--b--`, contentType);
      await expect(parsing).rejects.toThrow(InvalidBodyError);
      await expect(parsing).rejects.toThrow(message);
    });

    it('names the limit that a body breaks', async () => {
      const type = 'multipart/form-data; boundary=b';
      const headers = `--b\r\nx: ${'y'.repeat(16_384)}\r\n${part('note', 'x')}--b--`;
      await expect(parse(headers, type)).rejects.toThrow('more than 16384 bytes of headers');
      const parts = `${`--b\r\n${part('x', '')}`.repeat(1001)}--b--`;
      await expect(parse(parts, type)).rejects.toThrow('more than 1000 parts');
      await expect(parse(`--b\r\n${part('note', 'x')}`, type)).rejects.toThrow('cut off');
    });
  });

  it('treats names such as __proto__ as plain names', async () => {
    const bytes = await body((data) => {
      data.set('__proto__', 'x');
      data.set('constructor', 'x');
      data.set('note', 'a');
      data.set('file', pdf(new Uint8Array(1)));
    });
    expect(Object.keys(await parse(bytes))).toEqual(['note', 'file']);
  });

  it('writes a form that it reads', async () => {
    const { contentType, body: bytes } = await form.serialize({
      note: 'ü',
      file: Uint8Array.of(1, 2, 3),
    });
    expect(parseContentType(contentType).mediaType).toBe('multipart/form-data');
    const response = new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: { 'content-type': contentType },
    });
    const data = await response.formData();
    expect(await (data.get('note') as Blob | string).toString()).toBe('ü');
    expect(await parse(bytes as Uint8Array)).toMatchObject({ note: 'ü' });
  });

  it('documents its parts', () => {
    expect(form.schema).toMatchObject({
      type: 'object',
      properties: { note: { type: 'string' }, file: { type: 'string', format: 'binary' } },
      required: ['note', 'file'],
    });
    expect(form.accepts('multipart/form-data')).toBe(true);
    expect(form.accepts(undefined)).toBe(false);
  });

  it('cannot be empty or nested', () => {
    expect(() => new Multipart({})).toThrow(InvalidDescriptorError);
    expect(() => new Multipart({ inner: form })).toThrow('the part "inner" is a form itself');
  });
});

describe('File', () => {
  it('passes bytes on, and accepts only its own media type', () => {
    const file = new File({ mimeType: 'application/pdf' });
    const bytes = Uint8Array.of(1, 2);
    expect(file.parse({ bytes, mediaType: undefined, charset: undefined })).toBe(bytes);
    expect(file.serialize(bytes)).toEqual({ contentType: 'application/pdf', body: bytes });
    expect(file.accepts('application/pdf')).toBe(true);
    expect(file.accepts('text/plain')).toBe(false);
    expect(new File().accepts('text/plain')).toBe(true);
  });
});
