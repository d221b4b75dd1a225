import { pandasRebuilders } from '../pandas/rebuild.js';
import type { Rebuilders } from '../pickle/rebuilder.js';
import { builtinRebuilders } from './builtins.js';
import { cloudpickleRebuilders } from './cloudpickle.js';
import { fastcoreRebuilders } from './fastcore.js';
import { numpyRebuilders } from './numpy.js';
import { torchRebuilders } from './torch.js';

/** The closed list of calls in a pickle that become values; all others stay records. */
export const rebuilders: Rebuilders = new Map([
  ...builtinRebuilders,
  ...torchRebuilders,
  ...numpyRebuilders,
  ...pandasRebuilders,
  ...fastcoreRebuilders,
  ...cloudpickleRebuilders,
]);
