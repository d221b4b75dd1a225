import 'reflect-metadata';
import { Controller } from '@nestjs/common';
import type { Tensor } from 'onnxruntime-common';
import { of, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { NumpyNdarray } from '../io/numpy-ndarray.js';
import { Text } from '../io/text.js';
import { VtsApi } from './vts-api.decorator.js';

// The compiler is the test here: a directive below that is not needed is an error of its own.
@Controller()
class Handlers {
  @VtsApi({ input: Text, output: NumpyNdarray })
  sync(_text: string): number[] {
    return [];
  }

  @VtsApi({ input: new Text(), output: new NumpyNdarray({ dtype: 'float32' }) })
  async async(_text: string): Promise<Float32Array> {
    return new Float32Array();
  }

  @VtsApi({ input: NumpyNdarray, output: Text })
  observable(_array: Tensor, _request: object): Observable<string> {
    return of('');
  }

  @VtsApi({ input: NumpyNdarray, output: Text })
  withoutParameters(): string {
    return '';
  }

  // @ts-expect-error The input is a string.
  @VtsApi({ input: Text, output: Text })
  wrongInput(_text: number): string {
    return '';
  }

  // @ts-expect-error The output is an array.
  @VtsApi({ input: Text, output: NumpyNdarray })
  wrongOutput(text: string): string {
    return text;
  }

  // @ts-expect-error The output is a string.
  @VtsApi({ input: Text, output: Text })
  async wrongPromise(_text: string): Promise<number> {
    return 1;
  }

  // @ts-expect-error A tensor comes in.
  @VtsApi({ input: new NumpyNdarray(), output: Text })
  wrongTensor(array: string): string {
    return array;
  }
}

// @ts-expect-error A descriptor is wanted.
const noDescriptor = () => VtsApi({ input: String, output: Text });

describe('VtsApi', () => {
  it('does not change the methods of the class', async () => {
    const handlers = new Handlers();
    expect(handlers.sync('')).toEqual([]);
    expect(await handlers.async('')).toEqual(new Float32Array());
    expect(handlers.withoutParameters()).toBe('');
    expect(noDescriptor).toBeTypeOf('function');
  });

  it('is a POST with the method’s name that answers 200', () => {
    const handler = Handlers.prototype.sync;
    expect(Reflect.getMetadata('path', handler)).toBe('sync');
    expect(Reflect.getMetadata('__httpCode__', handler)).toBe(200);
  });
});
