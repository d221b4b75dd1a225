import { describe, expect, it } from 'vitest';
import { MissingPackageError } from './http/errors.js';
import { optional, required } from './optional.js';

describe('optional packages', () => {
  it('are loaded if they are installed', () => {
    expect(optional('class-validator')?.validate).toBeTypeOf('function');
    expect(required('@nestjs/swagger', 'A test')).toBe(optional('@nestjs/swagger'));
  });

  it('are named with their install command if they are missing', () => {
    const missing = 'not-installed' as 'class-validator';
    expect(optional(missing)).toBeUndefined();
    expect(() => required(missing, 'Json({ dto })')).toThrow(MissingPackageError);
    expect(() => required(missing, 'Json({ dto })')).toThrow(
      'Json({ dto }) needs the package not-installed, which is not installed; run "npm install not-installed".',
    );
  });
});
