import { describe, expect, it } from 'vitest';
import { describeFailure } from './errors.js';

describe('describeFailure', () => {
  it.each([
    [new Error('One\n  thing.'), 'One thing.'],
    [new TypeError('x is undefined'), 'TypeError: x is undefined'],
    ['text', 'text'],
    [
      new Error("Cannot find package '@nestjs/common' imported from /app/x.js"),
      'The package @nestjs/common is not installed, and this command needs it. ' +
        'Run npm install @nestjs/platform-express @nestjs/swagger, which installs the rest of Nest as well.',
    ],
    [
      new Error("Cannot find package 'left-pad' imported from /app/x.js"),
      "Cannot find package 'left-pad' imported from /app/x.js",
    ],
  ])('makes a line of %s', (error, line) => {
    expect(describeFailure(error)).toBe(line);
  });
});
