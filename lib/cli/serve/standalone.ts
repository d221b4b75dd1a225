import 'reflect-metadata';
import * as rxjs from 'rxjs';
import { useRxjs } from '../../learner/runtime/value-stream.js';
import { hide } from '../../nest/optional.js';

// Where Nest is not installed: `.ci/bundle.mjs` gives this module, and what it loads of `lib/nest`,
// the package's own copy of Nest. An installed part of Nest would bring another copy along.
hide('@nestjs/swagger');
useRxjs(rxjs);

export { createServeApp, grpcPortOf, ServeLogger } from './create-app.js';
