/** The longest delay of a Node timer; a longer one would fire at once. */
export const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Throws the error of an unusable option, e.g. for `threads`, `is 0`, `use 1 or more`. */
export type Refuse = (option: string, fact: string, remedy: string) => never;

/** Refuses a value that an option cannot have. undefined means that the option is left out. */
export type OptionCheck = (value: unknown, option: string, refuse: Refuse) => void;

/** The check of each option. An option that is not in the table does not exist. */
export type OptionTable<Options> = { readonly [Key in keyof Options]-?: OptionCheck };

/** @throws What `refuse` throws, for the first option that is unknown or cannot be used. */
export function checkOptions<Options extends object>(
  table: OptionTable<Options>,
  options: Options,
  refuse: Refuse,
  prefix = '',
): void {
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(table, key)) continue;
    refuse(`${prefix}"${key}"`, 'is not an option', `use ${Object.keys(table).join(', ')}`);
  }
  for (const [key, check] of Object.entries<OptionCheck>(table)) {
    check((options as Record<string, unknown>)[key], prefix + key, refuse);
  }
}

/** @param show Writes a refused value for the message. */
export function required(
  accepts: (value: unknown) => boolean,
  remedy: string,
  show: (value: unknown) => string = shown,
): OptionCheck {
  return (value, option, refuse) => {
    if (!accepts(value)) refuse(option, `is ${show(value)}`, remedy);
  };
}

export function valueThat(...how: Parameters<typeof required>): OptionCheck {
  const check = required(...how);
  return (value, option, refuse) => {
    if (value !== undefined) check(value, option, refuse);
  };
}

/** For options that are checked where they are used. */
export const anything: OptionCheck = () => undefined;

export const flag = valueThat(isFlag, 'use true or false');

export const count = valueThat(
  (value) => Number.isInteger(value) && (value as number) > 0,
  'use a whole number of 1 or more',
);

export function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

export function numberFrom(least: number, most: number, unit = ''): OptionCheck {
  return valueThat(
    (value) => typeof value === 'number' && value >= least && value <= most,
    `use ${least} to ${most}${unit}`,
  );
}

/** A delay that fits a timer. */
export function milliseconds(least: number): OptionCheck {
  return numberFrom(least, LONGEST_TIMEOUT_MS, ' milliseconds');
}

export function oneOf(...choices: readonly string[]): OptionCheck {
  return valueThat((value) => choices.includes(value as string), `use ${choices.join(' or ')}`);
}

export function text(remedy: string, pattern = /^/): OptionCheck {
  return valueThat((value) => typeof value === 'string' && pattern.test(value), remedy);
}

export function aFunction(remedy: string): OptionCheck {
  return valueThat((value) => typeof value === 'function', remedy);
}

/** Nested options, e.g. `batching.padding`. */
export function group<Options extends object>(
  table: OptionTable<Options>,
  remedy = `use an object with ${Object.keys(table).join(', ')}`,
): OptionCheck {
  return (value, option, refuse) => {
    anObject(remedy)(value, option, refuse);
    if (value !== undefined) checkOptions(table, value as Options, refuse, `${option}.`);
  };
}

/** An object with any keys; the check applies to each value. */
export function byName(check: OptionCheck): OptionCheck {
  return (value, option, refuse) => {
    anObject('use an object')(value, option, refuse);
    for (const [key, each] of Object.entries(value ?? {})) check(each, `${option}.${key}`, refuse);
  };
}

/** `true` means the defaults, and `false` turns the feature off. */
export function flagOr(check: OptionCheck): OptionCheck {
  return (value, option, refuse) => {
    if (!isFlag(value)) check(value, option, refuse);
  };
}

function anObject(remedy: string): OptionCheck {
  return valueThat((value) => typeof value === 'object' && value !== null, remedy);
}

/** Quotes strings, and writes NaN, which JSON would write as null. */
function shown(value: unknown): string {
  const plain = typeof value === 'string' || (typeof value === 'object' && value !== null);
  return plain ? JSON.stringify(value) : String(value);
}
