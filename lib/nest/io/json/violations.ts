import type { ValidationError } from 'class-validator';

/** What comes before the property's name in the messages of class-validator. */
const OPENINGS = [
  '',
  'property ',
  'each value in ',
  'nested property ',
  'each value in nested property ',
];

/** The rules that are broken, each with the full path of its property. */
export function violations(error: ValidationError, parent = ''): string[] {
  const { property, constraints = {}, children = [] } = error;
  const path = `${parent}${property}`;
  return [
    ...Object.values(constraints).map((message) => withPath(message, property, path)),
    ...children.flatMap((child) => violations(child, `${path}.`)),
  ];
}

function withPath(message: string, property: string, path: string): string {
  const opening = OPENINGS.find((each) => message.startsWith(`${each}${property} `));
  // A message of one's own may not say whose it is.
  if (opening === undefined) return `${path}: ${message}`;
  return `${opening}${path}${message.slice(opening.length + property.length)}`;
}
