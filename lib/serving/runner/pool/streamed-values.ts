interface Subscribable {
  subscribe(observer: {
    next(value: unknown): void;
    error(error: unknown): void;
    complete(): void;
  }): { unsubscribe(): void };
}

/**
 * The values of a method's result, one at a time, if it is an async iterable, an Observable or a
 * generator. Undefined if it is a plain value.
 */
export function streamedValues(returned: unknown): AsyncIterator<unknown> | undefined {
  if (typeof returned !== 'object' || returned === null) return undefined;
  if (Symbol.asyncIterator in returned) {
    return (returned as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }
  if (isSubscribable(returned)) return valuesOfObservable(returned);
  return isGenerator(returned) ? valuesOfGenerator(returned) : undefined;
}

/** Recognized by shape, because the Observable may come from another copy of rxjs. */
function isSubscribable(value: object): value is Subscribable {
  const { subscribe, pipe } = value as { subscribe?: unknown; pipe?: unknown };
  return typeof subscribe === 'function' && typeof pipe === 'function';
}

/** An iterator. Arrays, maps and other collections are plain values. */
function isGenerator(value: object): value is Generator {
  return Symbol.iterator in value && typeof (value as { next?: unknown }).next === 'function';
}

function valuesOfGenerator(generator: Generator): AsyncIterator<unknown> {
  return {
    next: async () => generator.next(),
    return: async () => generator.return?.(undefined) ?? { done: true, value: undefined },
  };
}

/** An Observable does not produce values on demand, so values without a request wait here. */
function valuesOfObservable(source: Subscribable): AsyncIterator<unknown> {
  const waiting: unknown[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake: (() => void) | undefined;
  const ended = (how: { readonly error?: unknown }): void => {
    end ??= how;
    wake?.();
  };
  const subscription = source.subscribe({
    next: (value) => {
      if (end !== undefined) return;
      waiting.push(value);
      wake?.();
    },
    error: (error) => ended({ error }),
    complete: () => ended({}),
  });
  return {
    next: async () => {
      while (waiting.length === 0 && end === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      if (waiting.length > 0) return { done: false, value: waiting.shift() };
      if (end !== undefined && 'error' in end) throw end.error;
      return { done: true, value: undefined };
    },
    return: async () => {
      waiting.length = 0;
      subscription.unsubscribe();
      ended({});
      return { done: true, value: undefined };
    },
  };
}
