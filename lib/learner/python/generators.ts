import { SCOPE } from './budget.js';
import type { Context } from './context.js';
import {
  EXCEPTIONS,
  exceptionOf,
  isException,
  makeException,
  PyException,
  stopValue,
} from './exceptions.js';
import type { Frame } from './frame.js';
import type { Interpreter } from './interpreter.js';
import { TYPES } from './types.js';
import { Builtin, Instance, PyIterator, type Value } from './values.js';

/** A function suspended at its `yield`. */
class Generator {
  #state: 'new' | 'waiting' | 'running' | 'ended' = 'new';
  #returned: Value = null;
  /** The exception that it handles while it waits. */
  #handling: Instance | null = null;

  constructor(
    private readonly ctx: Interpreter,
    private readonly frame: Frame,
  ) {}

  /** The next yielded value; undefined if it returned. */
  next(sent: Value): Value | undefined {
    if (this.#state === 'ended') return undefined;
    if (this.#state === 'new' && sent !== null) {
      throw this.ctx.raise('TypeError', "can't send non-None value to a just-started generator");
    }
    return this.#resume(sent);
  }

  /** Its return value, for `yield from`. */
  returned(): Value {
    const value = this.#returned;
    this.#returned = null;
    return value;
  }

  throw(error: Value): Value {
    const exception = exceptionOf(this.ctx, error);
    const item = this.#throw(exception);
    if (item !== undefined) return item;
    throw this.ctx.rethrow(makeException('StopIteration', this.#stopArgs()));
  }

  #stopArgs(): Value[] {
    const value = this.returned();
    return value === null ? [] : [value];
  }

  close(): void {
    if (this.#state === 'new') this.#state = 'ended';
    if (this.#state === 'ended') return;
    let item: Value | undefined;
    try {
      item = this.#throw(makeException('GeneratorExit', []));
    } catch (error) {
      if (!(error instanceof PyException)) throw error;
      if (!error.isA('GeneratorExit') && !error.isA('StopIteration')) throw error;
    }
    if (item !== undefined) {
      throw this.ctx.raise('RuntimeError', 'generator ignored GeneratorExit');
    }
  }

  #throw(exception: Instance): Value | undefined {
    if (this.#state === 'new') this.#state = 'ended';
    if (this.#state === 'ended') throw this.ctx.rethrow(exception);
    const { delegate } = this.frame;
    if (this.#state === 'running' || !delegate) return this.#resume(null, exception);
    return this.#throwInto(delegate, exception);
  }

  /** It waits in `yield from`: the inner iterator gets the exception. */
  #throwInto(delegate: NonNullable<Frame['delegate']>, exception: Instance): Value | undefined {
    const { ctx, frame } = this;
    const { iterator, target, keeps } = delegate;
    const closing = exception.cls.isSubclassOf(EXCEPTIONS.get('GeneratorExit')!);
    const method = ctx.findAttr(iterator, closing ? 'close' : 'throw');
    if (method === undefined) return this.#resume(null, exception);
    this.#state = 'running';
    let item: Value | undefined;
    let raised: Instance | undefined;
    try {
      item = ctx.call(method, closing ? [] : [exception]);
    } catch (error) {
      if (!(error instanceof PyException)) throw error;
      raised = error.instance;
    } finally {
      this.#state = 'waiting';
    }
    if (closing) return this.#resume(null, raised ?? exception);
    if (raised === undefined) return item;
    if (!raised.cls.isSubclassOf(EXCEPTIONS.get('StopIteration')!)) {
      return this.#resume(null, raised);
    }
    if (!keeps) frame.stack.pop();
    frame.pc = target;
    return this.#resume(stopValue(raised));
  }

  #resume(sent: Value, thrown?: Instance): Value | undefined {
    const { ctx, frame } = this;
    if (this.#state === 'running') {
      throw ctx.raise('ValueError', 'generator already executing');
    }
    if (this.#state !== 'new' && thrown === undefined) frame.stack.push(sent);
    const outer = ctx.handling;
    if (this.#handling) ctx.handling = this.#handling;
    this.#state = 'running';
    frame.delegate = undefined;
    ctx.budget.enter();
    try {
      const value = ctx.run(frame, thrown);
      if (frame.yielded) {
        this.#state = 'waiting';
        this.#handling = ctx.handling === outer ? null : ctx.handling;
        return value;
      }
      this.#state = 'ended';
      this.#returned = value;
      return undefined;
    } catch (error) {
      this.#state = 'ended';
      if (error instanceof PyException && error.isA('StopIteration')) {
        throw ctx.raise('RuntimeError', 'generator raised StopIteration');
      }
      throw error;
    } finally {
      ctx.budget.leave();
      ctx.handling = outer;
    }
  }
}

export function generatorOf(ctx: Interpreter, frame: Frame): PyIterator {
  ctx.budget.charge(SCOPE);
  const generator = new Generator(ctx, frame);
  return new PyIterator('generator', (sent) => generator.next(sent), {
    throw: (error) => generator.throw(error),
    close: () => generator.close(),
    returned: () => generator.returned(),
  });
}

/** `send` and similar, which only generators have. */
const METHODS: Readonly<Record<string, (ctx: Context, self: PyIterator, given: Value) => Value>> = {
  send: (ctx, self, given) => {
    const item = self.next(given);
    if (item !== undefined) return item;
    const returned = self.methods.returned?.() ?? null;
    throw ctx.raiseWith('StopIteration', returned === null ? [] : [returned]);
  },
  throw: (ctx, self, given) => {
    if (self.methods.throw) return self.methods.throw(given);
    throw ctx.raise('AttributeError', "'iterator' object has no attribute 'throw'");
  },
  close: (_, self) => {
    self.methods.close?.();
    return null;
  },
};

for (const [name, run] of Object.entries(METHODS)) {
  TYPES.generator.attrs.set(
    name,
    new Builtin(
      name,
      (ctx, [self = null, given = null, value]) => {
        if (!(self instanceof PyIterator))
          throw ctx.raise('TypeError', `${name}() needs a generator`);
        // `throw(type, value)`, the form before 3.12.
        return run(ctx, self, name === 'throw' && isException(value) ? value : given);
      },
      true,
    ),
  );
}
