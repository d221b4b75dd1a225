import { HostObject } from '../../python/host.js';
import type { Value } from '../../python/values.js';
import type { PyObject } from '../../torch/python.js';
import type { Program } from './program.js';

/** fastai's `Hook` on a module: `stored` is that module's last output. */
export class HookValue extends HostObject {
  override readonly typeName = 'Hook';

  constructor(
    readonly record: PyObject,
    private readonly program: Program,
  ) {
    super();
  }

  override getAttr(name: string): Value | undefined {
    if (name === 'stored') return this.program.modules.stored(this.record);
    return undefined;
  }
}
