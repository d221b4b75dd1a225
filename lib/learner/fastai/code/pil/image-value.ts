import { asLibrary } from '../library-error.js';
import { bind, signature } from '../../../python/arguments.js';
import type { Context } from '../../../python/context.js';
import { TYPES } from '../../../python/types.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Func,
  List,
  MethodWrapper,
  PropertyValue,
  Tuple,
  type Kwargs,
  type Value,
} from '../../../python/values.js';
import { ArraySource, ArrayValue, chargeBytes, intOf } from '../numpy/array-value.js';
import { Nd } from '../numpy/nd-array.js';
import { channelsOf, isPilMode, type Pixels, type PilMode } from './pixels.js';

/** Pixels that are known, or are decoded once the code asks for their mode. */
export interface PixelsToCome {
  readonly now: () => Pixels;
  /** `convert(mode)` of the unchanged file. */
  readonly as: (mode: 'RGB' | 'L') => Pixels;
}

/** The arguments of a method of images. */
export class ImageCall {
  constructor(
    readonly ctx: Context,
    readonly image: PilImage,
    private readonly bound: Record<string, Value | undefined>,
  ) {}

  get pixels(): Pixels {
    return this.image.pixels;
  }

  value(name: string): Value | undefined {
    return this.bound[name] ?? undefined;
  }

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  int(name: string, absent: number): number {
    const value = this.value(name);
    return value === undefined ? absent : Math.trunc(numberOf(this.ctx, value));
  }

  number(name: string, absent: number): number {
    const value = this.value(name);
    return value === undefined ? absent : numberOf(this.ctx, value);
  }

  /** The numbers of a tuple or list. */
  numbers(name: string): number[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!(value instanceof Tuple || value instanceof List)) return undefined;
    return value.items.map((item) => numberOf(this.ctx, item));
  }

  mode(name: string): PilMode | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : modeOf(this.ctx, value);
  }

  bool(name: string, absent = false): boolean {
    const value = this.value(name);
    return value === undefined ? absent : this.ctx.truth(value);
  }

  /** The new image, of class `Image.Image`, as PIL's methods return it. */
  made(pixels: Pixels): Value {
    return newImage(this.ctx, pixels);
  }
}

export function modeOf(ctx: Context, value: Value): PilMode {
  const name = ctx.str(value);
  if (isPilMode(name)) return name;
  throw ctx.unsupported(`The mode "${name}" of images is not supported`);
}

export function numberOf(ctx: Context, value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof ArrayValue && value.array.size === 1) return value.array.first;
  return intOf(ctx, value);
}

export interface ImageMethod {
  readonly parameters: string;
  readonly run: (call: ImageCall) => Value;
}

/** Methods of images; `methods.ts` fills it. */
export const imageMethods = new Map<string, ImageMethod>();

/** PIL's Image, and fastai's subclasses of it. */
export class PilImage extends ArraySource {
  override readonly typeName = 'Image';
  static readonly type = new ClassValue('Image', 'PIL.Image.Image', [TYPES.object], [], {
    has: (value) => value instanceof PilImage,
  });

  #pixels: Pixels | PixelsToCome;

  constructor(
    pixels: Pixels | PixelsToCome,
    override readonly cls: ClassValue = PilImage.type,
  ) {
    super();
    this.#pixels = pixels;
  }

  get pixels(): Pixels {
    if ('now' in this.#pixels) this.#pixels = this.#pixels.now();
    return this.#pixels;
  }

  /** Methods that write into an image replace this. */
  set pixels(pixels: Pixels) {
    this.#pixels = pixels;
  }

  /** `convert(mode)` of a file about which nothing else is known; undefined for known pixels. */
  decodedAs(mode: PilMode): Pixels | undefined {
    if (!('now' in this.#pixels) || (mode !== 'RGB' && mode !== 'L')) return undefined;
    return this.#pixels.as(mode);
  }

  /** The same image as another class, like fastai's cast. */
  as(cls: ClassValue): PilImage {
    return new PilImage(this.#pixels, cls);
  }

  override array(ctx: Context): Nd {
    const { mode, width, height, data } = this.pixels;
    chargeBytes(ctx, data.byteLength);
    const channels = channelsOf(mode);
    const shape = channels === 1 ? [height, width] : [height, width, channels];
    if (mode === '1')
      return Nd.of(
        'bool',
        shape,
        Uint8Array.from(data, (value) => Number(value !== 0)),
      );
    return Nd.of(mode === 'I' ? 'int32' : mode === 'F' ? 'float32' : 'uint8', shape, data.slice());
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    const own = this.cls.lookup(name);
    if (own instanceof Func) return new BoundMethod(this, own);
    if (own instanceof PropertyValue) return ctx.call(own.getter, [this]);
    if (own instanceof MethodWrapper) {
      return own.kind === 'static' ? own.func : new BoundMethod(this.cls, own.func);
    }
    if (own instanceof Builtin && own.binds) return new BoundMethod(this.cls, own);
    if (own !== undefined && !(own instanceof Builtin)) return own;
    return this.#attribute(name, ctx);
  }

  #attribute(name: string, ctx: Context): Value | undefined {
    switch (name) {
      case 'mode':
        return this.pixels.mode;
      case 'width':
        return BigInt(this.pixels.width);
      case 'height':
        return BigInt(this.pixels.height);
      case 'size':
        return new Tuple([BigInt(this.pixels.width), BigInt(this.pixels.height)]);
      // fastai's own.
      case 'shape':
        return new Tuple([BigInt(this.pixels.height), BigInt(this.pixels.width)]);
      case 'n_px':
        return BigInt(this.pixels.width * this.pixels.height);
      case 'aspect':
        return this.pixels.width / this.pixels.height;
      case '__class__':
        return this.cls;
      default: {
        const method = imageMethods.get(name);
        if (!method) return undefined;
        return new Builtin(name, (inner, args, kwargs) =>
          this.#call(inner ?? ctx, name, method, args, kwargs),
        );
      }
    }
  }

  #call(
    ctx: Context,
    name: string,
    { parameters, run }: ImageMethod,
    args: readonly Value[],
    kwargs: Kwargs,
  ): Value {
    const { bound } = bind(ctx, name, signature(parameters), args, kwargs);
    return asLibrary(ctx, () => run(new ImageCall(ctx, this, bound)));
  }

  override str(): string {
    return `<PIL.Image.Image image>`;
  }

  override repr(): string {
    return this.str();
  }
}

/** @throws CodeBudgetError */
export function newImage(ctx: Context, pixels: Pixels, cls = PilImage.type): PilImage {
  chargeBytes(ctx, pixels.data.byteLength);
  return new PilImage(pixels, cls);
}
