/** The store of this sample, which save-model.ts creates. VTS_HOME selects another one. */
export const home = process.env['VTS_HOME'] ?? 'sample/02-pytorch-layer/models-home';
