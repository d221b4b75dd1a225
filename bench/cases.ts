import type { Case } from './case.js';
import { adapters } from './cases/adapters.js';
import { batch } from './cases/batch.js';
import { batching, batchingHttp, isolation } from './cases/batching.js';
import { httpPhoto, httpText } from './cases/http.js';
import { imports } from './cases/import.js';
import { int8 } from './cases/int8.js';
import { jobs } from './cases/jobs.js';
import { languageModel } from './cases/language-model.js';
import { load } from './cases/load.js';
import { overload } from './cases/overload.js';
import { photo, photos } from './cases/photo.js';
import { probes } from './cases/probes.js';
import { remote, remoteProcesses } from './cases/remote.js';
import { memory, start } from './cases/start.js';
import { protocol } from './cases/protocol.js';
import { row, table } from './cases/tabular.js';
import { text } from './cases/text.js';
import { traced } from './cases/traced.js';
import { upload } from './cases/upload.js';
import { words } from './cases/words.js';
import { workers } from './cases/workers.js';

/** All cases, in the order in which they run. */
export const CASES: readonly Case[] = [
  imports,
  start,
  memory,
  load,
  text,
  languageModel,
  words,
  row,
  table,
  batch,
  photo,
  photos,
  httpText,
  httpPhoto,
  batching,
  batchingHttp,
  remote,
  remoteProcesses,
  isolation,
  jobs,
  overload,
  adapters,
  probes,
  upload,
  protocol,
  workers,
  int8,
  traced,
];
